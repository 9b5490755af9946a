"""A long evening: the worked examples at both kinds of viewer, and all that people do to a film besides.

Two hours pass in half a minute. Everybody's cues are here; what must be recorded of them is in the tests.
"""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import Any

import psutil

from simulator.discord.model.messages import ChannelMessage, Interaction
from simulator.nights.director import Director
from simulator.nights.script import Cue, at_minute
from simulator.nights.stage import ANNOUNCE, ServiceStage
from simulator.plex import SimulatedAccount
from tests.nights.evidence import evening, family, find_alive, load, sql
from tests.nights.precision import Precision

SPEED = 240.0
POLL_S = 20.0
REPORT_S = 10.0
"""The slowest of the evening's players tells its position this often, as televisions do."""
SETTINGS = {
    "GROUP_SYNCHRONOUS_SESSIONS": "false",  # each account's own screening is looked at
    "PLEX_POLL_SECONDS": f"{POLL_S:g}",
    "END_GRACE_SECONDS": "240",
    "POSITION_SLACK_SECONDS": "300",
    "GHOST_AFTER_SECONDS": "240",
    "GHOST_END_SECONDS": "1200",
    "AUTO_SAVE_INTERVAL_MINUTES": "20",
    "HEALTH_INTERVAL_SECONDS": "1",
    "LOG_LEVEL": "DEBUG",
}
"""A real second is four minutes of this evening: no process of a busy machine may be held up for longer."""
FILM, LENGTH = "Mad Max: Fury Road", 120.0
STARTS = 2.0
"""Minute of the programme at which the host's film starts."""
OVER = STARTS + LENGTH + 6.0
ANSWER_WITHIN_S = 15.0
MANY_BUTTONS = 5
BUTTON = 2
"""Discord's number of that kind of component."""


@dataclasses.dataclass(frozen=True)
class Example:
    """One worked example: there from a minute of the film to another."""

    account: str
    """Who watches so on Plex, in a session of their own."""
    member: str
    """Who watches so in the voice channel, on the host's session."""
    joins: float
    leaves: float
    percent: float


EXAMPLES = (
    Example("Rosa", "Iris", 0, 120, 100.0),
    Example("Anton", "Björn", 30, 120, 75.0),
    Example("Berta", "Chiara", 0, 45, 37.5),
    Example("Cem", "Dr. *Noodle*", 20, 60, 33.33),
    Example("Dörte", "אורי", 110, 120, 8.33),
    Example("Emil", "美美 🎬", 60, 65, 4.17),
)
HOST = EXAMPLES[0].account
BACK_AGAIN, SWITCHER, GHOST, SEEKER = "Gus", "Hal", "Ivy", "Jim"
"""Further accounts: who leaves and returns, changes the item, loses the app, and seeks."""
VOICE_BACK_AGAIN = "Rosa"
"""The member of the channel who leaves and returns."""
REPORTS = {example.account: 0.0 for example in EXAMPLES}
"""How often each account's player tells its position."""
REPORTS |= dict.fromkeys((HOST, "Anton", BACK_AGAIN, SWITCHER, GHOST, SEEKER), REPORT_S)


@dataclasses.dataclass(frozen=True)
class Question:
    """A command that somebody gave, as `!name` or as `/name`."""

    name: str
    asked: ChannelMessage | Interaction


@dataclasses.dataclass(frozen=True)
class Evening:
    """What it left behind."""

    folder: Path
    data_dir: Path
    frames_dir: Path
    precision: Precision
    history: list[dict[str, Any]]
    rows: list[dict[str, Any]]
    """Table `watches`."""
    stats: dict[str, Any]
    log: str
    secrets: tuple[str, ...]
    asked: tuple[Question, ...]
    answers: tuple[ChannelMessage, ...]
    """Everything that the bot wrote into the channel."""
    exit_status: int
    stop_s: float
    left: list[psutil.Process]
    """Processes that outlived the stop."""

    def records(self, who: str, source: str = "plex", film: str = "") -> list[dict[str, Any]]:
        """The history's records of somebody, of one film or of all."""
        return [
            found
            for found in self.history
            if (found["username"], found["source"]) == (who, source) and film in ("", found["movie_title"])
        ]

    def row(self, watch_id: str) -> dict[str, Any]:
        """The store's row of a watch."""
        (found,) = [row for row in self.rows if row["watch_id"] == watch_id]
        return found


