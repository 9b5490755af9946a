"""How patient the launcher is. All in real seconds: none of it follows a simulated clock."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class SupervisionSettings:
    """Every wait of the launcher, so that tests can be quick about it."""

    ping_every_s: float = 1.0
    """How often each actor is asked whether it lives."""
    hung_after_s: float = 30.0
    """Silence after which a running actor is taken for hung, killed and started again."""
    start_within_s: float = 120.0
    """The same for an actor that has not answered yet: a migration of a large store takes its time."""
    start_next_after_s: float = 10.0
    """How long the start of the next actor waits for one before it (for persistence: without limit)."""
    first_retry_s: float = 0.2
    """Pause before the first restart; it doubles with each further crash."""
    longest_retry_s: float = 10.0
    """The longest such pause."""
    jitter: float = 0.25
    """Share by which a pause may be longer, by chance, so that actors do not crash in step."""
    crash_limit: int = 5
    """Crashes within `crash_window_s` after which an actor is `failed`."""
    crash_window_s: float = 60.0
    """The window in which they are counted."""
    failed_pause_s: float = 300.0
    """How long a failed actor rests before it is tried once more: its cause may have gone meanwhile."""
    longest_wait_s: float = 30.0
    """The longest pause between the tries of an actor that waits for something that is away."""
    waits_said_every_s: float = 3600.0
    """How often it is said for what: first at once, then so."""
    stop_within_s: float = 9.0
    """How long an ordered stop of all may take; the promise to the outside is 10 s."""
    look_every_s: float = 0.1
    """How often the launcher looks after its children, at the least."""
