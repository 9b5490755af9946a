"""A long evening: the worked examples at both kinds of viewer, and all that people do to a film besides.

Two hours pass in half a minute. Everybody's cues are here; what must be recorded of them is in the tests.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from pathlib import Path
from typing import Any

import psutil

from simulator.discord.model.messages import ChannelMessage, Interaction
from simulator.nights.stage import ANNOUNCE, CINEMA, ServiceStage
from simulator.plex import PlexAccount
from tests.e2e.nights import Precision, Programme, alive, evening, family, load, player, sql

SPEED = 240.0
POLL_S = 20.0
REPORT_S = 10.0
"""The slowest of the evening's players tells its position this often, as televisions do."""
SETTINGS = {
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
PLAYERS = {example.account: player(example.account) for example in EXAMPLES}
PLAYERS |= {name: player(name, REPORT_S) for name in (HOST, "Anton", BACK_AGAIN, SWITCHER, GHOST, SEEKER)}


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
    programme: Programme
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
            stage.plex.add_account(PlexAccount(number, name))
        programme = Programme(stage)
        _film_on_plex(programme)
        _film_in_the_channel(programme)
        _other_films(programme)
        asked = _questions(programme)
        programme.play(OVER)
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
        programme=programme,
        precision=Precision(programme, REPORT_S, float(SETTINGS["END_GRACE_SECONDS"])),
        history=load(stage.data_dir, "watch_history.json"),
        rows=sql(stage.data_dir, "SELECT * FROM watches"),
        stats=load(stage.data_dir, "user_stats.json"),
        log=stage.service_log(),
        secrets=secrets,
        asked=tuple(asked),
        answers=answers,
        exit_status=status,
        stop_s=stop_s,
        left=alive(started),
    )


def _film_on_plex(programme: Programme) -> None:
    """Each account in its own session: it begins where the example comes in, and stops where it leaves."""
    for example in EXAMPLES:
        who, tv, at_ms = example.account, PLAYERS[example.account], round(example.joins * 60_000)
        _plays(programme, STARTS + example.joins, who, FILM, tv, at_ms)
        if example.leaves < LENGTH:
            _stops(programme, STARTS + example.leaves, who)
        else:  # it ends by itself
            programme.at(STARTS + LENGTH, who, lambda: None)


def _film_in_the_channel(programme: Programme) -> None:
    """Members of the voice channel come and go while the host's session plays into it."""
    discord = programme.stage.discord
    visits = [(example.member, example.joins, example.leaves) for example in EXAMPLES]
    visits += [(VOICE_BACK_AGAIN, 0.0, 60.0), (VOICE_BACK_AGAIN, 70.0, LENGTH)]
    for member, joins, leaves in visits:
        comes = STARTS + joins if joins else STARTS - 1.0  # who sees the beginning sits there before it
        programme.at(comes, f"voice {member}", functools.partial(discord.join_voice, member, CINEMA))
        if leaves < LENGTH:
            programme.at(STARTS + leaves, f"voice {member}", functools.partial(discord.leave_voice, member))


def _other_films(programme: Programme) -> None:
    """At home, on other films: a break of a quarter of an hour, a change of film, a dead app, a seek."""
    _plays(programme, 3, BACK_AGAIN, "The General", PLAYERS[BACK_AGAIN])
    _stops(programme, 43, BACK_AGAIN)
    _plays(programme, 58, BACK_AGAIN, "The General", PLAYERS[BACK_AGAIN], 40 * 60_000)
    programme.at(96, BACK_AGAIN, lambda: None)  # its end
    plex = programme.stage.plex
    _plays(programme, 5, SWITCHER, "Duck Soup", PLAYERS[SWITCHER])
    programme.at(25, SWITCHER, lambda: plex.switch(_session(programme, SWITCHER), "City Lights"))
    _stops(programme, 60, SWITCHER)
    _plays(programme, 6, GHOST, "Sunrise", PLAYERS[GHOST])
    programme.at(36, GHOST, lambda: plex.freeze(_session(programme, GHOST)))
    _plays(programme, 7, SEEKER, "Nosferatu", PLAYERS[SEEKER])
    programme.at(27, SEEKER, lambda: plex.seek(_session(programme, SEEKER), 60 * 60_000))
    _stops(programme, 47, SEEKER)


def _plays(programme: Programme, minute: float, who: str, film: str, tv: Any, at_ms: int = 0) -> None:
    programme.at(minute, who, lambda: programme.stage.plex.play(who, film, tv, at_ms=at_ms))


def _stops(programme: Programme, minute: float, who: str) -> None:
    programme.at(minute, who, lambda: programme.stage.plex.stop_session(_session(programme, who)))


def _session(programme: Programme, who: str) -> Any:
    return next(session for session in programme.stage.plex.sessions if session.account.name == who)


def _questions(programme: Programme) -> list[Question]:
    """Every command in both ways, while films run and after them; and what may not be asked."""
    stage = programme.stage
    somebody = stage.discord.member("Björn")
    viewer, mention = {"member": somebody}, f"<@{somebody.id}>"
    asked: list[Question] = []

    def ask(minute: float, who: str, name: str, options: dict[str, Any] | None = None, said: str = "") -> None:
        def slash() -> None:
            asked.append(Question(name, stage.discord.slash(who, name, options or {})))

        def say() -> None:
            asked.append(Question(name, stage.discord.say(who, ANNOUNCE, f"!{name} {said}".strip())))

        programme.at(minute, "", say if options is None else slash)

    both: tuple[tuple[str, dict[str, Any], str], ...] = (
        ("activewatches", {}, ""), ("nowplaying", {}, ""), ("stats", viewer, mention), ("badges", viewer, mention),
        ("allbadges", {}, ""), ("progress", {}, ""), ("leaderboard", {"by": "time"}, "time"), ("topwatchers", {}, ""),
        ("history", {"title": "Mad Max"}, "Mad Max"), ("moviestats", {"title": FILM}, FILM), ("savedata", {}, ""),
        ("health", {}, ""), ("starttracking", {}, ""), ("help", {"command": "stats"}, "stats"),
    )  # fmt: skip
    for number, (name, options, said) in enumerate(both):
        ask(14 + 3.5 * number, "Iris", name, options)
        ask(68 + 3.5 * number, "Iris", name, said=said)
    ask(61, "Iris", "backup", {})
    ask(15, "Chiara", "savedata")
    return asked


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
