"""A watch, running and finished: what the tracker holds, reports and closes."""

from __future__ import annotations

from typing import ClassVar, Literal

from messages.base import Answer, Command, Delivery, DurationMs, Event, Moment, PositionMs, Question, Struct
from messages.media import Item, PlayerState
from messages.viewers import LinkedAccount, Privacy

__all__ = [
    "EndReason",
    "LoadWatches",
    "ReportWatches",
    "ServersReported",
    "Sitting",
    "Sittings",
    "Source",
    "Spans",
    "WatchFinished",
    "WatchRecord",
    "WatchState",
    "WatchesLoaded",
    "WatchesReported",
]

Source = Literal["plex", "voice", "manual", "import"]
EndReason = Literal["ended", "left", "switched", "stopped", "end_inferred", "from_history", "end_unknown"]
Spans = tuple[tuple[int, int], ...]
"""Half-open stretches of film in ms, ascending, apart from one another."""


class Sitting(Struct, frozen=True):
    """One uninterrupted stretch of a watch on the wall clock."""

    start_s: float
    """When it began; seconds since 1970, UTC."""
    end_s: float
    """When it ended; seconds since 1970, UTC."""
    playing_s: float
    """How much of that time the film ran, seconds."""


Sittings = tuple[Sitting, ...]
"""The sittings of a watch, ascending, apart from one another (`messages.sittings`)."""


class WatchState(Struct, frozen=True):
    """A watch that is running: all that is needed to go on with it after a restart."""

    watch_id: str
    """Unique for ever; the record keeps it."""
    screening_id: str
    """The screening (one item in one session) it belongs to."""
    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>."""
    username: str
    """The viewer's name as last seen."""
    source: Source
    """plex: the session's own account; voice: a member of the channel; manual: started by an admin."""
    item: Item
    """What is watched."""
    session_key: str
    """The Plex session that shows it, by its present key."""
    account_id: str
    """Account of that session."""
    machine_id: str
    """Player of that session."""
    started_at_s: float
    """When the viewer came in; seconds since 1970, UTC."""
    join_position_ms: PositionMs | None
    """The film's position when the viewer came in."""
    position_ms: PositionMs | None
    """The film's position when last seen."""
    state: PlayerState
    """What the player did when last seen."""
    seen: Moment
    """When the viewer was last seen there."""
    advanced: Moment
    """When the position last changed."""
    playing_s: float = 0.0
    """Settled time in state playing with the position moving, seconds."""
    pending_s: float = 0.0
    """Seconds playing since the position last changed: settled when it moves on, dropped for a ghost."""
    paused_s: float = 0.0
    """Time paused, seconds. Buffering is in neither."""
    lead_ms: int = 0
    """How far reported positions ran ahead of play at `speed`, or below 0 stayed behind; bounds the slack."""
    spans: Spans = ()
    """What was seen."""
    ghost: bool = False
    """The position stood still too long while "playing"."""
    outage: bool = False
    """Polls failed, or Usher was away, since `seen`."""
    absent_since: Moment | None = None
    """First successful poll without the session."""
    guild_id: str = ""
    """Discord guild of a watch party."""
    channel_id: str = ""
    """Voice channel of a watch party."""
    party: bool = False
    """Belongs to a watch party: the host's session, or a member of the channel."""
    first_seat: bool = False
    """Was the first to join its screening."""
    reckoned: bool = False
    """`position_ms` was reckoned from the clock (a member came in between two polls), not reported."""
    sittings: Sittings = ()
    """When it was played; what is pending is in none of them yet. Empty in what an older version wrote down."""
    speed: float = 1.0
    """How fast the player plays, learned from its steady steps; 1.0 is normal speed."""
    recent_steps: tuple[tuple[int, int], ...] = ()
    """The last steps of steady play, (ms on the clock, ms of film) each; one of no time or less is a break."""
    buffering_s: float = 0.0
    """Seconds buffering since the position last changed: playing where it turns out to have moved on."""
    together_id: str = ""
    """The screening of several accounts that play the film at the same time, which it belongs or belonged to; the
    record keeps it. Empty where there was none."""
    together: bool = False
    """It belongs to that screening now: nobody has fallen behind."""
    last_outage: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    """When the last time ended in which nobody looked (steady clock), how long it was, how much of that counts as
    played, and how far the film advanced; seconds. A slower speed that is learned soon after tells more of it."""
    even_steps: int = 0
    """How many steps of steady play there were since, each of which fits `speed`: in `recent_steps` one by one when
    something else happens."""
    even_ms: int = 0
    """Time on the clock of all of those together."""
    even_film_ms: int = 0
    """How far the film moved in all of those together."""


