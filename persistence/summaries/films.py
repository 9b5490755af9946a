"""Reads the summaries by film: how often each was watched and by whom, including running watches."""

import functools
import heapq
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import repeat
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Select, cast, func, select

from persistence.database.sql import read_columns, split_batches
from persistence.database.tables import (
    FILM_PERIODS,
    FILM_VIEWERS,
    ONLY_COMMUNITY,
    WATCHED_FILMS,
)
from persistence.records.film_facts import FilmFacts, FilmName, make_facts, read_facts
from persistence.store import StoreSnapshot
from persistence.summaries.amounts import Amounts

BROAD = 20_000
"""A search with more watches than this is counted viewer by viewer: most viewers have seen one of its films."""
CANDIDATES = 60
"""How many more titles than wanted, with the most watches of all, are ranked by the watches of visible viewers."""
FEW_FILMS = 500
"""Up to this many films are looked up one by one."""
SUMMED_FILM = (FILM_VIEWERS.c.film_hash + 0).label("film")
"""The expression to group by if a query names viewers: grouped by the column, SQLite would scan all films."""
SUMS = {
    name: cast(func.sum(FILM_VIEWERS.c[name]), BigInteger) for name in Amounts._fields
}  # PostgreSQL's is no integer


class WatchedFilm(NamedTuple):
    """A film with the totals of its watches: of all, of a year, or of some viewers."""

    amounts: Amounts
    facts: FilmFacts

    @property
    def film_hash(self) -> int:
        """See FilmFacts."""
        return self.facts.film_hash

    @property
    def name(self) -> FilmName:
        """Title and year."""
        return self.facts.name


@functools.lru_cache(maxsize=4096)
def decode_names(text: str) -> tuple[str, ...]:
    """Return the genres or directors in a column, without duplicates."""
    return tuple(dict.fromkeys(msgspec.json.decode(text, type=list[str])))


def match_films(part: str) -> ColumnElement[bool]:
    """Match films whose title contains `part`, in any case."""
    own = WATCHED_FILMS.c.community == ONLY_COMMUNITY
    return own & WATCHED_FILMS.c.title_folded.contains(part.casefold(), autoescape=True) if part else own


def select_film_hashes(part: str) -> Select[int]:
    """Select the ids of films whose title contains `part`."""
    return select(WATCHED_FILMS.c.film_hash).where(match_films(part))


def match_hashes(column: ColumnElement[int], part: str, film_hashes: Collection[int]) -> ColumnElement[bool]:
    """Match rows of the films whose title contains `part`; `film_hashes`: their ids.

    Few films are looked up by the index. For many (a common word has thousands), an expression keeps SQLite from
    looking up each film instead of scanning the rows that the other conditions leave.
    """
    if len(film_hashes) <= FEW_FILMS:
        return column.in_(sorted(film_hashes))
    return (column + 0).in_(select_film_hashes(part))


ReadHidden = Callable[[Collection[int]], Mapping[int, Amounts]]
"""Returns the totals of hidden viewers of films, by film hash, perhaps also of films that were not asked for."""


class RankedFilms(NamedTuple):
    """The titles, by title and year, with the most watches of visible viewers."""

    names: list[FilmName]
    """The titles, the most watched first."""
    sums: dict[FilmName, Amounts]
    """The visible viewers' totals for these titles, and perhaps for others."""
    films: list[WatchedFilm]
    """The films of these titles."""


