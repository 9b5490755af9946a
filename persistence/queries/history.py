"""`history`: finished watches, page by page."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, ColumnElement, cast, func, or_, select

from messages import GetHistory, HistoryPage
from persistence.database.rows import Row, watch_record
from persistence.database.sql import read_columns, split_batches
from persistence.database.tables import EVERYBODY, FILM_VIEWERS, ONLY_COMMUNITY, WATCHED_FILMS, WATCHES
from persistence.queries.answers import answers, bound_limit
from persistence.records.viewers import with_current_name
from persistence.store import StoreSnapshot
from persistence.summaries.ended import RecordsOf, cover_since, find_film_periods
from persistence.summaries.films import (
    BROAD,
    FEW_FILMS,
    SUMMED_FILM,
    match_films,
    match_hashes,
    select_film_hashes,
)
from viewers.redact import may_see

_ended = WATCHES.c.ended_at_s
_watch_id = WATCHES.c.watch_id


@answers(GetHistory)
def read_history(asked: GetHistory, store: StoreSnapshot) -> HistoryPage:
    """Return a page of finished watches, the newest first."""
    directory = store.directory
    if asked.viewer_id and not may_see(directory, asked.viewer_id, asked.asker):
        return HistoryPage((), 0, hidden=True)
    store.require_summaries()
    whose = RecordsOf(directory.viewer(asked.viewer_id)) if asked.viewer_id else RecordsOf(EVERYBODY, store.hidden)
    page = _TitlePages(store, whose, asked.title) if asked.title else _Pages(store, whose)
    names = directory.member_names()
    limit, total = bound_limit(asked.limit), page.count(asked.since_s)
    rows, is_first, is_last = _read_page(page, asked, limit)
    records = tuple(with_current_name(watch_record(row), names) for row in rows)
    return HistoryPage(
        records,
        total,
        next_after=records[-1].watch_id if records and not is_last else "",
        next_before=records[0].watch_id if records and not is_first else "",
    )


def _read_page(page: "_Pages", asked: GetHistory, limit: int) -> tuple[Sequence[Row], bool, bool]:
    """Return the rows of the requested page, whether it is the first one, and whether it is the last one."""
    offset = max(0, asked.offset)
    if asked.after:
        rows = page.read_after(asked.after, limit + 1, asked.since_s)
        return rows[:limit], False, len(rows) <= limit
    if asked.before:
        rows = page.read_before(asked.before, limit + 1, asked.since_s)
        if len(rows) > limit:
            return rows[1:], False, False
        offset = 0
    rows = page.read(limit + 1, offset, asked.since_s)
    return rows[:limit], not offset, len(rows) <= limit


class _Pages:
    """The records of one viewer, or of all visible viewers."""

    def __init__(self, store: StoreSnapshot, whose: RecordsOf) -> None:
        self._store = store
        self._whose = whose
        self._conditions: list[ColumnElement[bool]] = []
        if whose.viewer_id != EVERYBODY:
            self._conditions.append(WATCHES.c.viewer_id == whose.viewer_id)
        elif whose.without:
            self._conditions.append(WATCHES.c.viewer_id.not_in(whose.without))

    def count(self, since_s: float | None) -> int:
        """Return how many there are."""
        if since_s is None:
            return self._whose.count(self._store)
        until_s = cover_since(since_s).until_s
        rest = [*self._conditions, WATCHES.c.ended_at_s >= since_s, WATCHES.c.ended_at_s < until_s]
        return self._whose.count(self._store, since_s) + self._count_rows(rest)

    def read(self, limit: int, offset: int, since_s: float | None) -> Sequence[Row]:
        """Return the rows of a page; a large offset is found by the summaries' periods."""
        if not offset or not limit:
            return self._read_rows(self._conditions, limit, 0, since_s)
        found = self._whose.find_period(self._store, offset)
        if found is None:
            return []
        until_s, within = found
        return self._read_rows([*self._conditions, WATCHES.c.ended_at_s < until_s], limit, within, since_s)

    def read_after(self, watch_id: str, limit: int, since_s: float | None) -> Sequence[Row]:
        """Return the rows of the page after a watch; none if there is no such watch."""
        at_s = self._find_end(watch_id)
        if at_s is None:
            return []
        older = [_ended <= at_s, or_(_ended < at_s, _watch_id > watch_id)]
        return self._read_rows([*self._conditions, *older], limit, 0, since_s)

    def read_before(self, watch_id: str, limit: int, since_s: float | None) -> Sequence[Row]:
        """Return the rows right before a watch, the newest first; none if there is no such watch."""
        at_s = self._find_end(watch_id)
        if at_s is None:
            return []
        newer = [_ended >= at_s, or_(_ended > at_s, _watch_id < watch_id)]
        return self._read_rows([*self._conditions, *newer], limit, 0, since_s, is_backward=True)

    def _find_end(self, watch_id: str) -> float | None:
        """Return when a watch ended; None if there is no such watch."""
        return self._store.connection.execute(select(_ended).where(_watch_id == watch_id)).scalar()

    def _count_rows(self, conditions: Sequence[ColumnElement[bool]]) -> int:
        query = select(func.count()).select_from(WATCHES).where(*conditions)
        return int(self._store.connection.execute(query).scalar_one())

    def _read_rows(
        self,
        conditions: list[ColumnElement[bool]],
        limit: int,
        offset: int,
        since_s: float | None,
        *,
        is_backward: bool = False,
    ) -> Sequence[Row]:
        """Return some rows, the newest first. Their ids are selected first, because many rows may be skipped.

        `is_backward`: whether to take the oldest rows that match, instead of the newest.
        """
        if since_s is not None:
            conditions = [*conditions, _ended >= since_s]
        newest = (_ended.desc(), _watch_id)
        order = (_ended, _watch_id.desc()) if is_backward else newest
        ids = select(_watch_id).where(*conditions).order_by(*order).limit(limit).offset(offset)
        found = self._store.connection.execute(ids).scalars().all()
        query = select(WATCHES).where(_watch_id.in_(found)).order_by(*newest)
        return self._store.connection.execute(query).mappings().all()


