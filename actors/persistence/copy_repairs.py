"""Brings JSON copies up to date that a save could not write: torn or missing ones, and a long history."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from actors.runtime import Actor, Declined
from messages import Problem
from persistence.database.errors import CopiesFailed, SaveFailed
from persistence.store import Store

Result = TypeVar("Result")


class CopyRepairs:
    """Used on the actor's thread; another thread writes a long history, and reports when it is done."""

    def __init__(self, actor: Actor, store: Store, on_failed: Callable[[SaveFailed], None]) -> None:
        """Call `on_failed` if a copy cannot be written."""
        self._actor = actor
        self._sync = store.json_sync
        self._on_failed = on_failed
        self._sync.rewriter.start(lambda: actor.endpoint.submit(self._complete_history))

    def repair(self) -> None:
        """Write each copy again that is torn, missing or behind."""
        try:
            repaired = self._sync.repair()
        except SaveFailed as error:
            self._on_failed(error)
            return
        if repaired:
            self._actor.log.warning(
                "Rewritten from the store because they were torn, missing or behind: %s", ", ".join(repaired)
            )

    def _complete_history(self) -> None:
        """Put the history copy that the other thread has written in its place."""
        try:
            self._sync.complete_rewriting()
        except CopiesFailed as error:
            self._on_failed(error)

    def close(self) -> None:
        """Cancel the copy that the other thread is writing: the next start writes it."""
        self._sync.rewriter.close()


def answer_after(done: Future[None], build: Callable[[], Result]) -> Future[Result]:
    """Return a Future of the answer that `build` returns after `done`, or of its failure as Declined."""
    answer: Future[Result] = Future()

    def answer_waiting(finished: Future[None]) -> None:
        error = finished.exception()
        if error is None:
            answer.set_result(build())
        else:
            answer.set_exception(Declined(Problem.of("save.failed", error=str(error))))

    done.add_done_callback(answer_waiting)
    return answer
