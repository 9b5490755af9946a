"""Reads the summaries by film: what was watched how often, by whom, with what runs in it."""

import functools
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Select, func, select

from persistence.database.sql import split_batches
from persistence.database.tables import (
    EVERYBODY,
    FILM_PERIODS,
    FILM_VIEWERS,
    ONLY_COMMUNITY,
    VIEWER_PERIODS,
    WATCHED_FILMS,
)
from persistence.store import StoreSnapshot
from persistence.summaries.amounts import Amounts

BROAD = 20_000
"""A search that finds more watches than this is counted by viewer: most viewers have seen one of its films."""
_SUMS = [func.sum(FILM_VIEWERS.c[name]) for name in Amounts._fields]

FilmName = tuple[str, int | None]
"""Title and year, which tell a film from its remake; an imported one is the same."""


class WatchedFilm(NamedTuple):
    """A row of `watched_films` with what it adds up to."""

    amounts: Amounts
    film_hash: int
    title: str
    year: int | None
    media_type: str
    genres: str
    directors: str
    duration_ms: int | None
    guid: str

    @property
    def name(self) -> FilmName:
        """Title and year."""
        return self.title, self.year


_DESCRIBING = WatchedFilm._fields[1:]
"""Columns of `watched_films` that describe a film."""


@functools.lru_cache(maxsize=4096)
def decode_names(text: str) -> tuple[str, ...]:
    """Return genres or directors from their column, each once."""
    return tuple(dict.fromkeys(msgspec.json.decode(text, type=list[str])))


def match_films(part: str) -> ColumnElement[bool]:
    """Match films whose title contains `part`, in any case."""
    own = WATCHED_FILMS.c.community == ONLY_COMMUNITY
    return own & WATCHED_FILMS.c.title_folded.contains(part.casefold(), autoescape=True) if part else own


def select_film_hashes(part: str) -> Select[tuple[int]]:
    """Select the ids of films whose title contains `part`."""
    return select(WATCHED_FILMS.c.film_hash).where(match_films(part))


class FilmSums(NamedTuple):
    """Films, those with the most watches in no order."""

    everybody: list[WatchedFilm]
    """By the watches of all."""
    visible: list[WatchedFilm]
    """By the watches of those whom others may see: what is shown by title."""


def read_films(store: StoreSnapshot, part: str = "", *, year: int | None = None) -> FilmSums:
    """Return the films whose title contains `part` that were watched; with `year` only what was first played then."""
    sums, films = _read_sums(store, part, year)
    hidden = _read_hidden_sums(store, part, year)
    described = store.running_changes.films
    for (film_hash, viewer_id, played), amounts in store.running_changes.amounts[FILM_VIEWERS].items():
        columns = described[film_hash]
        if (year is None or played == year) and part.casefold() in columns["title_folded"]:
            films.setdefault(film_hash, describe_running_film(store, film_hash))
            sums[film_hash] = sums.get(film_hash, Amounts()).add(amounts)
            if viewer_id in store.hidden:
                hidden[film_hash] = hidden.get(film_hash, Amounts()).add(amounts)
    everybody = [
        films[film_hash]._replace(amounts=amounts) for film_hash, amounts in sums.items() if amounts.watches > 0
    ]
    if not hidden:
        return FilmSums(everybody, everybody)
    seen = (
        film._replace(amounts=film.amounts.add(hidden[film.film_hash], -1)) if film.film_hash in hidden else film
        for film in everybody
    )
    return FilmSums(everybody, [film for film in seen if film.amounts.watches > 0])


def _read_sums(store: StoreSnapshot, part: str, year: int | None) -> tuple[dict[int, Amounts], dict[int, WatchedFilm]]:
    counted = WATCHED_FILMS if year is None else FILM_PERIODS
    columns = [WATCHED_FILMS.c[name] for name in _DESCRIBING]
    query = select(*columns, *(counted.c[name] for name in Amounts._fields)).where(match_films(part))
    if year is not None:
        same = (FILM_PERIODS.c.community == WATCHED_FILMS.c.community) & (
            FILM_PERIODS.c.film_hash == WATCHED_FILMS.c.film_hash
        )
        query = query.join(FILM_PERIODS, same).where(FILM_PERIODS.c.period == str(year))
    sums: dict[int, Amounts] = {}
    films: dict[int, WatchedFilm] = {}
    for row in store.connection.execute(query):
        film_hash = row[0]
        sums[film_hash] = Amounts(*row[len(_DESCRIBING) :])
        films[film_hash] = WatchedFilm(Amounts(), *row[: len(_DESCRIBING)])
    return sums, films


