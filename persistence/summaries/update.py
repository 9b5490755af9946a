"""Updates the summaries with the records: called by `persistence.records.watches` for each change of its rows."""

import functools
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import (
    Connection,
    Insert,
    ScalarSelect,
    Table,
    and_,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    update,
)

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

VERSION = 3
"""Version of the summaries' content: if the store has another one, they are filled again."""
_FACT = "summaries"
_PARTY_COLUMNS = [
    WATCHES.c[name]
    for name in (
        *("screening_id", "viewer_id", "party", "brief"),
        *("started_at_s", "ended_at_s", "playing_s", "sittings"),
    )
]
"""The columns needed to count a party."""


class SummaryState(NamedTuple):
    """How far the summaries of a store are filled, and for which time zone."""

    version: int
    zone: str
    through_seq: int | None
    """Records up to this place in the history are in them; None: all, including future ones."""

    def holds(self, row: Row) -> bool:
        """Tell whether the summaries contain a record, or must contain it once it is stored."""
        return self.through_seq is None or row["seq"] <= self.through_seq


def read_state(connection: Connection) -> SummaryState | None:
    """Return how far the summaries are filled; None if filling has not begun."""
    filled: SummaryState | None = connection.info.get(_FACT)
    if filled is not None:
        return filled
    text = read_fact(connection, _FACT)
    return msgspec.json.decode(text, type=SummaryState) if text else None


def remember_if_filled(info: MutableMapping[Any, Any], state: SummaryState | None) -> None:
    """Cache the state in the writer's connection (its `info`) if all is filled and committed: saves read it no more."""
    if state is not None and state.through_seq is None:
        info[_FACT] = state


def write_state(connection: Connection, state: SummaryState) -> None:
    """Store how far the summaries are filled."""
    connection.info.pop(_FACT, None)
    put_facts(connection, {_FACT: msgspec.json.encode(state).decode()})


def apply_change(connection: Connection, old_rows: Iterable[Row], new_rows: Iterable[Row]) -> None:
    """Update the summaries after rows of `watches` were changed in this transaction.

    `old_rows`: the former values of removed and replaced rows. `new_rows`: the values of new and replacing rows.
    """
    state = read_state(connection)
    if state is None:
        return
    changes = SummaryChanges(ZoneInfo(state.zone))
    changes.subtract(row for row in old_rows if state.holds(row))
    changes.add(row for row in new_rows if state.holds(row))
    write_changes(connection, changes)


def apply_move(connection: Connection, rows: Iterable[Row], old_viewer_id: str) -> None:
    """Update the summaries after records were moved to another viewer; `rows`: their present values."""
    state = read_state(connection)
    if state is None:
        return
    changes = SummaryChanges(ZoneInfo(state.zone))
    for row in rows:
        if state.holds(row):
            changes.subtract([{**row, "viewer_id": old_viewer_id}])
            changes.add([row])
    write_changes(connection, changes)


def write_changes(connection: Connection, changes: SummaryChanges, *, counts_viewers: bool = True) -> None:
    """Add changes to the summaries of the store.

    `counts_viewers`: whether to count the films' viewers; while the summaries are filled, that is done once at the end.
    """
    viewers = _count_new_viewers(changes)
    for table in ADDED_UP:
        is_films = table is WATCHED_FILMS
        sums = {
            key: amounts
            for key, amounts in changes.amounts[table].items()
            if any(amounts) or (is_films and counts_viewers and key[0] in viewers)
        }
        further = {key: {**film, "viewers": viewers.get(key, 0)} for key, film in changes.films.items()}
        _add_amounts(connection, table, sums, further if is_films else {}, counts_viewers=is_films and counts_viewers)
        fewer = [key for key, amounts in sums.items() if min(amounts.watches, amounts.briefs) < 0]
        _drop_empty(connection, table, fewer)
    count_parties(connection, changes.parties, changes.zone, shrinks=changes.subtracts)


def _count_new_viewers(changes: SummaryChanges) -> dict[int, int]:
    """Return the films whose viewers may have changed, with the number of viewers for a film that is new."""
    viewers: dict[int, set[str]] = {}
    for (film_hash, viewer_id, _), more in changes.amounts[FILM_VIEWERS].items():
        if more.watches:
            viewers.setdefault(film_hash, set()).update([viewer_id] if more.watches > 0 else ())
    return {film_hash: len(who) for film_hash, who in viewers.items()}


