"""The launcher's timeouts and intervals, all in real seconds: none of them follows a simulated clock."""

from __future__ import annotations

from actors.runtime.restarts.restart_policy import RestartTimings


class SupervisionSettings(RestartTimings, frozen=True):
    """Every time that the launcher waits; tests use shorter ones."""

    ping_every_s: float = 1.0
    """Interval at which each actor is pinged."""
    hung_after_s: float = 30.0
    """Silence after which a running actor counts as hung, and is killed and restarted."""
    start_within_s: float = 120.0
    """The same for an actor that has not answered yet: longer, because migrating a large store takes time."""
    start_next_after_s: float = 10.0
    """How long the start of the next actor waits for the answer of the one before (for persistence: without limit)."""
    waits_said_every_s: float = 3600.0
    """Interval at which the cause of a wait is logged again, after the first time."""
    stop_within_s: float = 9.0
    """How long an ordered stop of all actors may take; 10 s are promised to users."""
    look_every_s: float = 0.1
    """Longest time between two checks of the children."""
