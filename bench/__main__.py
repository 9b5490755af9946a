"""`make bench`: every measurement, one after another; `python -m bench NAME...` for some of them."""

from __future__ import annotations

import importlib
import platform
import sys

ALL = (
    "ask", "step", "load", "poll", "save", "store", "savedata", "answers", "page", "pictures", "service", "communities",
)  # fmt: skip
"""Files of this folder, each with a `main()` that prints its table."""


def main(names: list[str]) -> int:
    """Run the named measurements, or all; return the exit status."""
    unknown = [name for name in names if name not in ALL]
    if unknown:
        sys.stderr.write(f"No such measurement: {', '.join(unknown)}. There are: {', '.join(ALL)}.\n")
        return 2
    print(f"{platform.platform()}, Python {platform.python_version()}")
    for name in names or ALL:
        print(f"\n== {name}: {(importlib.import_module(f'bench.{name}').__doc__ or '').splitlines()[0]}", flush=True)
        importlib.import_module(f"bench.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
