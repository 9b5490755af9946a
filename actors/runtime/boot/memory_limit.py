"""Limits the memory of an actor's process, and ends the process when it needs more."""

from __future__ import annotations

import logging
import os
import sys
import threading
from typing import Final

EXIT_OUT_OF_MEMORY: Final = 71
"""The process reached its memory limit (EX_OSERR of sysexits.h): the launcher starts it again."""


def limit_memory(limit_mb: int) -> None:
    """Let allocations beyond so many MB (2^20 bytes) fail with a MemoryError; 0 for no limit.

    Only the process's private writable memory counts, not shared files, like SQLite's. On a system without such a
    limit (Windows; macOS has one that it does not enforce), nothing happens.
    """
    if limit_mb <= 0 or sys.platform == "win32":
        return
    import resource

    wanted = limit_mb * 2**20
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard == resource.RLIM_INFINITY or wanted < hard:
        resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))  # the hard one stays: a chart's process may get more


def end_on_memory_error_in_threads(name: str) -> None:
    """End the process when a thread ends with a MemoryError: nobody else would notice that its work is not done."""
    others = threading.excepthook

    def on_death(died: threading.ExceptHookArgs) -> None:
        others(died)
        if issubclass(died.exc_type, MemoryError):
            end_out_of_memory(name)

    threading.excepthook = on_death


def end_if_out_of_memory(error: BaseException | None, name: str) -> None:
    """End the process if an error is a MemoryError or was caused by one; for libraries that catch every exception."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, MemoryError):
            end_out_of_memory(name)
            return
        seen.add(id(error))
        error = getattr(error, "original", None) or error.__cause__ or error.__context__


def end_out_of_memory(name: str) -> None:
    """End this process at once. The next process continues from the last commit."""
    logging.getLogger(name).error("The memory limit of this process is reached: it ends, and is started again")
    os._exit(EXIT_OUT_OF_MEMORY)
