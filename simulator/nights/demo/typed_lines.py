"""Parses what is typed at the demo's prompt into cues; if a line is not understood, the error says what to write."""

from __future__ import annotations

import difflib
import re
import shlex
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from simulator.nights.script import Cue, Verb
from simulator.nights.stage import ServiceStage
from simulator.plex.world.library import MOVIES

ASKER = "Iris"
"""The member who gives the commands: an administrator of the server."""
ACTORS = ("plex", "tracker", "persistence", "discord")


class LineError(ValueError):
    """Raised for a line that was not understood; its text says what to write."""


class Usage(NamedTuple):
    """A command of the prompt."""

    verb: Verb
    usage: str
    example: str
    takes: tuple[str, ...] = ()
    """The kinds of its arguments: account, guest, film, minute or actor."""


COMMANDS: dict[str, Usage] = {
    "play": Usage("play", "play WHO FILM", 'play Cem "Duck Soup"', ("account", "film")),
    "pause": Usage("pause", "pause WHO", "pause Cem", ("account",)),
    "resume": Usage("resume", "resume WHO", "resume Cem", ("account",)),
    "stop": Usage("stop", "stop WHO", "stop Cem", ("account",)),
    "seek": Usage("seek", "seek WHO MINUTE", "seek Cem 45", ("account", "minute")),
    "join": Usage("join", "join WHO", "join Björn", ("guest",)),
    "leave": Usage("leave", "leave WHO", "leave Björn", ("guest",)),
    "outage": Usage("outage", "outage", "outage"),
    "recover": Usage("heal", "recover", "recover"),
    "kill": Usage("kill", "kill ACTOR", "kill tracker", ("actor",)),
}


class Names:
    """Everybody and everything that can be named at the prompt."""

    def __init__(self, stage: ServiceStage) -> None:
        self._stage = stage

    @property
    def accounts(self) -> list[str]:
        """Plex accounts, which play films."""
        return [account.name for account in self._stage.plex.accounts if account.name]

    @property
    def guests(self) -> list[str]:
        """Members of the Discord server, who come into the voice channel."""
        return [member.display_name for member in self._stage.discord.guild.members.values() if not member.user.bot]

    @property
    def films(self) -> list[str]:
        """Titles of the films on Plex."""
        return [film.title for film in self._stage.plex.library.in_section(MOVIES)]

    @property
    def slash_commands(self) -> dict[str, list[str]]:
        """Usher's commands, with the names of their options."""
        offered = self._stage.discord.world.commands.get(self._stage.discord.guild.id, [])
        return {each["name"]: [option["name"] for option in each.get("options", [])] for each in offered}

    def list_choices(self, kind: str) -> list[str]:
        """Return the names that are possible for an argument of this kind."""
        by_kind: dict[str, Callable[[], list[str]]] = {
            "account": lambda: self.accounts,
            "guest": lambda: self.guests,
            "film": lambda: self.films,
            "actor": lambda: list(ACTORS),
        }
        return by_kind[kind]() if kind in by_kind else []


def split_asker(line: str, names: Names) -> tuple[str, str]:
    """Return the member named before the line's colon (ASKER if none), and the rest: "Björn: !suggest Alien".

    Raises LineError.
    """
    found = re.match(r"([^:!/\"']+):\s*(\S.*)", line)
    if found is None or line.split()[0].casefold() in COMMANDS:
        return ASKER, line
    name = _find_name(found[1].strip(), names.guests)
    if name is None:
        raise LineError(f'No member of the server is called "{found[1].strip()}". There are {_list(names.guests)}.')
    return name, found[2]


def find_named(typed: str, choices: Sequence[str]) -> str:
    """Return the choice of this name, or the only one that contains it. Raises LineError."""
    found = _find_name(typed, choices) if typed else None
    if found is None:
        raise LineError(f"Which one? There are {_list(choices)}.")
    return found


def _find_name(typed: str, choices: Sequence[str]) -> str | None:
    found = [name for name in choices if _fold(typed) in (_fold(name), _fold(name).partition(" (")[0])]
    found = found or [name for name in choices if _fold(typed) in _fold(name)]
    return found[0] if len(found) == 1 else None


def read_cue(line: str, names: Names, minute_of: Callable[[str], float | None], asker: str = ASKER) -> Cue:
    """Return the cue for a line. Raises LineError.

    `minute_of` gives the minute of the film at which an account is, None if it plays nothing; `asker` gives the
    commands.
    """
    if line[0] == "!":
        _check_command(line, names)
        return Cue(0.0, "say", asker, line)
    if line[0] == "/":
        return Cue(0.0, "slash", asker, _read_slash(line[1:], names))
    try:
        verb, *rest = shlex.split(line)
    except ValueError:
        raise LineError('A quotation mark is not closed: play Cem "Duck Soup"') from None
    if verb not in COMMANDS:
        near = _guess(verb, [*COMMANDS, *names.slash_commands])
        if near in names.slash_commands:
            near = f"!{near}"
        raise LineError(f'I don\'t know "{verb}".{_did_you_mean(near)} Type help for what there is.')
    command = COMMANDS[verb]
    values = [_read_value(kind, rest, at, command, names) for at, kind in enumerate(command.takes)]
    if len(rest) > len(command.takes) and "film" not in command.takes:
        raise LineError(f"That is more than {verb} takes. Write it like this: {command.example}")
    who, what = (*values, "", "")[:2]
    if verb == "seek":
        at_minute = minute_of(who)
        if at_minute is None:
            raise LineError(f"{who} plays nothing.")
        return Cue(0.0, "seek", who, amount=(float(what) - at_minute) * 60)
    return Cue(0.0, command.verb, who, what)


