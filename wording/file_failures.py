"""Explains failed file operations and their cures, in one table for everything that Usher reads and writes.

Store, backups, restore, export, import, JSON copies and logs all give the same text for the same failure.
"""

import errno
from collections.abc import Mapping, Sequence
from typing import Final

from messages import Problem
from wording.problems import english

_NAMES: Final[Sequence[tuple[Problem, tuple[str, ...]]]] = (
    (Problem.of("cure.free_disk"), ("ENOSPC",)),
    (Problem.of("cure.raise_quota"), ("EDQUOT",)),
    (Problem.of("cure.allow_larger_files"), ("EFBIG",)),
    (Problem.of("cure.check_disk"), ("EIO", "ENXIO", "EBADMSG", "EUCLEAN")),
    (Problem.of("cure.mount_for_writing"), ("EROFS",)),
    (Problem.of("cure.allow_read_and_write"), ("EACCES", "EPERM")),
    (Problem.of("cure.mount_share_again"), (
        "ESTALE", "ENOTCONN", "ENONET", "EHOSTDOWN", "EHOSTUNREACH", "ENETDOWN", "ENETUNREACH", "ETIMEDOUT",
        "ECONNABORTED", "ECONNRESET", "EREMOTEIO", "ENOMEDIUM",
    )),
    (Problem.of("cure.leave_share"), ("ENOLCK", "EOPNOTSUPP", "ENOTSUP", "ENOSYS", "ENODEV")),
    (Problem.of("cure.raise_open_files"), ("EMFILE", "ENFILE")),
    (Problem.of("cure.free_memory"), ("ENOMEM",)),
    (Problem.of("cure.put_folder_back"), ("ENOENT",)),
    (Problem.of("cure.move_file_away"), ("ENOTDIR", "EEXIST")),
    (Problem.of("cure.close_program"), ("EBUSY", "ETXTBSY")),
    (Problem.of("cure.move_folder_away"), ("EISDIR",)),
    (Problem.of("cure.shorten_path"), ("ENAMETOOLONG",)),
    (Problem.of("cure.mend_link"), ("ELOOP",)),
)  # fmt: skip
"""Names of the system's error numbers, by cure. No system has all of them."""
CURES: Final[Mapping[int, Problem]] = {
    number: cure for cure, names in _NAMES for name in names if (number := getattr(errno, name, None)) is not None
}
"""The cure for each of the system's error numbers."""


def find_cure(error: Exception, *, only_reads: bool = False) -> Problem | None:
    """Return the cure for a system error; None if its number has none, or if it has no number.

    `only_reads`: whether the file is foreign and only read.
    """
    number = (error.errno or 0) if isinstance(error, OSError) else 0
    if only_reads and number in (errno.EACCES, errno.EPERM):
        return Problem.of("cure.allow_read")
    return CURES.get(number)


def choose_cure(error: Exception, *, only_reads: bool = False) -> Problem:
    """Return the cure for any system error. `only_reads`: as in `find_cure`."""
    return find_cure(error, only_reads=only_reads) or Problem.of("cure.make_reachable")


def describe_cause(error: OSError) -> str:
    """Return the system's text of an error, with its file, without its number."""
    if not error.strerror:
        return " ".join(str(error).split()).rstrip(".?") or type(error).__name__
    return f"{error.filename}: {error.strerror}" if error.filename else error.strerror


def explain_os_error(error: Exception, *, only_reads: bool = False) -> str:
    """Return cause and cure of an error, in English and in one line, for the log and the command line.

    It does not name the file: the caller does. `only_reads`: as in `find_cure`.
    """
    cure = choose_cure(error, only_reads=only_reads)
    said = getattr(error, "strerror", None) or " ".join(str(error).split()).rstrip(".?") or type(error).__name__
    return f"{said} ({english(cure)})"
