"""What the health table shows of an actor."""

from __future__ import annotations

from messages import Message, Problem
from messages.codec import tag_of
from wording.problems import join_english


class HealthState:
    """Whether the actor is degraded, and what last went wrong."""

    def __init__(self) -> None:
        self.degraded = ""
        """Why the actor is degraded; empty if it is not."""
        self.last_error = ""
        self.problems: tuple[Problem, ...] = ()
        """`degraded` or `last_error` as codes; empty if there is no code for it."""

    def report_degraded(self, problems: tuple[Problem, ...]) -> None:
        """Set what is wrong, and what to do about it."""
        self.degraded = self.last_error = join_english(problems)
        self.problems = problems

    def report_recovered(self) -> None:
        """Clear what is wrong."""
        self.degraded = ""

    def note_failure(self, message: Message, error: BaseException) -> None:
        """Note that a message could not be handled."""
        self.last_error = f"{tag_of(message)}: {error}"
        if not self.degraded:
            problem = getattr(error, "problem", None)
            self.problems = (problem,) if isinstance(problem, Problem) else ()
