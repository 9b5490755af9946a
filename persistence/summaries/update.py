"""Keeps the summaries in step with the records: called by `persistence.records.watches` for each change of its rows."""

import functools
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, Insert, Table, and_, bindparam, delete, func, select

from persistence.database.rows import Row
from persistence.database.sql import build_insert, execute_many, put_facts, read_fact, split_batches, upsert
from persistence.database.tables import (
    FILM_VIEWERS,
    ONLY_COMMUNITY,
    PARTIES,
    VIEWER_PERIODS,
    WATCHED_FILMS,
    WATCHES,
)
from persistence.summaries.amounts import Amounts, first_year
from persistence.summaries.changes import ADDED_UP, SummaryChanges, is_party

VERSION = 2
"""Of what the summaries hold: where it is another than the store's, they are filled anew."""
_FACT = "summaries"
_PARTY_COLUMNS = [
    WATCHES.c[name]
    for name in (
        *("screening_id", "viewer_id", "party", "brief"),
        *("started_at_s", "ended_at_s", "playing_s", "sittings"),
    )
]
"""What the count of a party needs."""


class SummaryState(NamedTuple):
    """How far the summaries of a store are filled, and for which time zone's days."""

    version: int
    zone: str
    through_seq: int | None
    """Records up to this place in the history are in them; None: all, and those to come."""

    def holds(self, row: Row) -> bool:
        """Tell whether a record is in the summaries, or is to be once it is stored."""
        return self.through_seq is None or row["seq"] <= self.through_seq


def read_state(connection: Connection) -> SummaryState | None:
    """Return how far the summaries are filled; None where nobody began to."""
    filled: SummaryState | None = connection.info.get(_FACT)
    if filled is not None:
        return filled
    text = read_fact(connection, _FACT)
    return msgspec.json.decode(text, type=SummaryState) if text else None


def remember_if_filled(info: MutableMapping[Any, Any], state: SummaryState | None) -> None:
    """Spare the writer's connection a look at each save, where all is filled and committed; `info` is that of it."""
    if state is not None and state.through_seq is None:
        info[_FACT] = state


def write_state(connection: Connection, state: SummaryState) -> None:
    """Note how far the summaries are filled."""
    connection.info.pop(_FACT, None)
    put_facts(connection, {_FACT: msgspec.json.encode(state).decode()})


def apply_change(connection: Connection, old_rows: Iterable[Row], new_rows: Iterable[Row]) -> None:
    """Bring the summaries up to date, after rows of `watches` were changed in this transaction.

    `old_rows`: as they were, of those that are gone or were replaced. `new_rows`: as they are, of those that are new or
    took the place of others.
    """
    state = read_state(connection)
    if state is None:
        return
    changes = SummaryChanges(ZoneInfo(state.zone))
    changes.subtract(row for row in old_rows if state.holds(row))
    changes.add(row for row in new_rows if state.holds(row))
    write_changes(connection, changes)


def apply_move(connection: Connection, rows: Iterable[Row], old_viewer_id: str) -> None:
    """Bring the summaries up to date, after records of a viewer came to count for another; `rows`: as they are now."""
    state = read_state(connection)
    if state is None:
        return
    changes = SummaryChanges(ZoneInfo(state.zone))
    for row in rows:
        if state.holds(row):
            changes.subtract([{**row, "viewer_id": old_viewer_id}])
            changes.add([row])
    write_changes(connection, changes)


def write_changes(connection: Connection, changes: SummaryChanges) -> None:
    """Add changes to the summaries of the store."""
    for table in ADDED_UP:
        sums = {key: amounts for key, amounts in changes.amounts[table].items() if any(amounts)}
        further = changes.films if table is WATCHED_FILMS else {}
        _add_amounts(connection, table, sums, further)
        fewer = [key for key, amounts in sums.items() if min(amounts.watches, amounts.briefs) < 0]
        _drop_empty(connection, table, fewer)
    count_parties(connection, changes.parties, changes.zone, shrinks=changes.subtracts)


