"""Writes a night: who comes, watches, pauses, seeks and goes, what fails, and who is killed when. Pure and seeded.

Minutes are minutes of the night. What the script says is what people try to do; the ledger notes what they did.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal, NamedTuple

MINUTES = 20.0
"""Length of the script; who stays longer leaves when all is well again."""
LAST_ARRIVAL = 9.0
ACTORS = ("plex", "tracker", "persistence", "discord")
VICTIMS = (*ACTORS, "launcher", "all")
"""What can be killed: an actor, the launcher alone, or the launcher and every actor at once."""
HOST = "Rosa"
ACCOUNTS = (HOST, "Anton", "Berta", "Cem", "Dörte", "Emil")
MEMBERS = ("Iris", "Björn", "Chiara", "Dr. *Noodle*", "אורי", "美美 🎬")
FILMS = tuple((f"Reel {number}", minutes) for number, minutes in enumerate((9, 12, 15, 22, 34, 48, 75), start=1))
"""Titles and minutes of what is played. The short ones run out in the night."""
OUTAGES = ("refuse", "status", "html", "empty", "truncated")
GATEWAY_FAULTS = ("drop", "reconnect", "resume", "invalidate")

Verb = Literal[
    "play", "stop", "vanish", "pause", "resume", "seek", "switch", "join", "leave",
    "outage", "heal", "gateway", "restart_plex", "kill",
]  # fmt: skip
Moment = Literal["at once", "at a commit", "in a save", "while it starts"]
MOMENTS: tuple[Moment, ...] = ("at once", "at a commit", "in a save", "while it starts")
"""When a kill falls: at its minute; as soon after it as the store shows the commit of a finished watch, or that of any
save; or at its minute and once more when the victim is there again."""


class Deed(NamedTuple):
    """One thing that somebody does, or that goes wrong."""

    minute: float
    verb: Verb
    who: str = ""
    """An account, a member, or who is killed."""
    what: str = ""
    """A film, a kind of fault, or the moment of a kill."""
    amount: float = 0.0
    """Minutes of film: the position of a play, how far a seek goes; for a second kill the pause before it (s)."""


@dataclass(frozen=True)
class Script:
    """A whole night."""

    seed: int
    deeds: tuple[Deed, ...]
    """In order of time."""
    report_s: dict[str, float]
    """How often each account's player tells its position; 0: continuously."""
    waits: bool
    """While something is dead nobody comes, goes or does anything: then a record can be held to two polls. Otherwise
    life goes on in the dark."""

    @property
    def kills(self) -> list[Deed]:
        """Who is killed, and when."""
        return [deed for deed in self.deeds if deed.verb == "kill"]


def write(seed: int) -> Script:
    """The night of a seed. Six seeds in a row have each victim once as the first to be killed."""
    rng = random.Random(seed)  # noqa: S311 - chance that can be had again
    accounts = [HOST, *rng.sample(ACCOUNTS[1:], rng.randint(1, 4))]
    members = rng.sample(MEMBERS, rng.randint(2, 5))
    deeds: list[Deed] = []
    for account in accounts:
        deeds += _viewer(rng, account)
    for member in members:
        deeds += _member(rng, member)
    deeds += _faults(rng)
    deeds += _kills(rng, VICTIMS[seed % len(VICTIMS)])
    report_s = {account: rng.choice([0.0, 1.0, 10.0, 10.0, 20.0]) for account in accounts}
    return Script(seed, tuple(sorted(deeds, key=lambda deed: deed.minute)), report_s, rng.random() < 0.5)


def _viewer(rng: random.Random, account: str) -> list[Deed]:
    """An account's evening. A film that was left is gone on with where it was left, never begun anew."""
    films = rng.sample(FILMS, len(FILMS))
    minute = rng.uniform(0.0, 1.0 if account == HOST else LAST_ARRIVAL)
    film, length = films.pop()
    deeds = [Deed(minute, "play", account, film, rng.choice([0.0, 0.0, rng.uniform(0, 0.5) * length]))]
    while True:
        minute += 0.5 + rng.expovariate(1 / 4.0)
        if minute >= MINUTES:
            return deeds
        turn = rng.choices(
            ("pause", "seek", "away", "switch", "next", "gone", "vanish"), (5, 3, 3, 2, 1, 1, 0.5)
        )[0]  # fmt: skip
        if turn == "pause":
            deeds.append(Deed(minute, "pause", account))
            minute += rng.choice([rng.uniform(0.1, 0.5), rng.uniform(0.5, 4.0)])
            deeds.append(Deed(minute, "resume", account))
        elif turn == "seek":
            deeds.append(Deed(minute, "seek", account, amount=rng.choice([-4.0, -1.0, 3.0, 8.0])))
        elif turn == "away":
            deeds.append(Deed(minute, "stop", account))
            minute += rng.choice([rng.uniform(0.2, 1.0), rng.uniform(1.0, 5.0)])
            deeds.append(Deed(minute, "play", account, "", -1.0))
        elif turn in ("switch", "next") and len(films) > 3:
            if turn == "next":
                deeds.append(Deed(minute, "stop", account))
                minute += rng.uniform(0.0, 1.5)
            film, length = films.pop()
            deeds.append(Deed(minute, "switch" if turn == "switch" else "play", account, film))
        else:
            deeds.append(Deed(minute, "vanish" if turn == "vanish" else "stop", account))
            return deeds


def _member(rng: random.Random, member: str) -> list[Deed]:
    """A member's visits to the voice channel."""
    deeds = []
    minute = rng.uniform(0.0, LAST_ARRIVAL)
    for _ in range(rng.randint(1, 3)):
        deeds.append(Deed(minute, "join", member))
        minute += 1.0 + rng.expovariate(1 / 6.0)
        if minute >= MINUTES:
            break
        deeds.append(Deed(minute, "leave", member))
        minute += rng.uniform(0.3, 4.0)
        if minute >= MINUTES:
            break
    return deeds


def _faults(rng: random.Random) -> list[Deed]:
    """What fails besides: Plex for a while, the line to Discord, a Plex server that is started anew."""
    deeds = []
    if rng.random() < 0.4:
        minute = rng.uniform(1.0, MINUTES - 4)
        deeds.append(Deed(minute, "outage", "", rng.choice(OUTAGES)))
        deeds.append(Deed(minute + rng.uniform(0.5, 4.0), "heal"))
    if rng.random() < 0.3:
        deeds.append(Deed(rng.uniform(1.0, MINUTES - 2), "gateway", "", rng.choice(GATEWAY_FAULTS)))
    if rng.random() < 0.2:
        deeds.append(Deed(rng.uniform(1.0, MINUTES - 2), "restart_plex"))
    return deeds


def _kills(rng: random.Random, first: str) -> list[Deed]:
    """One kill at least; perhaps others of single actors, also at nearly the same time."""
    minute = rng.uniform(1.5, MINUTES * 0.6)
    deeds = [_kill(rng, minute, first)]
    for _ in range(rng.choice([0, 0, 1, 1, 2])):
        near = minute + rng.uniform(0.0, 3.0)
        deeds.append(_kill(rng, rng.choice([near, rng.uniform(1.5, MINUTES - 1)]), rng.choice(ACTORS)))
    return deeds


def _kill(rng: random.Random, minute: float, victim: str) -> Deed:
    moments = MOMENTS if victim in ACTORS else MOMENTS[:3]
    return Deed(minute, "kill", victim, rng.choice(moments), rng.uniform(0.0, 0.8))
