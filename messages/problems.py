"""A problem as a code and its parameters, so that it can be shown in the reader's language.

`wording.problems` has the text of every code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Union

import msgspec

from messages.base import Struct

__all__ = ["Parameter", "Problem"]


class Problem(Struct, frozen=True):
    """What went wrong: `Problem.of("plex.token_refused", server="10.0.0.2:32400")`."""

    code: str
    """Area and cause, like "plex.token_refused"."""
    parameters: dict[str, Union[str, int, float, Problem]] = msgspec.field(  # noqa: UP007  # msgspec evaluates it
        default_factory=dict
    )
    """The values for its text, by name. A problem among them (a cause, a cure) is worded as part of the text."""

    @classmethod
    def of(cls, code: str, /, **parameters: str | int | float | Problem) -> Problem:
        """Return a problem with these parameters, none of which may contain a secret."""
        return cls(code, parameters)

    def map_texts(self, change: Callable[[str], str]) -> Problem:
        """Return the problem with each of its texts changed, for example to remove a secret."""
        changed = {
            name: value.map_texts(change)
            if isinstance(value, Problem)
            else change(value)
            if isinstance(value, str)
            else value
            for name, value in self.parameters.items()
        }
        return Problem(self.code, changed)


Parameter = str | int | float | Problem
