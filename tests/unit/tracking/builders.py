"""Small makers of observations for the tests of the tracking."""

from typing import Any

from messages import (
    Item,
    Moment,
    Playback,
    PlaybackSnapshot,
    PlayerState,
    PollFailed,
    VoiceMember,
    VoicePresence,
    WatchState,
)
from messages.base import DurationMs, PositionMs
from tracking.watches.watch import open_watch

WALL_S = 1_795_000_000.0
HOUR_MS = 3_600_000
HEAT = Item("srv", "1", "movie", "Heat", year=1995, duration_ms=DurationMs(2 * HOUR_MS))


def moment(at_s: float) -> Moment:
    """The moment at `at_s` of the test."""
    return Moment(WALL_S + at_s, 1000.0 + at_s)


def playing(
    position_s: float | None,
    account: str = "alice",
    state: PlayerState = "playing",
    key: str = "1",
    item: Item = HEAT,
    machine: str = "tv",
) -> Playback:
    """One session."""
    position = None if position_s is None else PositionMs(round(position_s * 1000))
    return Playback(key, item, account, account, machine, machine, state, position)


def poll(at_s: float, *playbacks: Playback, **more: Any) -> PlaybackSnapshot:
    """One successful poll."""
    return PlaybackSnapshot("srv", "Cinema", "plex", moment(at_s), playbacks, **more)


def fail_poll(at_s: float) -> PollFailed:
    """One failed poll."""
    return PollFailed("srv", "plex", moment(at_s), "refused", "Plex refused the connection.")


def channel(at_s: float, *names: str, connected: bool = True) -> VoicePresence:
    """Who is in the voice channel."""
    members = tuple(VoiceMember(name, name.title()) for name in names)
    return VoicePresence("g", "c", moment(at_s), connected, members)


def watch(position_s: float | None = 0.0, state: PlayerState = "playing", item: Item = HEAT) -> WatchState:
    """A watch that opens at time 0."""
    shown = playing(position_s, state=state, item=item)
    return open_watch(shown, "screening", "viewer", "Alice", "plex", moment(0), shown.position_ms, shown.state)
