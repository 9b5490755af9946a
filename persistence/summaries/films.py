"""Reads the summaries by film: what was watched how often, by whom, with what runs in it."""

import functools
import heapq
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Select, cast, func, select

from persistence.database.sql import split_batches
from persistence.database.tables import (
    EVERYBODY,
    FILM_PERIODS,
    FILM_VIEWERS,
    ONLY_COMMUNITY,
    VIEWER_PERIODS,
    WATCHED_FILMS,
)
from persistence.records.film_facts import FilmFacts, FilmName, make_facts, read_facts
from persistence.store import StoreSnapshot
from persistence.summaries.amounts import Amounts

BROAD = 20_000
"""A search that finds more watches than this is counted by viewer: most viewers have seen one of its films."""
CANDIDATES = 60
"""So many titles more than are wanted, with the most watches of all, are looked at for the most of visible viewers."""
FEW_FILMS = 500
"""So many films at most are looked up one by one."""
_make: Any = tuple.__new__
"""Makes a tuple with names of a tuple, in a third of the time that its own class takes: there are thousands."""
_FILM = (FILM_VIEWERS.c.film_hash + 0).label("film")
"""What is grouped by where some viewers are asked of: by the column alone SQLite would go through all films."""
_SUMS = [cast(func.sum(FILM_VIEWERS.c[name]), BigInteger) for name in Amounts._fields]  # PostgreSQL's is no integer


class WatchedFilm(NamedTuple):
    """A film with what its watches add up to: all of them, those of a year, those of some viewers."""

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
    """Return genres or directors from their column, each once."""
    return tuple(dict.fromkeys(msgspec.json.decode(text, type=list[str])))


def match_films(part: str) -> ColumnElement[bool]:
    """Match films whose title contains `part`, in any case."""
    own = WATCHED_FILMS.c.community == ONLY_COMMUNITY
    return own & WATCHED_FILMS.c.title_folded.contains(part.casefold(), autoescape=True) if part else own


def select_film_hashes(part: str) -> Select[int]:
    """Select the ids of films whose title contains `part`."""
    return select(WATCHED_FILMS.c.film_hash).where(match_films(part))


def match_hashes(column: ColumnElement[int], part: str, film_hashes: Collection[int]) -> ColumnElement[bool]:
    """Match rows of the films whose title contains `part`; `film_hashes`: which these are.

    A few are looked up. Of many, SQLite would look up each, thousands for a common word, rather than go through the
    rows that the other conditions leave: so they are not matched by the column alone.
    """
    if len(film_hashes) <= FEW_FILMS:
        return column.in_(sorted(film_hashes))
    return (column + 0).in_(select_film_hashes(part))


class RankedFilms(NamedTuple):
    """The films with the most watches of visible viewers, by title and year."""

    names: list[FilmName]
    """In their order."""
    sums: dict[FilmName, Amounts]
    """What visible viewers watched of these, and perhaps of others."""
    films: list[WatchedFilm]
    """The films of these names."""


