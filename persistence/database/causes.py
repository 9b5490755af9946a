"""What an error of the store, or of a file, means to a person, and what to do about it.

SQLite has one code for a full quota, a read-only mount and a broken disk, and one for damage and a failed read. So the
disk is tried, and the store read, once more before a cure is named.
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
"""How long a running service reads its store once more: a save waits for it."""
UNWRITABLE = (DataError, IntegrityError, OverflowError, UnicodeError)
"""What is raised at a value that no column holds: by the store, or by its driver before the store sees it."""
_TAKEN = ("23505", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY")
_TOO_LARGE = "54000"
"""Over a limit of PostgreSQL's own, as a text too long for an index; its drivers count it among what may pass."""
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
"""What PostgreSQL and its driver say, and what to do about it."""
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
"""Those that a network share gives where it refuses locks or shared memory."""
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
"""By the beginning of SQLite's code, the longest first where two begin alike."""
_OF_THE_DISK = ("SQLITE_FULL", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_IOERR")
"""Those that do not say what the system said."""
_OF_DAMAGE = ("SQLITE_CORRUPT", "SQLITE_NOTADB")


def explain_failure(error: Exception, store: str, file: Path | None = None) -> Problem:
    """Return what a failed save means and what to do about it. `file`: as in `cause_and_cure`."""
    if is_unstorable(error):
        return Problem.of("save.unstorable", store=store, cause=_describe(error))
    cause, cure = cause_and_cure(error, file)
    return Problem.of("save.retry", store=store, cause=cause.removeprefix(f"{store}: "), cure=cure)


def explain_unreadable(error: Exception, file: Path | None = None) -> Problem:
    """Return why the store cannot be read now, and what to do about it. `file`: as in `cause_and_cure`."""
    cause, cure = cause_and_cure(error, file)
    return Problem.of("store.unreadable", cause=cause, cure=cure)


def cause_and_cure(error: Exception, file: Path | None = None) -> tuple[str, Problem]:
    """Return what an error says, in one line, and what to do about it.

    `file`: of the SQLite store that failed. With it, the folder is written to, or the store read, once more where the
    error alone does not tell.
    """
    cause, code = _describe(error), _error_code(error)
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
    """Tell whether SQLite takes the store for damaged, as it also does where a read of it failed."""
    if not isinstance(error, DatabaseError | sqlite3.DatabaseError):
        return False
    if code := _error_code(error):
        return code.startswith(_OF_DAMAGE)
    return any(word in str(error).lower() for word in ("malformed", "not a database"))


def is_unstorable(error: Exception) -> bool:
    """Return whether the store cannot hold a value, so that another try is of no use.

    A key that is there already is no such value: another program wrote in between, and the next try takes the next key.
    """
    code = _error_code(error)
    return code == _TOO_LARGE or (isinstance(error, UNWRITABLE) and code not in _TAKEN)


def can_never_work(error: Exception) -> bool:
    """Return whether the address of a database is itself wrong, so that waiting is of no use."""
    text = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    wrong = ("invalid connection option", "bad value for", "connection is bad: invalid")
    return isinstance(error, ArgumentError) or any(words in text for words in wrong)


def _error_code(error: Exception) -> str:
    """Return the code of an error of PostgreSQL (SQLSTATE) or SQLite: its text is in the server's language."""
    driver_error = error.orig if isinstance(error, DBAPIError) else error
    names = ("sqlstate", "pgcode", "sqlite_errorname")  # of psycopg, of psycopg2, of sqlite3
    return next((str(code) for name in names if (code := getattr(driver_error, name, None))), "")


def _describe(error: Exception) -> str:
    said = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    if isinstance(error, OSError):
        said = describe_cause(error)
    return " ".join(said.split()).rstrip(".?")


def _cure_damage(file: Path | None) -> Problem:
    """Read a store once more that is said to be damaged; return what to do."""
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
    """Do once more in a store's folder what failed there: SQLite has not told what the system said."""
    failed = None if file is None else find_write_error(file)
    if failed is not None and (cure := find_cure(failed)) is not None:
        return (f"{cause} ({failed.strerror})" if failed.strerror else cause), cure
    if code in _SHARE_CODES:
        try:
            if file is not None:
                check_folder(file.parent)
                return cause, Problem.of("cure.check_disk")  # it refuses nothing: this once it failed
        except FolderRefusal as refusal:
            return english(refusal.cause), refusal.cure
        return cause, Problem.of("cure.leave_share")
    return cause, next(cure for known, cure in _CODES.items() if code.startswith(known))


def _cure_by_words(low: str) -> Problem:
    """Return what to do by what an error says: PostgreSQL's, and one that has no code."""
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
