"""What people ask before a film night (who has seen it?) and after a year of them."""

from __future__ import annotations

from typing import Literal

from messages.awards import EarnedBadge
from messages.base import Message, Record
from messages.chat import VoiceMember
from messages.queries import LeaderboardRow, TitleCount

SeenState = Literal["not_yet", "in_part", "seen"]


class GetWhoSaw(Message, frozen=True, tag="get_who_saw"):
    """-> persistence, asked: who has seen a film (`whosaw`). All may read the answer: it is the same whoever asks."""

    title: str
    """Part of the title, any case; "Title (1979)" for the film of that year alone."""
    watched_percent: float
    """From this share of the film on it counts as seen, also in several sittings; 0 to 100."""
    members: tuple[VoiceMember, ...] = ()
    """Whom it is asked of; empty for every viewer who is known."""
    limit: int = 20
    """Viewers a page."""
    offset: int = 0
    """Viewers to pass over."""


class SeenBy(Record, frozen=True):
    """How much of the film one viewer has seen."""

    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>."""
    username: str
    """The viewer's name."""
    state: SeenState
    """Not yet, in part, or seen."""
    at_s: float | None = None
    """When last watched, or when it was seen whole; seconds since 1970, UTC. None where not yet."""
    percent: float | None = None
    """Share of the film seen in all sittings together, 0 to 100; None where its length is not known, or not yet."""
    now: bool = False
    """Watches it now."""


class WhoSaw(Message, frozen=True, tag="who_saw"):
    """Answer to GetWhoSaw. Brief watches count as none."""

    film: TitleCount | None
    """The film that is meant; None where nobody watched one of that title."""
    others: tuple[TitleCount, ...]
    """At most five other films that fit the title, the most watched first."""
    viewers: tuple[SeenBy, ...]
    """The page: those who have not seen it first, then those who have in part, then the others; each by name."""
    not_yet: int
    """How many have not seen it."""
    in_part: int
    """How many have seen some of it."""
    seen: int
    """How many have seen it."""


class YearFigures(Record, frozen=True):
    """What the watches begun in one year add up to; brief ones are in none of it."""

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


class GetYear(Message, frozen=True, tag="get_year"):
    """-> persistence, asked: a viewer's year (`wrapped`)."""

    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>."""
    year: int
    """Which, in TIMEZONE."""
    asker: str = ""
    """Who asks, Discord id as digits; what is private is answered to its owner alone. Empty: nobody in particular."""


class YearOfViewer(Message, frozen=True, tag="year_of_viewer"):
    """Answer to GetYear; running watches are in it."""

    username: str
    """The viewer's name; empty where the viewer is not known."""
    figures: YearFigures
    """What the year adds up to."""
    badges: tuple[EarnedBadge, ...]
    """Earned in that year, the newest first."""
    hidden: bool = False
    """The viewer keeps this private, and somebody else asked: nothing of it is here."""


class BigNight(Record, frozen=True):
    """A watch party."""

    title: str
    """Title and year of the film."""
    started_at_s: float
    """When the first viewer came in; seconds since 1970, UTC."""
    viewers: int
    """How many were there."""


class GetCommunityYear(Message, frozen=True, tag="get_community_year"):
    """-> persistence, asked: the whole community's year (`wrapped server`)."""

    year: int
    """Which, in TIMEZONE."""


class CommunityYear(Message, frozen=True, tag="community_year"):
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
