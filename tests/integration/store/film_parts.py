"""Parts of a film that a member saw at home and in the channel, and the figures that follow."""

from typing import Any

from messages import GetViewerStats, LinkAccount, WatchRecord
from messages.base import DurationMs, PositionMs
from tests.integration.store.persistence_fixture import House
from tests.unit.persistence.record_builders import record

MEMBER, PLEX = "501", "plex:srv:7"
HOUR = 3600.0


def watch_part(watch_id: str, who: str, from_min: int, to_min: int, began_s: float, **changes: Any) -> WatchRecord:
    """A watch of the two-hour film from one minute of it to another, without a pause."""
    part: dict[str, Any] = {
        "started_at_s": began_s, "ended_at_s": began_s + (to_min - from_min) * 60,
        "spans": ((from_min * 60_000, to_min * 60_000),),
        "playing_s": (to_min - from_min) * 60.0, "coverage_ms": DurationMs((to_min - from_min) * 60_000),
        "join_position_ms": PositionMs(from_min * 60_000), "leave_position_ms": PositionMs(to_min * 60_000),
        "completion_percent": (to_min - from_min) / 1.2, "completed": to_min - from_min >= 96,
        "source": "voice" if who == MEMBER else "plex",
    }  # fmt: skip
    return record(watch_id, who, **(part | changes))


def link_account(house: House, plex_id: str = PLEX) -> None:
    """Link an account to the member."""
    assert not house.ask(LinkAccount(plex_id, "annaplex", MEMBER, "Anna", "1")).problem


def find_figures(house: House) -> tuple[int, int, float]:
    """Return the member's films, those completed, and hours."""
    stats = house.ask(GetViewerStats(MEMBER, asker=MEMBER)).stats
    assert stats is not None
    return stats.total_movies, stats.completed_movies, stats.total_watch_time_s / HOUR