def _read_value(kind: str, rest: Sequence[str], at: int, command: Usage, names: Names) -> str:
    """Return the value of the argument at index `at`, spelt as in the list of choices. Raises LineError."""
    typed = " ".join(rest[at:]) if kind == "film" else (rest[at] if len(rest) > at else "")
    choices = names.list_choices(kind)
    if not typed:
        asked_for = {"account": "Who?", "guest": "Who?", "film": "Which film?", "minute": "To which minute?",
                     "actor": "Which actor?"}[kind]  # fmt: skip
        told = f" There are {_list(choices)}." if choices and kind != "film" else ""
        told = " Type films for the list." if kind == "film" else told
        raise LineError(f"{asked_for}{told} Write it like this: {command.example}")
    if kind == "minute":
        if not re.fullmatch(r"\d{1,3}(\.\d+)?", typed):
            raise LineError(f'"{typed}" is no minute. Write it like this: {command.example}')
        return typed
    found = [name for name in choices if _fold(name) == _fold(typed)]
    found = found or [name for name in choices if _fold(typed) in _fold(name)]
    if len(found) == 1:
        return found[0]
    if found:
        raise LineError(f'"{typed}" may be {_list(found, "or")}.')
    guess = _did_you_mean(_guess(typed, choices))
    match kind:
        case "film":
            raise LineError(f'No film is called "{typed}".{guess} Type films for the list.')
        case "actor":
            raise LineError(f'No actor is called "{typed}".{guess} There are {_list(choices)}.')
        case "account":
            where = " Members of the voice channel join and leave." if typed in names.guests else ""
            raise LineError(f'No Plex account is called "{typed}".{guess}{where} There are {_list(choices)}.')
    raise LineError(f'No member of the server is called "{typed}".{guess} There are {_list(choices)}.')


def _read_slash(line: str, names: Names) -> str:
    """Return a slash command as the director expects it: words without an option name go to the first option."""
    name, _, rest = line.strip().partition(" ")
    _check_command(f"/{name}", names)
    options = names.slash_commands[name]
    if not rest.strip():
        return name
    if not re.match(r"\s*\w+=", rest):
        if not options:
            raise LineError(f"/{name} takes nothing after it.")
        return f"{name} {options[0]}={shlex.quote(rest.strip())}"
    starts = [found.start() for found in re.finditer(r"\b\w+=", rest)]
    parts = [rest[start:end].strip() for start, end in zip(starts, [*starts[1:], len(rest)], strict=True)]
    for part in parts:
        option = part.partition("=")[0]
        if option not in options:
            takes = f"it takes {_list(options)}" if options else "it takes nothing"
            raise LineError(f"/{name} has no {option}=: {takes}.")
    chosen = [part.partition("=") for part in parts]
    return " ".join([name, *(f"{option}={shlex.quote(value.strip(QUOTES))}" for option, _, value in chosen)])


def _check_command(line: str, names: Names) -> None:
    """Raise LineError if Usher has no such command: Usher itself would not answer it."""
    sign, name = line[0], line[1:].partition(" ")[0]
    known = names.slash_commands
    if not name:
        raise LineError(f"Write a command after it, like {sign}stats. !help lists Usher's commands.")
    if known and name not in known:
        near = _guess(name, list(known))
        near = f"{sign}{near}" if near else ""
        raise LineError(f"Usher has no command {sign}{name}.{_did_you_mean(near)} !help lists them.")


QUOTES = " \"'"


def _fold(name: str) -> str:
    """Return a name without case and accents, for keyboards that have no ö."""
    return "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char)).casefold()


def _guess(typed: str, choices: Iterable[str]) -> str:
    """Return the choice that was probably meant; empty if none is similar."""
    by_lower = {choice.casefold(): choice for choice in choices}
    near = difflib.get_close_matches(typed.casefold(), by_lower, n=1, cutoff=0.6)
    return by_lower[near[0]] if near else ""


def _did_you_mean(near: str) -> str:
    return f" Did you mean {near}?" if near else ""


def _list(names: Sequence[str], last: str = "and") -> str:
    return f"{', '.join(names[:-1])} {last} {names[-1]}" if len(names) > 1 else "".join(names)
