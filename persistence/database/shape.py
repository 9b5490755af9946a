"""Whether an SQLite store has Usher's tables and columns, and rows that Usher can read."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cache
from typing import Any, NamedTuple, get_args

import msgspec
from sqlalchemy import BigInteger, Boolean, Column, Double, Integer, Table, create_engine

from messages import Privacy, WatchRecord, WatchState
from persistence.database.revision import HEAD, upgrade
from persistence.database.rows import PreLinkState, Row, as_json, decode_part, decode_totals, watch_record
from persistence.database.tables import (
    ACCOUNT_LINKS,
    CHECKPOINT,
    FACTS,
    METADATA,
    PRIVACY,
    VIEWER_STATS,
    VIEWERS,
    WATCH_PARTS,
    WATCHES,
)

_FIRST_S, _LAST_S = -62_135_596_800, 253_402_300_799
"""The years 1 to 9999, in seconds since 1970: a time beyond has no date."""
_LARGEST = 1.7976931348623157e308
_LARGEST_FIGURE = 10**15
"""Beyond all counts and seconds that anybody can have watched."""
_LONGEST_TEXT = 10_000_000
"""Bytes of one value; the longest that Usher writes is a hundredth of it."""


class ShapeFault(Exception):
    """What is wrong with a store's tables or rows, in a few words."""


class _Shape(NamedTuple):
    columns: dict[str, dict[str, tuple[str, bool, int]]]
    """Type, whether it must have a value, and place in the primary key, by table and column."""
    unique: dict[str, set[frozenset[str]]]
    """Columns that no two rows share, by table."""


def check_shape(connection: sqlite3.Connection, revision: str) -> None:
    """Raise ShapeFault where a table or column of a revision lacks or is another, or something acts on the tables.

    Further tables of somebody's own do no harm.
    """
    foreign = connection.execute("SELECT type, name FROM sqlite_master WHERE type IN ('view', 'trigger')").fetchone()
    if foreign is not None:
        raise ShapeFault(f"it has a {foreign[0]} that is not Usher's ({foreign[1]})")
    expected, actual = _expected_shape(revision), _read_shape(connection)
    for table, columns in expected.columns.items():
        if table not in actual.columns:
            raise ShapeFault(f"it lacks the table {table}")
        for name, column in columns.items():
            if name not in actual.columns[table]:
                raise ShapeFault(f"its table {table} lacks the column {name}")
            if actual.columns[table][name] != column:
                raise ShapeFault(f"in its table {table} the column {name} is of another kind")
        others = actual.columns[table].items()
        required = [name for name, (_, is_required, _) in others if is_required and name not in columns]
        if required:
            raise ShapeFault(f"its table {table} has a column that is not Usher's ({required[0]})")
        if not expected.unique[table] <= actual.unique[table]:
            raise ShapeFault(f"its table {table} may hold a row twice")


def check_rows(connection: sqlite3.Connection) -> None:
    """Raise ShapeFault where a row of a store at the newest revision holds what Usher cannot read."""
    for table in METADATA.sorted_tables:
        _check_values(connection, table)
        reader = _READERS.get(table.name)
        if reader is None:
            continue
        for row in _read_rows(connection, table):
            try:
                reader(row)
            except (
                ValueError,
                TypeError,
                KeyError,
                OverflowError,
                RecursionError,
            ) as error:  # msgspec's are ValueError
                key = ", ".join(str(row[column.name]) for column in table.primary_key)
                raise ShapeFault(f"a row of its table {table.name} cannot be read ({key[:60]}: {error})") from None


def _read_shape(connection: sqlite3.Connection) -> _Shape:
    columns: dict[str, dict[str, tuple[str, bool, int]]] = {}
    unique: dict[str, set[frozenset[str]]] = {}
    for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        columns[table] = {
            name: (kind.upper(), bool(not_null), place)
            for name, kind, not_null, place in connection.execute(
                'SELECT name, type, "notnull", pk FROM pragma_table_info(?)', (table,)
            )
        }
        unique[table] = set()
        for (index,) in connection.execute(
            'SELECT name FROM pragma_index_list(?) WHERE "unique" = 1 AND partial = 0', (table,)
        ).fetchall():
            names = connection.execute("SELECT name FROM pragma_index_info(?)", (index,)).fetchall()
            unique[table].add(frozenset(str(name) for (name,) in names))
    return _Shape(columns, unique)


@cache
def _expected_shape(revision: str) -> _Shape:
    """Return the shape of a new store at a revision, by making one in memory."""
    engine = create_engine("sqlite://")
    try:
        with engine.begin() as connection:
            if revision == HEAD:
                METADATA.create_all(connection)
            else:
                upgrade(connection, revision)
            driver_connection = connection.connection.driver_connection
            shape = _read_shape(driver_connection)  # type: ignore[arg-type] # SQLite's own
    finally:
        engine.dispose()
    ours = [table for table in shape.columns if table in METADATA.tables]
    return _Shape({table: shape.columns[table] for table in ours}, {table: shape.unique[table] for table in ours})


