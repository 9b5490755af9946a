"""What really happens in a night: who plays what, when and where; who sits in the channel. The ledger of truth."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import Literal

from messages import Item
from messages.base import DurationMs

State = Literal["playing", "paused", "buffering", "ghost"]
SERVER = "server"
HOST = "house"
GHOST_S = (100.0, 500.0)


@dataclass(frozen=True)
class Stretch:
    """A piece of a night in which one player does one thing. Seconds of the night."""

    begin_s: float
    end_s: float
    account: str
    machine: str
    item: Item
    state: State
    position_s: float
    """Of the film, at `begin_s`."""
    session: int
    """Number of the session it belongs to, in order of time."""
    report_s: float = 10.0
    """How often the player reports its position."""

    @property
    def length_s(self) -> float:
        """How long it lasts."""
        return self.end_s - self.begin_s

    def really_s(self, at_s: float) -> float:
        """The film's true position."""
        return self.position_s + (min(at_s, self.end_s) - self.begin_s if self.state == "playing" else 0.0)

    def shown_s(self, at_s: float) -> float:
        """The position that the server shows: the last one reported."""
        if self.state != "playing":
            return float(int(self.position_s)) if self.state == "paused" else self.position_s
        reports = int((at_s - self.begin_s) / self.report_s)
        return self.really_s(self.begin_s + reports * self.report_s)

    def clipped(self, begin_s: float, end_s: float) -> Stretch | None:
        """The part between two times."""
        begin_s, end_s = max(begin_s, self.begin_s), min(end_s, self.end_s)
        if begin_s >= end_s:
            return None
        return replace(self, begin_s=begin_s, end_s=end_s, position_s=self.really_s(begin_s))


@dataclass
class Script:
    """A whole night."""

    length_s: float
    """Then everybody has left."""
    items: list[Item]
    stretches: list[Stretch] = field(default_factory=list)
    """Of all players, in order of time."""
    seats: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    """When each member sits in the voice channel."""
    restarts: list[tuple[float, float]] = field(default_factory=list)
    """When the Plex server is down; afterwards its session keys begin at 1."""
    outages: list[tuple[float, float]] = field(default_factory=list)
    """When Usher cannot reach Plex, while films go on."""
    voice_outages: list[tuple[float, float]] = field(default_factory=list)
    """When Discord's gateway is away."""
    plays: list[tuple[str, str, float]] = field(default_factory=list)
    """The server's history: account, rating key, when it was counted."""

    def at(self, at_s: float) -> list[Stretch]:
        """What plays at a time."""
        return [stretch for stretch in self.stretches if stretch.begin_s <= at_s < stretch.end_s]

    def present(self, at_s: float) -> list[str]:
        """Who sits in the channel."""
        return [member for member, times in self.seats.items() if any(a <= at_s < b for a, b in times)]

    def is_down(self, at_s: float) -> bool:
        """Whether polls fail."""
        return any(begin <= at_s < end for begin, end in (*self.restarts, *self.outages))


def make_items(rng: random.Random) -> list[Item]:
    """A small library."""
    items = []
    for number in range(rng.randint(2, 5)):
        kind = rng.choice(["movie", "movie", "episode"])
        items.append(
            Item(
                SERVER,
                str(100 + number),
                kind,
                f"{kind.title()} {number}",
                year=rng.choice([1979, 1984, 1995, 2010]),
                duration_ms=DurationMs(rng.randrange(240, 1200) * 1000),
                genres=tuple(rng.sample(["Drama", "Horror", "Comedy"], rng.randint(0, 2))),
                directors=tuple(rng.sample(["Mann", "Scott"], rng.randint(0, 1))),
                show="A Show" if kind == "episode" else "",
                season=1 if kind == "episode" else None,
                episode=number if kind == "episode" else None,
                key=f"/library/metadata/{100 + number}",
            )
        )
    return items


def make_script(rng: random.Random, accounts: list[str], members: list[str], calm: bool) -> Script:
    """Write a night. In a calm one people start, watch and leave; in others they do what people do."""
    script = Script(rng.uniform(500, 1500), make_items(rng))
    if not calm:
        script.restarts = windows(rng, script.length_s, rng.choice([0, 0, 1]), 10, 120)
        script.outages = windows(rng, script.length_s, rng.choice([0, 0, 1, 2]), 4, 240)
        script.voice_outages = windows(rng, script.length_s, rng.choice([0, 0, 1, 2]), 4, 200)
    sessions = 0
    for account in accounts:
        writer = _Writer(rng, script, account, calm, sessions)
        writer.write()
        sessions = writer.session + 1
    script.stretches.sort(key=lambda stretch: (stretch.begin_s, stretch.account))
    for member in members:
        visits = 1 if calm else rng.randint(1, 4)
        script.seats[member] = windows(rng, script.length_s, visits, 30, script.length_s)
    return script


