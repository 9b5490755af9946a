"""Questions about finished watches and the films in them."""

from __future__ import annotations

from typing import ClassVar, Literal

from messages.base import Answer, Question, Struct
from messages.chat import VoiceMember
from messages.watches import WatchRecord

__all__ = [
    "GetHistory",
    "GetMovieStats",
    "GetWhoSaw",
    "HistoryPage",
    "MovieStats",
    "SeenBy",
    "SeenState",
    "SuggestTitles",
    "TitleCount",
    "TitlesSuggested",
    "WhoSaw",
]

SeenState = Literal["not_yet", "in_part", "seen"]


class HistoryPage(Answer, frozen=True, tag="history_page"):
    """Answer to GetHistory."""

    records: tuple[WatchRecord, ...]
    """The page; the newest record comes first."""
    total: int
    """Number of records on all pages."""
    hidden: bool = False
    """Whether the answer is empty because the viewer's record is private and somebody else asked."""
    next_after: str = ""
    """Id of the last watch on this page, for `after` of the next question; empty on the last page."""
    next_before: str = ""
    """Id of the first watch on this page, for `before` of the next question; empty on the first page."""


class GetHistory(Question[HistoryPage], frozen=True, tag="get_history", to="persistence"):
    """Finished watches (`history`)."""

    viewer_id: str = ""
    """Whose watches; empty for everybody's."""
    title: str = ""
    """Part of the title, any case; empty for all."""
    since_s: float | None = None
    """Only watches that ended at or after this time; seconds since 1970, UTC."""
    limit: int = 10
    """Rows for each page."""
    offset: int = 0
    """Rows to skip."""
    asker: str = ""
    """Who asks, Discord id as digits; only its owner gets a private record. Empty: nobody in particular."""
    after: str = ""
    """Id of the last watch on the previous page; empty to begin with the newest, or at `offset`. Watches that finish
    meanwhile do not move rows to another page."""
    before: str = ""
    """Id of the first watch on a page, to get the page of newer ones before it; the first page if there are too few to
    fill one. Empty if `after` is set."""


class TitlesSuggested(Answer, frozen=True, tag="titles_suggested"):
    """Answer to SuggestTitles."""

    titles: tuple[str, ...]
    """The titles; the most watched comes first."""


class SuggestTitles(Question[TitlesSuggested], frozen=True, tag="suggest_titles", to="persistence"):
    """Titles for autocompletion."""

    patience_s: ClassVar[float] = 1.5

    part: str
    """The text typed so far."""
    limit: int = 25
    """Maximum number of titles."""


class TitleCount(Struct, frozen=True):
    """A film's figures."""

    title: str
    """Title to show."""
    year: int | None
    """Year of release."""
    watches: int
    """How often it was watched."""
    viewers: int
    """How many viewers watched it."""
    watch_time_s: float
    """Total playing time, seconds."""
    rating: float | None = None
    """Mean rating, 1 to 5; None if there are too few ratings to show."""
    ratings: int = 0
    """Number of ratings; 0 if there are too few to show."""


class MovieStats(Answer, frozen=True, tag="movie_stats"):
    """Answer to GetMovieStats. No figure includes brief watches."""

    watches: int
    """Finished and running watches."""
    completed: int
    """Watches that reached WATCHED_PERCENT."""
    viewers: int
    """Unique viewers."""
    titles: int
    """Different titles."""
    watch_time_s: float
    """Total playing time, seconds."""
    most_watched: tuple[TitleCount, ...]
    """At most ten, the most watched first."""
    genres: tuple[tuple[str, int], ...]
    """At most ten, the most watched first."""
    decades: tuple[tuple[str, int], ...]
    """In chronological order."""
    recent: tuple[WatchRecord, ...]
    """At most five, the newest first."""
    running: tuple[WatchRecord, ...]
    """Running watches, as if they ended now."""
    weeks: tuple[tuple[str, float], ...] = ()
    """The last twelve weeks: ISO date of the Monday in TIMEZONE, and seconds watched."""


class GetMovieStats(Question[MovieStats], frozen=True, tag="get_movie_stats", to="persistence"):
    """The community's figures, running watches included (`moviestats`)."""

    title: str = ""
    """One title (part of it, any case); empty for all."""
    since_s: float | None = None
    """Count only watches that ended at or after this time, and running ones; None for all. Seconds since 1970."""


class SeenBy(Struct, frozen=True):
    """How much of the film one viewer has seen."""

    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>."""
    username: str
    """The viewer's name."""
    state: SeenState
    """Whether they have not seen it, seen part of it, or seen it."""
    at_s: float | None = None
    """When they last watched it, or had seen it whole; seconds since 1970, UTC. None if they have not seen it."""
    percent: float | None = None
    """Share of the film seen in all sittings, 0 to 100; None if its length is not known, or if nothing was seen."""
    now: bool = False
    """Whether they are watching it now."""
    other: bool = False
    """Whether the question did not name this viewer, who has seen at least part of the film."""


class WhoSaw(Answer, frozen=True, tag="who_saw"):
    """Answer to GetWhoSaw. Brief watches do not count."""

    film: TitleCount | None
    """The film that fits the title best; None if nobody watched one of that title."""
    others: tuple[TitleCount, ...]
    """At most five other films that fit the title, the most watched first."""
    viewers: tuple[SeenBy, ...]
    """The page. First the viewers whom the question names: those who have not seen the film, seen part of it, seen it.
    Then the others in the same order. Each group is sorted by name."""
    not_yet: int
    """How many have not seen it."""
    in_part: int
    """How many have seen some of it."""
    seen: int
    """How many have seen it."""
    others_in_part: int = 0
    """How many others have seen some of it."""
    others_seen: int = 0
    """How many others have seen it."""


class GetWhoSaw(Question[WhoSaw], frozen=True, tag="get_who_saw", to="persistence"):
    """Who has seen a film (`whosaw`). The answer is public: it is the same for every asker."""

    title: str
    """Part of the title, any case; "Title (1979)" for the film of that year alone."""
    watched_percent: float
    """The share of the film that counts as seen, over all sittings; 0 to 100."""
    members: tuple[VoiceMember, ...] = ()
    """The members to list; empty for every known viewer. Other viewers are listed if they saw the film."""
    limit: int = 20
    """Viewers for each page."""
    offset: int = 0
    """Viewers to skip."""
