"""How many files and sockets an actor's process may hold open."""

from __future__ import annotations

import contextlib
import sys


def allow_open_files() -> None:
    """Raise the soft limit on open files to the hard one: hundreds of Plex servers and stores need more than 1,024.

    Nothing happens if the system has no such limit (Windows) or does not let us change it.
    """
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(OSError, ValueError):  # macOS has a limit of its own even if this one is unlimited
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
