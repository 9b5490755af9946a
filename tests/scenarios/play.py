"""Plays a scenario: a table of what was seen, and the records that must come of it. See README.md."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

from plexapi.server import PlexServer

from actors.media.plex.session_parser import key_of, read_sessions
from messages import HistoryRow, Item, Moment, Playback, PlaybackSnapshot, VoiceMember
from messages.base import PositionMs
from tests.nights.observations import SERVER
from tests.nights.rules_stage import RulesStage
from tracking.rules import Rules

POLL_S = 10
SERVERS = {"plex": SERVER, "plex2": "server2"}
"""The Plex servers that a row can come from."""

RECORDED = re.compile(r"[\d:.]+ *\| *(plex|alert) *\| *[<{]")
"""A row that `run.py record` wrote."""


def seconds(text: str) -> float:
    """Read 90, 1:30, 1:30:00 or 1.5 as seconds."""
    total = 0.0
    for part in text.split(":"):
        total = total * 60 + float(part)
    return total


@dataclass
class Scenario:
    """One file."""

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    rows: list[tuple[str, str, str]] = field(default_factory=list)
    records: list[list[str]] = field(default_factory=list)
    running: list[str] = field(default_factory=list)
    screenings: list[str] = field(default_factory=list)
    company: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


def read(path: Path) -> Scenario:
    """Read a scenario file."""
    scenario = Scenario(path.stem)
    scenario.items["Heat"] = _item("Heat movie 2:00:00")
    section = "table"
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.split("//", 1)[0].strip() if "://" not in line and not RECORDED.match(line) else line.strip()
        if not text or text.startswith("#"):
            continue
        word, _, rest = text.partition(" ")
        if word == "item":
            item = _item(rest)
            scenario.items[item.title] = item
        elif word == "set":
            name, _, value = rest.partition("=")
            scenario.settings[name.strip()] = _setting(name.strip(), value.strip())
        elif word == "expect":
            section = rest
            if "=" in rest:
                name, _, value = rest.partition("=")
                scenario.counts[name.strip()] = int(value)
        elif section in ("running", "screenings", "company"):
            getattr(scenario, section).append(text)
        else:
            cells = [cell.strip() for cell in text.split("|", 2 if section == "table" else -1)]
            if section == "table":
                scenario.rows.append((cells[0], cells[1], cells[2] if len(cells) > 2 else ""))
            else:
                scenario.records.append(cells)
    return scenario


def _item(text: str) -> Item:
    title, kind, length, *extras = text.split()
    more: dict[str, Any] = {}
    for extra in extras:
        name, _, value = extra.partition("=")
        more[name] = {"live": value == "1", "library_section_id": value}.get(name, value)
        if name == "library_section_id":
            more[name] = int(value)
    duration = None if length == "-" else round(seconds(length) * 1000)
    return Item(
        **{
            "server_id": SERVER,
            "rating_key": title,
            "kind": kind,
            "title": title,
            "duration_ms": duration,
            **more,
        }
    )


def _setting(name: str, value: str) -> Any:
    if name in ("excluded", "tracked_types"):
        return frozenset(value.split(","))
    if value in ("on", "off"):
        return value == "on"
    return value if name == "party_user" else float(value)


class ScenarioPlayer:
    """Plays a scenario's rows on the stage of the rules."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.stage = RulesStage(Rules(**scenario.settings))
        self.plex = offline_server()
        self.stopped: dict[str, bool] = {}
        """Session keys of which an alert said that they stopped, and whether a poll has listed them since."""

    def play(self) -> RulesStage:
        """Play every row in order of time; rows of one time in the order of the file."""
        steps = [step for row in self.scenario.rows for step in _steps(row)]
        for at_s, source, what in sorted(steps, key=lambda step: step[0]):
            self.step(at_s, source, what)
        return self.stage

    def step(self, at_s: float, source: str, what: str) -> None:
        """Play one row."""
        stage = self.stage
        match source:
            case "plex" | "plex2" if what.startswith("failed"):
                stage.fail_poll(at_s, SERVERS[source])
            case "plex" | "plex2":
                at = stage.moment(at_s)
                stage.observe(self.read_recorded(at, what) if what.startswith("<") else self.snapshot(at, what, source))
            case "alert":
                self._note_alert(json.loads(what))
            case "voice":
                names = [] if what in ("-", "away") else what.split()
                stage.report_voice(at_s, [VoiceMember(name, name) for name in names], connected=what != "away")
            case "history" if stage.questions:
                self._answer_history(at_s, what)
            case "history":
                pass  # nobody asked
            case "admin":
                key, *position = what.split()
                at_ms = PositionMs(round(seconds(position[0]) * 1000)) if position else None
                stage.start_manually(at_s, "" if key == "-" else key, at_ms)
            case "clock":
                stage.wall_shift_s += float(what)
            case "restart" | "reboot":
                stage.restart(at_s, reboot=source == "reboot")
            case _:
                raise ValueError(f"no such source: {source}")

    def _answer_history(self, at_s: float, what: str) -> None:
        """Answer the last question: times of plays, `none` or `failed`."""
        wanted = self.stage.questions[-1]
        question, wall_s = wanted.question, self.stage.moment(at_s).wall_s - at_s
        rows = [
            HistoryRow(question.account_id, question.rating_key, wall_s + seconds(row))
            for row in what.split()
            if row not in ("none", "failed")
        ]
        self.stage.answer_history(at_s, wanted, rows, "no answer" if what == "failed" else "")

    def snapshot(self, at: Moment, what: str, source: str = "plex") -> PlaybackSnapshot:
        """A poll from `account player item state position [#key]`, with ; between sessions."""
        playbacks: list[Playback] = []
        stopped: list[str] = []
        unreadable: list[str] = []
        for words in (part.split() for part in what.split(";") if part.strip() not in ("", "-")):
            if words[0] in ("stopped", "unreadable"):
                (stopped if words[0] == "stopped" else unreadable).extend(words[1:])
                continue
            account, machine, title, state, position, *key = words
            playbacks.append(
                Playback(
                    session_key=key[0].removeprefix("#") if key else account,
                    item=self.scenario.items[title],
                    account_id="" if account == "nobody" else account,
                    account_name="" if account == "nobody" else account,
                    machine_id=machine,
                    player=machine,
                    state=state,  # type: ignore[arg-type] # the file says which
                    position_ms=None if position == "none" else PositionMs(round(seconds(position) * 1000)),
                )
            )
        return PlaybackSnapshot(
            SERVERS[source], "Cinema", source, at, tuple(playbacks), tuple(stopped), tuple(unreadable)
        )

    def read_recorded(self, at: Moment, xml: str) -> PlaybackSnapshot:
        """A poll as a server sent it, read as the poller reads it."""
        reading = read_sessions(fromstring(xml), self.plex)  # noqa: S314  # a file of the tests
        listed = {playback.session_key for playback in reading.playbacks}
        stopped = tuple(key for key in self.stopped if key not in listed)
        # A poll that still lists a stopped session was answered before: the poller sends the stop with the next one.
        self.stopped = {key: True for key, was_listed in self.stopped.items() if key in listed and not was_listed}
        return PlaybackSnapshot(SERVER, "Cinema", "plex", at, reading.playbacks, stopped, reading.unreadable)

    def _note_alert(self, alert: Any) -> None:
        for entry in alert["PlaySessionStateNotification"]:
            key = key_of(entry.get("sessionKey"))
            if key and entry.get("state") == "stopped":
                self.stopped[key] = False
            else:
                self.stopped.pop(key, None)


def offline_server() -> Any:
    """The PlexServer to which recorded sessions belong; it never asks anything."""
    server: Any = PlexServer.__new__(PlexServer)
    server._server, server.machineIdentifier = server, SERVER
    return server


def _steps(row: tuple[str, str, str]) -> Iterator[tuple[float, str, str]]:
    """One row may stand for many: `0:00..1:00 | plex | ... playing 5:00` is a poll every ten seconds."""
    when, source, what = row
    first, _, last = when.partition("..")
    begin = at_s = seconds(first)
    end = seconds(last) if last else begin
    while at_s <= end:
        yield at_s, source, _play_on(what, at_s - begin) if source in SERVERS else what
        at_s += POLL_S if source in SERVERS else 5


def _play_on(what: str, after_s: float) -> str:
    """Let what plays play on: its position moves with time, doubled by x2, and stays where it `stands`."""

    def move(match: re.Match[str]) -> str:
        rate = {"": 1.0, " stands": 0.0}.get(match[2] or "")
        rate = float(match[2].strip()[1:]) if rate is None else rate
        return f"playing {seconds(match[1]) + after_s * rate}"

    return re.sub(r"playing ([\d:.]+)( stands| x[\d.]+)?", move, what)
