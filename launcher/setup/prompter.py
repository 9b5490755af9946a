"""Asks questions at a terminal: with defaults, hidden input for tokens, and choices by number or name."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from prompt_toolkit import PromptSession
from prompt_toolkit.input import Input
from prompt_toolkit.output import Output
from rich.console import Console
from rich.text import Text

Value = TypeVar("Value")


class Option(NamedTuple, Generic[Value]):
    """One of the options of a question."""

    name: str
    value: Value


class Prompter:
    """Asks a person at a terminal. Ctrl-C raises KeyboardInterrupt, Ctrl-D EOFError."""

    def __init__(self, console: Console, *, source: Input | None = None, sink: Output | None = None) -> None:
        self._console = console
        self._source, self._sink = source, sink
        self.answers = 0
        """Number of questions that were answered."""

    def print(self, text: str = "", style: str = "") -> None:
        """Print a text."""
        self._console.print(Text(text, style))

    def text(self, question: str, default: str = "") -> str:
        """Ask for one line; Enter alone takes the default."""
        hint = f" [{default}]" if default else ""
        return self._ask(f"{question}{hint}: ", hidden=False) or default

    def secret(self, question: str, current: str = "") -> str:
        """Ask for one line that is not shown; Enter alone keeps the current value."""
        hint = " [Enter keeps the current one]" if current else ""
        return self._ask(f"{question}{hint} (hidden): ", hidden=True) or current

    def choose(self, question: str, options: Sequence[Option[Value]], default: int = 0) -> Value:
        """Ask for one of the options, by its number or by (the beginning of) its name."""
        for number, option in enumerate(options, 1):
            self.print(f"  {number}  {option.name}")
        while True:
            answer = self.text(question, str(default + 1))
            matches = _matching_options(answer, options)
            if len(matches) == 1:
                return matches[0].value
            self.print(f"Type one of the numbers 1 to {len(options)}, or a name that only one of them has.", "yellow")

    def poll(self, check: Callable[[], Value], within_s: float, every_s: float) -> Value:
        """Return the first true result of `check`, or its last result when the time is over. Both times are seconds."""
        deadline = time.monotonic() + within_s
        with self._console.status("waiting..."):
            while not (result := check()) and time.monotonic() < deadline:
                time.sleep(every_s)
        return result

    def _ask(self, prompt: str, *, hidden: bool) -> str:
        session: PromptSession[str] = PromptSession(input=self._source, output=self._sink)
        answer = session.prompt(prompt, is_password=hidden).strip()
        self.answers += 1
        return answer


def _matching_options(answer: str, options: Sequence[Option[Value]]) -> list[Option[Value]]:
    if answer.isascii() and answer.isdigit() and 1 <= int(answer) <= len(options):
        return [options[int(answer) - 1]]
    prefix = answer.lstrip("#").casefold()
    exact = [option for option in options if option.name.lstrip("#").casefold() == prefix]
    return exact or [option for option in options if option.name.lstrip("#").casefold().startswith(prefix)]
