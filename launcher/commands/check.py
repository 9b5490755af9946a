"""`python run.py check`: reports everything that is wrong, each with what to do about it."""

from __future__ import annotations

import concurrent.futures
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from actors.runtime.logs import SecretFilter
from config import Settings, SettingsError
from diagnosis.findings import Finding, error, ok, render
from launcher.doctor.communities import check_communities
from launcher.doctor.discord_rest import check_discord_by_rest
from launcher.doctor.machine import check_machine
from launcher.doctor.measuring import check_measuring
from launcher.doctor.misspelt import check_misspelt
from launcher.doctor.pictures import check_pictures
from launcher.doctor.plex_servers import check_plex
from launcher.doctor.web_page import check_web_page
from launcher.doctor.webhooks import check_webhooks
from launcher.program_name import name_start
from wording.numbers import count_noun

_SIGNS = {"ok": ("✔", "green"), "note": ("!", "yellow"), "error": ("✘", "red")}


def main(load: Callable[[], Settings], console: Console) -> int:
    """Check everything and print the findings; return 0 if nothing is wrong, else 1."""
    try:
        settings, findings = load(), [ok("settings", "settings.ok")]
    except SettingsError as wrong:
        settings, findings = (
            wrong.readable,
            [error("settings", "reported", text=problem.what, cure=problem.cure) for problem in wrong.problems],
        )
    findings += check_misspelt(os.environ, Path(".env"))
    findings += check_measuring(settings)
    checks: Sequence[Callable[[Settings], Iterable[Finding]]] = (
        check_plex, check_discord_by_rest, check_machine, check_communities, check_pictures, check_web_page,
        check_webhooks,
    )  # fmt: skip
    with concurrent.futures.ThreadPoolExecutor(len(checks)) as pool:
        for results in pool.map(lambda check: list(check(settings)), checks):
            findings += results
    secrets = SecretFilter(settings.secrets())
    for finding in findings:
        _print(finding, secrets, console)
    errors = sum(finding.severity == "error" for finding in findings)
    console.print()
    summary = f"{count_noun(errors, 'problem')} found." if errors else f"All good. Start Usher: {name_start()}"
    console.print(summary)
    return 1 if errors else 0


def _print(finding: Finding, secrets: SecretFilter, console: Console) -> None:
    sign, colour = _SIGNS[finding.severity]
    words = render(finding)
    line = Text.assemble((sign, colour), " ", (secrets.mask(words.topic), "bold"), ": ", secrets.mask(words.text))
    console.print(line)
    if words.cure:
        console.print(Padding(Text(f"→ {secrets.mask(words.cure)}"), (0, 0, 0, 2), expand=False))