class FilmSums:
    """Films in no order, by the watches of all and by those of the viewers whom others may see.

    There may be thousands: what is asked of all of them makes no object for each.
    """

    def __init__(self, films: Mapping[int, WatchedFilm], hidden: Mapping[int, Amounts]) -> None:
        """`films`: what all watched, by film hash; `hidden`: what of it those did whom others may not see."""
        self._films = films
        self._hidden = hidden

    @property
    def film_hashes(self) -> Collection[int]:
        """Ids of all that match, also of those that nobody watched but briefly."""
        return self._films.keys()

    @cached_property
    def everybody(self) -> list[WatchedFilm]:
        """Those that anybody watched, by the watches of all."""
        return [film for film in self._films.values() if film[0][0] > 0]

    @cached_property
    def visible(self) -> list[WatchedFilm]:
        """Those that visible viewers watched, by these watches: what is shown by title."""
        return self.find_visible(self._films.values())

    def find_visible(self, films: Iterable[WatchedFilm]) -> list[WatchedFilm]:
        """Return those of some of the films that visible viewers watched, by these watches."""
        if not self._hidden:
            return [film for film in films if film[0][0] > 0]
        found = []
        for film in films:
            less = self._hidden.get(film[1].film_hash)
            if less is not None:
                film = WatchedFilm(film.amounts.add(less, -1), film.facts)
            if film[0][0] > 0:
                found.append(film)
        return found

    def find_named(self, names: Collection[FilmName]) -> list[WatchedFilm]:
        """Return the films of some titles with years that visible viewers watched, by these watches."""
        wanted = set(names)
        return self.find_visible(film for film in self._films.values() if film[1].name in wanted)

    def iterate_visible(self) -> Iterator[tuple[int, int, int, FilmFacts]]:
        """Yield those that visible viewers watched: their watches, how many to the end, microseconds, and the film."""
        hidden = self._hidden
        for (watches, _, completed, playing_us, _), facts in self._films.values():
            less = hidden.get(facts.film_hash)
            if less is not None:
                watches, completed, playing_us = watches - less[0], completed - less[2], playing_us - less[3]
            if watches > 0:
                yield watches, completed, playing_us, facts

    def rank_visible(self, most: int) -> RankedFilms:
        """Return so many titles with years, those that visible viewers watched most first."""
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
        if not is_sure:  # one that was not looked at may be among them, for hidden viewers saw much
            films, sums = self.visible, sum_by_name(self.visible)
            names = order_by_watches(sums, most)
        wanted = set(names)
        return RankedFilms(names, sums, [film for film in films if film[1].name in wanted])


def read_films(
    store: StoreSnapshot, part: str = "", *, year: int | None = None, titles: Collection[str] | None = None
) -> FilmSums:
    """Return the films whose title contains `part` that were watched.

    With `year` only what was first played then; with `titles` only films of these.
    """
    films = _read_stored(store, part, year, titles)
    hidden = read_hidden_sums(store, part, year, films, is_some=titles is not None)
    described = store.running_changes.films
    for (film_hash, viewer_id, played), amounts in store.running_changes.amounts[FILM_VIEWERS].items():
        if titles is not None and described[film_hash]["title"] not in titles:
            continue
        if (year is None or played == year) and part.casefold() in described[film_hash]["title_folded"]:
            film = films.get(film_hash) or describe_running_film(store, film_hash)
            films[film_hash] = WatchedFilm(film.amounts.add(amounts), film.facts)
            if viewer_id in store.hidden:
                hidden[film_hash] = hidden.get(film_hash, Amounts()).add(amounts)
    return FilmSums(films, hidden)


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
    if titles is None:
        rows = store.connection.execute(query).all()
    else:
        same = WATCHED_FILMS.c.community == ONLY_COMMUNITY
        named = [
            select(WATCHED_FILMS.c.film_hash).where(same, WATCHED_FILMS.c.title.in_(some))
            for some in split_batches(sorted(titles))
        ]
        rows = [
            row for some in named for row in store.connection.execute(query.where(counted.c.film_hash.in_(some))).all()
        ]
    facts = read_facts(store.connection, [row[0] for row in rows])
    return {row[0]: _make(WatchedFilm, (_make(Amounts, row[1:]), facts[row[0]])) for row in rows}


def read_hidden_sums(
    store: StoreSnapshot, part: str, year: int | None, film_hashes: Collection[int], *, is_some: bool = False
) -> dict[int, Amounts]:
    """Return what hidden viewers watched, by film: they are few. `film_hashes`: those whose title contains `part`.

    `is_some`: these are some of them, and others need not be returned.
    """
    sums: dict[int, Amounts] = {}
    for some in split_batches(store.hidden):
        query = select(_FILM, *_SUMS).where(
            FILM_VIEWERS.c.community == ONLY_COMMUNITY, FILM_VIEWERS.c.viewer_id.in_(some)
        )
        if year is not None:
            query = query.where(FILM_VIEWERS.c.year == year)
        if part or (is_some and len(film_hashes) <= FEW_FILMS):
            query = query.where(match_hashes(FILM_VIEWERS.c.film_hash, part, film_hashes))
        for row in store.connection.execute(query.group_by(_FILM)).all():
            amounts: Amounts = _make(Amounts, row[1:])
            sums[row[0]] = sums[row[0]].add(amounts) if row[0] in sums else amounts
    return sums