def _read_hidden_sums(store: StoreSnapshot, part: str, year: int | None) -> dict[int, Amounts]:
    """Return what hidden viewers watched, by film: they are few."""
    sums: dict[int, Amounts] = {}
    for some in split_batches(store.hidden):
        query = select(FILM_VIEWERS.c.film_hash, *_SUMS).where(
            FILM_VIEWERS.c.community == ONLY_COMMUNITY, FILM_VIEWERS.c.viewer_id.in_(some)
        )
        if year is not None:
            query = query.where(FILM_VIEWERS.c.year == year)
        if part:
            query = query.where(FILM_VIEWERS.c.film_hash.in_(select_film_hashes(part)))
        for film_hash, *amounts in store.connection.execute(query.group_by(FILM_VIEWERS.c.film_hash)):
            sums[film_hash] = sums.get(film_hash, Amounts()).add(Amounts(*map(int, amounts)))
    return sums


def sum_by_name(films: Iterable[WatchedFilm]) -> dict[FilmName, Amounts]:
    """Return what films of one title and year add up to."""
    names: dict[FilmName, Amounts] = {}
    for film in films:
        names[film.name] = names.get(film.name, Amounts()).add(film.amounts)
    return names


def order_by_watches(names: dict[FilmName, Amounts]) -> list[FilmName]:
    """Return titles with years, the most watched first."""

    def rank(name: FilmName) -> tuple[int, int, str, int]:
        return -names[name].watches, -names[name].playing_us, name[0], name[1] or 0

    return sorted(names, key=rank)


def count_viewers(
    store: StoreSnapshot, films: Iterable[WatchedFilm], wanted: Sequence[FilmName], *, year: int | None = None
) -> dict[FilmName, int]:
    """Return by how many visible viewers each of some of the films was watched."""
    film_hashes: dict[FilmName, set[int]] = {name: set() for name in wanted}
    for film in films:
        if film.name in film_hashes:
            film_hashes[film.name].add(film.film_hash)
    counts = {}
    for name, ids in film_hashes.items():
        changed = _find_changed_viewers(store, ids, year)
        of_film = _match_watched(year) & FILM_VIEWERS.c.film_hash.in_(sorted(ids))
        others = of_film & FILM_VIEWERS.c.viewer_id.not_in([*store.hidden, *sorted(changed)])
        count = store.connection.execute(select(func.count(FILM_VIEWERS.c.viewer_id.distinct())).where(others))
        counts[name] = count.scalar_one() + _count_changed(store, changed, of_film)
    return counts


def count_distinct_viewers(store: StoreSnapshot, part: str, films: Iterable[WatchedFilm]) -> int:
    """Return how many visible viewers watched any of the films whose title contains `part`; `films` are these."""
    watches = {film.film_hash: film.amounts.watches for film in films}
    changed = _find_changed_viewers(store, watches.keys(), None)
    of_films = _match_watched(None) & FILM_VIEWERS.c.film_hash.in_(select_film_hashes(part))
    left_out = [EVERYBODY, *store.hidden, *sorted(changed)]
    if sum(watches.values()) <= BROAD:
        query = select(func.count(FILM_VIEWERS.c.viewer_id.distinct())).where(
            of_films, FILM_VIEWERS.c.viewer_id.not_in(left_out)
        )
    else:
        own = of_films & (FILM_VIEWERS.c.viewer_id == VIEWER_PERIODS.c.viewer_id)
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


def _find_changed_viewers(store: StoreSnapshot, film_hashes: Set[int], year: int | None) -> dict[str, int]:
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
    columns = [WATCHED_FILMS.c[name] for name in _DESCRIBING]
    same = (FILM_VIEWERS.c.community == WATCHED_FILMS.c.community) & (
        FILM_VIEWERS.c.film_hash == WATCHED_FILMS.c.film_hash
    )
    query = (
        select(*columns, *(FILM_VIEWERS.c[name] for name in Amounts._fields))
        .join(FILM_VIEWERS, same)
        .where(
            FILM_VIEWERS.c.community == ONLY_COMMUNITY,
            FILM_VIEWERS.c.viewer_id == viewer_id,
            FILM_VIEWERS.c.year == year,
        )
    )
    films = {
        row[0]: WatchedFilm(Amounts(*row[len(_DESCRIBING) :]), *row[: len(_DESCRIBING)])
        for row in store.connection.execute(query)
    }
    for (film_hash, who, played), amounts in store.running_changes.amounts[FILM_VIEWERS].items():
        if who == viewer_id and played == year:
            film = films.get(film_hash) or describe_running_film(store, film_hash)
            films[film_hash] = film._replace(amounts=film.amounts.add(amounts))
    return [film for film in films.values() if film.amounts.watches > 0]


def describe_running_film(store: StoreSnapshot, film_hash: int) -> WatchedFilm:
    """Return a film that something runs of, without any watches."""
    columns = store.running_changes.films[film_hash]
    return WatchedFilm(Amounts(), film_hash, *[columns[name] for name in _DESCRIBING[1:]])
