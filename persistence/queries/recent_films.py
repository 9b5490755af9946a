"""Watches since a time, by film: read from the records, which are few for a week."""

from collections.abc import Collection, Mapping
from functools import cached_property

from sqlalchemy import ColumnElement, func, select

from persistence.database.rows import Row
from persistence.database.tables import WATCHES
from persistence.records.film_facts import FilmName, read_facts
from persistence.store import StoreSnapshot
from persistence.summaries.amounts import Amounts
from persistence.summaries.films import (
    FilmSums,
    RankedFilms,
    WatchedFilm,
    describe_running_film,
    select_film_hashes,
)

# Grouped by the film's column, SQLite would scan all watches in the order of their films.
_FILM = (WATCHES.c.film_hash + 0).label("film")


class RecentWatches:
    """The watches that ended since a time, of films whose title contains a text, and the running ones."""

    def __init__(self, store: StoreSnapshot, part: str, since_s: float) -> None:
        self._store = store
        self._conditions: list[ColumnElement[bool]] = [
            WATCHES.c.ended_at_s >= since_s,
            WATCHES.c.brief.is_(False),
            WATCHES.c.watch_id.not_in(store.running.instead_of),
        ]
        if part:
            self._conditions.append(WATCHES.c.film_hash.in_(select_film_hashes(part)))
        self._running: list[Row] = [
            row for row in store.running_rows if not row["brief"] and part.casefold() in row["title_folded"]
        ]

    @cached_property
    def films(self) -> FilmSums:
        """The films, with the totals of all viewers and of visible viewers."""
        everybody = self._sum_films(())
        hidden = self._sum_films([WATCHES.c.viewer_id.in_(self._store.hidden)]) if self._store.hidden else {}
        unseen = set(self._store.hidden)
        for row in self._running:
            film_hash, more = row["film_hash"], _read_amounts(row)
            everybody[film_hash] = everybody.get(film_hash, Amounts()).add(more)
            if row["viewer_id"] in unseen:
                hidden[film_hash] = hidden.get(film_hash, Amounts()).add(more)
        now = {row["film_hash"]: describe_running_film(self._store, row["film_hash"]) for row in self._running}
        facts = read_facts(self._store.connection, everybody.keys() - now.keys())
        films = {
            film_hash: WatchedFilm(amounts, now[film_hash].facts if film_hash in now else facts[film_hash])
            for film_hash, amounts in everybody.items()
        }
        return FilmSums(films, lambda _film_hashes: hidden)

    def count_viewers(self, *, visible: bool) -> int:
        """Return how many viewers watched any of them: all viewers, or visible ones."""
        left_out = set(self._store.hidden) if visible else set[str]()
        running = {row["viewer_id"] for row in self._running} - left_out
        others = WATCHES.c.viewer_id.not_in([*sorted(left_out), *sorted(running)])
        count = select(func.count(WATCHES.c.viewer_id.distinct())).where(*self._conditions, others)
        return len(running) + int(self._store.connection.execute(count).scalar_one())

    def count_viewers_of(self, ranked: RankedFilms) -> Mapping[FilmName, int]:
        """Return the number of visible viewers of each of these films."""
        names, hashes = ranked.names, {film.film_hash: film.name for film in ranked.films}
        query = select(_FILM, WATCHES.c.viewer_id).where(*self._conditions, _FILM.in_(sorted(hashes))).distinct()
        seen_by: dict[FilmName, set[str]] = {name: set() for name in names}
        pairs = [tuple(pair) for pair in self._store.connection.execute(query).all()]
        pairs += [(row["film_hash"], row["viewer_id"]) for row in self._running if row["film_hash"] in hashes]
        for film_hash, viewer_id in pairs:
            seen_by[hashes[film_hash]].add(viewer_id)
        unseen = set(self._store.hidden)
        return {name: len(viewers - unseen) for name, viewers in seen_by.items()}

    def _sum_films(self, further: Collection[ColumnElement[bool]]) -> dict[int, Amounts]:
        done = func.count().filter(WATCHES.c.completed.is_(True))
        query = select(_FILM, func.count(), done, func.sum(WATCHES.c.playing_s)).where(*self._conditions, *further)
        return {
            film_hash: Amounts(watches, 0, completed, round(playing_s * 1e6))
            for film_hash, watches, completed, playing_s in self._store.connection.execute(query.group_by(_FILM)).all()
        }


def _read_amounts(row: Row) -> Amounts:
    return Amounts(1, 0, int(row["completed"]), round(row["playing_s"] * 1e6))
