"""Work for people beside the polls: each in a thread of its own, one after the other, never in a poll's way."""

import concurrent.futures
import logging
import threading
from collections.abc import Callable
from typing import Final

from messages import Message

MOST_WAITING: Final = 8


def at_once(answer: Message) -> "concurrent.futures.Future[Message]":
    """An answer that needs no errand."""
    done: concurrent.futures.Future[Message] = concurrent.futures.Future()
    done.set_result(answer)
    return done


class Errands:
    """Runs one errand at a time. Called from the actor's thread."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._waiting = 0
        self._lock = threading.Lock()
        self._one_at_a_time = threading.Lock()

    def run(
        self, work: Callable[[], Message], instead: Callable[[str], Message]
    ) -> "concurrent.futures.Future[Message]":
        """The answer of `work`, some day; of `instead`, given the reason, where it failed or too many wait."""
        done: concurrent.futures.Future[Message] = concurrent.futures.Future()
        with self._lock:
            busy = self._waiting >= MOST_WAITING
            self._waiting += not busy
        if busy:
            done.set_result(instead(f"Plex is being asked for {MOST_WAITING} such things already"))
        else:
            # A daemon: a server that hangs must not keep the process from ending.
            threading.Thread(target=self._work, args=(work, instead, done), name=self._name, daemon=True).start()
        return done

    def _work(
        self, work: Callable[[], Message], instead: Callable[[str], Message], done: "concurrent.futures.Future[Message]"
    ) -> None:
        with self._one_at_a_time:
            try:
                answer = work()
            except Exception as error:  # noqa: BLE001 - the one who asked must hear of it, whatever it is
                # Without its text: an error of a library can quote an address with its token.
                logging.getLogger(self._name).warning("An errand to Plex broke: %s", type(error).__name__)
                answer = instead(f"asking Plex broke ({type(error).__name__})")
        with self._lock:
            self._waiting -= 1
        done.set_result(answer)
