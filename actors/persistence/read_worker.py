"""Threads beside the persistence actor's, for what must not hold up a save; and their failures, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.exc import DatabaseError, OperationalError

from actors.runtime import Declined, DependencyUnavailable, FatalStartupError
from messages import Answer, Problem, Question
from persistence.database.causes import explain_unreadable, is_damage
from persistence.database.deadline import Deadline
from persistence.database.errors import (
    AnswerTooSlow,
    BackupError,
    SaveFailed,
    StoreAway,
    StoreError,
    SummariesNotFilled,
)
from persistence.queries.answers import AnswerFunction
from persistence.records.checkpoint import RunningWatch
from persistence.store import Store

Result = TypeVar("Result")
Handlers = Mapping[type[Any], Callable[[Any], Any]]
THREADS = 3
"""Questions that are answered at a time. More would wait for one another: Python runs one of them at an instant."""
MARGIN = 0.9
"""How much of the asker's time an answer may take: that it is too slow has to get there in time, too."""


def decline_failures(work: Callable[[], Result], file: Path | None = None) -> Result:
    """Do what somebody asked for. Raises Declined where it fails for a reason that can be told in words.

    `file`: of the SQLite store that is asked, to be read once more where a failure does not tell its cause.
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
    """Return the handlers of what another object does, which `get` returns once there is one."""

    def bind(handle: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
        return lambda asked: decline_failures(lambda: handle(get(), asked))

    return {request: bind(handle) for request, handle in requests.items()}


@contextmanager
def translate_start_failures() -> Iterator[None]:
    """Start, and with the store: refuse where it can never be used, and wait where it cannot be used now."""
    try:
        yield
    except StoreError as error:
        raise FatalStartupError(error.problem) from error
    except StoreAway as error:
        raise DependencyUnavailable(Problem.of("store.waits", reason=error.problem)) from error
    except DatabaseError as error:  # it went away once more, right after it was opened
        if not (isinstance(error, OperationalError) or is_damage(error)):
            raise
        raise DependencyUnavailable(Problem.of("store.waits", reason=explain_unreadable(error))) from error


class ReadWorker:
    """A thread that does one task after the other."""

    def __init__(self, name: str = "persistence-exports") -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)

    def submit(self, work: Callable[[], Result]) -> Future[Result]:
        """Return what will have the result, or the failure as `decline_failures` raises it."""
        return self._pool.submit(decline_failures, work)

    def close(self) -> None:
        """Wait for the running task; cancel those that have not begun."""
        self._pool.shutdown(wait=True, cancel_futures=True)


class QuestionPool:
    """A few threads. A question ends in time: with its answer, or with the words that it took too long."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="persistence-questions")

    def submit(
        self,
        store: Store,
        function: AnswerFunction,
        asked: Question[Any],
        running: Sequence[RunningWatch],
        now_s: float,
    ) -> Future[Answer]:
        """Return what will have the answer, or the failure as `decline_failures` raises it.

        The time begins now: a question whose asker has gone, while it waited for a thread, is not answered any more.
        """
        deadline = Deadline(asked.patience_s * MARGIN)

        def answer() -> Answer:
            deadline.check()
            with store.snapshot(running, now_s, deadline) as snapshot:
                return function(asked, snapshot)

        return self._pool.submit(decline_failures, answer, store.file)

    def close(self) -> None:
        """Wait for the questions that are being answered, which their deadlines end; cancel the others."""
        self._pool.shutdown(wait=True, cancel_futures=True)
