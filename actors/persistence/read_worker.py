"""The persistence actor's second thread, for what must not hold up a save; and its failures, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy.exc import OperationalError

from actors.runtime import Declined, DependencyUnavailable, FatalStartupError
from messages import Problem
from persistence.database.errors import BackupError, SaveFailed, StoreAway, StoreError
from persistence.database.sql import explain_unreadable

Result = TypeVar("Result")


def decline_failures(work: Callable[[], Result]) -> Result:
    """Do what somebody asked for. Raises Refused where it fails for a reason that can be told in words."""
    try:
        return work()
    except (SaveFailed, BackupError) as error:
        raise Declined(error.problem) from error
    except OperationalError as error:
        raise Declined(explain_unreadable(error)) from error


@contextmanager
def translate_start_failures() -> Iterator[None]:
    """Start, and with the store: refuse where it can never be used, and wait where it cannot be used now."""
    try:
        yield
    except StoreError as error:
        raise FatalStartupError(error.problem) from error
    except StoreAway as error:
        raise DependencyUnavailable(Problem.of("store.waits", reason=error.problem)) from error
    except OperationalError as error:  # it went away once more, right after it was opened
        raise DependencyUnavailable(Problem.of("store.waits", reason=explain_unreadable(error))) from error


class ReadWorker:
    """A thread that does one task after the other."""

    def __init__(self, name: str = "persistence-reads") -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)

    def submit(self, work: Callable[[], Result]) -> Future[Result]:
        """Return what will have the result, or the failure as `decline_failures` raises it."""
        return self._pool.submit(decline_failures, work)

    def close(self) -> None:
        """Wait for the running task; cancel those that have not begun."""
        self._pool.shutdown(wait=True, cancel_futures=True)
