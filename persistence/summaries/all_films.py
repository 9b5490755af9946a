"""Reads the totals over all films, and the most watched films, without reading each, if they are too many for that."""

from collections import Counter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, select

from persistence.database.sql import split_batches
from persistence.database.tables import ONLY_COMMUNITY, WATCHED_FILMS
from persistence.records.film_facts import MOST_KEPT, FilmName
from persistence.store import StoreSnapshot
from persistence.summaries.amounts import Amounts
from persistence.summaries.films import (
    WatchedFilm,
    order_by_watches,
    read_films,
    sum_by_name,
)

CANDIDATES = 60
"""Number of titles with the most watches of all viewers among which those of visible viewers are ranked."""
_OWN = WATCHED_FILMS.c.community == ONLY_COMMUNITY
_NAME = (WATCHED_FILMS.c.title, WATCHED_FILMS.c.year)
_WATCHES = func.sum(WATCHED_FILMS.c.watches)


class AllFilms(NamedTuple):
    """Totals over all films, including running watches."""

    total: Amounts
    titles: int
    """Number of watched titles, by title and year."""
    by_genres: dict[str, int]
    """Watches by the genres of the film, in their stored form."""
    by_year: dict[int | None, int]
    """Watches by the year of the film."""


class MostWatched(NamedTuple):
    """The titles, by title and year, that visible viewers watched most."""

    names: list[FilmName]
    films: list[WatchedFilm]
    """The films of these titles, and perhaps others."""
    sums: dict[FilmName, Amounts]
    """The totals of these titles, and perhaps others."""


def has_many_films(store: StoreSnapshot) -> bool:
    """Tell whether there are so many films that SQL adds them up faster than `read_films` reads them."""
    count = store.connection.execute(select(func.count()).select_from(WATCHED_FILMS).where(_OWN)).scalar_one()
    return int(count) > MOST_KEPT


def sum_all_films(store: StoreSnapshot) -> AllFilms:
    """Return the totals over all viewers' watches."""
    columns = [func.coalesce(func.sum(WATCHED_FILMS.c[name]), 0) for name in Amounts._fields]
    total = Amounts(*map(int, store.connection.execute(select(*columns).where(_OWN)).one()))
    by_genres = _count_by(store, WATCHED_FILMS.c.genres)
    by_year = _count_by(store, WATCHED_FILMS.c.year)
    described = store.running_changes.films
    for (film_hash,), amounts in store.running_changes.amounts[WATCHED_FILMS].items():
        total = total.add(amounts)
        by_genres[described[film_hash]["genres"]] += amounts.watches
        by_year[described[film_hash]["year"]] += amounts.watches
    return AllFilms(total, _count_titles(store), by_genres, by_year)


def _count_by(store: StoreSnapshot, column: ColumnElement[Any]) -> Counter[Any]:
    """Return the number of stored watches for each value of a column."""
    query = select(column, _WATCHES).where(_OWN, WATCHED_FILMS.c.watches > 0).group_by(column)
    return Counter({value: int(watches) for value, watches in store.connection.execute(query).all()})


def _count_titles(store: StoreSnapshot) -> int:
    """Return the number of watched titles, by title and year; those being watched now are checked one by one."""
    watched = select(*_NAME).where(_OWN, WATCHED_FILMS.c.watches > 0).group_by(*_NAME)
    count = store.connection.execute(select(func.count()).select_from(watched.subquery())).scalar_one()
    running = _find_running_titles(store)
    before = sum(
        len(store.connection.execute(watched.where(WATCHED_FILMS.c.title.in_(some))).all())
        for some in split_batches(running)
    )
    return int(count) - before + len({film.name for film in read_films(store, titles=running).everybody})


def find_most_watched(store: StoreSnapshot, most: int, candidates: int = CANDIDATES) -> MostWatched | None:
    """Return the top `most` titles; None if another title could belong there because hidden viewers saw so much."""
    ordered = select(*_NAME, _WATCHES).where(_OWN).group_by(*_NAME).order_by(_WATCHES.desc()).limit(candidates + 1)
    rows = store.connection.execute(ordered).all()
    titles = {title for title, _, _ in rows[:candidates]} | _find_running_titles(store)
    films = read_films(store, titles=titles).visible
    sums = sum_by_name(films)
    names = order_by_watches(sums, most)
    if len(rows) > candidates and (len(names) < most or sums[names[-1]].watches <= rows[-1][2]):
        return None
    return MostWatched(names, films, sums)


def _find_running_titles(store: StoreSnapshot) -> set[str]:
    return {str(film["title"]) for film in store.running_changes.films.values()}
