"""Registers the function that answers a question: `@answers(GetHistory)` above the function, and nothing else.

One file answers one question. Answers are read from snapshots and do not delay saves. Every figure includes running
watches, which replace the stored records that they continue.
"""

import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from messages import Answer, Question
from persistence.store import StoreSnapshot

AnswerT = TypeVar("AnswerT", bound=Answer)
QuestionT = TypeVar("QuestionT", bound=Question[Any])
AnswerFunction = Callable[[Any, StoreSnapshot], Answer]

MAX_ROWS = 100
"""Maximum rows of a page: more than a chat ever shows."""

_FUNCTIONS: dict[type[Question[Any]], AnswerFunction] = {}


def answers(
    question: type[Question[AnswerT]],
) -> Callable[[Callable[[QuestionT, StoreSnapshot], AnswerT]], Callable[[QuestionT, StoreSnapshot], AnswerT]]:
    """Declare that the function below answers this question, from a snapshot of the store."""

    def register(
        function: Callable[[QuestionT, StoreSnapshot], AnswerT],
    ) -> Callable[[QuestionT, StoreSnapshot], AnswerT]:
        if question in _FUNCTIONS:
            raise TypeError(f"{question.__name__} is answered twice: by {_FUNCTIONS[question]!r} and {function!r}")
        _FUNCTIONS[question] = function
        return function

    return register


@functools.cache
def load_answers() -> Mapping[type[Question[Any]], AnswerFunction]:
    """Return the function of every question that a file of this folder answers."""
    package = __name__.rpartition(".")[0]
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        importlib.import_module(f"{package}.{module.name}")
    return _FUNCTIONS


def bound_limit(limit: int) -> int:
    """Return the requested number of rows, limited to 0 to `MAX_ROWS`."""
    return max(0, min(limit, MAX_ROWS))
