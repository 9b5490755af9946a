"""The watched films, page by page."""

import bisect
import operator
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, select

from messages import FilmEntry, FilmList, FilmSort, Item, ListFilms
from persistence.database.rows import decode_item
from persistence.database.sql import read_columns, read_page_key, split_batches
from persistence.database.tables import FILM_VIEWERS, ONLY_COMMUNITY, WATCHED_FILMS, WATCHES
from persistence.queries.answers import answers, bound_limit
from persistence.queries.movie_stats import add_marks, count_films
from persistence.records.film_facts import FilmFacts, FilmName, read_facts
from persistence.store import StoreSnapshot
from persistence.summaries.amounts import Amounts
from persistence.summaries.films import (
    SUMMED_FILM,
    WatchedFilm,
    describe_running_film,
    match_films,
    sum_by_name,
)
from persistence.summaries.viewer_counts import count_viewers
from viewers.slugs import SlugIndex, make_film_slug

FILM_SLUGS: SlugIndex[FilmName] = SlugIndex(lambda key, name: make_film_slug(key, *name))


@answers(ListFilms)
def list_films(asked: ListFilms, store: StoreSnapshot) -> FilmList:
    """Return a page of the films that visible viewers watched, including running watches."""
    store.require_summaries()
    key = read_page_key(store.connection)
    films = _VisibleFilms(store, asked.part)
    last = FILM_SLUGS.find(key, asked.after, lambda: films.names) if asked.after else None
    limit = bound_limit(asked.limit)
    found = films.find_page(asked.sort, last, limit + 1) if last is not None or not asked.after else []
    page = found[:limit]
    shown = films.describe(page)
    counts = add_marks(store, count_films(store, shown, page, sum_by_name(shown)))
    items = read_items(store, shown, page)
    entries = tuple(
        FilmEntry(make_film_slug(key, count.title, count.year), count, items.get((count.title, count.year)))
        for count in counts
    )
    return FilmList(entries, len(films.names), entries[-1].slug if page and len(found) > limit else "")


