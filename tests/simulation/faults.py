"""What goes wrong in a night, and when."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tests.simulation.night import Night

ACTORS = ("tracker", "persistence", "plex", "discord")
LONGEST_RESTART_S = 4.0
"""Until a dead actor is back."""
LONGEST_AWAY_S = 60.0
"""Until everything is back."""


class Fault(NamedTuple):
    """One thing that goes wrong."""

    at_s: float
    name: str
    strike: Callable[[Night], None]


def make_faults(rng: random.Random, length_s: float, calm: bool) -> list[Fault]:
    """Faults of a night, in order of time. A calm one has one kill or none: what that costs can be told exactly."""
    makers = [_kill, _kill_in_mid_step, _kill, _kill_in_mid_step, _kill_all, _restart, _storm, _full, _clock]
    if calm:
        makers = [_kill, _kill_in_mid_step, _kill_all, _restart]
    count = rng.choice([0, 1]) if calm else rng.choice([0, 1, 2, 3, 4, 6, 8, 10])
    faults: list[Fault] = []
    for _ in range(count):
        faults += rng.choice(makers)(rng, rng.uniform(0, length_s), length_s)
    return sorted(faults, key=lambda fault: fault.at_s)


def _kill(rng: random.Random, at_s: float, _length_s: float) -> list[Fault]:
    victim = rng.choice(ACTORS)
    return [Fault(at_s, f"kill {victim}", lambda night: night.hosts[victim].kill())]


def _kill_in_mid_step(rng: random.Random, at_s: float, _length_s: float) -> list[Fault]:
    victim = rng.choice(["tracker", "persistence", "persistence", "discord"])
    points = rng.choice([0, 1, 2, 3, 5, 8, 13, 30, 100])
    return [Fault(at_s, f"kill {victim} at point {points}", lambda night: night.hosts[victim].doom(points))]


def _kill_all(rng: random.Random, at_s: float, _length_s: float) -> list[Fault]:
    away_s, reboot = rng.choice([1.0, rng.uniform(1, LONGEST_AWAY_S)]), rng.random() < 0.3
    return [
        Fault(
            at_s,
            f"kill all for {away_s:.0f} s{', reboot' if reboot else ''}",
            lambda night: night.kill_all(away_s, reboot),
        )
    ]


def _restart(rng: random.Random, at_s: float, _length_s: float) -> list[Fault]:
    away_s = rng.uniform(1, LONGEST_AWAY_S)
    return [Fault(at_s, f"restart, away for {away_s:.0f} s", lambda night: night.restart_all(away_s))]


def _storm(rng: random.Random, at_s: float, length_s: float) -> list[Fault]:
    """Frames are lost, late and doubled for a while."""
    delay_s, lost, twice = rng.choice([0.5, 3.0]), rng.choice([0.1, 0.5, 1.0]), rng.choice([0.0, 0.2])

    def begin(night: Night) -> None:
        weather = night.network.weather
        weather.delay_s, weather.lost, weather.twice = delay_s, lost, twice

    def end(night: Night) -> None:
        weather = night.network.weather
        weather.delay_s, weather.lost, weather.twice = 0.002, 0.0, 0.0

    until_s = min(length_s, at_s + rng.uniform(1, 60))
    return [Fault(at_s, f"storm (lost {lost:.0%}, late {delay_s} s)", begin), Fault(until_s, "calm again", end)]


def _full(rng: random.Random, at_s: float, length_s: float) -> list[Fault]:
    def begin(night: Night) -> None:
        night.disk.full = True

    def end(night: Night) -> None:
        night.disk.full = False

    return [Fault(at_s, "disk full", begin), Fault(min(length_s, at_s + rng.uniform(1, 200)), "disk has room", end)]


def _clock(rng: random.Random, at_s: float, _length_s: float) -> list[Fault]:
    by_s = rng.choice([-7200.0, -600.0, -30.0, 30.0, 600.0, 7200.0])

    def strike(night: Night) -> None:
        night.clock.wall_s += by_s

    return [Fault(at_s, f"clock set by {by_s:+.0f} s", strike)]
