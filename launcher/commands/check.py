"""`python run.py check`: everything that is wrong, at once, each with its cure."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Iterable, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from config import Settings, SettingsError
from diagnosis import discord, plex
from diagnosis.findings import Finding, bad, good
from launcher import local_checks

_SIGNS = {"good": ("✔", "green"), "note": ("!", "yellow"), "bad": ("✘", "red")}


def main(load: Callable[[], Settings], console: Console) -> int:
    """Look at everything and say how it is; 0 where nothing is bad, 1 otherwise."""
    try:
        settings, findings = load(), [good("Settings", "all there and right")]
    except SettingsError as error:
        settings, findings = error.readable, [_problem(problem) for problem in error.problems]
    looks: Sequence[Callable[[Settings], Iterable[Finding]]] = (plex.check, discord.check, local_checks.check)
    with concurrent.futures.ThreadPoolExecutor(len(looks)) as pool:
        for found in pool.map(lambda look: list(look(settings)), looks):
            findings += found
    for finding in findings:
        _show(finding, settings, console)
    wrong = sum(finding.verdict == "bad" for finding in findings)
    console.print()
    console.print("Everything is in order: python run.py" if not wrong else f"{wrong} to mend.")
    return 1 if wrong else 0


def _problem(problem: str) -> Finding:
    # What is wrong may have a colon of its own, in brackets: a value, or a reason.
    found, bracket, cure = problem.partition("): ")
    if not bracket:
        found, _, cure = problem.partition(": ")
    return bad("Settings", found + bracket[:1], cure)


def _show(finding: Finding, settings: Settings, console: Console) -> None:
    sign, colour = _SIGNS[finding.verdict]
    line = Text.assemble(
        (sign, colour), " ", (_clean(finding.what, settings), "bold"), ": ", _clean(finding.found, settings)
    )
    console.print(line)
    if finding.cure:
        console.print(Padding(Text(f"→ {_clean(finding.cure, settings)}"), (0, 0, 0, 2), expand=False))


def _clean(text: str, settings: Settings) -> str:
    for secret in settings.secrets():
        text = text.replace(secret, "***")
    return text
