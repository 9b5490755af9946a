"""Builds user_stats.json and user_badges.json, and caches the bytes of each viewer for the next save.

A finished watch changes one viewer: only that one is encoded again, and the files are assembled from the cached bytes.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from persistence.database.rows import Row
from persistence.database.tables import VIEWER_BADGES, VIEWER_STATS, VIEWERS
from persistence.json_files.entries import badge_entry, stats_entry, watch_time_entries
from persistence.json_files.files import BADGES, STATS, FileChecksum

_OPEN, _NEXT, _CLOSE = b"{\n", b",\n", b"\n}\n"
_EMPTY = b"{}\n"


def build_stats_document(
    connection: Connection, oldest_day: str, settle: Callable[[Row], Row] = lambda row: row
) -> dict[str, Any]:
    """Return the content of user_stats.json; `settle` changes each row before it is encoded.

    `oldest_day`: a streak that ended before this ISO date is over.
    """
    columns = (VIEWERS.c.ai_interactions, VIEWERS.c.votes_cast, VIEWERS.c.movies_requested)
    query = select(VIEWER_STATS, *columns).join(VIEWERS, VIEWERS.c.viewer_id == VIEWER_STATS.c.viewer_id)
    rows = sorted(connection.execute(query).mappings(), key=lambda row: str(row["viewer_id"]))
    return {row["viewer_id"]: stats_entry(settle(row), oldest_day) for row in rows}


def build_badges_document(connection: Connection) -> dict[str, Any]:
    """Return the content of user_badges.json."""
    rows: dict[str, list[Row]] = {}
    for row in connection.execute(select(VIEWER_BADGES)).mappings():
        rows.setdefault(row["viewer_id"], []).append(row)
    return {viewer_id: _order_badges(rows[viewer_id]) for viewer_id in sorted(rows)}


def _order_badges(rows: Iterable[Row]) -> list[dict[str, Any]]:
    return [badge_entry(row) for row in sorted(rows, key=lambda row: (row["earned_at_s"], row["badge_id"]))]


class ViewerDocuments:
    """Both documents as of the last transaction. The store is not read as long as every change is passed in."""

    def __init__(self) -> None:
        self._fragments: dict[str, dict[str, bytes]] = {}
        self._marks: dict[str, FileChecksum] = {}
        self._unordered: set[str] = set()
        self._oldest_day: str | None = None

    def forget(self) -> None:
        """Drop both documents, so that they are read from the store before the next build."""
        self._fragments, self._marks, self._oldest_day = {}, {}, None

    def load(self, connection: Connection, oldest_day: str) -> None:
        """Read everybody, unless that was already done and no streak can have ended since."""
        if self._oldest_day == oldest_day:
            return
        documents = {STATS: build_stats_document(connection, oldest_day), BADGES: build_badges_document(connection)}
        self._fragments = {
            name: {viewer_id: _encode_fragment(viewer_id, entry) for viewer_id, entry in document.items()}
            for name, document in documents.items()
        }
        self._marks, self._oldest_day = {}, oldest_day

    def put_stats(self, row: Row) -> None:
        """Update a viewer from a row of `viewer_stats` joined with `viewers`."""
        self._put(STATS, row["viewer_id"], stats_entry(row, self._oldest_day or ""))

    def put_watch_time(self, viewer_id: str, total_s: float) -> None:
        """Update only a viewer's total watch time; the other statistics are unchanged."""
        fragment = self._fragments[STATS][viewer_id]
        changed = replace_numbers(fragment, watch_time_entries(total_s))
        if changed != fragment:
            self._fragments[STATS][viewer_id] = changed
            self._marks.pop(STATS, None)

    def put_badges(self, viewer_id: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Update the badges of a viewer."""
        self._put(BADGES, viewer_id, _order_badges(rows))

    def _put(self, name: str, viewer_id: str, entry: object) -> None:
        fragments, fragment = self._fragments[name], _encode_fragment(viewer_id, entry)
        if fragments.get(viewer_id) == fragment:
            return
        if viewer_id not in fragments:
            self._unordered.add(name)
        fragments[viewer_id] = fragment
        self._marks.pop(name, None)

    def build(self, name: str) -> bytes:
        """Return the bytes of a document."""
        if name in self._unordered:
            self._fragments[name] = dict(sorted(self._fragments[name].items()))
            self._unordered.discard(name)
        fragments = self._fragments[name]
        return _OPEN + _NEXT.join(fragments.values()) + _CLOSE if fragments else _EMPTY

    def build_changed(self) -> dict[str, bytes]:
        """Return the documents that changed since their checksums were last taken."""
        changed = {name: self.build(name) for name in (STATS, BADGES) if name not in self._marks}
        self._marks |= {name: FileChecksum.of_content(content) for name, content in changed.items()}
        return changed

    @property
    def marks(self) -> Mapping[str, FileChecksum]:
        """The checksums of the files after `build_changed`."""
        return self._marks


def replace_numbers(fragment: bytes, numbers: Mapping[str, float]) -> bytes:
    """Return the lines of one viewer with new numbers for some keys, given in the order of the file.

    A key is found by its line: within texts, line breaks and quotation marks are escaped.
    """
    parts, start = [], 0
    for key, number in numbers.items():
        begin = b'\n    "%s": ' % key.encode()
        at = fragment.index(begin, start) + len(begin)
        parts += [fragment[start:at], msgspec.json.encode(number)]
        start = fragment.index(b",\n", at)
    return b"".join((*parts, fragment[start:]))


def _encode_fragment(viewer_id: str, entry: object) -> bytes:
    """Return the lines of one viewer, indented for people."""
    return msgspec.json.format(msgspec.json.encode({viewer_id: entry}), indent=2)[len(_OPEN) : -len(_CLOSE) + 1]
