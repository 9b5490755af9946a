"""The launcher's timeouts and intervals. All in real seconds: none of them follows a simulated clock."""

from __future__ import annotations

import dataclasses

from actors.runtime.restarts.restart_policy import RestartTimings


@dataclasses.dataclass(frozen=True)
class SupervisionSettings(RestartTimings):
    """Every wait of the launcher, so that tests can be quick about it."""

    ping_every_s: float = 1.0
    """How often each actor is asked whether it lives."""
    hung_after_s: float = 30.0
    """Silence after which a running actor is taken for hung, killed and started again."""
    start_within_s: float = 120.0
    """The same for an actor that has not answered yet: a migration of a large store takes its time."""
    start_next_after_s: float = 10.0
    """How long the start of the next actor waits for one before it (for persistence: without limit)."""
    waits_said_every_s: float = 3600.0
    """How often the cause of a wait is logged: first at once, then at this interval."""
    stop_within_s: float = 9.0
    """How long an ordered stop of all may take; the promise to the outside is 10 s."""
    look_every_s: float = 0.1
    """How often the launcher looks after its children, at the least."""
