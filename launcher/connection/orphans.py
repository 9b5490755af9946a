"""Waits for the actors of a killed launcher, which save and stop by themselves."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import psutil

from launcher.connection.run_state import ProcessIdentity, RunState


def wait_for_orphans(left: RunState, within_s: float, interrupted: Callable[[], bool] = lambda: False) -> list[int]:
    """Wait until a killed launcher's children have saved and ended; kill and return those that have not in time.

    If `interrupted` returns True, kill none and return nothing: they are still stopping.
    """
    until = time.monotonic() + within_s
    waiting = [child for child in left.children.values() if _is_actor(child)]
    while waiting and time.monotonic() < until:
        if interrupted():
            return []
        time.sleep(0.05)
        waiting = [child for child in waiting if _is_actor(child)]
    for child in waiting:
        process = child.find()
        if process is not None:
            with contextlib.suppress(psutil.Error):
                process.kill()
    return [child.pid for child in waiting]


def _is_actor(child: ProcessIdentity) -> bool:
    """Tell whether a process still runs and is an actor's; its pid alone would not be reason enough to kill it."""
    process = child.find()
    try:
        return process is not None and "actors" in process.cmdline()
    except psutil.Error:
        return False
