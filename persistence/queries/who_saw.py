"""Who has seen a film: the question before a film night."""

import collections
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, select

from awards import record_title
from messages import GetWhoSaw, SeenBy, Spans, WatchRecord, WhoSaw
from messages.history import SeenState
from messages.spans import coverage, union
from persistence.database.rows import decode_spans
from persistence.database.tables import VIEWERS, WATCHES
from persistence.queries.answers import answers, bound_limit
from persistence.queries.movie_stats import count_films
from persistence.records.film_facts import FilmName
from persistence.records.running_watches import RunningWatches
from persistence.store import StoreSnapshot
from persistence.summaries.films import order_by_watches, read_films, sum_by_name
from viewers.redact import list_shown

OTHERS = 5


class SeenWatch(NamedTuple):
    """How much of a film was seen in a watch."""

    ended_at_s: float
    """Seconds since 1970, UTC."""
    completed: bool
    completion_percent: float | None
    duration_ms: int | None
    spans: Spans

    @classmethod
    def of(cls, record: WatchRecord) -> "SeenWatch":
        """Return how much of a film was seen in a record."""
        return cls(
            record.ended_at_s, record.completed, record.completion_percent, record.item.duration_ms, record.spans
        )


_ORDER: dict[SeenState, int] = {"not_yet": 0, "in_part": 1, "seen": 2}


@answers(GetWhoSaw)
def find_who_saw(asked: GetWhoSaw, store: StoreSnapshot) -> WhoSaw:
    """Return how much of a film each of the viewers in question has seen, including running watches.

    If the title fits several films, the one with exactly that title is taken, or else the most watched.
    """
    store.require_summaries()
    title, year = split_year(asked.title)
    films = read_films(store, asked.title).visible
    if not films and year is not None:
        films = [film for film in read_films(store, title).visible if film.facts.year == year]
    if not films:
        return WhoSaw(None, (), (), 0, 0, 0)
    sums = sum_by_name(films)
    by_watches = order_by_watches(sums, len(sums))
    meant = choose_film(by_watches, title if year is not None else asked.title)
    others = [name for name in by_watches if name != meant][:OTHERS]
    counts = count_films(store, films, [meant, *others], sums)
    running = store.running
    present = {member.user_id: member.name for member in asked.members}
    known = read_names(store.connection, running) | present
    # The answer is public: it contains no hidden viewers, not even the asker.
    names = {viewer_id: known[viewer_id] for viewer_id in list_shown(known, store.directory)}
    film_hashes = [film.film_hash for film in films if film.name == meant]
    watches = _read_watches(store, film_hashes, meant)
    now = {record.viewer_id for record in running.records if _is_of_film(record, meant)}
    rows = [
        describe_viewer(viewer_id, name, watches.get(viewer_id, []), asked.watched_percent, viewer_id in now)
        for viewer_id, name in names.items()
        if not present or viewer_id in present or viewer_id in watches
    ]
    rows = [msgspec.structs.replace(row, other=bool(present) and row.viewer_id not in present) for row in rows]
    rows.sort(key=lambda row: (row.other, _ORDER[row.state], row.username.casefold(), row.viewer_id))
    first = max(0, asked.offset)
    counted = collections.Counter((row.other, row.state) for row in rows)
    return WhoSaw(
        counts[0],
        tuple(counts[1:]),
        tuple(rows[first : first + bound_limit(asked.limit)]),
        not_yet=counted[False, "not_yet"],
        in_part=counted[False, "in_part"],
        seen=counted[False, "seen"],
        others_in_part=counted[True, "in_part"],
        others_seen=counted[True, "seen"],
    )


def split_year(text: str) -> tuple[str, int | None]:
    """Split "Title (1979)" into title and year; None if it has no such year."""
    match = re.fullmatch(r"(.+?)\s*\((\d{4})\)", text.strip())
    return (match[1], int(match[2])) if match else (text, None)


def choose_film(names: Sequence[FilmName], title: str) -> FilmName:
    """Return the film of exactly that title (the most watched of several), or else the most watched."""
    return next((name for name in names if name[0].casefold() == title.strip().casefold()), names[0])


def _is_of_film(record: WatchRecord, film: FilmName) -> bool:
    return not record.brief and (record_title(record.item), record.item.year) == film


def _read_watches(store: StoreSnapshot, film_hashes: list[int], film: FilmName) -> dict[str, list[SeenWatch]]:
    """Return every counted watch of the film, by viewer."""
    by_viewer: dict[str, list[SeenWatch]] = {}
    for _, viewer_id, watch in read_seen_watches(store, film_hashes):
        by_viewer.setdefault(viewer_id, []).append(watch)
    for record in store.running.records:
        if _is_of_film(record, film):
            by_viewer.setdefault(record.viewer_id, []).append(SeenWatch.of(record))
    return by_viewer


def read_seen_watches(
    store: StoreSnapshot, film_hashes: Iterable[int], viewer_ids: Sequence[str] | None = None
) -> Iterator[tuple[int, str, SeenWatch]]:
    """Yield the counted stored watches of films that no running watch replaces: film, viewer, what was seen."""
    names = ("film_hash", "viewer_id", "ended_at_s", "completed", "completion_percent", "movie_duration_ms", "spans")
    query = select(*(WATCHES.c[name] for name in names)).where(
        WATCHES.c.film_hash.in_(sorted(film_hashes)),
        WATCHES.c.brief.is_(False),
        WATCHES.c.watch_id.not_in(store.running.instead_of),
        *([] if viewer_ids is None else [WATCHES.c.viewer_id.in_(viewer_ids)]),
    )
    for film_hash, viewer_id, ended_at_s, completed, percent, duration_ms, spans in store.connection.execute(
        query
    ).all():
        yield film_hash, viewer_id, SeenWatch(ended_at_s, completed, percent, duration_ms, decode_spans(spans))


def read_names(connection: Connection, running: RunningWatches) -> dict[str, str]:
    """Return the names of all known viewers, by id."""
    names: dict[str, str] = dict(connection.execute(select(VIEWERS.c.viewer_id, VIEWERS.c.username)).all())
    return names | {record.viewer_id: record.username for record in running.records}


def describe_viewer(viewer_id: str, name: str, watches: list[SeenWatch], enough: float, now: bool) -> SeenBy:
    """Return how much of a film a viewer has seen over all watches. `enough`: percentage that counts as seen."""
    if not watches:
        return SeenBy(viewer_id, name, "not_yet")
    percent = percent_seen(watches)
    whole = [watch.ended_at_s for watch in watches if watch.completed]
    done = bool(whole) or (percent is not None and percent >= enough)
    at_s = max(whole or [watch.ended_at_s for watch in watches])
    return SeenBy(viewer_id, name, "seen" if done else "in_part", at_s, percent, now)


def percent_seen(watches: Sequence[SeenWatch]) -> float | None:
    """Return the percentage of a film that was seen over all watches, 0 to 100; None if not known.

    It is at least that of the best watch: imported records have a percentage but no spans.
    """
    shares = [watch.completion_percent for watch in watches if watch.completion_percent is not None]
    lengths = [watch.duration_ms for watch in watches if watch.duration_ms]
    if lengths:
        together = coverage(union(span for watch in watches for span in watch.spans))
        shares.append(min(100.0, 100.0 * together / max(lengths)))
    return max(shares, default=None)