def _check_values(connection: sqlite3.Connection, table: Table) -> None:
    """Have SQLite itself look for values of another type: it stores any in any column."""
    for column in table.columns:
        name = f'"{column.name}"'
        is_wrong = f"NOT ({_condition(column, name)})"
        is_wrong = f"{name} IS NOT NULL AND {is_wrong}" if column.nullable else f"{name} IS NULL OR {is_wrong}"
        query = f'SELECT 1 FROM "{table.name}" WHERE {is_wrong} LIMIT 1'  # noqa: S608  # names of our own tables
        if connection.execute(query).fetchone() is not None:
            raise ShapeFault(f"a value of {table.name}.{column.name} is not what that column holds")


def _condition(column: Column[Any], name: str) -> str:
    if isinstance(column.type, Boolean):
        return f"typeof({name}) = 'integer' AND {name} IN (0, 1)"
    if isinstance(column.type, Integer | BigInteger):
        return f"typeof({name}) = 'integer'"
    if isinstance(column.type, Double):
        is_number = f"typeof({name}) IN ('integer', 'real')"
        if column.name.endswith(("at_s", "seen_s", "since_s", "wall_s")):
            return f"{is_number} AND {name} BETWEEN {_FIRST_S} AND {_LAST_S}"
        return f"{is_number} AND {name} BETWEEN {-_LARGEST} AND {_LARGEST}"
    return f"typeof({name}) = 'text' AND length({name}) <= {_LONGEST_TEXT}"


def _read_rows(connection: sqlite3.Connection, table: Table) -> Iterator[Row]:
    names = [column.name for column in table.columns]
    flags = [column.name for column in table.columns if isinstance(column.type, Boolean)]
    quoted = ", ".join(f'"{name}"' for name in names)
    with closing(connection.execute(f'SELECT {quoted} FROM "{table.name}"')) as cursor:  # noqa: S608  # as above
        for values in cursor:
            row = dict(zip(names, values, strict=True))
            yield row | {name: bool(row[name]) for name in flags}  # SQLite has them as 0 and 1


def _read_watch(row: Row) -> None:
    record = msgspec.json.decode(as_json(watch_record(row)), type=WatchRecord)
    _check_numbers(record.spans)
    for sitting in record.sittings:
        if not _FIRST_S <= sitting.start_s <= sitting.end_s <= _LAST_S:
            raise ValueError("a sitting has no date")
    for name in ("genres", "directors"):
        msgspec.json.decode(row[name], type=list[str])


def _read_part(row: Row) -> None:
    part = decode_part(row["row"])
    if {column.name for column in WATCHES.columns} - part.keys():
        raise ValueError("its original is not whole")
    _read_watch(part)


def _read_stats(row: Row) -> None:
    for name in ("genres", "decades", "directors"):
        _check_numbers(msgspec.json.decode(row[name], type=dict[str, int]))
    _read_totals(row["totals"])


def _read_totals(text: str | None) -> None:
    _check_numbers(msgspec.to_builtins(decode_totals(text)))


def _check_numbers(value: object) -> None:
    """Raise ValueError where a figure is beyond all that can be watched: no column or chart would hold it."""
    if isinstance(value, dict):
        for each in value.values():
            _check_numbers(each)
    elif isinstance(value, list | tuple):
        for each in value:
            _check_numbers(each)
    elif isinstance(value, int | float) and not abs(value) <= _LARGEST_FIGURE:
        raise ValueError("a figure is too large")


def _read_privacy(row: Row) -> None:
    if row["choice"] not in get_args(Privacy):
        raise ValueError(f"{row['choice']!r} is no choice of privacy")


def _read_fact(row: Row) -> None:
    if row["name"].startswith("copy:"):
        msgspec.json.decode(row["value"], type=tuple[int, int, int] | None)
    if row["name"].startswith("history_"):
        int(row["value"])


_READERS: dict[str, Callable[[Row], object]] = {
    WATCHES.name: _read_watch,
    WATCH_PARTS.name: _read_part,
    VIEWERS.name: lambda row: _read_totals(row["base"]),
    VIEWER_STATS.name: _read_stats,
    CHECKPOINT.name: lambda row: msgspec.json.decode(row["state"], type=WatchState),
    ACCOUNT_LINKS.name: lambda row: msgspec.json.decode(row["aside"], type=PreLinkState),
    PRIVACY.name: _read_privacy,
    FACTS.name: _read_fact,
}
"""What reads the JSON and the choices in a table's rows."""
