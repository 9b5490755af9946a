"""The clock that service time is read from: the machine's own, or one that runs faster for the simulator."""

from __future__ import annotations

import time

import msgspec

from messages import Moment


def _steady_s() -> float:
    boot = getattr(time, "CLOCK_BOOTTIME", None)  # it also counts while the machine sleeps; not every system has it
    return time.clock_gettime(boot) if boot is not None else time.monotonic()


class Pace(msgspec.Struct, frozen=True, array_like=True):
    """How a clock runs; shared by all processes of a run, so that they agree."""

    speed: float = 1.0
    """Service seconds in one real second."""
    anchor_wall_s: float = 0.0
    """What the clock shows at the anchor, seconds since 1970, UTC. Unused at speed 1."""
    anchor_steady_s: float = 0.0
    """The machine's steady clock at the anchor."""

    @classmethod
    def starting_now(cls, speed: float, wall_s: float | None = None) -> Pace:
        """Return a pace whose anchor is this moment."""
        return cls(speed, time.time() if wall_s is None else wall_s, _steady_s())


class Clock:
    """Service time. Infrastructure (ask deadlines, heartbeats, back-off) keeps to real time instead."""

    def __init__(self, pace: Pace | None = None) -> None:
        self.pace = pace or Pace()

    def now(self) -> Moment:
        """Return this moment on both clocks."""
        if self.pace.speed == 1.0:
            return Moment(time.time(), _steady_s())
        since = (_steady_s() - self.pace.anchor_steady_s) * self.pace.speed
        return Moment(self.pace.anchor_wall_s + since, self.pace.anchor_steady_s + since)

    def to_real_s(self, service_s: float) -> float:
        """Return how many real seconds a stretch of service time takes."""
        return service_s / self.pace.speed
