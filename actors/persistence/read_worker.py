"""Threads beside the persistence actor's, for what must not hold up a save."""

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
"""Questions that are answered at a time. More would wait for one another: Python runs one of them at an instant."""
MARGIN = 0.9
"""How much of the asker's time an answer may take: that it is too slow has to get there in time, too."""


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
