"""Films that were watched, as the page shows them."""

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
    """A film in a list. Only those whom others may see are in its figures."""

    slug: str
    """Its short name in addresses."""
    counts: TitleCount
    """Title, year and figures."""
    item: Item | None = None
    """As somebody watched it: for its poster."""


class FilmList(Answer, frozen=True, tag="film_list"):
    """Answer to ListFilms."""

    films: tuple[FilmEntry, ...]
    """The page."""
    total: int
    """How many there are in all."""
    next_after: str = ""
    """Slug to go on with; empty on the last page."""


class ListFilms(Question[FilmList], frozen=True, tag="list_films", to="persistence"):
    """The films that somebody watched who may be seen."""

    part: str = ""
    """Part of the title, any case; empty for all."""
    sort: FilmSort = "watches"
    """What they are ordered by; figures from the greatest down."""
    after: str = ""
    """Slug of the last film of the page before; empty for the first page."""
    limit: int = 48
    """Films a page."""


class FilmViewer(Struct, frozen=True):
    """What a viewer saw of a film in all watches together."""

    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>."""
    username: str
    """The viewer's name."""
    spans: Spans
    """Which stretches."""
    percent: float | None
    """How much of it, 0 to 100; None where its length is not known."""
    watches: int
    """How often."""
    last_s: float
    """When last; seconds since 1970, UTC."""


class NamedViewer(Struct, frozen=True):
    """A viewer by name."""

    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>."""
    username: str
    """The viewer's name."""


class FilmRecord(Answer, frozen=True, tag="film_record"):
    """Answer to GetFilm. Only those whom others may see are in it; brief watches are not."""

    counts: TitleCount | None
    """Title, year and figures; None where there is no such film, or only hidden viewers saw it."""
    item: Item | None = None
    """As it was last watched."""
    seen: tuple[int, ...] = ()
    """How many viewers saw each minute."""
    seen_again: tuple[int, ...] = ()
    """How many of them saw it in more than one watch."""
    stops: tuple[int, ...] = ()
    """How many watches ended in each minute."""
    viewers: tuple[FilmViewer, ...] = ()
    """Who saw most of it first; at most a hundred."""
    nights: tuple[NightEntry, ...] = ()
    """Its watch parties, the newest first; at most twenty."""
    not_seen: tuple[NamedViewer, ...] = ()
    """Who has not seen it, those who watched something last first; at most forty."""
    not_seen_in_all: int = 0
    """How many these are in all."""


class GetFilm(Question[FilmRecord], frozen=True, tag="get_film", to="persistence"):
    """How a film was watched."""

    slug: str
    """Its short name in addresses."""
