"""Writes a night for the stage in memory: people, outages, and what goes wrong with the service. Pure and seeded."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from simulator.nights.random_people import EVERYTHING, Habits, windows, write_people
from simulator.nights.script import Cue, Script, Verb
from simulator.plex import LibraryItem
from tests.nights.memory.network import Weather

ACTORS = ("tracker", "persistence", "plex", "discord")
LONGEST_RESTART_S = 4.0
"""Until a dead actor is back."""
LONGEST_AWAY_S = 60.0
"""Until everything is back."""
AT_ONCE, AT_POINT, REBOOT = "at once", "at point", "with a reboot"
"""Moments of a kill. A point is a moment at which it makes a difference: before or after a frame is sent, or a file
written; a cue's `amount` says at the how-manieth from then on."""
STORMS = {
    f"{lost:.0%} lost, {twice:.0%} doubled, {delay_s:g} s late": Weather(delay_s, lost, twice)
    for delay_s in (0.5, 3.0)
    for lost in (0.1, 0.5, 1.0)
    for twice in (0.0, 0.2)
}


def make_items(rng: random.Random, label: str = "") -> list[LibraryItem]:
    """Return a small library. `label`: what is in every title."""
    items = []
    for number in range(rng.randint(2, 5)):
        kind = rng.choice(["movie", "movie", "episode"])
        episode = kind == "episode"
        items.append(
            LibraryItem(
                str(100 + number),
                "episode" if episode else "movie",
                f"{kind.title()}{label} {number}",
                year=rng.choice([1979, 1984, 1995, 2010]),
                duration_ms=rng.randrange(240, 1200) * 1000,
                genres=tuple(rng.sample(["Drama", "Horror", "Comedy"], rng.randint(0, 2))),
                directors=tuple(rng.sample(["Mann", "Scott"], rng.randint(0, 1))),
                grandparent_title=f"A Show{label}" if episode else "",
                parent_index=1 if episode else None,
                index=number if episode else None,
            )
        )
    return items


def write_script(
    rng: random.Random,
    accounts: list[str],
    members: list[str],
    calm: bool,
    speeds: tuple[float, ...] = (1.0,),
    turns: Mapping[str, float] = EVERYTHING,
    label: str = "",
) -> tuple[Script, list[LibraryItem]]:
    """Write a night. In a calm one people start, watch and leave; in others they do what people do."""
    length_s = rng.uniform(500, 1500)
    items = make_items(rng, label)
    cues: list[Cue] = []
    down: list[tuple[float, float]] = []

    def interrupt(
        begin: Verb, end: Verb, counts: list[int], least_s: float, most_s: float
    ) -> list[tuple[float, float]]:
        spans = windows(rng, length_s, rng.choice(counts), least_s, most_s)
        cues.extend(Cue(at_s, verb) for span in spans for at_s, verb in zip(span, (begin, end), strict=True))
        return spans

    if not calm:
        down = interrupt("plex_down", "plex_up", [0, 0, 1], 10, 120)
        interrupt("outage", "heal", [0, 0, 1, 2], 4, 240)
        interrupt("gateway", "gateway_back", [0, 0, 1, 2], 4, 200)
    people = write_people(rng, accounts, members, items, length_s, Habits(turns, calm=calm, speeds=speeds), down)
    cues = sorted([*people.cues, *cues], key=lambda cue: cue.at_s)
    return Script(tuple(cues), length_s, people.report_s), items


def write_faults(rng: random.Random, length_s: float, calm: bool) -> list[Cue]:
    """Write what goes wrong with the service. In a calm night one kill or none: what that costs can be told exactly."""
    writers: list[Callable[[random.Random, float, float], list[Cue]]] = [
        _kill, _kill_in_mid_step, _kill, _kill_in_mid_step, _kill_all, _restart, _storm, _full_disk, _clock,
    ]  # fmt: skip
    if calm:
        writers = [_kill, _kill_in_mid_step, _kill_all, _restart]
    count = rng.choice([0, 1]) if calm else rng.choice([0, 1, 2, 3, 4, 6, 8, 10])
    cues: list[Cue] = []
    for _ in range(count):
        cues += rng.choice(writers)(rng, rng.uniform(0, length_s), length_s)
    return sorted(cues, key=lambda cue: cue.at_s)


def _kill(rng: random.Random, at_s: float, _length_s: float) -> list[Cue]:
    return [Cue(at_s, "kill", rng.choice(ACTORS), AT_ONCE)]


def _kill_in_mid_step(rng: random.Random, at_s: float, _length_s: float) -> list[Cue]:
    victim = rng.choice(["tracker", "persistence", "persistence", "discord"])
    return [Cue(at_s, "kill", victim, AT_POINT, rng.choice([0, 1, 2, 3, 5, 8, 13, 30, 100]))]


def _kill_all(rng: random.Random, at_s: float, _length_s: float) -> list[Cue]:
    away_s, reboot = rng.choice([1.0, rng.uniform(1, LONGEST_AWAY_S)]), rng.random() < 0.3
    return [Cue(at_s, "kill", "all", REBOOT if reboot else AT_ONCE, away_s)]


def _restart(rng: random.Random, at_s: float, _length_s: float) -> list[Cue]:
    return [Cue(at_s, "restart", amount=rng.uniform(1, LONGEST_AWAY_S))]


def _storm(rng: random.Random, at_s: float, length_s: float) -> list[Cue]:
    """Let frames be lost, late and doubled for a while."""
    delay_s, lost, twice = rng.choice([0.5, 3.0]), rng.choice([0.1, 0.5, 1.0]), rng.choice([0.0, 0.2])
    until_s = min(length_s, at_s + rng.uniform(1, 60))
    storm = f"{lost:.0%} lost, {twice:.0%} doubled, {delay_s:g} s late"
    return [Cue(at_s, "storm", what=storm), Cue(until_s, "calm")]


def _full_disk(rng: random.Random, at_s: float, length_s: float) -> list[Cue]:
    return [Cue(at_s, "disk_full"), Cue(min(length_s, at_s + rng.uniform(1, 200)), "disk_free")]


def _clock(rng: random.Random, at_s: float, _length_s: float) -> list[Cue]:
    return [Cue(at_s, "set_clock", amount=rng.choice([-7200.0, -600.0, -30.0, 30.0, 600.0, 7200.0]))]
