"""Viewer statistics: figures, badges, leaderboards and years."""

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
    "Companion",
    "CompanionList",
    "EarnedBadge",
    "GetBadgeCatalogue",
    "GetCommunityYear",
    "GetCompanions",
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
    """A viewer's statistics, including running watches, without brief ones."""

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
    """The longest such streak ever."""
    last_watch_date: str
    """ISO date in TIMEZONE; empty if nothing was watched."""
    genres: dict[str, int]
    """Films (and episodes) by genre."""
    decades: dict[str, int]
    """Films (and episodes) by decade, like "1980s"."""
    directors: dict[str, int]
    """Films (and episodes) by director."""
    watching_now: str = ""
    """Title that the viewer is watching now; empty if none."""
    badges: int = 0
    """How many badges the viewer has."""
    total_episodes: int = 0
    """Episodes watched."""


class EarnedBadge(Struct, frozen=True):
    """A badge that a viewer has."""

    badge_id: str
    """Id in badges.toml, or from an import."""
    name: str
    """Name to show."""
    emoji: str
    """Emoji to show."""
    rarity: str
    """common, uncommon, rare, epic or legendary."""
    description: str
    """Why it is awarded."""
    earned_at_s: float
    """When it was earned; seconds since 1970, UTC."""
    progress: float
    """The figure that earned it."""


class BadgeProgress(Struct, frozen=True):
    """A viewer's progress towards a badge."""

    badge_id: str
    """Id in badges.toml."""
    name: str
    """Name to show."""
    emoji: str
    """Emoji to show."""
    rarity: str
    """common, uncommon, rare, epic or legendary."""
    description: str
    """Why it is awarded."""
    progress: float
    """The viewer's figure."""
    threshold: float
    """The figure that earns it."""
    earned_at_s: float | None = None
    """When it was earned; None if not yet."""
    holders: int = 0
    """How many viewers have it."""


class BadgesAwarded(Event, frozen=True, tag="badges_awarded"):
    """Persistence -> Discord: a viewer just earned these badges; announce them."""

    delivery: ClassVar[Delivery] = Delivery.AT_LEAST_ONCE

    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>."""
    username: str
    """The viewer's name."""
    badges: tuple[EarnedBadge, ...]
    """The badges, in the order of badges.toml."""
    screening_id: str = ""
    """The screening at which they were earned."""

    def dedup_id(self) -> str:
        """Return an id made from the badges: each is earned only once."""
        return f"badges:{self.viewer_id}:{','.join(badge.badge_id for badge in self.badges)}"


class ViewerProfile(Answer, frozen=True, tag="viewer_profile"):
    """Answer to GetViewerStats."""

    stats: ViewerStats | None
    """None if the viewer is not known."""
    badges: tuple[EarnedBadge, ...]
    """Earned badges, the newest first."""
    progress: tuple[BadgeProgress, ...]
    """Every badge of badges.toml, in its order."""
    rank_by_time: int = 0
    """Place in the leaderboard by time, from 1; 0 if not in it, or if the viewer is anonymous and others ask."""
    days: tuple[tuple[str, float], ...] = ()
    """The last year: ISO date in TIMEZONE and seconds watched; in chronological order, only days with watching."""
    hidden: bool = False
    """Whether the answer is empty because the viewer's record is private and somebody else asked."""
    figures_hidden: bool = False
    """Whether figures, badges and progress are left out because the viewer is anonymous and somebody else asked:
    rankings show the same figures without a name."""


class GetViewerStats(Question[ViewerProfile], frozen=True, tag="get_viewer_stats", to="persistence"):
    """A viewer's statistics and badges (`stats`, `badges`, `progress`)."""

    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>."""
    asker: str = ""
    """Who asks, Discord id as digits; only its owner gets a private record. Empty: nobody in particular."""


class Companion(Struct, frozen=True):
    """Somebody with whom a viewer watches."""

    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>."""
    username: str
    """The companion's name."""
    parties: int
    """How many of the viewer's last watch parties the companion attended too."""


class CompanionList(Answer, frozen=True, tag="companion_list"):
    """Answer to GetCompanions."""

    rows: tuple[Companion, ...]
    """The companions, with most shared parties first. Empty if the asker may not see the viewer's figures."""
    parties: int
    """How many of the viewer's last watch parties were counted."""


class GetCompanions(Question[CompanionList], frozen=True, tag="get_companions", to="persistence"):
    """The people with whom a viewer watches most (the page of a viewer)."""

    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>."""
    asker: str = ""
    """Who asks, Discord id as digits; as in GetViewerStats."""


class BadgeCatalogue(Answer, frozen=True, tag="badge_catalogue"):
    """Answer to GetBadgeCatalogue; progress is 0."""

    badges: tuple[BadgeProgress, ...]
    """All badges, in the order of badges.toml."""


class GetBadgeCatalogue(Question[BadgeCatalogue], frozen=True, tag="get_badge_catalogue", to="persistence"):
    """All badges (`allbadges`)."""


class LeaderboardRow(Struct, frozen=True):
    """One place of a leaderboard."""

    rank: int
    """From 1; equal figures share a rank."""
    viewer_id: str
    """The viewer; empty if anonymous."""
    username: str
    """The viewer's name."""
    value: float
    """Films, seconds, days or badges, depending on the kind."""


