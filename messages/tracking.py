"""Screenings, and the questions to the tracker."""

from __future__ import annotations

from typing import ClassVar, Literal

from messages.base import Answer, Delivery, DurationMs, Event, Moment, PositionMs, Question, Struct
from messages.chat import VoiceMember
from messages.media import Item, PlayerState
from messages.problems import Problem
from messages.watches import Sittings, Source, Spans

__all__ = [
    "ActiveWatch",
    "ActiveWatches",
    "Attendee",
    "ListActiveWatches",
    "NowPlaying",
    "Screening",
    "ScreeningEnded",
    "ScreeningStarted",
    "SessionChoice",
    "StartTracking",
    "TrackingOutcome",
    "TrackingPlan",
]


class Attendee(Struct, frozen=True):
    """One viewer of a screening, now or at its end."""

    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>."""
    username: str
    """The viewer's name."""
    joined_at_s: float
    """When the viewer joined; seconds since 1970, UTC."""
    join_position_ms: PositionMs | None
    """The film's position at that time."""
    playing_s: float
    """Wall time during which the film played, seconds."""
    coverage_ms: DurationMs
    """How much of the film was seen."""
    completion_percent: float | None
    """0 to 100; None if the film's length is not known."""
    present: bool = True
    """Whether the viewer is still watching."""
    left_at_s: float | None = None
    """When the viewer left; None while present."""
    brief: bool = False
    """Whether the watch is too short to count."""
    spans: Spans = ()
    """The parts of the film that were seen: half-open spans in ms, ascending."""
    sittings: Sittings = ()
    """When it was played; empty if an older version did not record it."""


class Screening(Struct, frozen=True):
    """One item that is played in one session, with everybody who watches it."""

    screening_id: str
    """Unique for ever."""
    server_id: str
    """machineIdentifier of the Plex server."""
    session_key: str
    """Current key of the Plex session."""
    item: Item
    """The item that is playing."""
    host: str
    """Name of the session's account."""
    player: str
    """Name of the player."""
    state: PlayerState
    """The player's state when last seen."""
    position_ms: PositionMs | None
    """Position at `seen`."""
    seen: Moment
    """When the session was last seen."""
    started_at_s: float
    """When it was first seen; seconds since 1970, UTC."""
    party: bool
    """Whether it is played into the watched voice channel."""
    seats: tuple[Attendee, ...]
    """All viewers in the order in which they joined, including those who left."""
    merged: tuple[str, ...] = ()
    """Screenings that were merged into this one: sessions of several accounts that play the film at the same time."""

    def estimate_position(self, at: Moment) -> int | None:
        """Return the estimated position at `at`, ms: advanced by the clock while the film plays, at most to its end."""
        if self.position_ms is None:
            return None
        ran_s = max(0.0, at.steady_s - self.seen.steady_s) if self.state == "playing" else 0.0
        position = self.position_ms + round(ran_s * 1000)
        return min(position, self.item.duration_ms) if self.item.duration_ms else position


class NowPlaying(Event, frozen=True, tag="now_playing"):
    """Tracker -> Discord: all current screenings of one Plex server, after each change there."""

    delivery: ClassVar[Delivery] = Delivery.CONFLATED

    at: Moment
    """When the tracker reported."""
    screenings: tuple[Screening, ...]
    """The screenings, the oldest first."""
    server_id: str = ""
    """machineIdentifier of the server; empty for a report of all servers (as version 1.0 sends it)."""

    def conflation_key(self) -> str:
        """Return the server's id: a report replaces only the previous one of the same server."""
        return self.server_id


class ScreeningStarted(Event, frozen=True, tag="screening_started"):
    """Tracker -> Discord: a film started; announce it."""

    delivery: ClassVar[Delivery] = Delivery.AT_LEAST_ONCE

    at: Moment
    """When it was first seen."""
    screening: Screening
    """The screening that started."""


class ScreeningEnded(Event, frozen=True, tag="screening_ended"):
    """Tracker -> Discord: a film ended or everybody left; announce it."""

    delivery: ClassVar[Delivery] = Delivery.AT_LEAST_ONCE

    at: Moment
    """When it was last seen."""
    screening: Screening
    """The screening that ended, with all its viewers."""


