"""Statistics of viewers: figures, badges, leaderboards and years."""

from __future__ import annotations

from typing import ClassVar, Literal

from messages.base import Answer, Delivery, Event, Question, Struct
from messages.history import TitleCount
from messages.media import Item

__all__ = [
    "FIRST_YEAR",
    "LAST_YEAR",
    "BadgeCatalogue",
    "BadgeCount",
    "BadgeProgress",
    "BadgesAwarded",
    "BigNight",
    "CommunityYear",
    "EarnedBadge",
    "GetBadgeCatalogue",
    "GetCommunityYear",
    "GetLeaderboard",
    "GetViewerStats",
    "GetYear",
    "Leaderboard",
    "LeaderboardKind",
    "LeaderboardRow",
    "ViewerProfile",
    "ViewerStats",
    "YearFigures",
    "YearOfViewer",
]

LeaderboardKind = Literal["movies", "time", "streak", "badges"]


class ViewerStats(Struct, frozen=True):
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


class EarnedBadge(Struct, frozen=True):
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


class BadgeProgress(Struct, frozen=True):
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


class BadgesAwarded(Event, frozen=True, tag="badges_awarded"):
    """Persistence -> Discord: a viewer earned these just now. To be announced."""

    delivery: ClassVar[Delivery] = Delivery.AT_LEAST_ONCE

    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>."""
    username: str
    """The viewer's name."""
    badges: tuple[EarnedBadge, ...]
    """What was earned, in the order of badges.toml."""
    screening_id: str = ""
    """The screening that earned it."""

    def dedup_id(self) -> str:
        """Return the same id for the same badges: each is earned once."""
        return f"badges:{self.viewer_id}:{','.join(badge.badge_id for badge in self.badges)}"


class ViewerProfile(Answer, frozen=True, tag="viewer_profile"):
    """Answer to GetViewerStats."""

    stats: ViewerStats | None
    """None where the viewer is not known."""
    badges: tuple[EarnedBadge, ...]
    """Earned, the newest first."""
    progress: tuple[BadgeProgress, ...]
    """Every badge of badges.toml, in its order."""
    rank_by_time: int = 0
    """Place in the leaderboard by time, from 1; 0 where not in it, or not for others: the viewer is anonymous."""
    days: tuple[tuple[str, float], ...] = ()
    """The last year: ISO date in TIMEZONE, seconds watched; in order of time, days without any left out."""
    hidden: bool = False
    """The viewer keeps this private, and somebody else asked: nothing of it is here."""
    figures_hidden: bool = False
    """The viewer is anonymous, and somebody else asked: rankings have these figures without the name, so that they are
    not here, nor badges and progress."""


class GetViewerStats(Question[ViewerProfile], frozen=True, tag="get_viewer_stats", to="persistence"):
    """A viewer's statistics and badges (`stats`, `badges`, `progress`)."""

    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>."""
    asker: str = ""
    """Who asks, Discord id as digits; what is private is answered to its owner alone. Empty: nobody in particular."""


class BadgeCatalogue(Answer, frozen=True, tag="badge_catalogue"):
    """Answer to GetBadgeCatalogue; progress is 0."""

    badges: tuple[BadgeProgress, ...]
    """In the order of badges.toml."""


class GetBadgeCatalogue(Question[BadgeCatalogue], frozen=True, tag="get_badge_catalogue", to="persistence"):
    """All badges there are (`allbadges`)."""


class LeaderboardRow(Struct, frozen=True):
    """One place."""

    rank: int
    """From 1; equal figures share a rank."""
    viewer_id: str
    """Who."""
    username: str
    """Name."""
    value: float
    """Films, seconds, days or badges, by the kind."""


class Leaderboard(Answer, frozen=True, tag="leaderboard"):
    """Answer to GetLeaderboard."""

    kind: LeaderboardKind
    """What it is ranked by."""
    rows: tuple[LeaderboardRow, ...]
    """The best first."""
    total: int
    """Viewers in all."""
    own: LeaderboardRow | None = None
    """The asker's own place, on whatever page it is; None where they have none, or nobody in particular asked."""


