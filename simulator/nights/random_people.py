"""Writes what people do in a random night: who comes, watches, pauses, seeks, moves and goes. Pure and seeded.

The writer estimates the position of each film, so that cues fit what plays; what really happened is in the ledger.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from simulator.nights.script import WHERE_LEFT, Cue, Script, Verb
from simulator.plex import LibraryItem

Window = tuple[float, float]
GHOST_S = (100.0, 500.0)
EVERYTHING: Mapping[str, float] = {
    "pause": 6, "seek": 3, "buffer": 2, "away": 3, "switch": 2, "ghost": 1, "gone": 1, "move": 1,
}  # fmt: skip
"""What may happen while somebody watches, with its weight."""


SEVERAL_PLAYERS: Mapping[str, float] = {**EVERYTHING, "paused": 2, "dead": 2}
"""The same, with players that are left paused, or die, and stay listed while the account continues on another one."""


@dataclass(frozen=True)
class Habits:
    """How the people of a night behave."""

    turns: Mapping[str, float] = field(default_factory=lambda: EVERYTHING)
    mean_stretch_s: float = 120.0
    """Mean length of a stretch, seconds, in addition to the half minute that everybody watches before anything
    happens."""
    calm: bool = False
    """Whether people only start, watch and leave."""
    replays: bool = True
    """Whether films may be chosen again, from the beginning. Otherwise each is seen once, and continued where it was
    left."""
    arrive_within: float = 0.4
    """Share of the night in which people come."""
    reports_s: tuple[float, ...] = (1.0, 10.0, 10.0, 20.0)
    """Seconds between a player's reports: one of these for each account."""
    speeds: tuple[float, ...] = (1.0,)
    """The speed at which an account watches: one of these."""


def windows(rng: random.Random, length_s: float, count: int, least_s: float, most_s: float) -> list[Window]:
    """Return `count` separate windows of a night."""
    chosen: list[Window] = []
    for begin_s in sorted(rng.uniform(0, length_s) for _ in range(count)):
        if not chosen or begin_s > chosen[-1][1] + 5:
            chosen.append((begin_s, min(length_s, begin_s + rng.uniform(least_s, most_s))))
    return chosen


def write_people(
    rng: random.Random,
    accounts: Sequence[str],
    members: Sequence[str],
    items: Sequence[LibraryItem],
    length_s: float,
    habits: Habits,
    plex_down: Sequence[Window] = (),
) -> Script:
    """Write everybody's cues. While Plex is down (`plex_down`) nobody watches."""
    cues: list[Cue] = []
    report_s: dict[str, float] = {}
    for account in accounts:
        writer = _Writer(rng, account, items, length_s, habits, plex_down)
        cues += writer.write()
        report_s[account] = writer.report_s
    for member in members:
        visits = 1 if habits.calm else rng.randint(1, 4)
        for begin_s, end_s in windows(rng, length_s, visits, 30, length_s):
            cues += [Cue(begin_s, "join", member), Cue(end_s, "leave", member)]
    return Script(tuple(sorted(cues, key=lambda cue: cue.at_s)), length_s, report_s)


