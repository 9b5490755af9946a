"""What a failed operation on a file means: one table for all that Usher reads and writes."""

import errno
import os

import pytest

from wording.file_failures import CURES, describe_cause, explain_os_error, find_cure
from wording.problems import english
from wording.store_texts import STORE

CURE_WORDS = {
    "ENOSPC": "make room on the disk",
    "EDQUOT": "quota",
    "EFBIG": "ulimit -f",
    "EIO": "the disk or the network share fails",
    "EROFS": "mounted read-only",
    "EACCES": "the right to write there",
    "EPERM": "the right to write there",
    "ESTALE": "mount it again",
    "ENOTCONN": "mount it again",
    "EHOSTDOWN": "mount it again",
    "ETIMEDOUT": "mount it again",
    "ENOLCK": "disk of this machine (DATA_DIR)",
    "EOPNOTSUPP": "disk of this machine (DATA_DIR)",
    "EMFILE": "ulimit -n",
    "ENOMEM": "out of memory",
    "ENOENT": "put it back",
    "ENOTDIR": "a file is in the place of a folder",
    "EISDIR": "a folder is in the place of the file",
    "EBUSY": "close that program",
    "ENAMETOOLONG": "shorter one in DATA_DIR",
    "ELOOP": "lead in a circle",
}


@pytest.mark.parametrize("name", CURE_WORDS)
def test_each_error_has_its_own_cure(name: str) -> None:
    """Not "make room" for a disk that is broken, nor "the right to write" for one that is mounted read-only."""
    number = getattr(errno, name)
    said = explain_os_error(OSError(number, os.strerror(number), "/data/usher.db"))
    assert said.startswith(f"{os.strerror(number)} (") and CURE_WORDS[name] in said
    assert ("make room" in said) == (name in ("ENOSPC", "EFBIG"))


def test_every_cure_has_its_words() -> None:
    """And each is a sentence that goes into brackets."""
    for cure in CURES.values():
        text = english(cure)
        assert cure.code in STORE and not text.endswith("."), text


def test_an_error_without_a_number_keeps_its_text() -> None:
    """For example a time-out of a lock."""
    assert explain_os_error(TimeoutError("the lock is held.")).startswith("the lock is held (")
    assert explain_os_error(TimeoutError()).startswith("TimeoutError (")
    assert find_cure(ValueError("no")) is None
    assert describe_cause(OSError(errno.EIO, "Input/output error", "/x")) == "/x: Input/output error"


def test_reading_needs_no_write_permission() -> None:
    """A file for import may belong to somebody else."""
    refused = PermissionError(errno.EACCES, "Permission denied")
    assert "write" not in explain_os_error(refused, only_reads=True)
    assert "the right to read it" in explain_os_error(refused, only_reads=True)
