"""`python run.py setup`: asks for what is missing, tests each answer at once, writes `.env`."""

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
from diagnosis.discord import RefusedError
from launcher.commands import check
from launcher.setup import discord, envfile, plex
from launcher.setup.prompter import Asker

STOPPED = 130


def main(load: Callable[[], Settings], console: Console, env: Path = Path(".env")) -> int:
    """Ask at the terminal; 0 where `.env` was written and all is in order, 1 otherwise, 130 where it was stopped."""
    if not sys.stdin.isatty() or not sys.stdout.isatty():
        sys.stderr.write(
            "setup asks questions and needs a terminal (in a container: docker compose run --rm usher setup).\n"
            "Without one, copy .env.example to .env, fill it in, and run: python run.py check\n"
        )
        return 1
    status = converse(Asker(console), console, env, os.environ)
    if status:
        return status
    console.print("\nLooking at all of it once more:")
    status = check.main(load, console)
    console.print("Next: start it (python run.py), then say !diagnose to it in Discord." if not status else "")
    return status


def converse(asker: Asker, console: Console, env: Path, environ: Mapping[str, str], plex_tv: str = PLEX_TV) -> int:
    """The questions, and the writing at their end: until then the file is as it was. 0 where it was written."""
    try:
        before = env.read_text(encoding="utf-8") if env.exists() else ""
        answers = _questions(asker, _known(environ, env), environ, plex_tv)
        envfile.write(env, envfile.merged(before, answers))
    except (KeyboardInterrupt, EOFError):
        console.print(f"\nStopped. Nothing was written: {env} is as it was.")
        return STOPPED
    except (RefusedError, requests.exceptions.RequestException) as error:
        console.print(f"Plex or Discord stopped answering ({type(error).__name__}); nothing was written. Try again.")
        return 1
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        console.print(f"{env} could not be read or written ({reason}): give the file and its folder to this user.")
        return 1
    console.print(f"\n✔ Wrote {env} for this user alone, after {asker.answers} answers.")
    return 0


def _questions(asker: Asker, known: Settings, environ: Mapping[str, str], plex_tv: str) -> dict[str, str]:
    asker.say("Usher asks for a Plex server and a Discord bot. Ctrl-C stops at any point and changes nothing.")
    answers, server = plex.ask(asker, known, plex_tv)
    answers |= discord.ask(asker, known)
    asker.say("\nThe rest", "bold")
    answers |= plex.host(asker, known, server)
    zone = known.timezone if known.timezone != "UTC" else guess_zone()
    answers["TIMEZONE"] = _setting(asker, "TIMEZONE", "Time zone in which days begin", zone)
    spoken = f"Language in which the bot speaks on Discord ({' or '.join(config.languages())})"
    answers["BOT_LANGUAGE"] = _setting(asker, "BOT_LANGUAGE", spoken, known.bot_language)
    for name in answers:
        if environ.get(name, "") not in ("", answers[name]):
            asker.say(f"! {name} is also set in the environment, which wins over .env: take it out there.", "yellow")
    return answers


def _known(environ: Mapping[str, str], env: Path) -> Settings:
    try:
        return load_settings(environ, env, for_service=False)
    except SettingsError as error:
        return error.readable


def _setting(asker: Asker, name: str, question: str, default: str) -> str:
    """An answer that is right for this setting."""
    while True:
        said = asker.text(question, default)
        try:
            return str(config.reader(name)(said))
        except ValueError as wrong:
            asker.say(f"✘ That is wrong: it takes {wrong}.", "red")


def guess_zone(root: Path = Path("/etc")) -> str:
    """The system's time zone by its IANA name; UTC where it has none."""
    link, named = root / "localtime", root / "timezone"
    guesses = [os.environ.get("TZ", "").lstrip(":")]
    if link.is_symlink():
        guesses.append(str(link.readlink()).partition("zoneinfo/")[2])
    if named.is_file():
        guesses.append(named.read_text(encoding="utf-8", errors="replace").strip())
    for guess in filter(None, guesses):
        try:
            return str(config.reader("TIMEZONE")(guess))
        except ValueError:
            continue
    return "UTC"
