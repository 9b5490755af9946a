"""What a transaction changed of the records, and what follows from it: the history copy, statistics."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection

from awards import Totals
from persistence.database.rows import Row
from persistence.database.sql import FactSheet
from persistence.rules import StatisticsRules


class RowChange(NamedTuple):
    """A record before and after."""

    old: Row | None
    """Its row as it was; None where there was none."""
    new: Row | None
    """Its row as it is; None where there is none any more."""


class ViewerMove(NamedTuple):
    """Records that count for another viewer by now, and are otherwise as they were."""

    old_viewer_id: str
    new_viewer_id: str
    watch_ids: Collection[str] | None
    """Those of the old viewer's that moved; None for all."""


@dataclass
class ChangeSet:
    """Collected inside one transaction; the store follows it up."""

    connection: Connection
    rules: StatisticsRules
    facts: FactSheet
    """The store's facts about itself."""
    rebuild_history: bool = False
    """The history copy is to be written anew from the store: lines come back to places within it."""
    moves: list[ViewerMove] = field(default_factory=list)
    """Records that moved, before anything of `row_changes`."""
    viewers: set[str] = field(default_factory=set)
    """Viewers whose statistics and badges are to be counted again from all their records."""
    touched: set[str] = field(default_factory=set)
    totals: dict[str, Totals] = field(default_factory=dict)
    moved_away: dict[str, Totals] = field(default_factory=dict)
    """As `touch` was told of them."""
    _rows: dict[str, tuple[dict[str, Any] | None, dict[str, Any] | None]] = field(default_factory=dict)

    @classmethod
    def begin(cls, connection: Connection, rules: StatisticsRules) -> "ChangeSet":
        """Return what collects from now on."""
        return cls(connection, rules, FactSheet(connection))

    def touch(self, viewer_id: str, *, totals: Totals | None = None, moved_away: Totals | None = None) -> None:
        """Have a viewer's statistics and badges written again.

        `totals`: what there is in all before what `row_changes` tells of, where that is not what is stored;
        `moved_away`: what is another viewer's by now. A second time in one transaction all is counted again.
        """
        if viewer_id in self.touched:
            self.viewers.add(viewer_id)
        self.touched.add(viewer_id)
        if totals is not None:
            self.totals[viewer_id] = totals
        if moved_away is not None:
            self.moved_away[viewer_id] = moved_away

    def leave(self, viewer_ids: Iterable[str]) -> None:
        """Have no statistics of viewers written any more: there is nothing left of them."""
        gone = set(viewer_ids)
        self.viewers -= gone
        self.touched -= gone

    def note_move(self, move: ViewerMove) -> None:
        """Note that records moved; `records.watches` does. Their lines are found by who they counted for."""
        self.moves.append(move)
        # A record that changed before has a line by now that nobody could tell.
        self.rebuild_history |= bool(self._rows)

    def note_row(self, old: Row | None, new: Row | None) -> None:
        """Note that a record was inserted, replaced or deleted; `records.watches` does."""
        row = new if new is not None else old
        if row is None:
            return
        watch_id = row["watch_id"]
        before = self._rows[watch_id][0] if watch_id in self._rows else _copy(old)
        self._rows[watch_id] = before, _copy(new)
        if (old is None) != (new is None):
            self.facts.add_to_history_count(1 if old is None else -1)

    def row_changes(self) -> Iterator[RowChange]:
        """Yield each record that is not as it was, in the order of their first change."""
        for old, new in self._rows.values():
            if old != new:
                yield RowChange(old, new)


def _copy(row: Row | None) -> dict[str, Any] | None:
    return None if row is None else dict(row)
