#!/bin/sh
# Runs `run.py` with the arguments given, as the user PUID:PGID, never as root. /data is given to that user.
set -eu

puid="${PUID:-1000}" pgid="${PGID:-1000}" data="${DATA_DIR:-/data}"
case "$puid$pgid" in
    *[!0-9]*) echo "PUID ($puid) and PGID ($pgid) take numbers: see 'id -u' and 'id -g' on the host." >&2; exit 2 ;;
esac

if [ "$(id -u)" != 0 ]; then  # started with --user: nothing to give away
    exec /opt/venv/bin/python -OO /opt/usher/run.py "$@"
fi
if [ "$puid" -eq 0 ] || [ "$pgid" -eq 0 ]; then
    echo "Usher does not run as root: set PUID and PGID to a user of the host, such as 1000." >&2
    exit 2
fi
# Only where it belongs to somebody else, so that a large folder costs nothing at each start.
as_user="setpriv --reuid $puid --regid $pgid --clear-groups --no-new-privs"
if [ "$(stat -c %u:%g "$data")" != "$puid:$pgid" ] && ! chown -R "$puid:$pgid" "$data" 2>/dev/null; then
    # A network share may keep its owners, and let that user write all the same.
    # shellcheck disable=SC2016
    if ! $as_user /bin/sh -c ': >"$1/.usher-probe" && rm -f "$1/.usher-probe"' sh "$data" 2>/dev/null; then
        echo "$data cannot be given to $puid:$pgid, who may not write to it: give it to them on the host" \
            "(chown -R $puid:$pgid), or set PUID and PGID to its owner." >&2
        exit 1
    fi
    echo "$data cannot be given to $puid:$pgid, who may write to it all the same: going on." >&2
fi
exec $as_user /opt/venv/bin/python -OO /opt/usher/run.py "$@"