class _TitlePages(_Pages):
    """The records whose title contains a text, of one viewer, or of all visible viewers."""

    def __init__(self, store: StoreSnapshot, whose: RecordsOf, title: str) -> None:
        super().__init__(store, whose)
        self._films = select_film_hashes(title)
        self._left_out = 0
        """Number of records of the films by viewers who are left out."""
        counts = self._count_films(title)
        self._total = sum(counts.values())
        self._is_broad = self._total > BROAD
        if not self._is_broad and len(counts) <= FEW_FILMS:
            self._conditions.append(WATCHES.c.film_hash.in_(sorted(counts)))
        else:  # a page fills quickly in order of time: do not look up by film and sort
            self._conditions.append((WATCHES.c.film_hash + 0).in_(self._films))

    def count(self, since_s: float | None) -> int:
        """Return how many there are."""
        if since_s is None:
            return self._total
        if self._is_broad and self._whose.viewer_id == EVERYBODY:
            return self._count_by_periods(since_s)
        if self._is_older_less(since_s):
            return self._total - self._count_rows([*self._conditions, WATCHES.c.ended_at_s < since_s])
        return self._count_rows([*self._conditions, WATCHES.c.ended_at_s >= since_s])

    def _count_by_periods(self, since_s: float) -> int:
        """Return everybody's number of records, from the films' periods and the records up to the nearest border."""
        periods = find_film_periods(since_s)
        count = periods.count_records(self._store, self._films) - self._count_left_out(periods.begins_s)
        if since_s < periods.begins_s:
            return count + self._count_rows([*self._conditions, _ended >= since_s, _ended < periods.begins_s])
        return count - self._count_rows([*self._conditions, _ended >= periods.begins_s, _ended < since_s])

    def _count_left_out(self, since_s: float) -> int:
        """Return how many records of viewers who are left out ended since a time."""
        is_older_less = self._is_older_less(since_s)
        side = _ended < since_s if is_older_less else _ended >= since_s
        of_films = (WATCHES.c.film_hash + 0).in_(self._films)
        rows = sum(
            self._count_rows([WATCHES.c.viewer_id.in_(some), side, of_films])
            for some in split_batches(self._whose.without)
        )
        return self._left_out - rows if is_older_less else rows

    def _is_older_less(self, since_s: float) -> bool:
        """Tell whether fewer records ended before a time than since then: the fewer are counted, and subtracted."""
        return 2 * self._whose.count(self._store, since_s) > self._whose.count(self._store)

    def read(self, limit: int, offset: int, since_s: float | None) -> Sequence[Row]:
        """Return the rows of a page."""
        return self._read_rows(self._conditions, limit, offset, since_s)

    def _count_films(self, title: str) -> dict[int, int]:
        """Return the number of records of each film."""
        if self._whose.viewer_id != EVERYBODY:
            few = self._store.connection.execute(select_film_hashes(title).limit(FEW_FILMS + 1)).scalars().all()
            return self._count_of([self._whose.viewer_id], match_hashes(FILM_VIEWERS.c.film_hash, title, few))
        records = WATCHED_FILMS.c.watches + WATCHED_FILMS.c.briefs
        query = select(WATCHED_FILMS.c.film_hash, records.label("records")).where(match_films(title))
        counts = dict(zip(*read_columns(self._store.connection, query), strict=True))
        for some in split_batches(self._whose.without):
            of_few = [FILM_VIEWERS.c.film_hash.in_(sorted(counts))] if len(counts) <= FEW_FILMS else []
            for film_hash, count in self._count_of(some, *of_few).items():
                if film_hash in counts:
                    counts[film_hash] -= count
                    self._left_out += count
        return counts

    def _count_of(self, viewer_ids: Sequence[str], *conditions: ColumnElement[bool]) -> dict[int, int]:
        """Return the number of records of these viewers by film."""
        records = cast(func.sum(FILM_VIEWERS.c.watches + FILM_VIEWERS.c.briefs), BigInteger)
        query = select(SUMMED_FILM, records.label("records")).where(
            FILM_VIEWERS.c.community == ONLY_COMMUNITY, FILM_VIEWERS.c.viewer_id.in_(viewer_ids), *conditions
        )
        return dict(zip(*read_columns(self._store.connection, query.group_by(SUMMED_FILM)), strict=True))
