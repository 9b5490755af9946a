"""The service of a simulated night: the launcher as `python run.py` runs it, on a clock that runs at speed.

`python -m simulator.night.service SPEED WALL STEADY` takes its settings from the environment.
"""

from __future__ import annotations

import os
import sys

from actors.runtime import Clock, Pace
from config import load_settings
from launcher.commands import serve
from launcher.launcher import Launcher


def main(arguments: list[str]) -> int:
    """Run until told to stop; returns the exit status."""
    speed, wall_s, steady_s = map(float, arguments)
    clock = Clock(Pace(speed, wall_s, steady_s))
    return serve.main(load_settings(os.environ), lambda settings: Launcher(settings, clock=clock))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
