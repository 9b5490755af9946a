"""What is announced and shown: films that start and end, and what plays now."""

from __future__ import annotations

from typing import ClassVar

from messages.base import Delivery, DurationMs, Message, Moment, PositionMs, Record
from messages.media import Item, PlayerState
from messages.watches import Spans


class Seat(Record, frozen=True):
    """One viewer of a screening, now or at its end."""

    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>."""
    username: str
    """The viewer's name."""
    joined_at_s: float
    """When the viewer came in; seconds since 1970, UTC."""
    join_position_ms: PositionMs | None
    """The film's position then."""
    playing_s: float
    """Wall time with the film moving, seconds."""
    coverage_ms: DurationMs
    """How much of the film was seen."""
    completion_percent: float | None
    """0 to 100; None where the film's length is not known."""
    present: bool = True
    """Still there."""
    left_at_s: float | None = None
    """When the viewer left; None while there."""
    brief: bool = False
    """There for too short to count."""
    spans: Spans = ()
    """What was seen of the film: half-open stretches in ms, ascending."""


class Screening(Record, frozen=True):
    """One item playing in one session, with everybody who watches it."""

    screening_id: str
    """Unique for ever."""
    server_id: str
    """machineIdentifier of the Plex server."""
    session_key: str
    """Present key of the Plex session."""
    item: Item
    """What plays."""
    host: str
    """Name of the session's account."""
    player: str
    """Name of the player."""
    state: PlayerState
    """What the player did when last seen."""
    position_ms: PositionMs | None
    """Position at `seen`."""
    seen: Moment
    """When that was."""
    started_at_s: float
    """First seen; seconds since 1970, UTC."""
    party: bool
    """Plays into the watched voice channel."""
    seats: tuple[Seat, ...]
    """Everybody who watched it, the first to come first; those who left stay listed."""


class NowPlaying(Message, frozen=True, tag="now_playing"):
    """Tracker -> Discord: all screenings as of now, after each step that changed them."""

    delivery: ClassVar[Delivery] = Delivery.LATEST

    at: Moment
    """When."""
    screenings: tuple[Screening, ...]
    """The oldest first."""


class ScreeningStarted(Message, frozen=True, tag="screening_started"):
    """Tracker -> Discord: a film started. To be announced."""

    delivery: ClassVar[Delivery] = Delivery.KEPT

    at: Moment
    """When it was first seen."""
    screening: Screening
    """What started."""


class ScreeningEnded(Message, frozen=True, tag="screening_ended"):
    """Tracker -> Discord: a film ended or everybody left. To be announced."""

    delivery: ClassVar[Delivery] = Delivery.KEPT

    at: Moment
    """When it was last seen."""
    screening: Screening
    """What ended, with everybody who watched."""