def spend(folder: Path) -> Evening:
    """Live through it, stop the service, and gather what is left."""
    frames_dir = folder / "frames"
    frames_dir.mkdir()
    stage = ServiceStage(
        folder / "data", speed=SPEED, party_user=HOST, evening=evening(), frames_dir=str(frames_dir), **SETTINGS
    )
    with stage:
        for number, name in enumerate((BACK_AGAIN, SWITCHER, GHOST, SEEKER), start=5001):
            stage.plex.add_account(SimulatedAccount(number, name))
        director = Director(stage, report_s=REPORTS)
        cues = [*_film_on_plex(), *_film_in_the_channel(), *_other_films(), *_questions(stage)]
        begin_s = stage.minute * 60 + 12
        director.play(sorted(cues, key=lambda cue: cue.at_s), begin_s)
        stage.wait_until(begin_s / 60 + OVER)
        asked = [Question(text.lstrip("/!").partition(" ")[0], question) for text, question in director.asked]
        _press_everything(stage, asked)
        secrets = (stage.plex.token, stage.discord.token)
        started = family(stage)
        status, stop_s = stage.stop_service()
        stage.discord.recorder.write(folder / "requests.jsonl")
        answers = tuple(stage.discord.messages(ANNOUNCE, by_bot=True))
    return Evening(
        folder=folder,
        data_dir=stage.data_dir,
        frames_dir=frames_dir,
        precision=Precision(director, begin_s, REPORT_S, float(SETTINGS["END_GRACE_SECONDS"])),
        history=load(stage.data_dir, "watch_history.json"),
        rows=sql(stage.data_dir, "SELECT * FROM watches"),
        stats=load(stage.data_dir, "user_stats.json"),
        log=stage.service_log(),
        secrets=secrets,
        asked=tuple(asked),
        answers=answers,
        exit_status=status,
        stop_s=stop_s,
        left=find_alive(started),
    )


def _film_on_plex() -> list[Cue]:
    """Write each account's own session: it begins where the example comes in, and stops where it leaves."""
    cues = []
    for example in EXAMPLES:
        who = example.account
        cues.append(at_minute(STARTS + example.joins, "play", who, FILM, film_minute=example.joins))
        cues.append(at_minute(STARTS + example.leaves, "stop" if example.leaves < LENGTH else "end", who))
    return cues


def _film_in_the_channel() -> list[Cue]:
    """Write when members of the voice channel come and go while the host's session plays into it."""
    visits = [(example.member, example.joins, example.leaves) for example in EXAMPLES]
    visits += [(VOICE_BACK_AGAIN, 0.0, 60.0), (VOICE_BACK_AGAIN, 70.0, LENGTH)]
    cues = []
    for member, joins, leaves in visits:
        comes = STARTS + joins if joins else STARTS - 1.0  # who sees the beginning sits there before it
        cues.append(at_minute(comes, "join", member))
        if leaves < LENGTH:
            cues.append(at_minute(STARTS + leaves, "leave", member))
    return cues


def _other_films() -> list[Cue]:
    """Write who is at home, on other films: a break of a quarter of an hour, another film, a dead app, a seek."""
    return [
        at_minute(3, "play", BACK_AGAIN, "The General"),
        at_minute(43, "stop", BACK_AGAIN),
        at_minute(58, "play", BACK_AGAIN, "The General", film_minute=40),
        at_minute(96, "end", BACK_AGAIN),
        at_minute(5, "play", SWITCHER, "Duck Soup"),
        at_minute(25, "switch", SWITCHER, "City Lights"),
        at_minute(60, "stop", SWITCHER),
        at_minute(6, "play", GHOST, "Sunrise"),
        at_minute(36, "freeze", GHOST),
        at_minute(7, "play", SEEKER, "Nosferatu"),
        at_minute(27, "seek", SEEKER, film_minute=40),
        at_minute(47, "stop", SEEKER),
    ]


def _questions(stage: ServiceStage) -> list[Cue]:
    """Write every command in both ways, while films run and after them; and what may not be asked."""
    mention = f"<@{stage.discord.member('Björn').id}>"
    both = (
        # the command as a slash command, and what is said after its name
        ("activewatches", ""), ("nowplaying", ""), ("stats who=Björn", mention), ("badges who=Björn", mention),
        ("allbadges", ""), ("progress", ""), ("leaderboard by=time", "time"), ("topwatchers", ""),
        ("history title='Mad Max'", "Mad Max"), (f"moviestats title='{FILM}'", FILM), ("savedata", ""),
        ("health", ""), ("starttracking", ""), ("help command=stats", "stats"),
    )  # fmt: skip
    cues = [at_minute(61, "slash", "Iris", "backup"), at_minute(15, "say", "Chiara", "!savedata")]
    for number, (command, said) in enumerate(both):
        cues.append(at_minute(14 + 3.5 * number, "slash", "Iris", command))
        name = command.partition(" ")[0]
        cues.append(at_minute(68 + 3.5 * number, "say", "Iris", f"!{name} {said}".strip()))
    return cues


def _press_everything(stage: ServiceStage, asked: list[Question]) -> None:
    """Wait for the answers, then press each button below them, and type into what completes itself."""
    pressed = 0
    for question in asked:
        if isinstance(question.asked, Interaction):
            answer = question.asked.wait_reply(ANSWER_WITHIN_S)
            for control in answer.controls:
                if control.get("custom_id") and not control.get("disabled") and control["type"] == BUTTON:
                    # A press shows what is so now: where fewer films run than before, a button further on has gone.
                    with contextlib.suppress(LookupError):
                        stage.discord.click("Iris", answer, control["custom_id"]).wait_ack(ANSWER_WITHIN_S)
                        pressed += 1
    assert pressed > MANY_BUTTONS, f"only {pressed} buttons were pressed"
    for name, option in (("moviestats", "title"), ("history", "title"), ("starttracking", "session")):
        stage.discord.autocomplete("Iris", name, option, "mad", timeout=ANSWER_WITHIN_S)
