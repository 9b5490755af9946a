"""Merged watches: `watches` contains the merged record, `watch_parts` the originals.

A member with linked accounts may be seen under several ids, at the same time or in turns. `group_same_watch` in
`viewers.merge` decides which watches are one. The originals are kept, so that a link can be undone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from messages import Moment
from persistence.database.rows import Row, as_json, decode_part, watch_record, watch_row
from persistence.database.sql import split_batches, upsert
from persistence.database.tables import WATCH_PARTS, WATCHES
from persistence.records.change_set import ChangeSet, RowChange
from persistence.records.watches import FilmKey, film_of, write_rows
from viewers.merge import (
    Attendance,
    Extent,
    Thresholds,
    group_overlapping,
    group_same_watch,
    merge_records,
    record_attendance,
)


def read_part(connection: Connection, watch_id: str) -> dict[str, Any] | None:
    """Return the original of a merged watch; None if the watch is not a part."""
    text = connection.execute(select(WATCH_PARTS.c.row).where(WATCH_PARTS.c.watch_id == watch_id)).scalar()
    return None if text is None else decode_part(text)


def replace_part(connection: Connection, row: Row) -> None:
    """Replace the original of a merged watch; the merge that follows updates the merged record."""
    own = WATCH_PARTS.c.watch_id == row["watch_id"]
    connection.execute(update(WATCH_PARTS).where(own).values(row=as_json(dict(row))))


def read_all_parts(connection: Connection) -> dict[str, dict[str, Any]]:
    """Return all originals of merged watches, by watch_id."""
    found = connection.execute(select(WATCH_PARTS.c.watch_id, WATCH_PARTS.c.row))
    return {watch_id: decode_part(text) for watch_id, text in found}


def read_parts(connection: Connection, viewer_id: str) -> list[dict[str, Any]]:
    """Return the originals of a viewer's merged watches."""
    found = connection.execute(select(WATCH_PARTS.c.row).where(WATCH_PARTS.c.viewer_id == viewer_id)).scalars()
    return [decode_part(text) for text in found]


def read_films_with_part(connection: Connection, viewer_id: str, plex_id: str) -> list[FilmKey]:
    """Return the films of a viewer's merged watches that have a part watched under this id."""
    rows = read_parts(connection, viewer_id)
    return sorted({film_of(row) for row in rows if row["identity"] == plex_id})


def find_shared_films(connection: Connection, viewer_id: str, other_id: str, window_s: float) -> list[FilmKey]:
    """Return the films that two viewers watched at the same time, or in turns within the resume window.

    Their watches may become one once the two are one viewer. `window_s`: the resume window. It reads all watches of
    `other_id`, and those of `viewer_id` from about the same time.
    """
    columns = (WATCHES.c.server_id, WATCHES.c.rating_key, WATCHES.c.started_at_s, WATCHES.c.ended_at_s)
    query = select(*columns).where(WATCHES.c.rating_key != "")
    others = connection.execute(query.where(WATCHES.c.viewer_id == other_id)).all()
    if not others:
        return []
    began_s, ended_s = min(row[2] for row in others), max(row[3] for row in others)
    own = query.where(
        WATCHES.c.viewer_id == viewer_id,
        WATCHES.c.ended_at_s >= began_s - window_s,
        WATCHES.c.started_at_s <= ended_s + window_s,
    )
    by_film: dict[FilmKey, list[Extent]] = {}
    for server_id, rating_key, started_at_s, ended_at_s in others:
        extent = Extent(started_at_s, ended_at_s + window_s, other_id)
        by_film.setdefault(FilmKey(server_id, rating_key), []).append(extent)
    for server_id, rating_key, started_at_s, ended_at_s in connection.execute(own):
        film = by_film.get(FilmKey(server_id, rating_key))
        if film is not None:
            film.append(Extent(started_at_s, ended_at_s + window_s, viewer_id))
    return sorted(film for film, seen in by_film.items() if _are_near(seen))


def _are_near(seen: Iterable[Extent]) -> bool:
    """Tell whether two viewers watched a film at about the same time. `seen`: their watches, extended by the window."""
    groups = group_overlapping(seen, lambda extent: extent)
    return any(len({extent.key for extent in group}) > 1 for group in groups)


@dataclass
class FilmWatches:
    """A viewer's stored watches of a film."""

    rows: dict[str, Row] = field(default_factory=dict)
    """Records by watch_id."""
    parts: dict[str, dict[str, Row]] = field(default_factory=dict)
    """The parts of merged records, by the record's watch_id and their own."""

    @classmethod
    def of(cls, rows: Iterable[tuple[Row, str | None]]) -> "FilmWatches":
        """Return the watches from rows of `watches`, each with the row of a part (JSON) or None."""
        watches = cls()
        for row, part in rows:
            watches.put(row, part)
        return watches

    def put(self, row: Row, part: str | None) -> None:
        """Add a row, with the row of one of its parts (JSON) if it has any."""
        self.rows[row["watch_id"]] = row
        if part is not None:
            original = decode_part(part)
            self.parts.setdefault(row["watch_id"], {})[original["watch_id"]] = original

    def find_original(self, watch_id: str) -> Row | None:
        """Return the original of a watch: its part of a merged record, or its own record."""
        for parts in self.parts.values():
            if watch_id in parts:
                return parts[watch_id]
        return self.rows.get(watch_id)


