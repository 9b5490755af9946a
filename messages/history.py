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
    """The newest first."""
    total: int
    """How many there are in all."""
    hidden: bool = False
    """The viewer keeps this private, and somebody else asked: nothing of it is here."""
    next_after: str = ""
    """Id of the watch to go on after; empty on the last page."""
    next_before: str = ""
    """Id of the watch to go back before, to newer ones; empty on the first page."""


class GetHistory(Question[HistoryPage], frozen=True, tag="get_history", to="persistence"):
    """Finished watches (`history`)."""

    viewer_id: str = ""
    """Whose; empty for everybody's."""
    title: str = ""
    """Part of the title, any case; empty for all."""
    since_s: float | None = None
    """Ended at or after; seconds since 1970, UTC."""
    limit: int = 10
    """Rows a page."""
    offset: int = 0
    """Rows to pass over."""
    asker: str = ""
    """Who asks, Discord id as digits; what is private is answered to its owner alone. Empty: nobody in particular."""
    after: str = ""
    """Id of the last watch of the page before; empty to begin with the newest, or at `offset`. What is finished
    meanwhile moves no row to another page."""
    before: str = ""
    """Id of the first watch of a page, to have the page of newer ones before it; the first page where they do not fill
    one. Empty where `after` is set."""


class TitlesSuggested(Answer, frozen=True, tag="titles_suggested"):
    """Answer to SuggestTitles."""

    titles: tuple[str, ...]
    """The most watched first."""


class SuggestTitles(Question[TitlesSuggested], frozen=True, tag="suggest_titles", to="persistence"):
    """Titles for autocompletion."""

    patience_s: ClassVar[float] = 1.5

    part: str
    """What was typed so far."""
    limit: int = 25
    """At most this many."""


class TitleCount(Struct, frozen=True):
    """A film's figures."""

    title: str
    """Title to show."""
    year: int | None
    """Year of release."""
    watches: int
    """How often it was watched."""
    viewers: int
    """By how many."""
    watch_time_s: float
    """Playing time of all, seconds."""
    rating: float | None = None
    """Mean of the ratings, 1 to 5; None where there are too few to show."""
    ratings: int = 0
    """How many rated it; 0 where there are too few to show."""


class MovieStats(Answer, frozen=True, tag="movie_stats"):
    """Answer to GetMovieStats. Brief watches are in none of the figures."""

    watches: int
    """Finished and running."""
    completed: int
    """To WATCHED_PERCENT or more."""
    viewers: int
    """Unique."""
    titles: int
    """Different titles."""
    watch_time_s: float
    """Playing time of all, seconds."""
    most_watched: tuple[TitleCount, ...]
    """At most ten, the most watched first."""
    genres: tuple[tuple[str, int], ...]
    """At most ten, the most watched first."""
    decades: tuple[tuple[str, int], ...]
    """In order of time."""
    recent: tuple[WatchRecord, ...]
    """At most five, the newest first."""
    running: tuple[WatchRecord, ...]
    """Running now, as if they ended now."""
    weeks: tuple[tuple[str, float], ...] = ()
    """The last twelve weeks: ISO date of the Monday in TIMEZONE, seconds watched."""


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
    """Not yet, in part, or seen."""
    at_s: float | None = None
    """When last watched, or when it was seen whole; seconds since 1970, UTC. None where not yet."""
    percent: float | None = None
    """Share of the film seen in all sittings together, 0 to 100; None where its length is not known, or not yet."""
    now: bool = False
    """Watches it now."""
    other: bool = False
    """Is none of those of whom it was asked, and has seen it all the same, at least in part."""


class WhoSaw(Answer, frozen=True, tag="who_saw"):
    """Answer to GetWhoSaw. Brief watches count as none."""

    film: TitleCount | None
    """The film that is meant; None where nobody watched one of that title."""
    others: tuple[TitleCount, ...]
    """At most five other films that fit the title, the most watched first."""
    viewers: tuple[SeenBy, ...]
    """The page: those of whom it was asked, who have not seen it first, then who have in part, then who have seen it;
    then the others who have, likewise. Each by name."""
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
    """Who has seen a film (`whosaw`). All may read the answer: it is the same whoever asks."""

    title: str
    """Part of the title, any case; "Title (1979)" for the film of that year alone."""
    watched_percent: float
    """From this share of the film on it counts as seen, also in several sittings; 0 to 100."""
    members: tuple[VoiceMember, ...] = ()
    """Of whom it is asked; empty for every viewer who is known. Others are in the answer if they have seen it."""
    limit: int = 20
    """Viewers a page."""
    offset: int = 0
    """Viewers to pass over."""