class GetLeaderboard(Question[Leaderboard], frozen=True, tag="get_leaderboard", to="persistence"):
    """A leaderboard (`leaderboard`, `topwatchers`)."""

    kind: LeaderboardKind
    """What to rank by."""
    since_s: float | None = None
    """Count only watches that ended at or after this time (movies and time); None for all."""
    limit: int = 10
    """Rows a page."""
    offset: int = 0
    """Rows to pass over."""
    asker: str = ""
    """Who asks, Discord id as digits: told their own place, anonymous or not. Empty: nobody in particular."""


class YearFigures(Struct, frozen=True):
    """What the watches of one year add up to; brief ones are in none of it."""

    year: int
    """Which."""
    films: int
    """Watches of films."""
    episodes: int
    """Watches of episodes and everything else."""
    completed: int
    """Films watched to WATCHED_PERCENT or more."""
    watch_time_s: float
    """Playing time, seconds."""
    longest_streak_days: int
    """Longest run of days within the year on which something was watched."""
    genre: tuple[str, float] | None = None
    """Most watched genre, and watches."""
    decade: tuple[str, float] | None = None
    """Most watched decade, like "1980s", and watches."""
    director: tuple[str, float] | None = None
    """Most watched director, and watches."""
    busiest_month: tuple[str, float] | None = None
    """Like "2026-11", and seconds."""
    busiest_day: tuple[str, float] | None = None
    """ISO date in TIMEZONE, and seconds."""
    longest_film: tuple[str, float] | None = None
    """Title and year of the longest film, and its length in seconds."""
    companion: tuple[str, float] | None = None
    """Who else was at most of the same watch parties, and at how many."""
    days: tuple[tuple[str, float], ...] = ()
    """ISO date in TIMEZONE, seconds watched; in order of time, days without any left out."""
    titles: int = 0
    """Different films among the watches of films."""


class YearOfViewer(Answer, frozen=True, tag="year_of_viewer"):
    """Answer to GetYear; running watches are in it."""

    username: str
    """The viewer's name; empty where the viewer is not known."""
    figures: YearFigures
    """What the year adds up to."""
    badges: tuple[EarnedBadge, ...]
    """Earned in that year, the newest first."""
    hidden: bool = False
    """The viewer keeps this private, and somebody else asked: nothing of it is here."""
    figures_hidden: bool = False
    """The viewer is anonymous, and somebody else asked: rankings have the figures without the name."""
    films: tuple[TitleCount, ...] = ()
    """At most five, by this viewer's watches alone, the most watched first."""
    posters: tuple[Item | None, ...] = ()
    """As this viewer watched each of `films`; None where that is not known."""


FIRST_YEAR, LAST_YEAR = 1970, 2999
"""Which years can be asked for."""


class GetYear(Question[YearOfViewer], frozen=True, tag="get_year", to="persistence"):
    """A viewer's year (`wrapped`)."""

    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>."""
    year: int
    """Which, in TIMEZONE."""
    asker: str = ""
    """Who asks, Discord id as digits; what is private is answered to its owner alone. Empty: nobody in particular."""


class BigNight(Struct, frozen=True):
    """A watch party."""

    title: str
    """Title and year of the film."""
    started_at_s: float
    """When the first viewer came in; seconds since 1970, UTC."""
    viewers: int
    """How many were there."""


class BadgeCount(Struct, frozen=True):
    """A badge that several viewers earned."""

    name: str
    """Name to show."""
    emoji: str
    """Emoji to show."""
    rarity: str
    """common, uncommon, rare, epic or legendary."""
    viewers: int
    """How many earned it."""


class CommunityYear(Answer, frozen=True, tag="community_year"):
    """Answer to GetCommunityYear; running watches are in it."""

    figures: YearFigures
    """What everybody's year adds up to; without a companion."""
    viewers: int
    """How many watched."""
    films: tuple[TitleCount, ...]
    """At most five, the most watched first."""
    top: tuple[LeaderboardRow, ...]
    """At most five, who watched longest first; the value is seconds."""
    night: BigNight | None = None
    """The watch party with the most viewers; None where there was none."""
    posters: tuple[Item | None, ...] = ()
    """As somebody watched each of `films`; None where that is not known."""
    badges: tuple[BadgeCount, ...] = ()
    """Earned in the year by those whom others may see, the rarest first."""


class GetCommunityYear(Question[CommunityYear], frozen=True, tag="get_community_year", to="persistence"):
    """The whole community's year (`wrapped server`)."""

    year: int
    """Which, in TIMEZONE."""
