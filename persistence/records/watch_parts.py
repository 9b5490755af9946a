"""Watches that are one: `watches` has what they are together, `watch_parts` each of them as it was.

A member with linked accounts may be seen under several ids at one time. Which watches are one is
`viewers.merge.group_same_watch`. The originals are kept, so that a link can be taken back.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, or_, select, update

from messages import Moment, WatchRecord
from persistence.database.rows import Row, as_json, decode_part, watch_record, watch_row
from persistence.database.sql import read_last_seq, split_batches
from persistence.database.tables import WATCH_PARTS, WATCHES
from persistence.json_files.files import history_line
from persistence.records.change_set import ChangeSet
from persistence.records.watches import FilmKey, delete_rows, film_of, insert_rows, read_film_watches
from viewers.merge import Extent, group_same_watch, merge_records


def read_part(connection: Connection, watch_id: str) -> dict[str, Any] | None:
    """Return a record that is a part of another, as it was; None where it is none."""
    text = connection.execute(select(WATCH_PARTS.c.row).where(WATCH_PARTS.c.watch_id == watch_id)).scalar()
    return None if text is None else decode_part(text)


def read_all_parts(connection: Connection) -> dict[str, dict[str, Any]]:
    """Return every record that is a part of another, as it was, by its watch_id."""
    found = connection.execute(select(WATCH_PARTS.c.watch_id, WATCH_PARTS.c.row))
    return {watch_id: decode_part(text) for watch_id, text in found}


def read_parts(connection: Connection, viewer_id: str) -> list[dict[str, Any]]:
    """Return a viewer's records that are parts of others, each as it was."""
    found = connection.execute(select(WATCH_PARTS.c.row).where(WATCH_PARTS.c.viewer_id == viewer_id)).scalars()
    return [decode_part(text) for text in found]


def replace_part(connection: Connection, row: Row) -> None:
    """Replace a record that is a part of another; the merge that follows counts them again."""
    own = WATCH_PARTS.c.watch_id == row["watch_id"]
    connection.execute(update(WATCH_PARTS).where(own).values(row=as_json(dict(row))))


def read_films_under(connection: Connection, plex_id: str) -> list[FilmKey]:
    """Return every film that was watched under an id, also those of parts."""
    stored = select(WATCHES.c.server_id, WATCHES.c.rating_key).where(
        or_(WATCHES.c.viewer_id == plex_id, WATCHES.c.identity == plex_id)
    )
    films = {FilmKey(*row) for row in connection.execute(stored.distinct())}
    for text in connection.execute(select(WATCH_PARTS.c.row)).scalars():
        row = decode_part(text)
        if row["identity"] == plex_id:
            films.add(film_of(row))
    return sorted(film for film in films if film.rating_key)


@dataclass
class MergeResult:
    """What a merge made of a member's record."""

    added_row: Row | None = None
    """The row that the history copy did not have yet; None where there is none."""


@contextmanager
def merge_with_parts(change: ChangeSet, record: WatchRecord) -> Iterator[MergeResult]:
    """Merge the record that the block writes with what else a member watched of the film at that time."""
    film, settled = FilmKey(record.item.server_id, record.item.rating_key), MergeResult()
    before = read_film_watches(change.connection, record.viewer_id, film)
    yield settled
    _merge_film(change, record.viewer_id, film)
    after = read_film_watches(change.connection, record.viewer_id, film)
    fresh = [after[watch_id] for watch_id in after if watch_id not in before]
    if len(fresh) == 1 and fresh[0]["seq"] == read_last_seq(change.connection):
        settled.added_row = fresh[0]
        del after[fresh[0]["watch_id"]]
    _note_changed_lines(change, before, after)


def merge_films(change: ChangeSet, viewer_id: str, films: Iterable[FilmKey]) -> None:
    """Make one record of what a viewer watched of a film at one time; the originals become its parts."""
    known_films = [film for film in films if film.rating_key]  # an older bot's record does not say which film it was
    before = {film: read_film_watches(change.connection, viewer_id, film) for film in known_films}
    restore_parts(change, viewer_id, known_films)
    for film in known_films:
        _merge_overlapping(change, viewer_id, film)
        _note_changed_lines(change, before[film], read_film_watches(change.connection, viewer_id, film))


def merge_shared_films(change: ChangeSet, viewer_id: str, films: Iterable[FilmKey]) -> None:
    """Merge those of the films that a viewer watched under several ids: a history may hold thousands of films."""
    film = (WATCHES.c.server_id, WATCHES.c.rating_key)
    query = select(*film).where(WATCHES.c.viewer_id == viewer_id).group_by(*film)
    several = change.connection.execute(query.having(func.count(WATCHES.c.identity.distinct()) > 1))
    shared = {FilmKey(*row) for row in several} | {film_of(row) for row in read_parts(change.connection, viewer_id)}
    merge_films(change, viewer_id, sorted(set(films) & shared))


def _merge_film(change: ChangeSet, viewer_id: str, film: FilmKey) -> None:
    if film.rating_key:
        restore_parts(change, viewer_id, [film])
        _merge_overlapping(change, viewer_id, film)


def _merge_overlapping(change: ChangeSet, viewer_id: str, film: FilmKey) -> None:
    originals = read_film_watches(change.connection, viewer_id, film)
    for rows in group_same_watch(originals.values(), _extent_of, lambda row: row["identity"]):
        if len(rows) > 1:
            _store_merged(change, rows)


def _extent_of(row: Row) -> Extent:
    return Extent(row["started_at_s"], row["ended_at_s"], row["watch_id"])


def _note_changed_lines(change: ChangeSet, before: dict[str, Row], after: dict[str, Row]) -> None:
    """Note which lines of the history copy changed."""
    for watch_id, row in before.items():
        old, new = history_line(row), history_line(after[watch_id]) if watch_id in after else None
        if old != new:
            change.history_lines[old] = new
    change.rebuild_history = change.rebuild_history or bool(after.keys() - before.keys())


def _store_merged(change: ChangeSet, rows: Sequence[Row]) -> None:
    """Store records as parts, and what they are together in the place of the longest."""
    connection = change.connection
    whole = merge_records([watch_record(row) for row in rows], change.thresholds)
    kept = next(row for row in rows if row["watch_id"] == whole.watch_id)
    aside = [
        {
            "watch_id": row["watch_id"],
            "viewer_id": row["viewer_id"],
            "kept_as": whole.watch_id,
            "row": as_json(dict(row)),
        }
        for row in rows
    ]
    connection.execute(WATCH_PARTS.insert(), aside)
    delete_rows(connection, rows)
    closed = Moment(kept["closed_wall_s"], kept["closed_steady_s"])
    row = watch_row(
        whole, kept["seq"], closed, imported=kept["imported"], end_known=kept["end_known"], identity=kept["identity"]
    )
    insert_rows(connection, [row])
    change.add_to_count(1 - len(rows))


def restore_parts(change: ChangeSet, viewer_id: str, films: Iterable[FilmKey]) -> None:
    """Restore the original records of a viewer's merged watches of some films."""
    connection, wanted = change.connection, set(films)
    back = [row for row in read_parts(connection, viewer_id) if film_of(row) in wanted]
    ids = [row["watch_id"] for row in back]
    there: list[Row] = []
    for some in split_batches(ids):
        there += connection.execute(select(WATCHES).where(WATCHES.c.watch_id.in_(some))).mappings()
        connection.execute(delete(WATCH_PARTS).where(WATCH_PARTS.c.watch_id.in_(some)))
    delete_rows(connection, there)
    insert_rows(connection, back)
    change.add_to_count(len(back) - len(there))
