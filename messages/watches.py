"""Running and finished watches, as the tracker reports them."""

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
"""Half-open intervals of film in ms, ascending, not touching."""


class Sitting(Struct, frozen=True):
    """One uninterrupted period of a watch, by wall-clock time."""

    start_s: float
    """Its start; seconds since 1970, UTC."""
    end_s: float
    """Its end; seconds since 1970, UTC."""
    playing_s: float
    """How long the film played within that time, seconds."""


Sittings = tuple[Sitting, ...]
"""The sittings of a watch, ascending, not touching (`messages.sittings`)."""


class WatchState(Struct, frozen=True):
    """A running watch, with everything needed to continue it after a restart."""

    watch_id: str
    """Unique for ever; its record has the same id."""
    screening_id: str
    """The screening (one item in one session) that it belongs to."""
    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>."""
    username: str
    """The viewer's name as last seen."""
    source: Source
    """plex: the session's own account; voice: a member of the channel; manual: started by an admin."""
    item: Item
    """The item that is being watched."""
    session_key: str
    """Current key of the Plex session."""
    account_id: str
    """Account of that session."""
    machine_id: str
    """Player of that session."""
    started_at_s: float
    """When the viewer joined; seconds since 1970, UTC."""
    join_position_ms: PositionMs | None
    """The film's position when the viewer joined."""
    position_ms: PositionMs | None
    """The film's position when last seen."""
    state: PlayerState
    """The player's state when last seen."""
    seen: Moment
    """When the viewer was last seen watching."""
    advanced: Moment
    """When the position last changed."""
    playing_s: float = 0.0
    """Confirmed time in state playing with the position moving, seconds."""
    pending_s: float = 0.0
    """Seconds playing since the position last changed: confirmed when it moves on, dropped if the watch is a ghost."""
    paused_s: float = 0.0
    """Time paused, seconds. Buffering counts neither as playing nor as paused."""
    lead_ms: int = 0
    """How far reported positions are ahead of play at `speed` (negative: behind), ms; limits the tolerance."""
    spans: Spans = ()
    """The parts of the film that were seen."""
    ghost: bool = False
    """Whether the position stood still too long while "playing"."""
    outage: bool = False
    """Whether polls failed, or Usher was not running, since `seen`."""
    absent_since: Moment | None = None
    """The first successful poll without the session."""
    guild_id: str = ""
    """Discord guild of a watch party."""
    channel_id: str = ""
    """Voice channel of a watch party."""
    party: bool = False
    """Whether it belongs to a watch party: the host's session, or a member of the channel."""
    first_seat: bool = False
    """Whether the viewer was the first to join the screening."""
    reckoned: bool = False
    """Whether `position_ms` was estimated by the clock (a member joined between two polls), not reported."""
    sittings: Sittings = ()
    """When it was played, without pending time. Empty if an older version wrote the watch."""
    speed: float = 1.0
    """The player's speed, learned from its steady steps; 1.0 is normal speed."""
    recent_steps: tuple[tuple[int, int], ...] = ()
    """The last steps of steady play, each (ms on the clock, ms of film); a step without time marks a break."""
    buffering_s: float = 0.0
    """Seconds buffering since the position last changed; they count as playing if the position moved on."""
    together_id: str = ""
    """The screening of several accounts playing the film at the same time that it belongs or belonged to; the record
    keeps it. Empty if there was none."""
    together: bool = False
    """Whether it belongs to that screening now: the accounts still play at the same position."""
    last_outage: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    """The last outage: its end (steady clock), its length, how much of it counts as played, and how far the film
    advanced; seconds. A slower speed that is learned soon afterwards raises what counts as played."""
    even_steps: int = 0
    """Number of steady steps after `recent_steps` that all fit `speed`; they are added to `recent_steps` one by one
    when something else happens."""
    even_ms: int = 0
    """Total clock time of those steps, ms."""
    even_film_ms: int = 0
    """Total film time of those steps, ms."""
    doubted: Spans = ()
    """The parts of `spans` that were not seen if the recently learned `speed` turns out to be skipping."""


