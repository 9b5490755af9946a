"""`python run.py setup`: asks for missing settings, tests each answer at once, and writes `.env`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import requests
from rich.console import Console

import config
from actors.media.plex.on_demand.plextv import PLEX_TV
from config import Settings, SettingsError, load_settings
from foreign_input import ForeignInputError, read_text
from launcher.commands import check
from launcher.commands.stderr import write_error
from launcher.doctor.discord_rest import ApiStatusError
from launcher.setup import discord, envfile, plex, web
from launcher.setup.prompter import Prompter

STOPPED = 130


def main(load: Callable[[], Settings], console: Console, env: Path = Path(".env")) -> int:
    """Ask at the terminal; return 0 if `.env` was written and nothing is wrong, 130 if it was interrupted, else 1."""
    if not sys.stdin.isatty() or not sys.stdout.isatty():
        write_error(
            "setup asks questions and needs a terminal (in a container: docker compose run --rm usher setup).\n"
            "Without one, copy .env.example to .env, fill it in, and run: python run.py check"
        )
        return 1
    status = run_dialogue(Prompter(console), console, env, os.environ)
    if status:
        return status
    console.print("\nChecking everything once more:")
    status = check.main(load, console)
    console.print("When it runs, type !diagnose on Discord." if not status else "")
    return status


def run_dialogue(
    prompter: Prompter, console: Console, env: Path, environ: Mapping[str, str], plex_tv: str = PLEX_TV
) -> int:
    """Ask everything, then write the file, which is unchanged until then. Return 0 if it was written."""
    try:
        before = read_text(env, 1_000_000) if env.exists() else ""
        answers = _ask_everything(prompter, _current_settings(environ, env), environ, plex_tv)
        envfile.write_env(env, envfile.merge_answers(before, answers))
    except (KeyboardInterrupt, EOFError):
        console.print(f"\nStopped. Nothing was written: {env} is as it was.")
        return STOPPED
    except (ApiStatusError, requests.exceptions.RequestException) as error:
        console.print(f"Plex or Discord stopped answering ({type(error).__name__}); nothing was written. Try again.")
        return 1
    except (OSError, ForeignInputError) as error:
        reason = error.what if isinstance(error, ForeignInputError) else error.strerror or type(error).__name__
        console.print(f"{env} could not be read or written ({reason}): give the file and its folder to this user.")
        return 1
    console.print(f"\n✔ Wrote {env} for this user alone, after {prompter.answers} answers.")
    return 0


def _ask_everything(prompter: Prompter, current: Settings, environ: Mapping[str, str], plex_tv: str) -> dict[str, str]:
    prompter.print("Usher asks for a Plex server and a Discord bot. Ctrl-C stops at any point and changes nothing.")
    answers, server = plex.ask_about_plex(prompter, current, plex_tv)
    answers |= discord.ask_about_discord(prompter, current)
    prompter.print("\nLast questions", "bold")
    answers |= plex.ask_for_host(prompter, current, server)
    zone = current.timezone if current.timezone != "UTC" else guess_zone()
    answers["TIMEZONE"] = _ask_for_setting(prompter, "TIMEZONE", "Time zone in which days begin", zone)
    spoken = f"Language in which the bot speaks on Discord ({' or '.join(config.languages())})"
    answers["BOT_LANGUAGE"] = _ask_for_setting(prompter, "BOT_LANGUAGE", spoken, current.bot_language)
    answers |= web.ask_about_page(prompter, current)
    for name in answers:
        if environ.get(name, "") not in ("", answers[name]):
            prompter.print(
                f"! {name} is also set in the environment, which wins over .env: take it out there.", "yellow"
            )
    return answers


def _current_settings(environ: Mapping[str, str], env: Path) -> Settings:
    try:
        return load_settings(environ, env, for_service=False)
    except SettingsError as error:
        return error.readable


def _ask_for_setting(prompter: Prompter, name: str, question: str, default: str) -> str:
    """Ask until the answer is valid for this setting."""
    while True:
        answer = prompter.text(question, default)
        try:
            return str(config.check_value(name, answer))
        except ValueError as wrong:
            prompter.print(f"✘ That doesn't work: it takes {wrong}.", "red")


def guess_zone(root: Path = Path("/etc")) -> str:
    """Return the system's time zone by its IANA name; UTC if it has none."""
    link, named = root / "localtime", root / "timezone"
    guesses = [os.environ.get("TZ", "").lstrip(":")]
    if link.is_symlink():
        guesses.append(str(link.readlink()).partition("zoneinfo/")[2])
    if named.is_file():
        guesses.append(named.read_text(encoding="utf-8", errors="replace").strip())
    for guess in filter(None, guesses):
        try:
            return str(config.check_value("TIMEZONE", guess))
        except ValueError:
            continue
    return "UTC"
