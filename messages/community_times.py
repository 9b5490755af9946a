"""When the community watches: by hour of the week, month and night."""

from __future__ import annotations

from messages.base import Answer, Question
from messages.nights import NightEntry

__all__ = ["CommunityTimes", "GetCommunityTimes"]


class CommunityTimes(Answer, frozen=True, tag="community_times"):
    """Answer to GetCommunityTimes. The times count everybody; the nights count only visible viewers."""

    hours: tuple[float, ...]
    """Seconds played in each of the 168 hours of the week, from Monday 00:00 in TIMEZONE."""
    months: tuple[tuple[str, float], ...]
    """Month, like "2026-11", and seconds played; in order, without months in which nothing was played."""
    nights: tuple[NightEntry, ...]
    """Watch parties with the most viewers, the largest first; at most ten."""
    years: tuple[int, ...]
    """The years in which anything was watched, in order."""


class GetCommunityTimes(Question[CommunityTimes], frozen=True, tag="get_community_times", to="persistence"):
    """The times at which the community watched."""

    year: int = 0
    """The year, in TIMEZONE; 0 for all."""