class WatchRecord(Struct, frozen=True):
    """A finished watch, as stored in the history."""

    watch_id: str
    """Unique for ever. A resumed watch has the same id and replaces its record."""
    screening_id: str
    """The screening that it belonged to."""
    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>."""
    username: str
    """The viewer's name as last seen."""
    source: Source
    """How Usher knew that the viewer was watching."""
    item: Item
    """The item that was watched."""
    media_type: str
    """movie, episode or live (or another of TRACKED_TYPES)."""
    started_at_s: float
    """When the viewer joined; seconds since 1970, UTC."""
    ended_at_s: float
    """When the viewer was last seen watching; seconds since 1970, UTC."""
    join_position_ms: PositionMs | None
    """The film's position when the viewer joined."""
    leave_position_ms: PositionMs | None
    """The film's position when the viewer left."""
    playing_s: float
    """Wall time during which the film played, seconds."""
    paused_s: float
    """Wall time paused, seconds."""
    spans: Spans
    """The parts of the film that were seen."""
    coverage_ms: DurationMs
    """Total length of `spans`."""
    completion_percent: float | None
    """0 to 100; None if the film's length is not known."""
    completed: bool
    """Whether at least WATCHED_PERCENT of the film was seen."""
    brief: bool
    """Whether it is shorter than MIN_WATCH_SECONDS: it is in the history, but in no statistic or badge."""
    end_reason: EndReason
    """Why it ended."""
    guild_id: str = ""
    """Discord guild of a watch party."""
    channel_id: str = ""
    """Voice channel of a watch party."""
    party: bool = False
    """Whether it belonged to a watch party, or to a screening of several accounts playing the film at the same time."""
    first_seat: bool = False
    """Whether the viewer was the first to join the screening."""
    sittings: Sittings = ()
    """When it was played; empty if the record comes from an older version or an import."""


class WatchesReported(Event, frozen=True, tag="watches_reported"):
    """Tracker -> persistence: all running watches of one Plex server, after a change there. It causes no save."""

    delivery: ClassVar[Delivery] = Delivery.CONFLATED

    at: Moment
    """When the tracker reported."""
    active: tuple[WatchState, ...]
    """All running watches of the server, from which a restarted tracker continues; any other has ended."""
    records: tuple[WatchRecord, ...]
    """The records of the same watches if they ended now, in the same order. Empty: the receiver builds them."""
    server_id: str = ""
    """machineIdentifier of the server; empty for a report of all servers (as version 1.0 sends it)."""
    withheld: int = 0
    """Number of running watches if they are too many for one message; `active` then means nothing."""

    def conflation_key(self) -> str:
        """Return the server's id: a report replaces the previous one of its server, unless it withholds the watches."""
        return f"{self.server_id} withheld" if self.withheld else self.server_id


class ServersReported(Event, frozen=True, tag="servers_reported"):
    """Tracker -> persistence: the Plex servers that have running watches, sent after a report of each of them."""

    delivery: ClassVar[Delivery] = Delivery.CONFLATED

    at: Moment
    """When the tracker reported."""
    servers: tuple[str, ...]
    """Their machineIdentifiers; no watch is running on any other server."""


class WatchFinished(Event, frozen=True, tag="watch_finished"):
    """Tracker -> persistence: a watch ended; store it in one transaction with the statistics and badges."""

    delivery: ClassVar[Delivery] = Delivery.AT_LEAST_ONCE

    at: Moment
    """When the tracker closed it."""
    record: WatchRecord
    """The record to store; it replaces a record with the same watch_id."""
    running: int = 0
    """Number of watches still running, for the log line of the save."""
    leaves_record: bool = True
    """False if nothing was shown to its viewer: then it is only removed from the running watches."""


class WatchesLoaded(Answer, frozen=True, tag="watches_loaded"):
    """Answer to LoadWatches."""

    running: tuple[WatchState, ...]
    """The newest report of the last tracker, or else the checkpoint; without finished watches.
    A watch that was resumed after its record was stored is running: its `seen` is later than the record's end."""
    resumable: tuple[WatchRecord, ...]
    """Finished watches inside the resume window, including completed ones: coming back for a film's last minutes is
    not a second watch."""
    links: tuple[LinkedAccount, ...] = ()
    """Every link, as in ViewerDirectoryChanged, so that the tracker respects each choice of privacy."""
    privacy: tuple[tuple[str, Privacy], ...] = ()
    """Viewer id and choice of everybody who is not open."""
    parts: int = 1
    """Number of parts, if the answer does not fit into one message; the last part has the links and choices."""


class LoadWatches(Question[WatchesLoaded], frozen=True, tag="load_watches", to="persistence"):
    """The running watches, and those that can still be resumed."""

    resume_since_s: float
    """Resumable watches ended at or after this time; seconds since 1970, UTC."""
    part: int = 0
    """Number of the part, from 0; asking for part 0 starts over."""


class ReportWatches(Command, frozen=True, tag="report_watches"):
    """Persistence -> tracker, until every server was reported: report each server, and then the list of servers."""