class WatchRecord(Struct, frozen=True):
    """A finished watch, as history keeps it."""

    watch_id: str
    """Unique for ever. A resumed watch has the same id and replaces its record."""
    screening_id: str
    """The screening it belonged to."""
    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>."""
    username: str
    """The viewer's name as last seen."""
    source: Source
    """How the viewer was known to be there."""
    item: Item
    """What was watched."""
    media_type: str
    """movie, episode or live (or another of TRACKED_TYPES)."""
    started_at_s: float
    """When the viewer came in; seconds since 1970, UTC."""
    ended_at_s: float
    """When the viewer was last seen there; seconds since 1970, UTC."""
    join_position_ms: PositionMs | None
    """The film's position when the viewer came in."""
    leave_position_ms: PositionMs | None
    """The film's position when the viewer left."""
    playing_s: float
    """Wall time with the film moving, seconds."""
    paused_s: float
    """Wall time paused, seconds."""
    spans: Spans
    """What was seen."""
    coverage_ms: DurationMs
    """Length of the union of `spans`."""
    completion_percent: float | None
    """0 to 100; None where the film's length is not known."""
    completed: bool
    """At least WATCHED_PERCENT of the film was seen."""
    brief: bool
    """Shorter than MIN_WATCH_SECONDS: in history, in no statistic or badge."""
    end_reason: EndReason
    """How it ended."""
    guild_id: str = ""
    """Discord guild of a watch party."""
    channel_id: str = ""
    """Voice channel of a watch party."""
    party: bool = False
    """Belonged to a watch party, or to a screening of several accounts that played the film at the same time."""
    first_seat: bool = False
    """Was the first to join its screening."""
    sittings: Sittings = ()
    """When it was played; empty for a record of an older version or an import, which do not say."""


class WatchesReported(Event, frozen=True, tag="watches_reported"):
    """Tracker -> persistence: every running watch of one Plex server, after a step that concerned it. Saves nothing."""

    delivery: ClassVar[Delivery] = Delivery.CONFLATED

    at: Moment
    """When the tracker reported."""
    active: tuple[WatchState, ...]
    """All its running watches, as they would be told to a restarted tracker; what is not among them has ended."""
    records: tuple[WatchRecord, ...]
    """The same watches, as they would be recorded if they ended now; same order. Empty: the receiver makes them."""
    server_id: str = ""
    """machineIdentifier of the server; empty where it is every running watch there is (as version 1.0 reports)."""
    withheld: int = 0
    """How many watches run there where they cannot be told (too many for one message): then `active` says nothing."""

    def conflation_key(self) -> str:
        """Return the server: a report replaces the one before of the same server, unless it only says it is missing."""
        return f"{self.server_id} withheld" if self.withheld else self.server_id


class ServersReported(Event, frozen=True, tag="servers_reported"):
    """Tracker -> persistence: which Plex servers have running watches, after it has reported each of them."""

    delivery: ClassVar[Delivery] = Delivery.CONFLATED

    at: Moment
    """When the tracker reported."""
    servers: tuple[str, ...]
    """Their machineIdentifiers; no watch runs on any other."""


class WatchFinished(Event, frozen=True, tag="watch_finished"):
    """Tracker -> persistence: a watch ended; store it, in one transaction with what follows from it."""

    delivery: ClassVar[Delivery] = Delivery.AT_LEAST_ONCE

    at: Moment
    """When the tracker closed it."""
    record: WatchRecord
    """What to store; replaces a record with the same watch_id."""
    running: int = 0
    """How many watches still run, for the log line of the save."""


class WatchesLoaded(Answer, frozen=True, tag="watches_loaded"):
    """Answer to LoadWatches."""

    running: tuple[WatchState, ...]
    """The newest report of the last tracker, or else the checkpoint; finished watches are left out.
    A watch that was resumed after its record was stored is running: its `seen` is later than the record's end."""
    resumable: tuple[WatchRecord, ...]
    """Finished watches inside the resume window; completed ones too: to come back for a film's last minutes
    is no second film."""
    links: tuple[LinkedAccount, ...] = ()
    """Every link, as in ViewerDirectoryChanged, so that nobody is shown or tracked who chose not to be."""
    privacy: tuple[tuple[str, Privacy], ...] = ()
    """Viewer id and choice of everybody who is not open."""
    parts: int = 1
    """How many parts there are, where it is more than a message holds; the last has the links and choices."""


class LoadWatches(Question[WatchesLoaded], frozen=True, tag="load_watches", to="persistence"):
    """What was running, and what can still be resumed?"""

    resume_since_s: float
    """Watches that ended at or after this time; seconds since 1970, UTC."""
    part: int = 0
    """Which part of the answer; the first is 0, and asking for it begins anew."""


class ReportWatches(Command, frozen=True, tag="report_watches"):
    """Persistence -> tracker, until it has heard of every server: report each of them, then which there are."""
