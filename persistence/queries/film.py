"""Films that were watched: a list of them, and how one of them was watched."""

from collections.abc import Iterable, Sequence

from sqlalchemy import select

from awards.attention import join_watches, measure_attention
from messages import (
    FilmEntry,
    FilmList,
    FilmRecord,
    FilmViewer,
    GetFilm,
    Item,
    ListFilms,
    NamedViewer,
    WatchRecord,
    spans,
)
from persistence.database.rows import decode_item, watch_record
from persistence.database.sql import read_page_key, split_batches
from persistence.database.tables import ONLY_COMMUNITY, VIEWER_STATS, WATCHED_FILMS, WATCHES
from persistence.queries.answers import answers, bound_limit
from persistence.queries.movie_stats import add_marks, count_films
from persistence.queries.night import read_nights
from persistence.records.film_facts import FilmName
from persistence.records.viewers import with_current_name
from persistence.store import StoreSnapshot
from persistence.summaries.films import FilmSums, WatchedFilm, read_films, sum_by_name
from viewers.redact import hides_figures
from viewers.slugs import make_film_slug
from wording.titles import record_title

MOST_VIEWERS, MOST_NIGHTS, MOST_NOT_SEEN = 100, 20, 40


@answers(ListFilms)
def list_films(asked: ListFilms, store: StoreSnapshot) -> FilmList:
    """Return a page of the films that visible viewers watched, running watches included."""
    store.require_summaries()
    films = read_films(store, asked.part)
    key = read_page_key(store.connection)
    names = _sort_films(store, films, asked.sort)
    after = 0
    if asked.after:
        after = next((place for place, name in enumerate(names, 1) if make_film_slug(key, *name) == asked.after), 0)
    page = names[after : after + bound_limit(asked.limit)] if asked.after == "" or after else []
    shown = films.find_named(page)
    counts = add_marks(store, count_films(store, shown, page, sum_by_name(shown)))
    items = read_items(store, shown, page)
    entries = tuple(
        FilmEntry(make_film_slug(key, count.title, count.year), count, items.get((count.title, count.year)))
        for count in counts
    )
    is_last = not page or after + len(page) >= len(names)
    return FilmList(entries, len(names), "" if is_last else entries[-1].slug)


@answers(GetFilm)
def read_film(asked: GetFilm, store: StoreSnapshot) -> FilmRecord:
    """Return how a film was watched by those who may be seen."""
    store.require_summaries()
    films = read_films(store).visible
    key = read_page_key(store.connection)
    name = next((film.name for film in films if make_film_slug(key, *film.name) == asked.slug), None)
    if name is None:
        return FilmRecord(None)
    same = [film for film in films if film.name == name]
    (counts,) = add_marks(store, count_films(store, same, [name], sum_by_name(same)))
    records = _read_records(store, same)
    by_viewer: dict[str, list[WatchRecord]] = {}
    for record in records:
        by_viewer.setdefault(record.viewer_id, []).append(record)
    length_ms = _find_length(records)
    attention = measure_attention(
        ([record.spans for record in theirs] for theirs in by_viewer.values()), length_ms or 0
    )
    viewers = [_describe_viewer(theirs, length_ms) for theirs in by_viewer.values()]
    viewers.sort(key=lambda each: (-(each.percent or 0.0), each.username.casefold(), each.viewer_id))
    parties = dict.fromkeys(record.screening_id for record in reversed(records) if record.party)
    nights = read_nights(store, list(parties)[:MOST_NIGHTS])
    return FilmRecord(
        counts,
        records[-1].item if records else None,
        attention.viewers,
        attention.again,
        attention.stops,
        tuple(viewers[:MOST_VIEWERS]),
        tuple(reversed(nights)),
        *_list_not_seen(store, {*by_viewer, *_list_watching(store, name)}),
    )


