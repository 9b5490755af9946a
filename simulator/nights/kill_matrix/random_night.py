"""Writes a night of the kill matrix: people, faults of Plex and Discord, and kills. Pure and seeded."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

from simulator.nights.random_people import Habits, write_people
from simulator.nights.script import Cue, Script
from simulator.plex import LibraryItem

LENGTH_S = 1200.0
"""Length of the script; people who stay longer leave after all faults are over."""
ACTORS = ("plex", "tracker", "persistence", "discord")
VICTIMS = (*ACTORS, "launcher", "all")
"""What can be killed: an actor, only the launcher, or the launcher and every actor at once."""
HOST = "Rosa"
ACCOUNTS = (HOST, "Anton", "Berta", "Cem", "Dörte", "Emil")
MEMBERS = ("Iris", "Björn", "Chiara", "Dr. *Noodle*", "אורי", "美美 🎬")
FILMS = tuple(
    LibraryItem(str(700 + number), "movie", f"Reel {number}", 1, 1999, minutes * 60_000, ("Drama",),
                guid=f"plex://movie/{700 + number:024x}")
    for number, minutes in enumerate((9, 12, 15, 22, 34, 48, 75), start=1)
)  # fmt: skip
"""The films that are played. The short ones end within the night."""
HABITS = Habits(
    turns={"pause": 5, "seek": 3, "away": 3, "switch": 2, "buffer": 1, "move": 0.5, "gone": 1, "vanish": 0.5},
    mean_stretch_s=210.0,
    replays=False,
    arrive_within=0.4,
    reports_s=(0.0, 1.0, 10.0, 10.0, 20.0),
)
OUTAGES = ("refuse", "status", "html", "empty", "truncated")
GATEWAY_FAULTS = ("drop", "reconnect", "resume", "invalidate")
Moment = Literal["at once", "at a commit", "in a save", "while it starts"]
MOMENTS: tuple[Moment, ...] = ("at once", "at a commit", "in a save", "while it starts")
"""The moment of a kill: at its minute; at the next commit of a finished watch, or of any save; or at its minute and
again when the victim has restarted."""


@dataclass(frozen=True)
class RandomNight:
    """The night of a seed."""

    seed: int
    script: Script
    waits: bool
    """Whether nobody acts while a killed process is not back, so that records must be exact to two polls. Otherwise
    people continue to act unobserved."""

    @property
    def kills(self) -> list[Cue]:
        """The kills, with victim and time."""
        return [cue for cue in self.script.cues if cue.verb == "kill"]


def write_night(seed: int) -> RandomNight:
    """Write the night of a seed. In six consecutive seeds each victim is the first to be killed once."""
    rng = random.Random(seed)  # noqa: S311 - chance that can be had again
    accounts = [HOST, *rng.sample(ACCOUNTS[1:], rng.randint(1, 4))]
    members = rng.sample(MEMBERS, rng.randint(2, 5))
    people = write_people(rng, accounts, members, FILMS, LENGTH_S, HABITS)
    cues = [*people.cues, *_write_faults(rng), *_write_kills(rng, VICTIMS[seed % len(VICTIMS)])]
    script = Script(tuple(sorted(cues, key=lambda cue: cue.at_s)), LENGTH_S, people.report_s)
    return RandomNight(seed, script, rng.random() < 0.5)


def _write_faults(rng: random.Random) -> list[Cue]:
    """Write the other faults: an outage of Plex, one of the connection to Discord, a restart of the Plex server."""
    cues = []
    if rng.random() < 0.4:
        at_s = rng.uniform(60.0, LENGTH_S - 240)
        cues.append(Cue(at_s, "outage", what=rng.choice(OUTAGES)))
        cues.append(Cue(at_s + rng.uniform(30.0, 240.0), "heal"))
    if rng.random() < 0.3:
        cues.append(Cue(rng.uniform(60.0, LENGTH_S - 120), "gateway", what=rng.choice(GATEWAY_FAULTS)))
    if rng.random() < 0.2:
        cues.append(Cue(rng.uniform(60.0, LENGTH_S - 120), "restart_plex"))
    return cues


def _write_kills(rng: random.Random, first: str) -> list[Cue]:
    """Write at least one kill, and perhaps others of single actors, even at nearly the same time."""
    at_s = rng.uniform(90.0, LENGTH_S * 0.6)
    cues = [_write_kill(rng, at_s, first)]
    for _ in range(rng.choice([0, 0, 1, 1, 2])):
        near_s = at_s + rng.uniform(0.0, 180.0)
        cues.append(_write_kill(rng, rng.choice([near_s, rng.uniform(90.0, LENGTH_S - 60)]), rng.choice(ACTORS)))
    return cues


def _write_kill(rng: random.Random, at_s: float, victim: str) -> Cue:
    moments = MOMENTS if victim in ACTORS else MOMENTS[:3]
    return Cue(at_s, "kill", victim, rng.choice(moments), rng.uniform(0.0, 0.8))
