"""Ticks, saves, backups and health."""

from __future__ import annotations

from typing import ClassVar, Literal

from messages.base import Answer, Command, Delivery, Event, Moment, Question, Struct
from messages.problems import Problem

__all__ = [
    "ActorHealth",
    "ActorState",
    "AutoSaveTick",
    "BackUpNow",
    "BackupReport",
    "CommunityName",
    "GetHealth",
    "GetSaveStatus",
    "HealthReport",
    "SaveNow",
    "SaveReport",
    "SaveStatus",
    "StoreChanged",
]

ActorState = Literal["starting", "running", "degraded", "restarting", "stopped", "failed"]


class AutoSaveTick(Command, frozen=True, tag="auto_save_tick"):
    """Launcher -> persistence, every AUTO_SAVE_INTERVAL_MINUTES: save if anybody is watching."""

    delivery: ClassVar[Delivery] = Delivery.CONFLATED

    at: Moment
    """When the tick was due."""


class SaveReport(Answer, frozen=True, tag="saved"):
    """Answer to SaveNow. A save that fails answers as an error instead."""

    users: int
    """Viewers with statistics."""
    watches: int
    """Records in the history."""
    badges: int
    """Badges held by all viewers."""
    active: int
    """Watches running now, in the checkpoint."""
    took_ms: float
    """How long the save took, milliseconds."""


class SaveNow(Question[SaveReport], frozen=True, tag="save_now", to="persistence"):
    """Save everything now (`savedata`)."""

    requested_by: str
    """Who asked, for the log."""


class SaveStatus(Answer, frozen=True, tag="save_status"):
    """Answer to GetSaveStatus."""

    last_saved_s: float | None
    """Seconds since 1970, UTC; None if nothing was saved since the store was created."""
    auto_save_minutes: float
    """AUTO_SAVE_INTERVAL_MINUTES."""
    last_error: str = ""
    """Why the last save failed; empty if it succeeded."""
    problem: Problem | None = None
    """`last_error` as a problem, for wording in another language; None if the last save succeeded."""


class GetSaveStatus(Question[SaveStatus], frozen=True, tag="get_save_status", to="persistence"):
    """The time and outcome of the last save."""


class StoreChanged(Event, frozen=True, tag="store_changed"):
    """Persistence -> web: records, links or choices of privacy changed; cached pages are out of date."""

    delivery: ClassVar[Delivery] = Delivery.CONFLATED


class BackupReport(Answer, frozen=True, tag="backed_up"):
    """Answer to BackUpNow."""

    file: str
    """Path of the copy."""
    size_bytes: int
    """Its size."""
    watches: int
    """Number of records in it, counted by reading it back."""
    viewers: int
    """Number of viewers in it, counted in the same way."""
    took_ms: float
    """How long it took, milliseconds."""


class BackUpNow(Question[BackupReport], frozen=True, tag="back_up_now", to="persistence"):
    """Make a consistent, verified copy of the store."""

    file: str = ""
    """Path of the copy; empty for a file in DATA_DIR/backups with the time in its name."""


class ActorHealth(Struct, frozen=True):
    """One actor's health: a line of the health log."""

    actor: str
    """The actor's name: plex, tracker, persistence, discord..."""
    pid: int
    """Process id; 0 if it has no process."""
    state: ActorState
    """The actor's state, as the launcher sees it."""
    uptime_s: float
    """Time since its process was started, seconds."""
    restarts: int
    """How often the launcher has restarted it."""
    mailbox_depth: int
    """Messages waiting."""
    handled: int
    """Messages handled since its start."""
    handle_ms_p50: float
    """Median time to handle a message, milliseconds."""
    handle_ms_p99: float
    """99th percentile, milliseconds."""
    rss_mb: float
    """Resident memory, MB (10^6 bytes)."""
    last_error: str
    """The current or last error, in one line without secrets; empty if none."""
    oldest_ms: float = 0.0
    """Age of the oldest waiting message, milliseconds."""
    dead_letters: int = 0
    """Messages that it could not deliver or read."""
    resolved_for_s: float | None = None
    """How long `last_error` has been over, seconds; None while it lasts, or if there is none."""
    problems: tuple[Problem, ...] = ()
    """`last_error` as problems, for wording in another language; empty if it has no code."""


class CommunityName(Struct, frozen=True):
    """The name of a further community."""

    guild_id: str
    """Id of its Discord server, which follows the @ in the names of its actors."""
    name: str
    """Name of its Discord server."""


class HealthReport(Answer, frozen=True, tag="health_report"):
    """Answer to GetHealth."""

    at: Moment
    """When the report was made."""
    actors: tuple[ActorHealth, ...]
    """All actors, in the order of their start."""
    launcher_pid: int
    """Process id of the launcher."""
    communities: tuple[CommunityName, ...] = ()
    """The further communities."""


class GetHealth(Question[HealthReport], frozen=True, tag="get_health", to="launcher"):
    """The health of every actor."""