class _Writer:
    """Writes one account's evening, stretch by stretch."""

    def __init__(
        self,
        rng: random.Random,
        account: str,
        items: Sequence[LibraryItem],
        length_s: float,
        habits: Habits,
        plex_down: Sequence[Window],
    ) -> None:
        self.rng, self.account, self.habits = rng, account, habits
        self.items, self.length_s, self.plex_down = items, length_s, plex_down
        self.cues: list[Cue] = []
        self.report_s = rng.choice(habits.reports_s)
        self.device = "tv"
        self.now_s = rng.uniform(0, length_s * habits.arrive_within)
        self.position_s = 0.0
        self.playing = ""
        """The verb that continues the current session; empty if there is none."""
        self.same_key = False
        self.left = False
        self.speed = rng.choice(habits.speeds) if len(habits.speeds) > 1 else 1.0
        self.unseen = [] if habits.replays else rng.sample(list(items), len(items))

    @property
    def film_s(self) -> float:
        """Length of the film, seconds."""
        return (self.item.duration_ms or 0) / 1000

    def write(self) -> list[Cue]:
        """Write until the night is over, or the account has finished."""
        rng, habits = self.rng, self.habits
        self._choose_film()
        while self.now_s < self.length_s:
            mean_s = 500 if habits.calm else habits.mean_stretch_s
            outcome = self._add("play", 30 + rng.expovariate(1 / mean_s))
            if outcome == "done":
                outcome = "gone" if habits.calm else self._write_event()
            if outcome in ("done", "night"):
                continue
            self._leave("end" if outcome == "over" else "stop")
            if outcome == "gone" or habits.calm or rng.random() < 0.25:
                return self.cues
            if outcome == "over":
                self.now_s += rng.choice([0.0, 1.0, rng.uniform(5, 90)])
                if not self._choose_film():
                    return self.cues
        self._leave()
        return self.cues

    def _write_event(self) -> str:
        """Write one event."""
        rng, turns = self.rng, self.habits.turns
        turn = rng.choices(list(turns), list(turns.values()))[0]
        match turn:
            case "pause":
                return self._add("pause", rng.choice([rng.uniform(1, 20), rng.expovariate(1 / 80)]))
            case "buffer":
                return self._add("buffer", rng.uniform(1, 20))
            case "ghost":
                return self._add("freeze", rng.uniform(*GHOST_S))
            case "seek":
                near_s, anywhere_s = self.position_s + rng.uniform(-60, 60), rng.uniform(0, self.film_s)
                to_s = max(0.0, min(self.film_s - 1, rng.choice([near_s, anywhere_s])))
                self.cues.append(Cue(self.now_s, "seek", self.account, amount=to_s - self.position_s))
                self.position_s = to_s
                return "done"
            case "gone":
                return "gone"
            case "vanish":
                self._leave("vanish")
                return "gone"
        if turn in ("paused", "dead"):
            self._abandon(turn)
            return "done" if rng.random() < 0.7 or self._choose_film() else "gone"
        if turn == "away":
            self._leave()
            self.left = not self.habits.replays
            self.now_s += rng.choice([rng.uniform(1, 25), rng.uniform(20, 200)])
        elif turn == "switch":
            self.same_key = rng.random() < 0.5  # some players keep one key over many items
            if not self.same_key:
                self._leave()
            return "done" if self._choose_film() else "gone"
        else:
            self._leave()
            self.left = not self.habits.replays
            self.device = rng.choice(["tv", "phone"])
            self.now_s += rng.choice([0.0, rng.uniform(1, 60)])
        return "done"

    def _abandon(self, how: str) -> None:
        """Leave the player as it is, and continue with another one."""
        self.cues.append(Cue(self.now_s, "abandon", self.account, how))
        self.cues.append(Cue(self.now_s + self.rng.uniform(30, 600), "clear", self.account))
        self.playing, self.same_key = "", False
        self.device = self.rng.choice([each for each in ("tv", "phone", "browser") if each != self.device])
        self.now_s += self.rng.choice([0.0, self.rng.uniform(1, 90)])

    def _choose_film(self) -> bool:
        """Choose the next film and where to begin it; return whether one was left."""
        rng = self.rng
        if self.habits.replays:
            self.item = rng.choice(self.items)
            self.position_s = rng.choice([0.0, 0.0, rng.uniform(0, self.film_s * 0.8)])
        elif self.unseen:
            self.item, self.left = self.unseen.pop(), False
            self.position_s = rng.choice([0.0, 0.0, rng.uniform(0, self.film_s * 0.5)]) if not self.cues else 0.0
        else:
            return False
        return True

    def _leave(self, verb: Verb = "stop") -> None:
        """End the session."""
        if self.playing:
            self.cues.append(Cue(self.now_s, verb, self.account))
        self.playing, self.same_key = "", False

    def _add(self, verb: Verb, wanted_s: float) -> str:
        """Write a stretch; return what limits it: "done" (as wanted), film ("over"), server ("cut") or "night"."""
        for begin_s, end_s in self.plex_down:
            if begin_s <= self.now_s < end_s:
                self.now_s = end_s + self.rng.uniform(0, 40)
        limits = {"done": wanted_s, "night": self.length_s - self.now_s}
        if coming := [begin_s for begin_s, _ in self.plex_down if begin_s > self.now_s]:
            limits["cut"] = coming[0] - self.now_s
        if verb == "play":
            limits["over"] = (self.film_s - self.position_s) / self.speed
        outcome = min(limits, key=lambda limit: limits[limit])
        if (lasts_s := limits[outcome]) > 0:
            self._begin(verb)
            self.now_s += lasts_s
            if verb == "play":
                self.position_s += lasts_s * self.speed
        return outcome

    def _begin(self, verb: Verb) -> None:
        """Write the cue that begins the stretch, which depends on what the session did before."""
        at_s, account = self.now_s, self.account
        if self.playing and self.same_key:
            self.cues.append(Cue(at_s, "switch", account, self.item.rating_key, self.position_s))
            self.same_key = False
        elif not self.playing:
            position_s = WHERE_LEFT if self.left else self.position_s
            self.cues.append(Cue(at_s, "play", account, self.item.rating_key, position_s, self.device))
            if self.speed != 1.0:
                self.cues.append(Cue(at_s, "speed", account, amount=self.speed))
        elif self.playing != "play" and verb == "play":
            self.cues.append(Cue(at_s, "resume", account))
        if verb != "play":
            self.cues.append(Cue(at_s, verb, account))
        self.playing, self.left = verb, False