def read_films(connection: Connection, viewer_id: str, films: Iterable[FilmKey]) -> dict[FilmKey, FilmWatches]:
    """Return a viewer's watches of these films; a film without a rating key is left out, as it is not identified."""
    found = {film: FilmWatches() for film in films if film.rating_key}
    columns = (*WATCHES.c, WATCH_PARTS.c.row.label("part"))
    query = select(*columns).outerjoin(WATCH_PARTS, WATCH_PARTS.c.kept_as == WATCHES.c.watch_id)
    for keys in split_batches(sorted({film.rating_key for film in found})):
        servers = sorted({film.server_id for film in found})
        chosen = (WATCHES.c.viewer_id == viewer_id, WATCHES.c.server_id.in_(servers), WATCHES.c.rating_key.in_(keys))
        for joined in connection.execute(query.where(*chosen).order_by(WATCHES.c.seq)).mappings():
            row = dict(joined)
            part = row.pop("part")
            film = found.get(film_of(row))
            if film is not None:
                film.put(row, part)
    return found


def merge_films(change: ChangeSet, viewer_id: str, films: Iterable[FilmKey]) -> None:
    """Merge a viewer's watches of a film that are one; the originals become parts of the merged record."""
    merges = [
        _Merge(change.rules.thresholds, watches) for watches in read_films(change.connection, viewer_id, films).values()
    ]
    _store(change, viewer_id, merges)


def merge_shared_films(change: ChangeSet, viewer_id: str, films: Iterable[FilmKey]) -> None:
    """Merge watches of those films that a viewer watched under several ids: a history may have thousands of films."""
    film = (WATCHES.c.server_id, WATCHES.c.rating_key)
    query = select(*film).where(WATCHES.c.viewer_id == viewer_id).group_by(*film)
    several = change.connection.execute(query.having(func.count(WATCHES.c.identity.distinct()) > 1))
    shared = {FilmKey(*row) for row in several} | {film_of(row) for row in read_parts(change.connection, viewer_id)}
    merge_films(change, viewer_id, sorted(set(films) & shared))


def put_into_film(change: ChangeSet, viewer_id: str, watches: FilmWatches, row: Row) -> None:
    """Store a new or longer watch of a film, merged with the viewer's other watches that are one with it."""
    _store(change, viewer_id, [_Merge(change.rules.thresholds, watches, row)])


def restore_parts(change: ChangeSet, viewer_id: str, films: Iterable[FilmKey]) -> None:
    """Restore the original records of a viewer's merged watches of some films."""
    merges = [
        _Merge(change.rules.thresholds, watches, is_undone=True)
        for watches in read_films(change.connection, viewer_id, films).values()
        if watches.parts
    ]
    _store(change, viewer_id, merges)


class _Merge:
    """The new records and parts of one film. If nothing changes, nothing is written."""

    def __init__(
        self, thresholds: Thresholds, watches: FilmWatches, fresh: Row | None = None, *, is_undone: bool = False
    ) -> None:
        self._thresholds = thresholds
        self.rows = watches.rows
        self.parts = watches.parts
        originals = {watch_id: row for watch_id, row in watches.rows.items() if watch_id not in watches.parts}
        for parts in watches.parts.values():
            originals.update(parts)
        if fresh is not None:
            originals[fresh["watch_id"]] = fresh
        self.rows_then: dict[str, Row] = {}
        self.parts_then: dict[str, dict[str, Row]] = {}
        every = originals.values()
        groups = [[row] for row in every] if is_undone else group_same_watch(every, _attendance_of, thresholds)
        for group in groups:
            self._put_together(group)

    def _put_together(self, group: Sequence[Row]) -> None:
        by_id = {row["watch_id"]: row for row in group}
        if len(group) == 1:
            self.rows_then.update(by_id)
            return
        whole = _merge(group, self._thresholds)
        self.rows_then[whole["watch_id"]] = whole
        self.parts_then[whole["watch_id"]] = by_id


def _store(change: ChangeSet, viewer_id: str, merges: Iterable[_Merge]) -> None:
    """Write the changes of several merges, in few statements."""
    rows: list[RowChange] = []
    gone: list[str] = []
    put: list[dict[str, str]] = []
    for merge in merges:
        ids = {**merge.rows, **merge.rows_then}
        rows += (RowChange(merge.rows.get(watch_id), merge.rows_then.get(watch_id)) for watch_id in ids)
        before = {(part, whole): row for whole, parts in merge.parts.items() for part, row in parts.items()}
        then = {(part, whole): row for whole, parts in merge.parts_then.items() for part, row in parts.items()}
        gone += sorted({part for part, _ in before} - {part for part, _ in then})
        put += [
            {"watch_id": part, "viewer_id": viewer_id, "kept_as": whole, "row": as_json(dict(row))}
            for (part, whole), row in then.items()
            if before.get((part, whole)) != row
        ]
    write_rows(change, rows)
    for some in split_batches(gone):
        change.connection.execute(delete(WATCH_PARTS).where(WATCH_PARTS.c.watch_id.in_(some)))
    upsert(change.connection, WATCH_PARTS, put)


def _merge(group: Sequence[Row], thresholds: Thresholds) -> Mapping[str, Any]:
    """Return the row of the merged record, which takes the place of the longest."""
    whole = merge_records([watch_record(row) for row in group], thresholds)
    kept = next(row for row in group if row["watch_id"] == whole.watch_id)
    closed = Moment(kept["closed_wall_s"], kept["closed_steady_s"])
    return watch_row(
        whole, kept["seq"], closed, imported=kept["imported"], end_known=kept["end_known"], identity=kept["identity"]
    )


def _attendance_of(row: Row) -> Attendance:
    return record_attendance(watch_record(row), row["identity"])
