#!/bin/sh
# Runs `run.py` with the arguments given, as the user PUID:PGID, never as root. /data is given to that user.
set -eu

puid="${PUID:-1000}" pgid="${PGID:-1000}" data="${DATA_DIR:-/data}"
case "$puid$pgid" in
    *[!0-9]*) echo "PUID ($puid) and PGID ($pgid) take numbers: see 'id -u' and 'id -g' on the host." >&2; exit 2 ;;
esac

if [ "$(id -u)" != 0 ]; then  # started with --user: nothing to give away
    exec /opt/venv/bin/python /opt/usher/run.py "$@"
fi
if [ "$puid" -eq 0 ] || [ "$pgid" -eq 0 ]; then
    echo "Usher does not run as root: set PUID and PGID to a user of the host, such as 1000." >&2
    exit 2
fi
# Only where it belongs to somebody else, so that a large folder costs nothing at each start.
if [ "$(stat -c %u:%g "$data")" != "$puid:$pgid" ] && ! chown -R "$puid:$pgid" "$data"; then
    echo "$data cannot be given to $puid:$pgid: give it to them on the host (chown -R $puid:$pgid)." >&2
    exit 1
fi
exec setpriv --reuid "$puid" --regid "$pgid" --clear-groups --no-new-privs \
    /opt/venv/bin/python /opt/usher/run.py "$@"
