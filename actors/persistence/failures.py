"""Turns failures of the store into errors for the asker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.exc import DatabaseError, OperationalError

from actors.runtime import Declined, DependencyUnavailable, FatalStartupError
from actors.runtime.errors import Reject, RetryLater
from messages import Problem
from persistence.database.causes import explain_unreadable, is_damage
from persistence.database.errors import (
    AnswerTooSlow,
    BackupError,
    SaveFailed,
    SaveRefused,
    StoreAway,
    StoreError,
    SummariesNotFilled,
)

Result = TypeVar("Result")
Handlers = Mapping[type[Any], Callable[[Any], Any]]


def decline_failures(work: Callable[[], Result], file: Path | None = None) -> Result:
    """Call `work`. Raises Declined if it fails for a reason that people can be told.

    `file`: the SQLite store's file, which is read once more if a failure does not tell its cause.
    """
    try:
        return work()
    except (SaveFailed, BackupError, SummariesNotFilled, AnswerTooSlow) as error:
        raise Declined(error.problem) from error
    except DatabaseError as error:
        if not (isinstance(error, OperationalError) or is_damage(error)):
            raise  # a fault of ours
        raise Declined(explain_unreadable(error, file)) from error


def bind_requests(requests: Mapping[type[Any], Callable[[Any, Any], Any]], get: Callable[[], Any]) -> Handlers:
    """Return handlers that call methods of another object, which `get` returns once it exists."""

    def bind(handle: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
        return lambda asked: decline_failures(lambda: handle(get(), asked))

    return {request: bind(handle) for request, handle in requests.items()}


@contextmanager
def translate_start_failures() -> Iterator[None]:
    """Translate failures of the store at the start: fatal if it can never be used, otherwise to be tried again."""
    try:
        yield
    except StoreError as error:
        raise FatalStartupError(error.problem) from error
    except StoreAway as error:
        raise DependencyUnavailable(Problem.of("store.waits", reason=error.problem)) from error
    except DatabaseError as error:  # the database's server became unreachable right after the store was opened
        if not (isinstance(error, OperationalError) or is_damage(error)):
            raise
        raise DependencyUnavailable(Problem.of("store.waits", reason=explain_unreadable(error))) from error


@contextmanager
def retry_failures(what: str) -> Iterator[None]:
    """Translate failures to store a message: RetryLater if the store is unreachable, Reject if it cannot hold it.

    `what` begins the sentence of the dead letter: "The votes of poll 7".
    """
    try:
        yield
    except SaveRefused as error:
        raise Reject(f"{what} cannot be stored. {error}") from error
    except SaveFailed as error:
        raise RetryLater(error.problem) from error
