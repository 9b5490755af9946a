"""The changes that a transaction makes to records, and what must follow: history copy, statistics."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection

from awards import Totals
from persistence.database.rows import Row
from persistence.database.sql import FactSheet
from persistence.rules import StatisticsRules


class RowChange(NamedTuple):
    """A record before and after."""

    old: Row | None
    """The former row; None if there was none."""
    new: Row | None
    """The present row; None if it was deleted."""


class ViewerMove(NamedTuple):
    """Records that were moved to another viewer, otherwise unchanged."""

    old_viewer_id: str
    new_viewer_id: str
    watch_ids: Collection[str] | None
    """Which of the old viewer's watches moved; None for all."""


class ChangeSet(msgspec.Struct):
    """Collects changes inside one transaction; the store then applies what follows from them."""

    connection: Connection
    rules: StatisticsRules
    facts: FactSheet
    """The store's facts about itself."""
    rebuild_history: bool = False
    """Whether the history copy must be rewritten from the store: lines are inserted within it."""
    moves: list[ViewerMove] = msgspec.field(default_factory=list)
    """Moves of records, which precede all of `row_changes`."""
    viewers: set[str] = msgspec.field(default_factory=set)
    """Viewers whose statistics and badges must be recounted from all their records."""
    touched: set[str] = msgspec.field(default_factory=set)
    totals: dict[str, Totals] = msgspec.field(default_factory=dict)
    moved_away: dict[str, Totals] = msgspec.field(default_factory=dict)
    """The arguments of `touch`, by viewer."""
    _rows: dict[str, tuple[dict[str, Any] | None, dict[str, Any] | None]] = msgspec.field(default_factory=dict)

    @classmethod
    def begin(cls, connection: Connection, rules: StatisticsRules) -> "ChangeSet":
        """Return an empty change set for a transaction."""
        return cls(connection, rules, FactSheet(connection))

    def touch(self, viewer_id: str, *, totals: Totals | None = None, moved_away: Totals | None = None) -> None:
        """Mark a viewer's statistics and badges for writing.

        `totals`: the viewer's totals before `row_changes`, if they differ from the stored ones; `moved_away`: totals
        that moved to another viewer. A second call for a viewer in one transaction causes a full recount.
        """
        if viewer_id in self.touched:
            self.viewers.add(viewer_id)
        self.touched.add(viewer_id)
        if totals is not None:
            self.totals[viewer_id] = totals
        if moved_away is not None:
            self.moved_away[viewer_id] = moved_away

    def leave(self, viewer_ids: Iterable[str]) -> None:
        """Unmark these viewers: nothing is left of them, so that no statistics are written."""
        gone = set(viewer_ids)
        self.viewers -= gone
        self.touched -= gone

    def note_move(self, move: ViewerMove) -> None:
        """Note that records moved (called by `records.watches`). Their lines are found by the old viewer."""
        self.moves.append(move)
        # The line of a record that changed before can no longer be found.
        self.rebuild_history |= bool(self._rows)

    def note_row(self, old: Row | None, new: Row | None) -> None:
        """Note that a record was inserted, replaced or deleted (called by `records.watches`)."""
        row = new if new is not None else old
        if row is None:
            return
        watch_id = row["watch_id"]
        before = self._rows[watch_id][0] if watch_id in self._rows else _copy(old)
        self._rows[watch_id] = before, _copy(new)
        if (old is None) != (new is None):
            self.facts.add_to_history_count(1 if old is None else -1)

    def row_changes(self) -> Iterator[RowChange]:
        """Yield each record that differs from its former row, in the order of first changes."""
        for old, new in self._rows.values():
            if old != new:
                yield RowChange(old, new)


def _copy(row: Row | None) -> dict[str, Any] | None:
    return None if row is None else dict(row)
