"""What an actor shows of itself in the health table."""

from __future__ import annotations

from messages import Message, Problem
from messages.codec import tag_of
from wording.problems import join_english


class HealthState:
    """Whether the actor is degraded, and what last went wrong."""

    def __init__(self) -> None:
        self.degraded = ""
        """Why it is not all right; empty where it is."""
        self.last_error = ""
        self.problems: tuple[Problem, ...] = ()
        """What the two say, as codes; empty where it has no code."""

    def report_degraded(self, problems: tuple[Problem, ...]) -> None:
        """Say that something is wrong, and what to do about it."""
        self.degraded = self.last_error = join_english(problems)
        self.problems = problems

    def report_recovered(self) -> None:
        """Say that all is well again."""
        self.degraded = ""

    def note_failure(self, message: Message, error: BaseException) -> None:
        """Note that a message could not be handled."""
        self.last_error = f"{tag_of(message)}: {error}"
        if not self.degraded:
            problem = getattr(error, "problem", None)
            self.problems = (problem,) if isinstance(problem, Problem) else ()
