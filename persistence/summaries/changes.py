"""The changes of summaries by changed watches: written to the store, or added to its answers for running watches."""

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Table

from persistence.database.rows import Row
from persistence.database.tables import FILM_PERIODS, FILM_VIEWERS, VIEWER_PERIODS, WATCHED_FILMS
from persistence.summaries.amounts import Amounts, CountedRow

Key = tuple[Any, ...]
ADDED_UP = (FILM_VIEWERS, WATCHED_FILMS, FILM_PERIODS, VIEWER_PERIODS)
"""The summaries that are sums, in write order: the first one is used to count a film's viewers."""


class SummaryChanges:
    """Sums of what watches add and subtract, by summary and key (without the community)."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self.amounts: dict[Table, dict[Key, Amounts]] = {table: {} for table in ADDED_UP}
        self.films: dict[int, dict[str, Any]] = {}
        """Columns of `watched_films` for each affected film, from its records."""
        self.parties: set[str] = set()
        """Screenings whose party must be counted again."""
        self.subtracts = False
        """Whether anything was subtracted."""

    def add(self, rows: Iterable[Row]) -> None:
        """Add watches."""
        for row in rows:
            self._count(row, 1)

    def subtract(self, rows: Iterable[Row]) -> None:
        """Subtract watches that are in the summaries."""
        for row in rows:
            self.subtracts = True
            self._count(row, -1)

    def _count(self, row: Row, sign: int) -> None:
        counted = CountedRow.of(row, self.zone)
        film_hash, columns = counted.films()
        self.films[film_hash] = columns
        if is_party(row):
            self.parties.add(row["screening_id"])
        for table, key, amounts in counted.iterate_amounts():
            sums = self.amounts[table]
            before = sums.get(key)
            if before is None and sign == 1:  # nearly always for running watches, which every answer counts
                sums[key] = amounts
            else:
                sums[key] = (before or _NONE).add(amounts, sign)


def is_party(row: Row) -> bool:
    """Tell whether a watch belonged to a watch party and counts in its summary."""
    return bool(row["party"] and row["screening_id"] and not row["brief"])


_NONE = Amounts()
