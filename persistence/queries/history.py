"""`history`: finished watches, a page at a time."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, or_, select

from messages import GetHistory, HistoryPage
from persistence.database.rows import Row, watch_record
from persistence.database.tables import EVERYBODY, FILM_VIEWERS, ONLY_COMMUNITY, WATCHED_FILMS, WATCHES
from persistence.queries.answers import answers, bound_limit
from persistence.records.viewers import with_current_name
from persistence.store import StoreSnapshot
from persistence.summaries.ended import RecordsOf, cover_since
from persistence.summaries.films import BROAD, FEW_FILMS, match_films, match_hashes, select_film_hashes
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
    """Return the rows of the page that is asked for, and whether it is the first and the last one."""
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
    """The records of one viewer, or of all but the hidden ones."""

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
        """Return the rows of a page."""
        found = self._whose.find_period(self._store, offset)
        if found is None or not limit:
            return []
        until_s, within = found
        return self._read_rows([*self._conditions, WATCHES.c.ended_at_s < until_s], limit, within, since_s)

    def read_after(self, watch_id: str, limit: int, since_s: float | None) -> Sequence[Row]:
        """Return the rows of the page after a watch; none where there is no such watch."""
        at_s = self._find_end(watch_id)
        if at_s is None:
            return []
        older = [_ended <= at_s, or_(_ended < at_s, _watch_id > watch_id)]
        return self._read_rows([*self._conditions, *older], limit, 0, since_s)

    def read_before(self, watch_id: str, limit: int, since_s: float | None) -> Sequence[Row]:
        """Return the rows right before a watch, the newest first; none where there is no such watch."""
        at_s = self._find_end(watch_id)
        if at_s is None:
            return []
        newer = [_ended >= at_s, or_(_ended > at_s, _watch_id < watch_id)]
        return self._read_rows([*self._conditions, *newer], limit, 0, since_s, is_backward=True)

    def _find_end(self, watch_id: str) -> float | None:
        """Return when a watch ended; None where there is no such watch."""
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
        """Return some rows, the newest first. Their ids are looked for alone: those passed over are many.

        `is_backward`: whether the oldest that fit are wanted, and not the newest.
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
    """Of these, the watches of films whose title contains a text."""

    def __init__(self, store: StoreSnapshot, whose: RecordsOf, title: str) -> None:
        super().__init__(store, whose)
        counts = self._count_films(title)
        self._total = sum(counts.values())
        if self._total <= BROAD and len(counts) <= FEW_FILMS:
            self._conditions.append(WATCHES.c.film_hash.in_(sorted(counts)))
        else:  # found soon in the order of time: not to be looked up by film and sorted
            self._conditions.append((WATCHES.c.film_hash + 0).in_(select_film_hashes(title)))

    def count(self, since_s: float | None) -> int:
        """Return how many there are."""
        if since_s is None:
            return self._total
        # Of the records on either side of the moment the fewer are gone through; the others are the rest.
        if 2 * self._whose.count(self._store, since_s) > self._whose.count(self._store):
            return self._total - self._count_rows([*self._conditions, WATCHES.c.ended_at_s < since_s])
        return self._count_rows([*self._conditions, WATCHES.c.ended_at_s >= since_s])

    def read(self, limit: int, offset: int, since_s: float | None) -> Sequence[Row]:
        """Return the rows of a page."""
        return self._read_rows(self._conditions, limit, offset, since_s)

    def _find_films(self, title: str) -> Sequence[int]:
        """Return the films whose title contains a text, or just more than are looked up one by one."""
        query = select_film_hashes(title).limit(FEW_FILMS + 1)
        return self._store.connection.execute(query).scalars().all()

    def _count_films(self, title: str) -> dict[int, int]:
        """Return how many records each of the films has."""
        counts: dict[int, int] = {}
        if self._whose.viewer_id == EVERYBODY:
            query = select(WATCHED_FILMS.c.film_hash, WATCHED_FILMS.c.watches + WATCHED_FILMS.c.briefs).where(
                match_films(title)
            )
            counts = dict(self._store.connection.execute(query).all())
            sign, viewers = -1, list(self._whose.without)
        else:
            sign, viewers = 1, [self._whose.viewer_id]
        records = func.sum(FILM_VIEWERS.c.watches + FILM_VIEWERS.c.briefs)
        film = (FILM_VIEWERS.c.film_hash + 0).label("film")
        own = select(film, records).where(
            FILM_VIEWERS.c.community == ONLY_COMMUNITY,
            FILM_VIEWERS.c.viewer_id.in_(viewers),
            match_hashes(FILM_VIEWERS.c.film_hash, title, counts or self._find_films(title)),
        )
        if viewers:
            for film_hash, count in self._store.connection.execute(own.group_by(film)):
                counts[film_hash] = counts.get(film_hash, 0) + sign * int(count)
        return counts
