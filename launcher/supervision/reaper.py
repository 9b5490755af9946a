"""Reaps the processes that a killed actor left, if the launcher is process 1, as in a container without an init."""

from __future__ import annotations

import os
from collections.abc import Collection

import psutil


def reap_orphans(own: Collection[int]) -> list[int]:
    """Reap the ended children that are not `own` (those are reaped with their exit status); return their pids.

    A process whose parent died becomes a child of process 1, and stays a zombie until process 1 waits for it.
    """
    reaped = []
    for child in psutil.Process().children():
        try:
            if child.pid not in own and child.status() == psutil.STATUS_ZOMBIE:
                os.waitpid(child.pid, os.WNOHANG)
                reaped.append(child.pid)
        except (psutil.Error, ChildProcessError):  # it was reaped meanwhile
            continue
    return reaped