class ActiveWatch(Struct, frozen=True):
    """One running watch, as people see it."""

    watch_id: str
    """Id of the watch."""
    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>."""
    username: str
    """The viewer's name."""
    source: Source
    """How Usher knows that the viewer is watching."""
    screening_id: str
    """The screening that it belongs to."""
    item: Item
    """The item that is being watched."""
    state: PlayerState
    """Playing, paused or buffering."""
    join_position_ms: PositionMs | None
    """The film's position when the viewer joined."""
    position_ms: PositionMs | None
    """The film's position now, estimated from the last poll."""
    watched_s: float
    """How long the viewer has been watching: playing time, seconds."""
    started_at_s: float
    """When the viewer joined; seconds since 1970, UTC."""
    coverage_ms: DurationMs
    """How much of the film was seen."""
    completion_percent: float | None
    """0 to 100; None if the film's length is not known."""
    party: bool
    """Whether it belongs to a watch party."""


class ActiveWatches(Answer, frozen=True, tag="active_watches"):
    """Answer to ListActiveWatches."""

    at: Moment
    """When the tracker answered."""
    watches: tuple[ActiveWatch, ...]
    """The watches; the one that has run longest comes first."""
    screenings: tuple[Screening, ...]
    """The current screenings, with all viewers."""
    notice: str = ""
    """A warning (Plex does not answer, the host is not clear); empty if there is none."""
    reasons: tuple[Problem, ...] = ()
    """The same as problems, for wording in another language."""
    more_watches: int = 0
    """How many further watches did not fit into the message."""
    more_screenings: int = 0
    """How many further screenings did not fit into the message."""


class ListActiveWatches(Question[ActiveWatches], frozen=True, tag="list_active_watches", to="tracker"):
    """Every active watch (`activewatches`, `nowplaying`)."""


class SessionChoice(Struct, frozen=True):
    """A running Plex session."""

    session_key: str
    """Its current key; machineIdentifier/key if two servers have the same one."""
    server_id: str
    """machineIdentifier of its server."""
    item: Item
    """The item that is playing; without a title if only hidden viewers see it."""
    account_name: str
    """Name of the session's account."""
    player: str
    """Name of the player."""
    state: PlayerState
    """Playing, paused or buffering."""
    position_ms: PositionMs | None
    """The film's position now."""


class TrackingOutcome(Struct, frozen=True):
    """What manual recovery did, or would do, for one person."""

    user_id: str
    """Discord id, as digits."""
    name: str
    """The display name; empty if the person is not in the channel."""
    outcome: Literal["started", "already_watching", "would_start", "not_in_channel", "not_tracked"]
    """What was done."""
    hidden: bool = False
    """Whether the person is hidden: if others read the answer, it must not show this outcome with the name."""


class TrackingPlan(Answer, frozen=True, tag="tracking_plan"):
    """Answer to StartTracking."""

    sessions: tuple[SessionChoice, ...]
    """Every running session."""
    members: tuple[VoiceMember, ...]
    """Everybody in the voice channel."""
    chosen: str
    """Key of the session that was or would be used; empty if none could be chosen."""
    outcomes: tuple[TrackingOutcome, ...]
    """The outcome for each person."""
    problem: str = ""
    """Why nothing was done, and what to do; empty if something was done."""
    reason: Problem | None = None
    """The same as a problem, for wording in another language; None if there is none."""


class StartTracking(Question[TrackingPlan], frozen=True, tag="start_tracking", to="tracker"):
    """Manual recovery (`starttracking`, `run.py recover`)."""

    session_key: str = ""
    """Plex session to use; empty for the only one, or the host's."""
    position_ms: PositionMs | None = None
    """The film's position at which they joined; None for its current position."""
    user_ids: tuple[str, ...] = ()
    """Discord ids; empty for everybody in the voice channel."""
    simulate: bool = False
    """Change nothing, only report what would be done."""
    requested_by: str = ""
    """Who asked, for the log."""