def _add_amounts(
    connection: Connection,
    table: Table,
    sums: Mapping[tuple[Any, ...], Amounts],
    further: Mapping[Any, dict[str, Any]],
    *,
    counts_viewers: bool,
) -> None:
    names = _list_key_names(table)
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
        execute_many(connection, _build_addition(table, connection.dialect.name, counts_viewers=counts_viewers), rows)


@functools.cache
def _build_addition(table: Table, dialect: str, *, counts_viewers: bool = False) -> Insert:
    insert = build_insert(table, dialect)
    changed = {name: table.c[name] + insert.excluded[name] for name in Amounts._fields}
    if counts_viewers:
        changed["viewers"] = _select_viewer_count()
    keys = [column.name for column in table.primary_key]
    addition: Insert = insert.on_conflict_do_update(index_elements=keys, set_=changed)
    return addition


def _drop_empty(connection: Connection, table: Table, keys: Sequence[tuple[Any, ...]]) -> None:
    """Delete the rows of these keys that no longer contain any watch."""
    if not keys:
        return
    names = _list_key_names(table)
    own = and_(table.c.community == ONLY_COMMUNITY, *(table.c[name] == bindparam(f"key_{name}") for name in names))
    empty = delete(table).where(own, table.c.watches == 0, table.c.briefs == 0)
    connection.execute(empty, [{f"key_{name}": value for name, value in zip(names, key, strict=True)} for key in keys])


def _list_key_names(table: Table) -> list[str]:
    return [column.name for column in table.primary_key if column.name != "community"]


def count_film_viewers(connection: Connection, film_hashes: Iterable[int] | None = None) -> None:
    """Recount the viewers of some films, or of all."""
    count = update(WATCHED_FILMS).where(WATCHED_FILMS.c.community == ONLY_COMMUNITY)
    count = count.values(viewers=_select_viewer_count())
    if film_hashes is None:
        connection.execute(count)
    for some in split_batches(sorted(film_hashes or ())):
        connection.execute(count.where(WATCHED_FILMS.c.film_hash.in_(some)))


def _select_viewer_count() -> ScalarSelect[int]:
    """Select the number of viewers of the film whose row is written; without parameters, see `execute_many`."""
    own = [
        FILM_VIEWERS.c[name] == literal_column(f"{WATCHED_FILMS.name}.{name}") for name in ("community", "film_hash")
    ]
    viewers = select(func.count(FILM_VIEWERS.c.viewer_id.distinct()))
    return viewers.where(*own, FILM_VIEWERS.c.watches > literal_column("0")).scalar_subquery()


def count_parties(
    connection: Connection, screening_ids: Iterable[str], zone: ZoneInfo, *, shrinks: bool = True
) -> None:
    """Recount the viewers of watch parties from the records. `shrinks`: whether a party may be gone."""
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
    """Move a viewer's sums to another viewer, after all the viewer's records were moved."""
    state = read_state(connection)
    if state is None:
        return
    films = select(FILM_VIEWERS.c.film_hash).where(
        FILM_VIEWERS.c.community == ONLY_COMMUNITY, FILM_VIEWERS.c.viewer_id == old_viewer_id
    )
    film_hashes = set(connection.execute(films).scalars())
    for table in (FILM_VIEWERS, VIEWER_PERIODS):
        theirs = and_(table.c.community == ONLY_COMMUNITY, table.c.viewer_id == old_viewer_id)
        rows = [
            {**row, "viewer_id": new_viewer_id} for row in connection.execute(select(table).where(theirs)).mappings()
        ]
        if rows:
            execute_many(connection, _build_addition(table, connection.dialect.name), rows)
            connection.execute(delete(table).where(theirs))
    count_film_viewers(connection, film_hashes)
    parties = select(WATCHES.c.screening_id).where(
        WATCHES.c.viewer_id == new_viewer_id, WATCHES.c.party.is_(True), WATCHES.c.screening_id != ""
    )
    shared = select(WATCHES.c.screening_id).where(WATCHES.c.screening_id.in_(parties)).group_by(WATCHES.c.screening_id)
    several = shared.having(func.count().filter(WATCHES.c.viewer_id == new_viewer_id) > 1)
    count_parties(connection, connection.execute(several).scalars().all(), ZoneInfo(state.zone))
