# Usher in a container. Everything that it stores is in /data; `.env`, if there is one, is /data/.env.
ARG PYTHON=3.11-slim-bookworm

FROM python:${PYTHON} AS build
COPY requirements.txt /tmp/requirements.txt
RUN python3 -m venv /opt/venv && /opt/venv/bin/pip install --no-cache-dir --no-compile --require-hashes -r /tmp/requirements.txt

FROM python:${PYTHON}
# Emoji in colour, for pictures; all other fonts come with the packages.
RUN apt-get update && apt-get install -y --no-install-recommends fonts-noto-color-emoji && apt-get clean && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/venv /opt/venv
COPY . /opt/usher
# Everything runs with -OO, which has compiled files of its own; without them each process would compile at each start
# whatever it imports: that takes 4 MB more in each, for as long as it runs. A package may have files for other Pythons.
RUN python3 -OO -m compileall -q /opt/usher && { python3 -OO -m compileall -q /opt/venv/lib || true; } && \
    chmod 755 /opt/usher/deploy/docker/entrypoint.sh
ENV DATA_DIR=/data PUID=1000 PGID=1000 HOME=/tmp PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# What messages tell people to type.
ENV USHER_COMMAND="docker compose run --rm usher" USHER_START="docker compose up -d"
WORKDIR /data
VOLUME /data
STOPSIGNAL SIGTERM
# Through the entrypoint, so that it asks as the user that the service runs as.
HEALTHCHECK --interval=60s --timeout=15s --start-period=60s --retries=3 \
    CMD ["/opt/usher/deploy/docker/entrypoint.sh", "health"]
ENTRYPOINT ["/opt/usher/deploy/docker/entrypoint.sh"]
