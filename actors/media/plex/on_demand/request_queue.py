"""Requests that people cause: one after the other, each in a thread of its own, so that polls do not wait for them."""

import concurrent.futures
import logging
import threading
from collections.abc import Callable
from typing import Final

from messages import Message, Problem

MOST_WAITING: Final = 8


def completed_future(answer: Message) -> "concurrent.futures.Future[Message]":
    """Return a Future that is done with this answer."""
    done: concurrent.futures.Future[Message] = concurrent.futures.Future()
    done.set_result(answer)
    return done


class RequestQueue:
    """Runs one request at a time. Called from the actor's thread."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._waiting = 0
        self._lock = threading.Lock()
        self._one_at_a_time = threading.Lock()

    @property
    def is_idle(self) -> bool:
        """Whether no request runs or waits."""
        with self._lock:
            return not self._waiting

    def run(
        self, work: Callable[[], Message], on_failure: Callable[[Problem], Message]
    ) -> "concurrent.futures.Future[Message]":
        """Return a Future of the answer of `work`, or that of `on_failure` if it fails or too many requests wait."""
        done: concurrent.futures.Future[Message] = concurrent.futures.Future()
        with self._lock:
            busy = self._waiting >= MOST_WAITING
            self._waiting += not busy
        if busy:
            done.set_result(on_failure(Problem.of("plex.busy", count=MOST_WAITING)))
        else:
            # A daemon thread: a server that hangs must not keep the process from ending.
            threading.Thread(target=self._work, args=(work, on_failure, done), name=self._name, daemon=True).start()
        return done

    def _work(
        self,
        work: Callable[[], Message],
        on_failure: Callable[[Problem], Message],
        done: "concurrent.futures.Future[Message]",
    ) -> None:
        with self._one_at_a_time:
            try:
                answer = work()
            except MemoryError:
                raise  # which ends the process
            except Exception as error:  # noqa: BLE001 - the asker must get an answer, whatever the error
                # Without its text: an error of a library can quote an address with its token.
                logging.getLogger(self._name).warning("A request to Plex failed: %s", type(error).__name__)
                answer = on_failure(Problem.of("plex.request_failed", error=type(error).__name__))
        with self._lock:
            self._waiting -= 1
        done.set_result(answer)
