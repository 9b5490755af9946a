"""The reasons why the Discord actor is degraded, by key, as the health table shows them."""

import logging
from collections.abc import Callable

from messages import Problem
from wording.problems import english


class DegradedReasons:
    """The present causes. Used only on the loop's thread."""

    def __init__(self, degraded: Callable[..., None], recovered: Callable[[], None], log: logging.Logger) -> None:
        self._degraded = degraded
        self._recovered = recovered
        self._log = log
        self._held: dict[str, Problem] = {}

    @property
    def reasons(self) -> tuple[Problem, ...]:
        """Every cause, with its cure, in the order in which they were added."""
        return tuple(self._held.values())

    def add(self, key: str, reason: Problem) -> None:
        """Add a cause, named by `key`; a new reason replaces the old one."""
        if self._held.get(key) == reason:
            return
        self._held[key] = reason
        self._log.warning("%s", english(reason))
        self._degraded(*self.reasons)

    def remove(self, key: str) -> None:
        """Remove a cause."""
        if self._held.pop(key, None) is None:
            return
        if self._held:
            self._degraded(*self.reasons)
        else:
            self._log.info("Discord is well again")
            self._recovered()