def sum_by_name(films: Iterable[WatchedFilm]) -> dict[FilmName, Amounts]:
    """Return what films of one title and year add up to."""
    names: dict[FilmName, Amounts] = {}
    for amounts, facts in films:
        name = facts.name
        names[name] = names[name].add(amounts) if name in names else amounts
    return names


def order_by_watches(names: dict[FilmName, Amounts], most: int) -> list[FilmName]:
    """Return so many titles with years, the most watched first."""

    def rank(name: FilmName) -> tuple[int, int, str, int]:
        amounts = names[name]
        return -amounts.watches, -amounts.playing_us, name[0], name[1] or 0

    return heapq.nsmallest(most, names, key=rank)


def count_viewers(
    store: StoreSnapshot, films: Iterable[WatchedFilm], wanted: Iterable[FilmName], *, year: int | None = None
) -> dict[FilmName, int]:
    """Return by how many visible viewers each of some of the films was watched."""
    film_hashes: dict[FilmName, list[int]] = {name: [] for name in wanted}
    for _, facts in films:
        if facts.name in film_hashes:
            film_hashes[facts.name].append(facts.film_hash)
    names = {film_hash: name for name, same in film_hashes.items() for film_hash in same}
    counts = dict.fromkeys(film_hashes, 0)
    viewers = func.count(FILM_VIEWERS.c.viewer_id.distinct())
    visible = _match_watched(year) & FILM_VIEWERS.c.viewer_id.not_in(store.hidden)
    single = [same[0] for same in film_hashes.values() if len(same) == 1]
    by_film = select(FILM_VIEWERS.c.film_hash, viewers).where(visible, FILM_VIEWERS.c.film_hash.in_(single))
    for film_hash, count in store.connection.execute(by_film.group_by(FILM_VIEWERS.c.film_hash)):
        counts[names[film_hash]] = count
    for name, same in film_hashes.items():
        if len(same) > 1:
            together = select(viewers).where(visible, FILM_VIEWERS.c.film_hash.in_(same))
            counts[name] = store.connection.execute(together).scalar_one()
    for (name, _), (stored, more) in _read_changed_pairs(store, names, year).items():
        counts[name] += (stored + more > 0) - (stored > 0)
    return counts


def _read_changed_pairs(
    store: StoreSnapshot, names: Mapping[int, FilmName], year: int | None
) -> dict[tuple[FilmName, str], tuple[int, int]]:
    """Return the films and visible viewers that what runs concerns: watches that are stored, and how many it adds."""
    pairs: dict[tuple[FilmName, str], tuple[int, int]] = {}
    for (film_hash, viewer_id, played), amounts in store.running_changes.amounts[FILM_VIEWERS].items():
        if film_hash in names and viewer_id not in store.hidden and year in (None, played):
            _, more = pairs.get((names[film_hash], viewer_id), (0, 0))
            pairs[names[film_hash], viewer_id] = 0, more + amounts.watches
    columns = (FILM_VIEWERS.c.film_hash, FILM_VIEWERS.c.viewer_id, FILM_VIEWERS.c.watches)
    for some in split_batches({viewer_id for _, viewer_id in pairs}):
        query = select(*columns).where(
            _match_watched(year), FILM_VIEWERS.c.film_hash.in_(list(names)), FILM_VIEWERS.c.viewer_id.in_(some)
        )
        for film_hash, viewer_id, watches in store.connection.execute(query):
            key = (names[film_hash], viewer_id)
            if key in pairs:
                pairs[key] = pairs[key][0] + watches, pairs[key][1]
    return pairs


