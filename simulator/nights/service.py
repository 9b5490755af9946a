"""The service of a simulated night: the launcher as `python run.py` runs it, on an accelerated clock.

`python -m simulator.nights.service SPEED WALL STEADY [FRAMES_DIR]` takes its settings from the environment; every frame
that its processes send each other is recorded in FRAMES_DIR. It stops when its standard input ends, that is when the
process that started it ends, however that happens.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from actors.lazy_imports import defer_imports


def main(arguments: list[str]) -> int:
    """Run until told to stop; return the exit status."""
    defer_imports("launcher")  # before anything else is imported, as run.py does
    from pathlib import Path

    from actors.runtime import Clock, Pace
    from config import load_settings
    from launcher.commands import serve
    from launcher.launcher import Launcher

    speed, wall_s, steady_s = map(float, arguments[:3])
    frames_dir = Path(arguments[3]) if len(arguments) > 3 else None
    clock = Clock(Pace(speed, wall_s, steady_s))
    settings = load_settings(os.environ)
    threading.Thread(target=stop_with_parent, name="life-line", daemon=True).start()
    return serve.main(settings, lambda checked: Launcher(checked, clock=clock, frames_dir=frames_dir))


def stop_with_parent() -> None:
    """Stop this process when its standard input ends."""
    while os.read(0, 1):  # not by sys.stdin, whose lock the interpreter needs at its end
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
