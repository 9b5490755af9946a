"""Explains errors of the store and of files, and what to do about them.

SQLite has one code for a full quota, a read-only mount and a broken disk, and one for damage and a failed read. So
the disk is tested, or the store read again, before a cure is named.
"""

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.exc import ArgumentError, DatabaseError, DataError, DBAPIError, IntegrityError

from messages import Problem
from persistence.database.errors import FolderRefusal
from persistence.database.examination import find_damage
from persistence.folder_probe import check_folder, find_write_error
from wording.file_failures import describe_cause, find_cure
from wording.problems import english

SECOND_LOOK_S = 3.0
"""How long a running service may spend reading its store again: a save waits for it."""
UNWRITABLE = (DataError, IntegrityError, OverflowError, UnicodeError)
"""Raised for a value that a column cannot store: by the store, or already by its driver."""
_TAKEN = ("23505", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY")
_TOO_LARGE = "54000"
"""PostgreSQL's class of exceeded limits, such as a text too long for an index; its drivers treat it as temporary."""
_SERVER_CURES: Mapping[tuple[str, ...], Problem] = {
    ("password authentication failed", "no password supplied", "pg_hba.conf"): Problem.of("cure.let_user_in"),
    ('" does not exist',): Problem.of("cure.create_database"),
    ("permission denied for", "must be owner"): Problem.of("cure.grant"),
    (
        "refused",
        "is the server running",
        "could not translate",
        "resolve host",
        "timeout expired",
        "timed out",
        "no route",
        "unreachable",
    ): Problem.of("cure.start_server"),
    ("starting up", "shutting down", "too many clients", "connection slots", "recovery mode"): Problem.of(
        "cure.await_server"
    ),
}
"""The cure by the texts of PostgreSQL and its driver."""
_SHARE_CODES = (
    "SQLITE_IOERR_SHMMAP",
    "SQLITE_IOERR_SHMOPEN",
    "SQLITE_IOERR_SHMLOCK",
    "SQLITE_IOERR_LOCK",
    "SQLITE_IOERR_UNLOCK",
    "SQLITE_IOERR_RDLOCK",
    "SQLITE_IOERR_CHECKRESERVEDLOCK",
    "SQLITE_PROTOCOL",
    "SQLITE_NOLFS",
)
"""SQLite's codes for a network share that refuses locks or shared memory."""
_CODES: Mapping[str, Problem] = {
    "SQLITE_FULL": Problem.of("cure.free_disk"),
    "SQLITE_NOMEM": Problem.of("cure.free_memory"),
    "SQLITE_IOERR_NOMEM": Problem.of("cure.free_memory"),
    "SQLITE_BUSY": Problem.of("cure.close_program"),
    "SQLITE_LOCKED": Problem.of("cure.close_program"),
    "SQLITE_READONLY": Problem.of("cure.allow_write"),
    "SQLITE_CANTOPEN": Problem.of("cure.allow_read_and_write"),
    "SQLITE_IOERR": Problem.of("cure.check_disk"),
}
"""The cure by the prefix of SQLite's code; of two that match, the longer comes first."""
_OF_THE_DISK = ("SQLITE_FULL", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_IOERR")
"""Codes that hide the operating system's error."""
_OF_DAMAGE = ("SQLITE_CORRUPT", "SQLITE_NOTADB")


def explain_failure(error: Exception, store: str, file: Path | None = None) -> Problem:
    """Return the cause and cure of a failed save. `file`: as in `cause_and_cure`."""
    if is_unstorable(error):
        return Problem.of("save.unstorable", store=store, cause=_describe(error))
    cause, cure = cause_and_cure(error, file)
    return Problem.of("save.retry", store=store, cause=cause.removeprefix(f"{store}: "), cure=cure)


def explain_unreadable(error: Exception, file: Path | None = None) -> Problem:
    """Return the cause and cure of an unreadable store. `file`: as in `cause_and_cure`."""
    cause, cure = cause_and_cure(error, file)
    return Problem.of("store.unreadable", cause=cause, cure=cure)


def cause_and_cure(error: Exception, file: Path | None = None) -> tuple[str, Problem]:
    """Return an error's text, in one line, and its cure.

    `file`: the file of the SQLite store that failed. With it, the folder is tested, or the store read again, if the
    error alone does not tell the cause.
    """
    cause, code = _describe(error), _read_error_code(error)
    if (cure := find_cure(error)) is not None:
        return cause, cure
    if is_damage(error):
        return cause, _cure_damage(file)
    if code in _SHARE_CODES or code.startswith(_OF_THE_DISK):
        return _try_disk(cause, code, file)
    for known, cure in _CODES.items():
        if code.startswith(known):
            return cause, cure
    return cause, _cure_by_words(cause.lower())


def is_damage(error: Exception) -> bool:
    """Tell whether SQLite reports a damaged store; it also does so after a failed read."""
    if not isinstance(error, DatabaseError | sqlite3.DatabaseError):
        return False
    if code := _read_error_code(error):
        return code.startswith(_OF_DAMAGE)
    return any(word in str(error).lower() for word in ("malformed", "not a database"))


def is_unstorable(error: Exception) -> bool:
    """Tell whether the store cannot store a value, so that a retry is useless.

    A duplicate key does not count: another program wrote in between, and the retry takes the next key.
    """
    code = _read_error_code(error)
    return code == _TOO_LARGE or (isinstance(error, UNWRITABLE) and code not in _TAKEN)


def can_never_work(error: Exception) -> bool:
    """Tell whether the address of a database is wrong, so that waiting is useless."""
    text = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    wrong = ("invalid connection option", "bad value for", "connection is bad: invalid")
    return isinstance(error, ArgumentError) or any(words in text for words in wrong)


def _read_error_code(error: Exception) -> str:
    """Return the code of a PostgreSQL (SQLSTATE) or SQLite error, because its text is in the server's language."""
    driver_error = error.orig if isinstance(error, DBAPIError) else error
    names = ("sqlstate", "pgcode", "sqlite_errorname")  # of psycopg, of psycopg2, of sqlite3
    return next((str(code) for name in names if (code := getattr(driver_error, name, None))), "")


def _describe(error: Exception) -> str:
    said = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    if isinstance(error, OSError):
        said = describe_cause(error)
    return " ".join(said.split()).rstrip(".?")


def _cure_damage(file: Path | None) -> Problem:
    """Read a store again that SQLite reports as damaged; return the cure."""
    if file is None:
        return Problem.of("cure.examine_store")
    try:
        is_damaged = bool(find_damage(file, SECOND_LOOK_S))
    except TimeoutError:
        return Problem.of("cure.examine_store")
    except (OSError, sqlite3.Error):
        return Problem.of("cure.check_disk")
    return Problem.of("cure.restore_backup" if is_damaged else "cure.read_again")


def _try_disk(cause: str, code: str, file: Path | None) -> tuple[str, Problem]:
    """Repeat the failed operation in the store's folder: SQLite does not pass on the system's error."""
    failed = None if file is None else find_write_error(file)
    if failed is not None and (cure := find_cure(failed)) is not None:
        return (f"{cause} ({failed.strerror})" if failed.strerror else cause), cure
    if code in _SHARE_CODES:
        try:
            if file is not None:
                check_folder(file.parent)
                return cause, Problem.of("cure.check_disk")  # it works now: the failure was temporary
        except FolderRefusal as refusal:
            return english(refusal.cause), refusal.cure
        return cause, Problem.of("cure.leave_share")
    return cause, next(cure for known, cure in _CODES.items() if code.startswith(known))


def _cure_by_words(low: str) -> Problem:
    """Return the cure by an error's text: for PostgreSQL's errors, and for those without a code."""
    for words, cure in _SERVER_CURES.items():
        if any(word in low for word in words):
            return cure
    if "locked" in low or "busy" in low:
        return Problem.of("cure.close_program")
    if any(word in low for word in ("full", "no space", "too large")):
        return Problem.of("cure.free_disk")
    if "disk i/o" in low:
        return Problem.of("cure.check_disk")
    if any(word in low for word in ("readonly", "read-only", "permission", "unable to open")):
        return Problem.of("cure.allow_read_and_write" if "permission" in low else "cure.allow_write")
    return Problem.of("cure.make_reachable")