def count_distinct_viewers(store: StoreSnapshot, part: str, film_hashes: Collection[int], watches: int) -> int:
    """Return how many visible viewers watched any of the films whose title contains `part`.

    `film_hashes`: which these are; `watches`: how many watches of visible viewers there are of them.
    """
    changed = _find_changed_viewers(store, film_hashes, None)
    of_films = _match_watched(None) & match_hashes(FILM_VIEWERS.c.film_hash, part, film_hashes)
    left_out = [EVERYBODY, *store.hidden, *sorted(changed)]
    if watches <= BROAD:
        query = select(func.count(FILM_VIEWERS.c.viewer_id.distinct())).where(
            of_films, FILM_VIEWERS.c.viewer_id.not_in(left_out)
        )
    else:
        # Not to be looked up film by film: one of the viewer's first few films is among so many.
        one_of_them = (FILM_VIEWERS.c.film_hash + 0).in_(select_film_hashes(part))
        own = _match_watched(None) & one_of_them & (FILM_VIEWERS.c.viewer_id == VIEWER_PERIODS.c.viewer_id)
        any_of_them = select(FILM_VIEWERS.c.watches).where(own).limit(1).scalar_subquery()
        query = select(func.count()).where(
            VIEWER_PERIODS.c.community == ONLY_COMMUNITY,
            VIEWER_PERIODS.c.kind == "all",
            VIEWER_PERIODS.c.viewer_id.not_in(left_out),
            any_of_them.is_not(None),
        )
    return int(store.connection.execute(query).scalar_one()) + _count_changed(store, changed, of_films)


def _match_watched(year: int | None) -> ColumnElement[bool]:
    watched = (FILM_VIEWERS.c.community == ONLY_COMMUNITY) & (FILM_VIEWERS.c.watches > 0)
    return watched if year is None else watched & (FILM_VIEWERS.c.year == year)


def _find_changed_viewers(store: StoreSnapshot, film_hashes: Collection[int], year: int | None) -> dict[str, int]:
    """Return the visible viewers of some films whom what runs concerns, with how many watches that adds."""
    changed: dict[str, int] = {}
    for (film_hash, viewer_id, played), amounts in store.running_changes.amounts[FILM_VIEWERS].items():
        if film_hash in film_hashes and viewer_id not in store.hidden and year in (None, played):
            changed[viewer_id] = changed.get(viewer_id, 0) + amounts.watches
    return changed


def _count_changed(store: StoreSnapshot, changed: Mapping[str, int], of_films: ColumnElement[bool]) -> int:
    """Return how many of these viewers watched one of the films, with what runs."""
    watches = dict(changed)
    for some in split_batches(changed):
        query = select(FILM_VIEWERS.c.viewer_id, func.sum(FILM_VIEWERS.c.watches)).where(
            of_films, FILM_VIEWERS.c.viewer_id.in_(some)
        )
        for viewer_id, count in store.connection.execute(query.group_by(FILM_VIEWERS.c.viewer_id)):
            watches[viewer_id] += int(count)
    return sum(count > 0 for count in watches.values())


def read_viewer_films(store: StoreSnapshot, viewer_id: str, year: int) -> list[WatchedFilm]:
    """Return the films of which a viewer's watches were first played in a year, by these."""
    query = select(FILM_VIEWERS.c.film_hash, *(FILM_VIEWERS.c[name] for name in Amounts._fields)).where(
        FILM_VIEWERS.c.community == ONLY_COMMUNITY,
        FILM_VIEWERS.c.viewer_id == viewer_id,
        FILM_VIEWERS.c.year == year,
    )
    rows = store.connection.execute(query).all()
    facts = read_facts(store.connection, [row[0] for row in rows])
    films: dict[int, WatchedFilm] = {
        row[0]: _make(WatchedFilm, (_make(Amounts, row[1:]), facts[row[0]])) for row in rows
    }
    for (film_hash, who, played), amounts in store.running_changes.amounts[FILM_VIEWERS].items():
        if who == viewer_id and played == year:
            film = films.get(film_hash) or describe_running_film(store, film_hash)
            films[film_hash] = WatchedFilm(film.amounts.add(amounts), film.facts)
    return [film for film in films.values() if film.amounts.watches > 0]


def describe_running_film(store: StoreSnapshot, film_hash: int) -> WatchedFilm:
    """Return a film that something runs of, without any watches."""
    return WatchedFilm(Amounts(), make_facts(film_hash, store.running_changes.films[film_hash]))