class FilmSums:
    """Films in no order, with the totals of all viewers and of visible viewers.

    There may be thousands: methods that go through all of them create no object for each.
    """

    def __init__(self, films: Mapping[int, WatchedFilm], read_hidden: ReadHidden) -> None:
        """`films`: the totals of all viewers, by film hash; `read_hidden` returns those of hidden viewers."""
        self._films = films
        self._read_hidden = read_hidden

    @property
    def film_hashes(self) -> Collection[int]:
        """Ids of all matching films, even if all their watches are brief."""
        return self._films.keys()

    @cached_property
    def _hidden(self) -> Mapping[int, Amounts]:
        """Totals of hidden viewers, by film hash."""
        return self._read_hidden(self._films.keys())

    def _read_hidden_of(self, films: Collection[WatchedFilm]) -> Mapping[int, Amounts]:
        """Return the totals of hidden viewers of these films, and perhaps of others."""
        if "_hidden" in vars(self) or len(films) > FEW_FILMS or len(self._films) <= FEW_FILMS:
            return self._hidden
        return self._read_hidden([film.film_hash for film in films])

    @cached_property
    def everybody(self) -> list[WatchedFilm]:
        """The films that anybody watched, with the totals of all viewers."""
        return [film for film in self._films.values() if film[0][0] > 0]

    @cached_property
    def visible(self) -> list[WatchedFilm]:
        """The films that visible viewers watched, with their totals: what is shown by title."""
        return self.find_visible(self._films.values())

    def find_visible(self, films: Iterable[WatchedFilm]) -> list[WatchedFilm]:
        """Return those of the given films that visible viewers watched, with their totals."""
        watched = [film for film in films if film[0][0] > 0]
        hidden = self._read_hidden_of(watched)
        if not hidden:
            return watched
        found = []
        for film in watched:
            less = hidden.get(film[1].film_hash)
            if less is not None:
                film = WatchedFilm(film.amounts.add(less, -1), film.facts)
            if film[0][0] > 0:
                found.append(film)
        return found

    def find_popular(self, most: int) -> list[int]:
        """Return the ids of the `most` films with the most watches of all viewers."""
        popular = heapq.nlargest(most, self._films.values(), key=_read_watches)
        return [film.film_hash for film in popular]

    def find_named(self, names: Collection[FilmName]) -> list[WatchedFilm]:
        """Return the films with these titles and years that visible viewers watched, with their totals."""
        wanted = set(names)
        return self.find_visible(film for film in self._films.values() if film[1].name in wanted)

    def find_longest(self) -> list[WatchedFilm]:
        """Return the longest movies that visible viewers watched: all of that length, and perhaps others."""
        movies = [film for film in self.everybody if film[1].media_type == "movie" and film[1].duration_ms]
        candidates = heapq.nlargest(CANDIDATES, movies, key=_read_duration)
        longest = self.find_visible(candidates)
        is_sure = len(candidates) == len(movies)
        if longest and not is_sure:
            is_sure = max(map(_read_duration, longest)) > _read_duration(candidates[-1])
        return longest if is_sure else self.find_visible(movies)

    def iterate_visible(self) -> Iterator[tuple[int, int, int, FilmFacts]]:
        """Yield the visible viewers' films: watches, completed watches, playing time in microseconds, and the film."""
        hidden = self._hidden
        for (watches, _, completed, playing_us, _), facts in self._films.values():
            less = hidden.get(facts.film_hash)
            if less is not None:
                watches, completed, playing_us = watches - less[0], completed - less[2], playing_us - less[3]
            if watches > 0:
                yield watches, completed, playing_us, facts

    def rank_visible(self, most: int) -> RankedFilms:
        """Return the top `most` titles by the watches of visible viewers, the most watched first."""
        watches: dict[FilmName, int] = {}
        for amounts, facts in self._films.values():
            watches[facts.name] = watches.get(facts.name, 0) + amounts[0]
        candidates = set(heapq.nlargest(most + CANDIDATES, watches, key=watches.__getitem__))
        films = self.find_visible(film for film in self._films.values() if film[1].name in candidates)
        sums = sum_by_name(films)
        names = order_by_watches(sums, most)
        is_sure = len(candidates) == len(watches)
        if not is_sure and len(names) == most:
            is_sure = sums[names[-1]].watches > min(watches[name] for name in candidates)
        if not is_sure:  # another title could belong there: hidden viewers saw much
            films, sums = self.visible, sum_by_name(self.visible)
            names = order_by_watches(sums, most)
        wanted = set(names)
        return RankedFilms(names, sums, [film for film in films if film[1].name in wanted])


