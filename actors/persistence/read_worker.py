"""Threads beside the persistence actor's, for work that must not hold up a save."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from actors.persistence.failures import decline_failures
from messages import Answer, Question
from persistence.database.deadline import Deadline
from persistence.queries.answers import AnswerFunction
from persistence.records.checkpoint import RunningWatch
from persistence.store import Store

Result = TypeVar("Result")
THREADS = 3
"""Questions that are answered at one time. More would only wait for one another: Python runs one thread at a time."""
MARGIN = 0.9
"""Share of the asker's time that an answer may take, so that "too slow" still arrives in time."""


class ReadWorker:
    """A thread that does one task after the other."""

    def __init__(self, name: str = "persistence-exports") -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)

    def submit(self, work: Callable[[], Result]) -> Future[Result]:
        """Return a Future of the result, or of the failure as `decline_failures` raises it."""
        return self._pool.submit(decline_failures, work)

    def close(self) -> None:
        """Wait for the running task; cancel those that have not begun."""
        self._pool.shutdown(wait=True, cancel_futures=True)


class QuestionPool:
    """A few threads that answer questions. Each ends in time: with its answer, or as too slow."""

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
        """Return a Future of the answer, or of the failure as `decline_failures` raises it.

        The time begins now: a question whose asker gave up while it waited for a thread is not answered.
        """
        deadline = Deadline(asked.patience_s * MARGIN)

        def answer() -> Answer:
            deadline.check()
            with store.snapshot(running, now_s, deadline) as snapshot:
                return function(asked, snapshot)

        return self._pool.submit(decline_failures, answer, store.file)

    def close(self) -> None:
        """Wait for the questions that are being answered, each up to its deadline; cancel the others."""
        self._pool.shutdown(wait=True, cancel_futures=True)
