"""Screenings, and what the tracker is asked."""

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
    sittings: Sittings = ()
    """When it was played; empty where an older version did not write it down."""


class Screening(Struct, frozen=True):
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
    seats: tuple[Attendee, ...]
    """Everybody who watched it, the first to come first; those who left stay listed."""
    merged: tuple[str, ...] = ()
    """Screenings that have become this one: sessions of several accounts that play the film at the same time."""

    def estimate_position(self, at: Moment) -> int | None:
        """Return where the film is at `at`, ms: moved on by the clock while it plays, not past its end."""
        if self.position_ms is None:
            return None
        ran_s = max(0.0, at.steady_s - self.seen.steady_s) if self.state == "playing" else 0.0
        position = self.position_ms + round(ran_s * 1000)
        return min(position, self.item.duration_ms) if self.item.duration_ms else position


class NowPlaying(Event, frozen=True, tag="now_playing"):
    """Tracker -> Discord: all screenings of one Plex server as of now, after each step that concerned it."""

    delivery: ClassVar[Delivery] = Delivery.CONFLATED

    at: Moment
    """When."""
    screenings: tuple[Screening, ...]
    """The oldest first."""
    server_id: str = ""
    """machineIdentifier of the server; empty where it is every screening there is (as version 1.0 tells it)."""

    def conflation_key(self) -> str:
        """Return the server: what plays there replaces what was told before of the same server alone."""
        return self.server_id


class ScreeningStarted(Event, frozen=True, tag="screening_started"):
    """Tracker -> Discord: a film started. To be announced."""

    delivery: ClassVar[Delivery] = Delivery.AT_LEAST_ONCE

    at: Moment
    """When it was first seen."""
    screening: Screening
    """What started."""


class ScreeningEnded(Event, frozen=True, tag="screening_ended"):
    """Tracker -> Discord: a film ended or everybody left. To be announced."""

    delivery: ClassVar[Delivery] = Delivery.AT_LEAST_ONCE

    at: Moment
    """When it was last seen."""
    screening: Screening
    """What ended, with everybody who watched."""


class ActiveWatch(Struct, frozen=True):
    """One running watch, as people are told."""

    watch_id: str
    """The watch."""
    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>."""
    username: str
    """The viewer's name."""
    source: Source
    """How the viewer is known to be there."""
    screening_id: str
    """The screening it belongs to."""
    item: Item
    """What is watched."""
    state: PlayerState
    """Playing, paused or buffering."""
    join_position_ms: PositionMs | None
    """The film's position when the viewer came in."""
    position_ms: PositionMs | None
    """The film's position now, reckoned from the last poll."""
    watched_s: float
    """How long the viewer has been watching: playing time, seconds."""
    started_at_s: float
    """When the viewer came in; seconds since 1970, UTC."""
    coverage_ms: DurationMs
    """How much of the film was seen."""
    completion_percent: float | None
    """0 to 100; None where the film's length is not known."""
    party: bool
    """Belongs to a watch party."""


class ActiveWatches(Answer, frozen=True, tag="active_watches"):
    """Answer to ListActiveWatches."""

    at: Moment
    """When."""
    watches: tuple[ActiveWatch, ...]
    """The longest running first."""
    screenings: tuple[Screening, ...]
    """What plays, with everybody who watches."""
    notice: str = ""
    """What stands in the way (Plex away, which host is not clear); empty where nothing."""
    reasons: tuple[Problem, ...] = ()
    """The same, to be worded in another language."""
    more_watches: int = 0
    """How many run beside those, which are as many as a message has at most."""
    more_screenings: int = 0
    """How many play beside those."""


class ListActiveWatches(Question[ActiveWatches], frozen=True, tag="list_active_watches", to="tracker"):
    """Every active watch (`activewatches`, `nowplaying`)."""


class SessionChoice(Struct, frozen=True):
    """A running Plex session."""

    session_key: str
    """What it is called: its present key; where two servers have the same one, machineIdentifier/key."""
    server_id: str
    """machineIdentifier of its server."""
    item: Item
    """What plays."""
    account_name: str
    """Whose session it is."""
    player: str
    """On which player."""
    state: PlayerState
    """Playing, paused or buffering."""
    position_ms: PositionMs | None
    """The film's position now."""


class TrackingOutcome(Struct, frozen=True):
    """What manual recovery did, or would do, for one person."""

    user_id: str
    """Discord id, as digits."""
    name: str
    """The display name; empty where the id is not in the channel."""
    outcome: Literal["started", "already_watching", "would_start", "not_in_channel", "not_tracked"]
    """What was done."""
    hidden: bool = False
    """Others are not to see this person: where others read the answer, nothing of this goes with the name."""


class TrackingPlan(Answer, frozen=True, tag="tracking_plan"):
    """Answer to StartTracking."""

    sessions: tuple[SessionChoice, ...]
    """Every running session."""
    members: tuple[VoiceMember, ...]
    """Everybody in the voice channel."""
    chosen: str
    """Key of the session that was or would be used; empty where none could be chosen."""
    outcomes: tuple[TrackingOutcome, ...]
    """For each person."""
    problem: str = ""
    """Why nothing was done, and what to do; empty where something was."""
    reason: Problem | None = None
    """The same, to be worded in another language; None where nothing is in the way."""


class StartTracking(Question[TrackingPlan], frozen=True, tag="start_tracking", to="tracker"):
    """Manual recovery (`starttracking`, `run.py recover`)."""

    session_key: str = ""
    """Plex session to use; empty for the only one, or the host's."""
    position_ms: PositionMs | None = None
    """The film's position at which they came in; None for where it is now."""
    user_ids: tuple[str, ...] = ()
    """Discord ids; empty for everybody in the voice channel."""
    simulate: bool = False
    """Change nothing: only say what would be done."""
    requested_by: str = ""
    """Who asked, for the log."""
