"""Asking a person: questions with defaults, hidden input for tokens, choices by number or name."""

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
    """One of several things to choose."""

    name: str
    value: Value


class Asker:
    """A person at a terminal. Ctrl-C raises KeyboardInterrupt, Ctrl-D EOFError."""

    def __init__(self, console: Console, *, source: Input | None = None, sink: Output | None = None) -> None:
        self._console = console
        self._source, self._sink = source, sink
        self.answers = 0
        """How many questions were answered."""

    def say(self, text: str = "", style: str = "") -> None:
        """Tell something."""
        self._console.print(Text(text, style))

    def text(self, question: str, default: str = "") -> str:
        """An answer in one line; Enter alone takes the default."""
        hint = f" [{default}]" if default else ""
        return self._ask(f"{question}{hint}: ", hidden=False) or default

    def secret(self, question: str, kept: str = "") -> str:
        """An answer that is not shown; Enter alone keeps what there was."""
        hint = " [Enter keeps the one there is]" if kept else ""
        return self._ask(f"{question}{hint} (not shown): ", hidden=True) or kept

    def choose(self, question: str, options: Sequence[Option[Value]], default: int = 0) -> Value:
        """One of the options, by its number or by (the beginning of) its name."""
        for number, option in enumerate(options, 1):
            self.say(f"  {number}  {option.name}")
        while True:
            said = self.text(question, str(default + 1))
            fitting = _fitting(said, options)
            if len(fitting) == 1:
                return fitting[0].value
            self.say(f"Type one of the numbers 1 to {len(options)}, or a name that only one of them has.", "yellow")

    def wait(self, look: Callable[[], Value], within_s: float, every_s: float) -> Value:
        """What `look` returns once that is true, or its last answer when the time is over."""
        until = time.monotonic() + within_s
        with self._console.status("waiting..."):
            while not (found := look()) and time.monotonic() < until:
                time.sleep(every_s)
        return found

    def _ask(self, prompt: str, *, hidden: bool) -> str:
        session: PromptSession[str] = PromptSession(input=self._source, output=self._sink)
        said = session.prompt(prompt, is_password=hidden).strip()
        self.answers += 1
        return said


def _fitting(said: str, options: Sequence[Option[Value]]) -> list[Option[Value]]:
    if said.isascii() and said.isdigit() and 1 <= int(said) <= len(options):
        return [options[int(said) - 1]]
    wanted = said.lstrip("#").casefold()
    exact = [option for option in options if option.name.lstrip("#").casefold() == wanted]
    return exact or [option for option in options if option.name.lstrip("#").casefold().startswith(wanted)]