def _make_each(kind: Any, rows: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
    """Yield each row as a named tuple: in a third of the time of its own constructor, since there are thousands."""
    return map(tuple.__new__, repeat(kind), rows)


def _read_watches(film: WatchedFilm) -> int:
    return film[0][0]


def _read_duration(film: WatchedFilm) -> int:
    return film[1].duration_ms or 0


def read_films(
    store: StoreSnapshot, part: str = "", *, year: int | None = None, titles: Collection[str] | None = None
) -> FilmSums:
    """Return the watched films whose title contains `part`.

    `year`: count only watches first played in that year. `titles`: only films with these titles.
    """
    films = _read_stored(store, part, year, titles)
    described = store.running_changes.films
    hidden: dict[int, Amounts] = {}
    for (film_hash, viewer_id, played), amounts in store.running_changes.amounts[FILM_VIEWERS].items():
        if titles is not None and described[film_hash]["title"] not in titles:
            continue
        if (year is None or played == year) and part.casefold() in described[film_hash]["title_folded"]:
            film = films.get(film_hash) or describe_running_film(store, film_hash)
            films[film_hash] = WatchedFilm(film.amounts.add(amounts), film.facts)
            if viewer_id in store.hidden:
                hidden[film_hash] = hidden.get(film_hash, Amounts()).add(amounts)

    def read_hidden(film_hashes: Collection[int]) -> Mapping[int, Amounts]:
        stored = read_hidden_sums(store, year, film_hashes)
        return stored | {film_hash: stored.get(film_hash, Amounts()).add(more) for film_hash, more in hidden.items()}

    return FilmSums(films, read_hidden)


def _read_stored(
    store: StoreSnapshot, part: str, year: int | None, titles: Collection[str] | None
) -> dict[int, WatchedFilm]:
    counted = WATCHED_FILMS if year is None else FILM_PERIODS
    query = select(counted.c.film_hash, *(counted.c[name] for name in Amounts._fields))
    if year is None:
        query = query.where(match_films(part))
    else:
        query = query.where(FILM_PERIODS.c.community == ONLY_COMMUNITY, FILM_PERIODS.c.period == str(year))
        if part:
            query = query.where(FILM_PERIODS.c.film_hash.in_(select_film_hashes(part)))
    queries = [query]
    if titles is not None:
        same = WATCHED_FILMS.c.community == ONLY_COMMUNITY
        named = [
            select(WATCHED_FILMS.c.film_hash).where(same, WATCHED_FILMS.c.title.in_(some))
            for some in split_batches(sorted(titles))
        ]
        queries = [query.where(counted.c.film_hash.in_(some)) for some in named]
    films: dict[int, WatchedFilm] = {}
    for each in queries:
        hashes, *sums = read_columns(store.connection, each)
        facts = read_facts(store.connection, hashes)
        described = map(facts.__getitem__, hashes)
        amounts = _make_each(Amounts, zip(*sums, strict=True))
        films.update(zip(hashes, _make_each(WatchedFilm, zip(amounts, described, strict=True)), strict=True))
    return films


def read_hidden_sums(store: StoreSnapshot, year: int | None, film_hashes: Collection[int]) -> dict[int, Amounts]:
    """Return the totals of hidden viewers, who are few, of these films, and perhaps of others.

    `year`: count only watches first played in that year.
    """
    sums: dict[int, Amounts] = {}
    for some in split_batches(store.hidden):
        query = select(SUMMED_FILM, *SUMS.values()).where(
            FILM_VIEWERS.c.community == ONLY_COMMUNITY, FILM_VIEWERS.c.viewer_id.in_(some)
        )
        if year is not None:
            query = query.where(FILM_VIEWERS.c.year == year)
        if len(film_hashes) <= FEW_FILMS:
            query = query.where(FILM_VIEWERS.c.film_hash.in_(sorted(film_hashes)))
        hashes, *columns = read_columns(store.connection, query.group_by(SUMMED_FILM))
        found = dict(zip(hashes, _make_each(Amounts, zip(*columns, strict=True)), strict=True))
        for film_hash in sums.keys() & found.keys():
            found[film_hash] = sums[film_hash].add(found[film_hash])
        sums |= found
    return sums


def sum_by_name(films: Iterable[WatchedFilm]) -> dict[FilmName, Amounts]:
    """Return the totals for each title and year."""
    names: dict[FilmName, Amounts] = {}
    for amounts, facts in films:
        name = facts.name
        names[name] = names[name].add(amounts) if name in names else amounts
    return names


def order_by_watches(names: dict[FilmName, Amounts], most: int) -> list[FilmName]:
    """Return the top `most` titles with years, the most watched first."""

    def rank(name: FilmName) -> tuple[int, int, str, int]:
        amounts = names[name]
        return -amounts.watches, -amounts.playing_us, name[0], name[1] or 0

    return heapq.nsmallest(most, names, key=rank)


def describe_running_film(store: StoreSnapshot, film_hash: int) -> WatchedFilm:
    """Return a film that is being watched, with no watches counted."""
    return WatchedFilm(Amounts(), make_facts(film_hash, store.running_changes.films[film_hash]))