def _list_watching(store: StoreSnapshot, name: FilmName) -> set[str]:
    """Return who watches a film now."""
    return {each.viewer_id for each in store.running.records if (record_title(each.item), each.item.year) == name}


def _list_not_seen(store: StoreSnapshot, seen: set[str]) -> tuple[tuple[NamedViewer, ...], int]:
    """Return visible viewers who have not seen a film, and how many these are; `seen`: who has."""
    directory, names = store.directory, store.directory.member_names()
    columns = VIEWER_STATS.c.viewer_id, VIEWER_STATS.c.username, VIEWER_STATS.c.last_watch_date
    found = []
    for viewer_id, username, last_date in store.connection.execute(select(*columns)):
        if viewer_id not in seen and directory.shows(viewer_id):
            day = "" if hides_figures(directory, viewer_id, "") else last_date or ""
            found.append((day, NamedViewer(viewer_id, names.get(viewer_id, username))))
    found.sort(key=lambda pair: (pair[1].username.casefold(), pair[1].viewer_id))
    found.sort(key=lambda pair: pair[0], reverse=True)
    return tuple(viewer for _day, viewer in found[:MOST_NOT_SEEN]), len(found)


def _sort_films(store: StoreSnapshot, films: FilmSums, sort: str) -> list[FilmName]:
    """Return the titles with years that visible viewers watched, in their order."""
    sums: dict[FilmName, tuple[int, int]] = {}
    for watches, _, playing_us, facts in films.iterate_visible():
        known = sums.get(facts.name)
        sums[facts.name] = (watches, playing_us) if known is None else (known[0] + watches, known[1] + playing_us)
    if sort == "title":
        return sorted(sums, key=_title_order)
    if sort == "watches":
        return sorted(sums, key=lambda name: (-sums[name][0], -sums[name][1], *_title_order(name)))
    named = list(sums)
    every = films.visible
    viewers = {
        (count.title, count.year): count.viewers for count in count_films(store, every, named, sum_by_name(every))
    }
    return sorted(sums, key=lambda name: (-viewers[name], -sums[name][1], *_title_order(name)))


def _title_order(name: FilmName) -> tuple[str, int]:
    return name[0].casefold(), name[1] or 0


def read_items(
    store: StoreSnapshot, films: Iterable[WatchedFilm], names: Iterable[FilmName], viewer_id: str = ""
) -> dict[FilmName, Item]:
    """Return each film as this viewer watched it, or any visible one, for its poster; in one statement for all."""
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
        for film_hash, found in store.connection.execute(query):
            if found is not None:
                items[wanted[film_hash]] = decode_item(found)
    return items


def _read_records(store: StoreSnapshot, films: Iterable[WatchedFilm]) -> list[WatchRecord]:
    """Return the watches of a film by those who may be seen, running ones included, the first to end first."""
    query = (
        select(WATCHES)
        .where(
            WATCHES.c.film_hash.in_(sorted(film.film_hash for film in films)),
            WATCHES.c.viewer_id.not_in(store.hidden),
            WATCHES.c.brief.is_(False),
            WATCHES.c.watch_id.not_in(store.running.instead_of),
        )
        .order_by(WATCHES.c.ended_at_s, WATCHES.c.watch_id)
    )
    names = store.directory.member_names()
    return [with_current_name(watch_record(row), names) for row in store.connection.execute(query).mappings()]


def _find_length(records: Sequence[WatchRecord]) -> int | None:
    """Return the film's length, ms, as the newest record has it; None where none has one."""
    return next((record.item.duration_ms for record in reversed(records) if record.item.duration_ms), None)


def _describe_viewer(watches: Sequence[WatchRecord], length_ms: int | None) -> FilmViewer:
    seen = join_watches(record.spans for record in watches)
    percent = min(100.0, 100 * spans.coverage(seen) / length_ms) if length_ms else None
    last = watches[-1]
    return FilmViewer(last.viewer_id, last.username, seen, percent, len(watches), last.ended_at_s)