def windows(
    rng: random.Random, length_s: float, count: int, least_s: float, most_s: float
) -> list[tuple[float, float]]:
    """Some stretches of time in a night, apart from one another."""
    found: list[tuple[float, float]] = []
    for begin_s in sorted(rng.uniform(0, length_s) for _ in range(count)):
        if not found or begin_s > found[-1][1] + 5:
            found.append((begin_s, min(length_s, begin_s + rng.uniform(least_s, most_s))))
    return found


class _Writer:
    """Writes one account's evening, stretch by stretch."""

    def __init__(self, rng: random.Random, script: Script, account: str, calm: bool, session: int) -> None:
        self.rng, self.script, self.account, self.calm = rng, script, account, calm
        self.session = session
        self.position_s = 0.0
        self.report_s = rng.choice([1.0, 10.0, 10.0, 20.0])
        self.machine = f"{account}-tv"
        self.now_s = rng.uniform(0, script.length_s * 0.4)
        self.counted = False

    @property
    def film_s(self) -> float:
        """Length of the film."""
        return (self.item.duration_ms or 0) / 1000

    def write(self) -> None:
        """Until the night is over, or the account has had enough."""
        rng = self.rng
        self._choose_film()
        while self.now_s < self.script.length_s:
            outcome = self._add("playing", 30 + rng.expovariate(1 / (500 if self.calm else 120)))
            if outcome == "done":
                outcome = "gone" if self.calm else self._turn()
            if outcome in ("done", "night"):
                continue
            self._leave()
            if outcome == "gone" or self.calm or rng.random() < 0.25:
                return
            if outcome == "over":
                self.now_s += rng.choice([0.0, 1.0, rng.uniform(5, 90)])
                self._choose_film()
        self._leave()

    def _turn(self) -> str:
        """Something happens."""
        rng = self.rng
        turns = {"pause": 6, "seek": 3, "buffer": 2, "away": 3, "switch": 2, "ghost": 1, "gone": 1, "move": 1}
        turn = rng.choices(list(turns), list(turns.values()))[0]
        match turn:
            case "pause":
                return self._add("paused", rng.choice([rng.uniform(1, 20), rng.expovariate(1 / 80)]))
            case "buffer":
                return self._add("buffering", rng.uniform(1, 20))
            case "ghost":
                return self._add("ghost", rng.uniform(*GHOST_S))
            case "seek":
                near_s, anywhere_s = self.position_s + rng.uniform(-60, 60), rng.uniform(0, self.film_s)
                self.position_s = max(0.0, min(self.film_s - 1, rng.choice([near_s, anywhere_s])))
                return "done"
            case "gone":
                return "gone"
        self._leave()
        if turn == "away":
            self.now_s += rng.choice([rng.uniform(1, 25), rng.uniform(20, 200)])
        elif turn == "switch":
            self.session -= rng.random() < 0.5  # some players keep one key over many items
            self._choose_film()
        else:
            self.machine = rng.choice([f"{self.account}-tv", f"{self.account}-phone"])
            self.now_s += rng.choice([0.0, rng.uniform(1, 60)])
        return "done"

    def _choose_film(self) -> None:
        self.item = self.rng.choice(self.script.items)
        self.position_s = self.rng.choice([0.0, 0.0, self.rng.uniform(0, self.film_s * 0.8)])

    def _leave(self) -> None:
        """The session ends; the server counts a play that got far enough."""
        if self.counted:
            self.script.plays.append((self.account, self.item.rating_key, self.now_s))
        self.counted = False
        self.session += 1

    def _add(self, state: State, wanted_s: float) -> str:
        """Write a stretch, as long as wanted ("done") if film ("over"), server ("cut") and "night" allow."""
        for begin_s, end_s in self.script.restarts:
            if begin_s <= self.now_s < end_s:
                self.now_s = end_s + self.rng.uniform(0, 40)
        limits = {"done": wanted_s, "night": self.script.length_s - self.now_s}
        if coming := [begin_s for begin_s, _ in self.script.restarts if begin_s > self.now_s]:
            limits["cut"] = coming[0] - self.now_s
        if state == "playing":
            limits["over"] = self.film_s - self.position_s
        outcome = min(limits, key=lambda limit: limits[limit])
        if (lasts_s := limits[outcome]) > 0:
            begin_s, self.now_s = self.now_s, self.now_s + lasts_s
            place = (self.account, self.machine, self.item, state, self.position_s, self.session, self.report_s)
            self.script.stretches.append(Stretch(begin_s, self.now_s, *place))
            if state == "playing":
                self.position_s += lasts_s
                self.counted = self.counted or self.position_s >= 0.9 * self.film_s
        return outcome