def _add_amounts(
    connection: Connection, table: Table, sums: Mapping[tuple[Any, ...], Amounts], further: Mapping[Any, dict[str, Any]]
) -> None:
    names = _key_names(table)
    rows = [
        {
            "community": ONLY_COMMUNITY,
            **dict(zip(names, key, strict=True)),
            **further.get(key[0], {}),
            **amounts._asdict(),
        }
        for key, amounts in sums.items()
    ]
    if rows:
        execute_many(connection, _build_addition(table, connection.dialect.name), rows)


@functools.cache
def _build_addition(table: Table, dialect: str) -> Insert:
    insert = build_insert(table, dialect)
    sums = {name: table.c[name] + insert.excluded[name] for name in Amounts._fields}
    keys = [column.name for column in table.primary_key]
    addition: Insert = insert.on_conflict_do_update(index_elements=keys, set_=sums)
    return addition


def _drop_empty(connection: Connection, table: Table, keys: Sequence[tuple[Any, ...]]) -> None:
    """Delete the rows of these keys to which no watch belongs any more."""
    if not keys:
        return
    names = _key_names(table)
    own = and_(table.c.community == ONLY_COMMUNITY, *(table.c[name] == bindparam(f"key_{name}") for name in names))
    empty = delete(table).where(own, table.c.watches == 0, table.c.briefs == 0)
    connection.execute(empty, [{f"key_{name}": value for name, value in zip(names, key, strict=True)} for key in keys])


def _key_names(table: Table) -> list[str]:
    return [column.name for column in table.primary_key if column.name != "community"]


def count_parties(
    connection: Connection, screening_ids: Iterable[str], zone: ZoneInfo, *, shrinks: bool = True
) -> None:
    """Count the viewers of watch parties anew, by the records of their screenings. `shrinks`: one may be gone."""
    for some in split_batches(sorted(screening_ids)):
        there = select(*_PARTY_COLUMNS).where(WATCHES.c.screening_id.in_(some))
        found: dict[tuple[int, str], list[Row]] = {}
        for row in connection.execute(there).mappings():
            if is_party(row):
                found.setdefault((first_year(row, zone), row["screening_id"]), []).append(row)
        if shrinks:
            own = PARTIES.c.screening_id.in_(some)
            connection.execute(delete(PARTIES).where(PARTIES.c.community == ONLY_COMMUNITY, own))
        rows = [
            {
                "community": ONLY_COMMUNITY,
                "year": year,
                "screening_id": screening_id,
                "viewers": len({row["viewer_id"] for row in of_party}),
                "started_at_s": min(row["started_at_s"] for row in of_party),
            }
            for (year, screening_id), of_party in found.items()
        ]
        upsert(connection, PARTIES, rows)


def move_viewer(connection: Connection, old_viewer_id: str, new_viewer_id: str) -> None:
    """Have everything that is summed up of a viewer count for another, after all the viewer's records were moved."""
    state = read_state(connection)
    if state is None:
        return
    for table in (FILM_VIEWERS, VIEWER_PERIODS):
        theirs = and_(table.c.community == ONLY_COMMUNITY, table.c.viewer_id == old_viewer_id)
        rows = [
            {**row, "viewer_id": new_viewer_id} for row in connection.execute(select(table).where(theirs)).mappings()
        ]
        if rows:
            execute_many(connection, _build_addition(table, connection.dialect.name), rows)
            connection.execute(delete(table).where(theirs))
    parties = select(WATCHES.c.screening_id).where(
        WATCHES.c.viewer_id == new_viewer_id, WATCHES.c.party.is_(True), WATCHES.c.screening_id != ""
    )
    shared = select(WATCHES.c.screening_id).where(WATCHES.c.screening_id.in_(parties)).group_by(WATCHES.c.screening_id)
    several = shared.having(func.count().filter(WATCHES.c.viewer_id == new_viewer_id) > 1)
    count_parties(connection, connection.execute(several).scalars().all(), ZoneInfo(state.zone))
