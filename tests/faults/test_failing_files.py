"""Saves whose file operations fail; `python -m tests.faults.failing_files` plays as many as are asked for."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.faults.failing_files import Fault, play_fault

FAULTS = (
    Fault("read", "EIO", 30, 200),  # the check at the start
    Fault("read", "EACCES", 8, 20),
    Fault("mmap", "ENOMEM", 1, 3),
    Fault("write", "ENOSPC", 100, 20),
    Fault("write", "EIO", 150, 1),
    Fault("sync", "EIO", 12, 3),
    Fault("open", "EIO", 7, 1),  # the handle by which a save knows its file
    Fault("open", "EROFS", 8, 20),  # the first reading connection
    Fault("rename", "EIO", 3, 3),
)


def can_trace() -> bool:
    """Tell whether strace is there and may trace."""
    return shutil.which("strace") is not None and not subprocess.run(["strace", "-o", "/dev/null", "true"]).returncode


@pytest.mark.slow
@pytest.mark.skipif(not can_trace(), reason="strace is not there, or may not trace")
@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_failing_files_lose_nothing_acknowledged(fault: Fault, tmp_path: Path) -> None:
    """Every save that fails says so, everything acknowledged is in the store, and a failed start names its cause."""
    outcome = play_fault(fault, tmp_path / "data")
    assert outcome.injected, "nothing failed"
    assert outcome.wrong == ""
    assert outcome.ended or outcome.failed or len(outcome.said) == 8
