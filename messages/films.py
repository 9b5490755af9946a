"""Watched films, as the web page shows them."""

from __future__ import annotations

from typing import Literal

from messages.base import Answer, Question, Struct
from messages.history import TitleCount
from messages.media import Item
from messages.nights import NightEntry
from messages.watches import Spans

__all__ = ["FilmEntry", "FilmList", "FilmRecord", "FilmSort", "FilmViewer", "GetFilm", "ListFilms", "NamedViewer"]

FilmSort = Literal["watches", "viewers", "title"]


class FilmEntry(Struct, frozen=True):
    """A film in a list. Its figures count visible viewers only."""

    slug: str
    """Its short name in web addresses."""
    counts: TitleCount
    """Title, year and figures."""
    item: Item | None = None
    """The film as an item that somebody watched, for its poster."""


class FilmList(Answer, frozen=True, tag="film_list"):
    """Answer to ListFilms."""

    films: tuple[FilmEntry, ...]
    """The page."""
    total: int
    """Number of films on all pages."""
    next_after: str = ""
    """Slug with which the next page continues; empty on the last page."""


class ListFilms(Question[FilmList], frozen=True, tag="list_films", to="persistence"):
    """The films that visible viewers watched."""

    part: str = ""
    """Part of the title, any case; empty for all."""
    sort: FilmSort = "watches"
    """Sort order; figures descend."""
    after: str = ""
    """Slug of the last film on the previous page; empty for the first page."""
    limit: int = 48
    """Films for each page."""


class FilmViewer(Struct, frozen=True):
    """What a viewer saw of a film, over all watches."""

    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>."""
    username: str
    """The viewer's name."""
    spans: Spans
    """The parts that were seen."""
    percent: float | None
    """Share of the film, 0 to 100; None if its length is not known."""
    watches: int
    """Number of watches."""
    last_s: float
    """When they last watched it; seconds since 1970, UTC."""


class NamedViewer(Struct, frozen=True):
    """A viewer by name."""

    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>."""
    username: str
    """The viewer's name."""


class FilmRecord(Answer, frozen=True, tag="film_record"):
    """Answer to GetFilm, with the viewers whom the asker may see, without brief watches."""

    counts: TitleCount | None
    """Title, year and figures; None if there is no such film, or if only viewers hidden from the asker saw it."""
    item: Item | None = None
    """The film as the item that was last watched."""
    seen: tuple[int, ...] = ()
    """How many viewers saw each minute."""
    seen_again: tuple[int, ...] = ()
    """How many viewers saw each minute in more than one watch."""
    stops: tuple[int, ...] = ()
    """How many watches ended in each minute."""
    viewers: tuple[FilmViewer, ...] = ()
    """Its viewers, those who saw most of it first; at most a hundred."""
    nights: tuple[NightEntry, ...] = ()
    """Its watch parties, the newest first; at most twenty."""
    not_seen: tuple[NamedViewer, ...] = ()
    """Viewers who have not seen it, the most recently active first; at most forty."""
    not_seen_in_all: int = 0
    """Number of all viewers who have not seen it."""


class GetFilm(Question[FilmRecord], frozen=True, tag="get_film", to="persistence"):
    """A film: its figures, viewers and nights."""

    slug: str
    """Its short name in web addresses."""
    asker: str = ""
    """Who asks, Discord id as digits; hidden viewers see themselves. Empty: nobody in particular."""
