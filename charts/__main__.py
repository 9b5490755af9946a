"""Draw one picture: msgpack of a drawing on stdin, PNG on stdout; on failure status 1 and a reason on stderr."""

import sys

import msgpack
import msgspec

from charts.picture import DATA_LIMIT, AnyDrawing

MEMORY_LIMIT = 256 * 2**20
"""Memory limit for drawing, bytes: about eight times the need of a card with three posters."""


def _limit_memory() -> None:
    """Replace the memory limit inherited from the actor; a poster that needs more ends this process."""
    if sys.platform != "win32":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        limit = MEMORY_LIMIT if hard == resource.RLIM_INFINITY else min(MEMORY_LIMIT, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def main() -> int:
    """Read the data, draw, write the picture; return the exit status."""
    _limit_memory()
    raw = sys.stdin.buffer.read(DATA_LIMIT + 1)
    if len(raw) > DATA_LIMIT:
        sys.stderr.write(f"more than {DATA_LIMIT} bytes to draw\n")
        return 1
    try:
        drawing: AnyDrawing = msgspec.convert(msgpack.unpackb(raw), AnyDrawing, strict=True, builtin_types=(bytes,))
    except (ValueError, msgspec.ValidationError) as error:
        sys.stderr.write(f"not a picture: {error}\n")
        return 1
    from charts.drawing.fonts import NoFontError  # load the libraries only for a picture
    from charts.drawing.render import draw_png

    try:
        sys.stdout.buffer.write(draw_png(drawing))
    except NoFontError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
