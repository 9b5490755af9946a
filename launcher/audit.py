"""Writes to the audit log what is done on the command line."""

from __future__ import annotations

import contextlib
import getpass
import os
import time
from pathlib import Path

from launcher.commands.stderr import write_error
from messages import AuditEntry, AuditSubject
from persistence.audit_log import AuditLog
from wording.file_failures import explain_os_error


def record_command(data_dir: Path, act: str, target: str, outcome: str) -> None:
    """Append what the command line's user did to the audit log; a failure goes to stderr.

    `data_dir`: the community's own folder, so that no other community learns of it. Does nothing if the folder is
    missing.
    """
    if not data_dir.is_dir():
        return
    user = ""
    with contextlib.suppress(OSError, KeyError, ImportError):  # a container's user may have no name
        user = getpass.getuser()
    number = str(os.getuid()) if hasattr(os, "getuid") else ""
    targets = (AuditSubject(target, ""),) if target else ()
    entry = AuditEntry(time.time(), AuditSubject(number, user), act, targets, outcome, "command line")
    log = AuditLog(data_dir)
    try:
        log.append(entry)
    except (OSError, TimeoutError) as error:
        write_error(f"This is not in the audit log, for {log.file} cannot be written: {explain_os_error(error)}")
