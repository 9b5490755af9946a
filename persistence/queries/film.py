"""How a film was watched."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import select

from awards.attention import join_watches, measure_attention
from messages import (
    FilmRecord,
    FilmViewer,
    GetFilm,
    Item,
    NamedViewer,
    spans,
)
from messages.watches import Spans
from persistence.database.rows import decode_item, decode_spans
from persistence.database.sql import read_page_key
from persistence.database.tables import ONLY_COMMUNITY, VIEWER_STATS, WATCHED_FILMS, WATCHES
from persistence.queries.answers import answers
from persistence.queries.film_list import FILM_SLUGS
from persistence.queries.movie_stats import add_marks, count_films
from persistence.queries.night import read_nights
from persistence.records.film_facts import FilmName
from persistence.store import StoreSnapshot
from persistence.summaries.films import WatchedFilm, read_films, sum_by_name
from viewers.redact import hides_figures, may_see
from wording.titles import record_title

MOST_VIEWERS, MOST_NIGHTS, MOST_NOT_SEEN = 100, 20, 40


class _SeenWatch(NamedTuple):
    """The columns of a watch that a film's page needs: there may be thousands of watches. They sort by their end."""

    ended_at_s: float
    watch_id: str
    screening_id: str
    viewer_id: str
    username: str
    party: bool
    length_ms: int | None
    """The film's length in this watch."""
    spans: Spans


_COLUMNS = ("ended_at_s", "watch_id", "screening_id", "viewer_id", "username", "party", "movie_duration_ms", "spans")
"""Columns of `watches`, in the order of `_SeenWatch`."""


@answers(GetFilm)
def read_film(asked: GetFilm, store: StoreSnapshot) -> FilmRecord:
    """Return how visible viewers watched a film."""
    store.require_summaries()
    store = store.show_to(asked.asker)
    name = FILM_SLUGS.find(read_page_key(store.connection), asked.slug, lambda: _iterate_names(store))
    same = [] if name is None else read_films(store, titles=[name[0]]).find_named([name])
    if name is None or not same:
        return FilmRecord(None)
    (counts,) = add_marks(store, count_films(store, same, [name], sum_by_name(same)))
    watches = _read_watches(store, same)
    by_viewer: dict[str, list[_SeenWatch]] = {}
    for watch in watches:
        by_viewer.setdefault(watch.viewer_id, []).append(watch)
    length_ms = next((watch.length_ms for watch in reversed(watches) if watch.length_ms), None)
    attention = measure_attention(([watch.spans for watch in theirs] for theirs in by_viewer.values()), length_ms or 0)
    names = store.directory.member_names()
    viewers = [_describe_viewer(theirs, length_ms, names) for theirs in by_viewer.values()]
    viewers.sort(key=lambda each: (-(each.percent or 0.0), each.username.casefold(), each.viewer_id))
    parties = dict.fromkeys(watch.screening_id for watch in reversed(watches) if watch.party)
    nights = read_nights(store, list(parties)[:MOST_NIGHTS])
    return FilmRecord(
        counts,
        _read_item(store, watches[-1]) if watches else None,
        attention.viewers,
        attention.again,
        attention.stops,
        tuple(viewers[:MOST_VIEWERS]),
        tuple(reversed(nights)),
        *_list_not_seen(store, {*by_viewer, *_list_watching(store, name)}),
    )


def _iterate_names(store: StoreSnapshot) -> Iterator[FilmName]:
    """Yield every title with its year that was ever watched, or is being watched."""
    stored = select(WATCHED_FILMS.c.title, WATCHED_FILMS.c.year).where(WATCHED_FILMS.c.community == ONLY_COMMUNITY)
    yield from store.connection.execute(stored)
    yield from ((film["title"], film["year"]) for film in store.running_changes.films.values())


def _list_watching(store: StoreSnapshot, name: FilmName) -> set[str]:
    """Return the viewers who are watching a film."""
    return {each.viewer_id for each in store.running.records if (record_title(each.item), each.item.year) == name}


def _list_not_seen(store: StoreSnapshot, seen: set[str]) -> tuple[tuple[NamedViewer, ...], int]:
    """Return visible viewers who have not seen a film, and their total number; `seen`: viewers who have."""
    directory, names = store.directory, store.directory.member_names()
    columns = VIEWER_STATS.c.viewer_id, VIEWER_STATS.c.username, VIEWER_STATS.c.last_watch_date
    found = []
    for viewer_id, username, last_date in store.connection.execute(select(*columns)).all():
        if viewer_id not in seen and may_see(directory, viewer_id, store.asker):
            day = "" if hides_figures(directory, viewer_id, "") else last_date or ""
            found.append((day, NamedViewer(viewer_id, names.get(viewer_id, username))))
    found.sort(key=lambda pair: (pair[1].username.casefold(), pair[1].viewer_id))
    found.sort(key=lambda pair: pair[0], reverse=True)
    return tuple(viewer for _day, viewer in found[:MOST_NOT_SEEN]), len(found)


def _read_watches(store: StoreSnapshot, films: Iterable[WatchedFilm]) -> list[_SeenWatch]:
    """Return the visible viewers' watches of a film, including running ones, the first to end first."""
    film_hashes = {film.film_hash for film in films}
    query = select(*(WATCHES.c[name] for name in _COLUMNS)).where(
        WATCHES.c.film_hash.in_(sorted(film_hashes)),
        WATCHES.c.viewer_id.not_in(store.hidden),
        WATCHES.c.brief.is_(False),
        WATCHES.c.watch_id.not_in(store.running.instead_of),
    )
    rows: list[Sequence[Any]] = [*store.connection.execute(query).all()]
    hidden = set(store.hidden)
    rows += (
        [row[name] for name in _COLUMNS]
        for row in store.running_rows
        if row["film_hash"] in film_hashes and row["viewer_id"] not in hidden and not row["brief"]
    )
    return sorted(_SeenWatch._make((*others, decode_spans(text))) for *others, text in rows)


def _read_item(store: StoreSnapshot, watch: _SeenWatch) -> Item:
    """Return the film as the item of a watch."""
    running = (row["item"] for row in store.running_rows if row["watch_id"] == watch.watch_id)
    stored = select(WATCHES.c.item).where(WATCHES.c.watch_id == watch.watch_id)
    return decode_item(next(running, None) or store.connection.execute(stored).scalar_one())


def _describe_viewer(watches: Sequence[_SeenWatch], length_ms: int | None, names: Mapping[str, str]) -> FilmViewer:
    """Return how somebody saw the film. `names`: see `ViewerDirectory.member_names`."""
    seen = join_watches(watch.spans for watch in watches)
    percent = min(100.0, 100 * spans.coverage(seen) / length_ms) if length_ms else None
    last = watches[-1]
    username = names.get(last.viewer_id, last.username)
    return FilmViewer(last.viewer_id, username, seen, percent, len(watches), last.ended_at_s)