class Leaderboard(Answer, frozen=True, tag="leaderboard"):
    """Answer to GetLeaderboard."""

    kind: LeaderboardKind
    """The figure to rank by."""
    rows: tuple[LeaderboardRow, ...]
    """The page; the best comes first."""
    total: int
    """Number of viewers on all pages."""
    own: LeaderboardRow | None = None
    """The asker's own place, on any page; None if they have none, or if nobody in particular asked."""


class GetLeaderboard(Question[Leaderboard], frozen=True, tag="get_leaderboard", to="persistence"):
    """A leaderboard (`leaderboard`, `topwatchers`)."""

    kind: LeaderboardKind
    """The figure to rank by."""
    since_s: float | None = None
    """Count only watches that ended at or after this time (movies and time); None for all."""
    limit: int = 10
    """Rows for each page."""
    offset: int = 0
    """Rows to skip."""
    asker: str = ""
    """Who asks, Discord id as digits: gets their own place, even if anonymous. Empty: nobody in particular."""


class YearFigures(Struct, frozen=True):
    """Totals of one year, without brief watches."""

    year: int
    """The year."""
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
    """Most watched genre, and its watches."""
    decade: tuple[str, float] | None = None
    """Most watched decade, like "1980s", and its watches."""
    director: tuple[str, float] | None = None
    """Most watched director, and their watches."""
    busiest_month: tuple[str, float] | None = None
    """Month, like "2026-11", and seconds watched."""
    busiest_day: tuple[str, float] | None = None
    """ISO date in TIMEZONE, and seconds watched."""
    longest_film: tuple[str, float] | None = None
    """Title and year of the longest film, and its length in seconds."""
    companion: tuple[str, float] | None = None
    """The viewer who shared the most watch parties, and how many these were."""
    days: tuple[tuple[str, float], ...] = ()
    """ISO date in TIMEZONE and seconds watched; in chronological order, only days with watching."""
    titles: int = 0
    """Number of different films."""


class YearOfViewer(Answer, frozen=True, tag="year_of_viewer"):
    """Answer to GetYear, including running watches."""

    username: str
    """The viewer's name; empty if the viewer is not known."""
    figures: YearFigures
    """The totals of the year."""
    badges: tuple[EarnedBadge, ...]
    """Badges earned in that year, the newest first."""
    hidden: bool = False
    """Whether the answer is empty because the viewer's record is private and somebody else asked."""
    figures_hidden: bool = False
    """Whether the figures are left out because the viewer is anonymous and somebody else asked."""
    films: tuple[TitleCount, ...] = ()
    """At most five, counting this viewer's watches alone, the most watched first."""
    posters: tuple[Item | None, ...] = ()
    """Each of `films` as the item that this viewer watched; None if not known."""


FIRST_YEAR, LAST_YEAR = 1970, 2999
"""The years that can be asked for."""


class GetYear(Question[YearOfViewer], frozen=True, tag="get_year", to="persistence"):
    """A viewer's year (`wrapped`)."""

    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>."""
    year: int
    """The year, in TIMEZONE."""
    asker: str = ""
    """Who asks, Discord id as digits; only its owner gets a private record. Empty: nobody in particular."""


class BigNight(Struct, frozen=True):
    """A watch party."""

    title: str
    """Title and year of the film."""
    started_at_s: float
    """When the first viewer joined; seconds since 1970, UTC."""
    viewers: int
    """Number of viewers."""


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
    """Answer to GetCommunityYear, including running watches."""

    figures: YearFigures
    """The totals of the year over all viewers; without a companion."""
    viewers: int
    """Number of viewers."""
    films: tuple[TitleCount, ...]
    """At most five, the most watched first."""
    top: tuple[LeaderboardRow, ...]
    """At most five viewers, the longest playing time first; the value is seconds."""
    night: BigNight | None = None
    """The watch party with the most viewers; None if there was none."""
    posters: tuple[Item | None, ...] = ()
    """Each of `films` as an item that somebody watched; None if not known."""
    badges: tuple[BadgeCount, ...] = ()
    """Badges that visible viewers earned in the year, the rarest first."""


class GetCommunityYear(Question[CommunityYear], frozen=True, tag="get_community_year", to="persistence"):
    """The whole community's year (`wrapped server`)."""

    year: int
    """The year, in TIMEZONE."""
