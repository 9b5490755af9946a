"""Draw one picture: msgpack of a `Picture` on stdin, PNG on stdout; status 1 and a reason on stderr where it fails."""

import logging
import sys

import msgpack
import msgspec

from charts.picture import SIZE_LIMIT, Picture


def _lift_memory_limit() -> None:
    """Take back the limit of the actor that started this: plotting libraries reserve memory for every core."""
    if sys.platform != "win32":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


def main() -> int:
    """Read the data, draw, write the picture; return the exit status."""
    _lift_memory_limit()
    raw = sys.stdin.buffer.read(SIZE_LIMIT + 1)
    if len(raw) > SIZE_LIMIT:
        sys.stderr.write(f"more than {SIZE_LIMIT} bytes to draw\n")
        return 1
    try:
        picture = msgspec.convert(msgpack.unpackb(raw), Picture, strict=True)
    except (ValueError, msgspec.ValidationError) as error:
        sys.stderr.write(f"not a picture: {error}\n")
        return 1
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it logs when it first looks through the fonts
    from charts.draw import render_png  # the plotting library is loaded for a picture only

    sys.stdout.buffer.write(render_png(picture))
    return 0


if __name__ == "__main__":
    sys.exit(main())
