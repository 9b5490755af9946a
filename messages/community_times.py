"""When the community watches: by hour of the week, month and night."""

from __future__ import annotations

from messages.base import Answer, Question
from messages.nights import NightEntry

__all__ = ["CommunityTimes", "GetCommunityTimes"]


class CommunityTimes(Answer, frozen=True, tag="community_times"):
    """Answer to GetCommunityTimes. Times count everybody; only those whom others may see are in the nights."""

    hours: tuple[float, ...]
    """Seconds played in each of the 168 hours of the week, from Monday 00:00 in TIMEZONE."""
    months: tuple[tuple[str, float], ...]
    """Like "2026-11", and seconds played; in order, months without any left out."""
    nights: tuple[NightEntry, ...]
    """Watch parties with the most viewers, the largest first; at most ten."""
    years: tuple[int, ...]
    """In which anything was watched, in order."""


class GetCommunityTimes(Question[CommunityTimes], frozen=True, tag="get_community_times", to="persistence"):
    """When the community watched."""

    year: int = 0
    """Which, in TIMEZONE; 0 for all."""