class _VisibleFilms:
    """The films that visible viewers watched and whose title contains a text, by title and year.

    There may be thousands: no object is created for each, and only those near the page are sorted by the full key.
    """

    def __init__(self, store: StoreSnapshot, part: str) -> None:
        self._store = store
        columns = [WATCHED_FILMS.c[name] for name in ("film_hash", "watches", "playing_us", "viewers")]
        hashes, counts, all_us, viewers = read_columns(store.connection, select(*columns).where(match_films(part)))
        watches, times_us = dict(zip(hashes, counts, strict=True)), dict(zip(hashes, all_us, strict=True))
        hidden = select(FILM_VIEWERS.c.film_hash, FILM_VIEWERS.c.watches, FILM_VIEWERS.c.playing_us)
        for query in self._match_hidden(hidden):
            for film_hash, less, less_us in zip(*read_columns(store.connection, query), strict=True):
                if film_hash in watches:
                    watches[film_hash] -= less
                    times_us[film_hash] -= less_us
        self._watches, self._times_us = watches, times_us
        self._viewers = dict(zip(hashes, viewers, strict=True))
        """Number of viewers of each film, including hidden ones."""
        described = self._add_running(part.casefold())
        kept = read_facts(store.connection, hashes)
        facts: Mapping[int, FilmFacts] = {**kept, **described} if described else kept
        self._facts = facts
        first: dict[FilmName, int] = {}
        self._first = first
        """The first film of each title and year."""
        self._further: dict[FilmName, list[int]] = {}
        """The other films of a title and year that has several."""
        names: dict[FilmName, int] = {}
        self.names = names
        """Number of watches of each title and year."""
        for film_hash, count in watches.items():
            if count > 0:
                name = facts[film_hash].name
                if name in names:
                    names[name] += count
                    self._further.setdefault(name, []).append(film_hash)
                else:
                    names[name] = count
                    first[name] = film_hash

    def find_page(self, sort: FilmSort, last: FilmName | None, limit: int) -> list[FilmName]:
        """Return the next `limit` titles with years after `last`, in this order; the first ones if it is None."""
        if last is not None and last not in self.names:
            return []
        if sort == "title":
            return _cut_page(sorted(self.names, key=_make_title_key), last, limit)
        figures = self._count_viewers() if sort == "viewers" else self.names
        ordered = sorted(figures.values(), reverse=True)
        before = 0 if last is None else bisect.bisect_right(ordered, -figures[last], key=operator.neg)
        least = ordered[min(len(ordered), before + limit) - 1] if ordered else 0
        near = [name for name, each in figures.items() if each >= least and (last is None or each <= figures[last])]
        near.sort(key=lambda name: (-figures[name], -self._sum_us(name), *_make_title_key(name)))
        return _cut_page(near, last, limit)

    def describe(self, names: Iterable[FilmName]) -> list[WatchedFilm]:
        """Return the films of these titles, with the visible viewers' watches and playing time."""
        return [
            WatchedFilm(Amounts(self._watches[film_hash], playing_us=self._times_us[film_hash]), self._facts[film_hash])
            for name in names
            for film_hash in self._list_films(name)
        ]

    def _match_hidden(self, query: Select[Any]) -> Iterator[Select[Any]]:
        """Yield the query of `film_viewers`, limited to hidden viewers, for one batch of them at a time."""
        for some in split_batches(self._store.hidden):
            yield query.where(FILM_VIEWERS.c.community == ONLY_COMMUNITY, FILM_VIEWERS.c.viewer_id.in_(some))

    def _list_films(self, name: FilmName) -> list[int]:
        return [self._first[name], *self._further.get(name, ())]

    def _sum_us(self, name: FilmName) -> int:
        return sum(self._times_us[film_hash] for film_hash in self._list_films(name))

    def _add_running(self, folded: str) -> dict[int, FilmFacts]:
        """Add the running watches of visible viewers; return the facts of their films."""
        described = self._store.running_changes.films
        facts = {}
        for (film_hash, viewer_id, _played), more in self._store.running_changes.amounts[FILM_VIEWERS].items():
            if viewer_id not in self._store.hidden and folded in described[film_hash]["title_folded"]:
                self._watches[film_hash] = self._watches.get(film_hash, 0) + more.watches
                self._times_us[film_hash] = self._times_us.get(film_hash, 0) + more.playing_us
                facts[film_hash] = describe_running_film(self._store, film_hash).facts
        return facts

    def _count_viewers(self) -> dict[FilmName, int]:
        """Return the number of visible viewers of each title."""
        pairs = select(SUMMED_FILM, FILM_VIEWERS.c.viewer_id).where(FILM_VIEWERS.c.watches > 0).distinct()
        counts = Counter(self._viewers)
        for query in self._match_hidden(pairs):
            (hashes,) = read_columns(self._store.connection, select(query.subquery().c.film))
            counts.subtract(hashes)
        running = {film_hash for film_hash, _, _ in self._store.running_changes.amounts[FILM_VIEWERS]}
        # Count a viewer once who watched several films of one title, or who is watching one now.
        others = [*self._further, *(name for name, film_hash in self._first.items() if film_hash in running)]
        found = {name: counts[film_hash] for name, film_hash in self._first.items()}
        return found | count_viewers(self._store, self.describe(others), others)


def _cut_page(names: Sequence[FilmName], last: FilmName | None, limit: int) -> list[FilmName]:
    start = names.index(last) + 1 if last is not None else 0
    return list(names[start : start + limit])


def _make_title_key(name: FilmName) -> tuple[str, int]:
    return name[0].casefold(), name[1] or 0


def read_items(
    store: StoreSnapshot, films: Iterable[WatchedFilm], names: Iterable[FilmName], viewer_id: str = ""
) -> dict[FilmName, Item]:
    """Return for each film the item that this viewer, or any visible one, watched, for its poster; in one statement."""
    by_them = WATCHES.c.viewer_id == viewer_id if viewer_id else WATCHES.c.viewer_id.not_in(store.hidden)
    hashes: dict[FilmName, list[int]] = {name: [] for name in names}
    for _, facts in films:
        if facts.name in hashes:
            hashes[facts.name].append(facts.film_hash)
    wanted = {film_hash: name for name, same in hashes.items() for film_hash in reversed(same)}
    own = WATCHES.c.film_hash == WATCHED_FILMS.c.film_hash
    item = select(WATCHES.c.item).where(own, by_them).limit(1).scalar_subquery()
    items = {}
    for some in split_batches(wanted):
        query = select(WATCHED_FILMS.c.film_hash, item).where(
            WATCHED_FILMS.c.community == ONLY_COMMUNITY, WATCHED_FILMS.c.film_hash.in_(some)
        )
        for film_hash, found in store.connection.execute(query).all():
            if found is not None:
                items[wanted[film_hash]] = decode_item(found)
    return items
