"""Messages as the other actors would send them, for the tests of the Discord actor."""

from typing import Any

from actors.chat.discord.commands import load_commands
from messages import (
    ActiveWatch,
    ActorHealth,
    Attendee,
    BadgeProgress,
    DurationMs,
    EarnedBadge,
    Item,
    Moment,
    PositionMs,
    Screening,
    SessionChoice,
    ViewerStats,
    WatchRecord,
)

NOW = Moment(1_790_000_000.0, 5_000.0)
FILM = DurationMs(120 * 60_000)
PAGES = {command.name: command.page for command in load_commands() if command.page is not None}
"""What builds the pages of each command that has some."""


def item(title: str = "Metropolis", **changes: Any) -> Item:
    """A film of two hours."""
    plain: dict[str, Any] = {"year": 1927, "duration_ms": FILM, "genres": ("Drama", "Sci-Fi")}
    return Item(server_id="machine-a", rating_key="11", kind="movie", title=title, **{**plain, **changes})


def seat(name: str = "Ana", **changes: Any) -> Attendee:
    """Somebody who watches from the start."""
    plain: dict[str, Any] = {
        "viewer_id": "100000000000000001",
        "joined_at_s": NOW.wall_s,
        "join_position_ms": PositionMs(0),
        "playing_s": 2_530.0,
        "coverage_ms": DurationMs(2_530_000),
        "completion_percent": 35.1,
    }
    return Attendee(username=name, **{**plain, **changes})


def screening(number: int = 1, title: str = "Metropolis", **changes: Any) -> Screening:
    """A film that plays at 0:42:10, seen at NOW."""
    plain: dict[str, Any] = {
        "server_id": "machine-a",
        "session_key": str(number),
        "item": item(title),
        "host": "filmnight",
        "player": "Living room",
        "state": "playing",
        "position_ms": PositionMs(2_530_000),
        "seen": NOW,
        "started_at_s": NOW.wall_s - 2_530,
        "party": True,
        "seats": (seat(),),
    }
    return Screening(screening_id=f"screening-{number}", **{**plain, **changes})


def active(name: str = "Ana", **changes: Any) -> ActiveWatch:
    """A running watch of screening 1."""
    plain: dict[str, Any] = {
        "watch_id": f"watch-{name}",
        "viewer_id": "100000000000000001",
        "source": "voice",
        "screening_id": "screening-1",
        "item": item(),
        "state": "playing",
        "join_position_ms": PositionMs(60_000),
        "position_ms": PositionMs(2_530_000),
        "watched_s": 2_470.0,
        "started_at_s": NOW.wall_s - 2_470,
        "coverage_ms": DurationMs(2_470_000),
        "completion_percent": 34.3,
        "party": True,
    }
    return ActiveWatch(username=name, **{**plain, **changes})


def record(title: str = "Metropolis", **changes: Any) -> WatchRecord:
    """A finished watch."""
    plain: dict[str, Any] = {
        "watch_id": "watch-1",
        "screening_id": "screening-1",
        "viewer_id": "100000000000000001",
        "username": "Ana",
        "source": "voice",
        "item": item(title),
        "media_type": "movie",
        "started_at_s": NOW.wall_s - 7_200,
        "ended_at_s": NOW.wall_s,
        "join_position_ms": PositionMs(0),
        "leave_position_ms": PositionMs(7_200_000),
        "playing_s": 7_200.0,
        "paused_s": 0.0,
        "spans": ((0, 7_200_000),),
        "coverage_ms": DurationMs(7_200_000),
        "completion_percent": 100.0,
        "completed": True,
        "brief": False,
        "end_reason": "ended",
    }
    return WatchRecord(**{**plain, **changes})


def viewer(name: str = "Ana", **changes: Any) -> ViewerStats:
    """A viewer's statistics."""
    plain: dict[str, Any] = {
        "viewer_id": "100000000000000001",
        "total_movies": 12,
        "completed_movies": 9,
        "total_watch_time_s": 81_000.0,
        "current_streak_days": 3,
        "longest_streak_days": 7,
        "last_watch_date": "2026-11-22",
        "genres": {"Drama": 7, "Comedy": 3},
        "decades": {"1920s": 2, "1990s": 5},
        "directors": {"Fritz Lang": 2},
        "badges": 2,
    }
    return ViewerStats(username=name, **{**plain, **changes})


def make_badge(name: str = "First Reel", **changes: Any) -> EarnedBadge:
    """A badge that was earned."""
    plain: dict[str, Any] = {
        "badge_id": "first_reel",
        "emoji": "🎬",
        "rarity": "common",
        "description": "Watch your first film",
        "earned_at_s": NOW.wall_s,
        "progress": 1.0,
    }
    return EarnedBadge(name=name, **{**plain, **changes})


def towards(name: str = "Ten Reels", progress: float = 4.0, **changes: Any) -> BadgeProgress:
    """A badge on the way."""
    plain: dict[str, Any] = {
        "badge_id": name.lower().replace(" ", "_"),
        "emoji": "🎞️",
        "rarity": "uncommon",
        "description": "Watch ten films",
        "threshold": 10.0,
    }
    return BadgeProgress(name=name, progress=progress, **{**plain, **changes})


def session(key: str = "7", title: str = "Metropolis", account: str = "filmnight") -> SessionChoice:
    """A running Plex session."""
    return SessionChoice(
        session_key=key,
        server_id="machine-a",
        item=item(title),
        account_name=account,
        player="Living room",
        state="playing",
        position_ms=PositionMs(2_530_000),
    )


def health(actor: str, **changes: Any) -> ActorHealth:
    """An actor that is well."""
    plain: dict[str, Any] = {
        "pid": 4242,
        "state": "running",
        "uptime_s": 7_265.0,
        "restarts": 0,
        "mailbox_depth": 0,
        "handled": 1_234,
        "handle_ms_p50": 0.2,
        "handle_ms_p99": 3.4,
        "rss_mb": 41.0,
        "last_error": "",
    }
    return ActorHealth(actor=actor, **{**plain, **changes})
