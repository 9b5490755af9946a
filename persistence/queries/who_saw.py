"""Who has seen a film: the question before a film night."""

import re
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, select

from awards import record_title
from messages import GetWhoSaw, SeenBy, TitleCount, WatchRecord, WhoSaw
from messages.history import SeenState
from messages.spans import coverage, union
from persistence.database.rows import watch_record
from persistence.database.tables import VIEWERS, WATCHES
from persistence.queries.answers import answers, bound_limit
from persistence.queries.movie_stats import find_films
from persistence.records.running_watches import RunningWatches
from persistence.records.watches import match_title
from persistence.store import StoreSnapshot
from viewers.redact import list_shown

OTHERS = 5
_ORDER: dict[SeenState, int] = {"not_yet": 0, "in_part": 1, "seen": 2}


@answers(GetWhoSaw)
def find_who_saw(asked: GetWhoSaw, store: StoreSnapshot) -> WhoSaw:
    """Return how much of a film each of the viewers asked of has seen; running watches are in it.

    Where the title fits several films, the one with exactly that title is meant, or else the most watched.
    """
    connection, running = store.connection, store.running
    title, year = split_year(asked.title)
    films = find_films(store, asked.title)
    if not films and year is not None:
        films = [film for film in find_films(store, title) if film.year == year]
    if not films:
        return WhoSaw(None, (), (), 0, 0, 0)
    meant = choose_film(films, title if year is not None else asked.title)
    watches = _read_watches(connection, meant, running)
    everybody = {member.user_id: member.name for member in asked.members} or read_names(connection, running)
    people = store.directory  # all may read the answer, whoever asked: nobody is in it who is seen by nobody
    asked_of = {who: everybody[who] for who in list_shown(everybody, people)}
    now = {record.viewer_id for record in running.records if _is_of_film(record, meant)}
    rows = [
        describe_viewer(viewer_id, name, watches.get(viewer_id, []), asked.watched_percent, viewer_id in now)
        for viewer_id, name in asked_of.items()
    ]
    rows.sort(key=lambda row: (_ORDER[row.state], row.username.casefold(), row.viewer_id))
    first = max(0, asked.offset)
    return WhoSaw(
        meant,
        tuple(film for film in films if film is not meant)[:OTHERS],
        tuple(rows[first : first + bound_limit(asked.limit)]),
        *(sum(row.state == state for row in rows) for state in _ORDER),
    )


def split_year(text: str) -> tuple[str, int | None]:
    """Tell "Title (1979)" into its title and year; no year where none is written so."""
    match = re.fullmatch(r"(.+?)\s*\((\d{4})\)", text.strip())
    return (match[1], int(match[2])) if match else (text, None)


def choose_film(films: Sequence[TitleCount], title: str) -> TitleCount:
    """Return the film of exactly that title (the most watched of several), or else the most watched."""
    return next((film for film in films if film.title.casefold() == title.strip().casefold()), films[0])


def _is_of_film(record: WatchRecord, film: TitleCount) -> bool:
    return not record.brief and record_title(record.item) == film.title and record.item.year == film.year


def _read_watches(connection: Connection, film: TitleCount, running: RunningWatches) -> dict[str, list[WatchRecord]]:
    """Return every watch of the film that counts, by viewer."""
    chosen_rows: list[ColumnElement[bool]] = [
        match_title(film.title),
        WATCHES.c.title == film.title,
        WATCHES.c.year == film.year if film.year is not None else WATCHES.c.year.is_(None),
        WATCHES.c.brief.is_(False),
        WATCHES.c.watch_id.not_in(running.instead_of),
    ]
    by_viewer: dict[str, list[WatchRecord]] = {}
    for row in connection.execute(select(WATCHES).where(*chosen_rows)).mappings():
        by_viewer.setdefault(row["viewer_id"], []).append(watch_record(row))
    for record in running.records:
        if _is_of_film(record, film):
            by_viewer.setdefault(record.viewer_id, []).append(record)
    return by_viewer


def read_names(connection: Connection, running: RunningWatches) -> dict[str, str]:
    """Return the names of all viewers who are known, by id."""
    names = {row.viewer_id: row.username for row in connection.execute(select(VIEWERS.c.viewer_id, VIEWERS.c.username))}
    return names | {record.viewer_id: record.username for record in running.records}


def describe_viewer(viewer_id: str, name: str, watches: list[WatchRecord], enough: float, now: bool) -> SeenBy:
    """Return how much of a film a viewer has seen, by all watches of it. `enough`: share from which it is seen."""
    if not watches:
        return SeenBy(viewer_id, name, "not_yet")
    percent = percent_seen(watches)
    whole = [record.ended_at_s for record in watches if record.completed]
    done = bool(whole) or (percent is not None and percent >= enough)
    at_s = max(whole or [record.ended_at_s for record in watches])
    return SeenBy(viewer_id, name, "seen" if done else "in_part", at_s, percent, now)


def percent_seen(watches: Sequence[WatchRecord]) -> float | None:
    """Return the share of a film seen in all watches of it together, 0 to 100; None where it is not known.

    At least that of the best one: records of an import have a share and no spans.
    """
    shares = [record.completion_percent for record in watches if record.completion_percent is not None]
    lengths = [record.item.duration_ms for record in watches if record.item.duration_ms]
    if lengths:
        together = coverage(union(span for record in watches for span in record.spans))
        shares.append(min(100.0, 100.0 * together / max(lengths)))
    return max(shares, default=None)
