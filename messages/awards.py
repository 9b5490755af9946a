"""Statistics and badges, as they are told."""

from __future__ import annotations

from typing import ClassVar

from messages.base import Delivery, Message, Record


class ViewerStats(Record, frozen=True):
    """A viewer's statistics; running watches are in them. Brief watches are not."""

    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>."""
    username: str
    """The viewer's name as last seen."""
    total_movies: int
    """Films watched: one for each watch of a film."""
    completed_movies: int
    """Films watched to WATCHED_PERCENT or more."""
    total_watch_time_s: float
    """Playing time of everything watched, seconds."""
    current_streak_days: int
    """Days in a row with a watch, up to today or yesterday, in TIMEZONE."""
    longest_streak_days: int
    """The longest such row ever."""
    last_watch_date: str
    """ISO date in TIMEZONE; empty where nothing was watched."""
    genres: dict[str, int]
    """Films (and episodes) by genre."""
    decades: dict[str, int]
    """Films (and episodes) by decade, like "1980s"."""
    directors: dict[str, int]
    """Films (and episodes) by director."""
    watching_now: str = ""
    """Title of what the viewer watches now; empty where nothing."""
    badges: int = 0
    """How many badges the viewer has."""
    total_episodes: int = 0
    """Episodes watched."""


class EarnedBadge(Record, frozen=True):
    """A badge that a viewer has."""

    badge_id: str
    """Id in badges.toml (or one that an import brought)."""
    name: str
    """Name to show."""
    emoji: str
    """Emoji to show."""
    rarity: str
    """common, uncommon, rare, epic or legendary."""
    description: str
    """What it is given for."""
    earned_at_s: float
    """Seconds since 1970, UTC."""
    progress: float
    """The figure that earned it."""


class BadgeProgress(Record, frozen=True):
    """How far a viewer is on the way to a badge."""

    badge_id: str
    """Id in badges.toml."""
    name: str
    """Name to show."""
    emoji: str
    """Emoji to show."""
    rarity: str
    """common, uncommon, rare, epic or legendary."""
    description: str
    """What it is given for."""
    progress: float
    """The viewer's figure."""
    threshold: float
    """The figure that earns it."""
    earned_at_s: float | None = None
    """When it was earned; None where not yet."""
    holders: int = 0
    """How many viewers have it."""


class BadgesAwarded(Message, frozen=True, tag="badges_awarded"):
    """Persistence -> Discord: a viewer earned these just now. To be announced."""

    delivery: ClassVar[Delivery] = Delivery.KEPT

    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>."""
    username: str
    """The viewer's name."""
    badges: tuple[EarnedBadge, ...]
    """What was earned, in the order of badges.toml."""
    screening_id: str = ""
    """The screening that earned it."""

    def kept_id(self) -> str:
        """A badge is earned once: what says the same of it is the same announcement."""
        return f"badges:{self.viewer_id}:{','.join(badge.badge_id for badge in self.badges)}"
