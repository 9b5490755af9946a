"""Turns problems into text: in English by code, and in the language of the bot through its catalogue."""

import string
from collections.abc import Callable, Iterable, Mapping

from messages.problems import Problem
from wording.translation import _


class ProblemError(Exception):
    """An error with a problem for people; its text is in English."""

    def __init__(self, reason: Problem | str) -> None:
        """`reason`: a problem, or a text that is not translated."""
        self.problem = reason if isinstance(reason, Problem) else Problem.of("text", text=reason)
        super().__init__(english(self.problem))


def english(problem: Problem) -> str:
    """Return the problem in English: for the log, the health table and the command line."""
    return _word(problem, lambda text: text)


def translate(problem: Problem) -> str:
    """Return the problem in the language set."""
    return _word(problem, _)


def join_english(problems: Iterable[Problem]) -> str:
    """Return several problems in English, in one line."""
    return "; ".join(english(problem) for problem in problems)


def translate_all(problems: Iterable[Problem], text: str = "") -> str:
    """Return several problems in the language set; `text` unchanged if there is none."""
    return "; ".join(translate(problem) for problem in problems) or text


def translate_or(problem: Problem | None, text: str) -> str:
    """Return the problem in the language set; `text` unchanged if there is no problem."""
    return text if problem is None else translate(problem)


def problem_of(error: BaseException) -> Problem:
    """Return an error as a problem: its own one, or one made of its text."""
    problem = getattr(error, "problem", None)
    return problem if isinstance(problem, Problem) else Problem.of("text", text=str(error) or type(error).__name__)


def _word(problem: Problem, say: Callable[[str], str]) -> str:
    from wording.problem_texts import TEXTS  # loaded only when a problem is worded: the texts take memory

    text = TEXTS.get(problem.code)
    if text is None:  # from another version
        return f"{problem.code} {problem.parameters or ''}".rstrip()
    words = {
        name: _word(value, say) if isinstance(value, Problem) else _format_value(value)
        for name, value in problem.parameters.items()
    }
    return _Gaps().vformat(say(text), (), words)


def _format_value(value: str | int | float) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


class _Gaps(string.Formatter):
    """Leaves a placeholder without a parameter unchanged; `{cure:sentence}` begins with a capital."""

    def format_field(self, value: object, format_spec: str) -> str:
        text = str(value)
        return text[:1].upper() + text[1:] if format_spec == "sentence" else text

    def get_value(self, key: int | str, args: object, kwargs: Mapping[str, object]) -> object:
        return kwargs.get(str(key), f"{{{key}}}")
