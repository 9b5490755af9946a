"""Checks that an SQLite store has Usher's tables and columns, and rows that Usher can read."""

import re
import sqlite3
from collections import deque
from collections.abc import Callable
from contextlib import closing
from functools import cache
from typing import Annotated, Any, NamedTuple, get_args

import msgspec
from sqlalchemy import BigInteger, Boolean, Column, Double, Integer, Table, UniqueConstraint, create_engine
from sqlalchemy.dialects import sqlite

from messages import EndReason, Item, Privacy, Problem, Source, Spans, WatchRecord, WatchState
from persistence.database.revision import HEAD, upgrade
from persistence.database.rows import PreLinkState, as_json, decode_part, decode_sittings, decode_totals, watch_record
from persistence.database.tables import (
    ACCOUNT_LINKS,
    CHECKPOINT,
    METADATA,
    POLL_VOTES,
    PRIVACY,
    SUGGESTIONS,
    VIEWER_STATS,
    VIEWERS,
    WATCH_PARTS,
    WATCHES,
)
from wording.problems import ProblemError

_FIRST_S, _LAST_S = -62_135_596_800, 253_402_300_799
"""The years 1 to 9999, in seconds since 1970: other times have no date."""
_LARGEST = 1.7976931348623157e308
_LARGEST_FIGURE = 10**15
"""Larger than any possible count or number of seconds."""
_MOST_TABLES = 1_000
"""More than anybody has beside Usher's tables."""
_MOST_FACTS = 10_000
"""Maximum number of facts; Usher writes some dozens."""
_QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/""", re.S)
_RULES = re.compile(r"\b(CHECK|CONFLICT|COLLATE|GENERATED|AS)\b", re.I)
"""SQL keywords that make a table refuse, drop or change written rows."""
_LONGEST_TEXT = 10_000_000
"""Maximum size of a value, bytes; the longest that Usher writes is a hundredth of it."""
LONGEST_ROW = 2 * _LONGEST_TEXT
"""Maximum size of a row, bytes; SQLite holds it in memory as a whole."""


class ShapeFault(ProblemError):
    """A store's tables or rows are wrong."""


class _Shape(NamedTuple):
    columns: dict[str, dict[str, tuple[str, bool, int]]]
    """Type, NOT NULL, and place in the primary key, by table and column."""
    unique: dict[str, set[frozenset[str]]]
    """Unique sets of columns, by table; those of a partial index also contain an empty name."""
    rules: dict[str, set[str]]
    """Other SQL keywords that affect written rows (`_RULES`), by table."""


def check_shape(connection: sqlite3.Connection, revision: str) -> None:
    """Raise ShapeFault if a table or column of a revision is missing or differs, or a trigger acts on the tables.

    Additional tables are allowed.
    """
    foreign = connection.execute("SELECT type, name FROM sqlite_master WHERE type IN ('view', 'trigger')").fetchone()
    if foreign is not None:
        raise ShapeFault(Problem.of("shape.foreign", kind=str(foreign[0]), name=str(foreign[1])))
    count = connection.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone()[0]
    if count > _MOST_TABLES:
        raise ShapeFault(Problem.of("shape.too_many_tables", count=count, most=_MOST_TABLES))
    expected, actual = _find_expected_shape(revision), _read_shape(connection)
    for table, columns in expected.columns.items():
        if table not in actual.columns:
            raise ShapeFault(Problem.of("shape.no_table", table=table))
        for name, column in columns.items():
            if name not in actual.columns[table]:
                raise ShapeFault(Problem.of("shape.no_column", table=table, column=name))
            if actual.columns[table][name] != column:
                raise ShapeFault(Problem.of("shape.other_column", table=table, column=name))
        others = actual.columns[table].items()
        required = [name for name, (_, is_required, _) in others if is_required and name not in columns]
        if required:
            raise ShapeFault(Problem.of("shape.foreign_column", table=table, column=required[0]))
        if not expected.unique[table] <= actual.unique[table]:
            raise ShapeFault(Problem.of("shape.not_unique", table=table))
        if actual.unique[table] - expected.unique[table]:  # such an index would refuse some rows
            raise ShapeFault(Problem.of("shape.foreign_unique", table=table))
        if foreign_rules := actual.rules[table] - expected.rules[table]:
            raise ShapeFault(Problem.of("shape.foreign_rule", table=table, rule=min(foreign_rules)))


def read_all_rows(connection: sqlite3.Connection) -> None:
    """Read every row of every table. Raises sqlite3.Error if one is too long, or has a text that is not UTF-8.

    Call it before SQLite's own checks, which read texts of any length into memory.
    """
    ordinary = "type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' AND rootpage > 0"
    for (table,) in connection.execute(f"SELECT name FROM sqlite_master WHERE {ordinary}").fetchall():  # noqa: S608  # a constant
        quoted = table.replace('"', '""')
        with closing(connection.execute(f'SELECT * FROM "{quoted}"')) as rows:  # noqa: S608  # quoted
            deque(rows, maxlen=0)


def check_rows(connection: sqlite3.Connection) -> None:
    """Raise ShapeFault if Usher cannot read a row of a store at the newest revision; call `read_all_rows` before.

    SQLite searches for values of the wrong type, Usher's own decoders read the JSON: a shared text only once.
    """
    for table in METADATA.sorted_tables:
        _check_values(connection, table)
    for column, choices in _CHOICES.items():
        _check_choices(connection, column, choices)
    for column, reader in _READERS.items():
        name = f'"{column.name}"'
        query = f'SELECT DISTINCT {name} FROM "{column.table.name}" WHERE {name} IS NOT NULL'  # noqa: S608  # our own names
        with closing(connection.execute(query)) as cursor:
            for (text,) in cursor:
                try:
                    reader(text)
                except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
                    where = f"{column.table.name}.{column.name}"
                    raise ShapeFault(Problem.of("shape.unreadable_value", column=where, error=str(error))) from None
    count, length = connection.execute("SELECT count(*), coalesce(sum(length(value)), 0) FROM facts").fetchone()
    if count > _MOST_FACTS or length > _LONGEST_TEXT:  # each save reads all of them
        raise ShapeFault(Problem.of("shape.too_many_facts", count=count))
    with closing(connection.execute("SELECT name, value FROM facts")) as facts:
        for name, value in facts:
            _read_fact(name, value)


def _read_shape(connection: sqlite3.Connection) -> _Shape:
    columns: dict[str, dict[str, tuple[str, bool, int]]] = {}
    unique: dict[str, set[frozenset[str]]] = {}
    rules: dict[str, set[str]] = {}
    for table, made_by in connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall():
        columns[table] = {
            name: (kind.upper(), bool(not_null), place)
            for name, kind, not_null, place in connection.execute(
                'SELECT name, type, "notnull", pk FROM pragma_table_info(?)', (table,)
            )
        }
        rules[table] = {found.upper() for found in _RULES.findall(_QUOTED.sub(" ", made_by or ""))}
        unique[table] = set()
        for index, is_partial in connection.execute(
            'SELECT name, partial FROM pragma_index_list(?) WHERE "unique" = 1', (table,)
        ).fetchall():
            names = connection.execute("SELECT name FROM pragma_index_info(?)", (index,)).fetchall()
            unique[table].add(frozenset([str(name) for (name,) in names] + [""] * is_partial))
    return _Shape(columns, unique, rules)


def _find_expected_shape(revision: str) -> _Shape:
    """Return the shape of a new store at a revision."""
    return _declared_shape() if revision == HEAD else _read_migrated_shape(revision)


def _declared_shape() -> _Shape:
    """Return the shape at the newest revision without creating a store, which would leave 2 kB of memory per column."""
    writer = sqlite.dialect()
    columns, unique = {}, {}
    for table in METADATA.sorted_tables:
        key = [column.name for column in table.primary_key]
        columns[table.name] = {
            column.name: (
                column.type.compile(writer).upper(),
                not column.nullable,
                key.index(column.name) + 1 if column.name in key else 0,
            )
            for column in table.columns
        }
        is_row_number = [columns[table.name][name][0] for name in key] == ["INTEGER"]
        unique[table.name] = {frozenset(key)} if not is_row_number else set()
        for constraint in table.constraints:
            if isinstance(constraint, UniqueConstraint):
                unique[table.name].add(frozenset(column.name for column in constraint.columns))
        for index in table.indexes:
            if index.unique:
                is_partial = index.dialect_kwargs.get("sqlite_where") is not None
                unique[table.name].add(frozenset([column.name for column in index.columns] + [""] * is_partial))
    return _Shape(columns, unique, {table: set() for table in columns})


@cache
def _read_migrated_shape(revision: str) -> _Shape:
    """Return the shape of a new store at a revision, by creating one in memory."""
    engine = create_engine("sqlite://")
    try:
        with engine.begin() as connection:
            upgrade(connection, revision)
            driver_connection = connection.connection.driver_connection
            shape = _read_shape(driver_connection)  # type: ignore[arg-type] # SQLite's own
    finally:
        engine.dispose()
    ours = [table for table in shape.columns if table in METADATA.tables]
    return _Shape(
        {table: shape.columns[table] for table in ours},
        {table: shape.unique[table] for table in ours},
        {table: shape.rules[table] for table in ours},
    )


def _check_values(connection: sqlite3.Connection, table: Table) -> None:
    """Raise ShapeFault if a column has values of the wrong type: SQLite accepts any type in any column."""
    conditions = {}
    for column in table.columns:
        name = f'"{column.name}"'
        is_wrong = f"NOT ({_build_condition(column, name)})"
        conditions[column.name] = f"{name} IS {'NOT NULL AND' if column.nullable else 'NULL OR'} {is_wrong}"
    any_wrong = " OR ".join(f"({condition})" for condition in conditions.values())
    if _has_row(connection, table, any_wrong):
        wrong = next(name for name, condition in conditions.items() if _has_row(connection, table, condition))
        raise ShapeFault(Problem.of("shape.wrong_value", column=f"{table.name}.{wrong}"))


def _has_row(connection: sqlite3.Connection, table: Table, condition: str) -> bool:
    query = f'SELECT 1 FROM "{table.name}" WHERE {condition} LIMIT 1'  # noqa: S608  # our own names
    return connection.execute(query).fetchone() is not None


def _build_condition(column: Column[Any], name: str) -> str:
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


def _check_choices(connection: sqlite3.Connection, column: Column[Any], choices: tuple[str, ...]) -> None:
    name, table = f'"{column.name}"', column.table.name
    places = ", ".join("?" * len(choices))
    query = f'SELECT {name} FROM "{table}" WHERE {name} NOT IN ({places}) LIMIT 1'  # noqa: S608  # our own names
    other = connection.execute(query, choices).fetchone()
    if other is not None:
        raise ShapeFault(Problem.of("shape.no_choice", value=repr(other[0]), column=f"{table}.{column.name}"))


def _read_spans(text: str) -> None:
    for stretch in _SPANS.decode(text):
        _check_numbers(stretch)


def _read_sittings(text: str) -> None:
    for sitting in decode_sittings(text):
        if not _FIRST_S <= sitting.start_s <= sitting.end_s <= _LAST_S:
            raise ValueError("a sitting has no date")


def _read_part(text: str) -> None:
    part = decode_part(text)
    if {column.name for column in WATCHES.columns} - part.keys():
        raise ValueError("its original is not whole")
    msgspec.json.decode(as_json(watch_record(part)), type=WatchRecord)
    for column in (WATCHES.c.genres, WATCHES.c.directors, WATCHES.c.spans):
        _READERS[column](part[column.name])


def _read_counts(text: str) -> None:
    _check_numbers(_COUNTS.decode(text))


def _read_totals(text: str) -> None:
    _check_numbers(msgspec.to_builtins(decode_totals(text)))


def _check_numbers(value: object) -> None:
    """Raise ValueError if a figure is impossibly large: no column or chart could hold it."""
    if isinstance(value, dict):
        for each in value.values():
            _check_numbers(each)
    elif isinstance(value, list | tuple):
        for each in value:
            _check_numbers(each)
    elif isinstance(value, int | float) and not abs(value) <= _LARGEST_FIGURE:
        raise ValueError("a figure is too large")


def _read_fact(name: str, value: str) -> None:
    try:
        if name.startswith("copy:"):
            msgspec.json.decode(value, type=_CHECKSUM)
        elif name.startswith("history_"):
            int(value)
    except ValueError as error:  # msgspec's errors are ValueErrors
        raise ShapeFault(Problem.of("shape.unreadable_fact", name=name, error=str(error))) from None


_CHECKSUM = Annotated[list[int | None], msgspec.Meta(min_length=3, max_length=4)] | None
"""The stored form of a JSON copy's checksum."""
_SPANS = msgspec.json.Decoder(Spans)
_COUNTS = msgspec.json.Decoder(dict[str, int])
_NAMES = msgspec.json.Decoder(list[str])
_READERS: dict[Column[Any], Callable[[str], object]] = {
    WATCHES.c.item: msgspec.json.Decoder(Item).decode,
    WATCHES.c.genres: _NAMES.decode,
    WATCHES.c.directors: _NAMES.decode,
    WATCHES.c.spans: _read_spans,
    WATCHES.c.sittings: _read_sittings,
    WATCH_PARTS.c.row: _read_part,
    VIEWERS.c.base: _read_totals,
    VIEWER_STATS.c.genres: _read_counts,
    VIEWER_STATS.c.decades: _read_counts,
    VIEWER_STATS.c.directors: _read_counts,
    VIEWER_STATS.c.totals: _read_totals,
    CHECKPOINT.c.state: msgspec.json.Decoder(WatchState).decode,
    SUGGESTIONS.c.item: msgspec.json.Decoder(Item).decode,
    POLL_VOTES.c.films: _NAMES.decode,
    ACCOUNT_LINKS.c.aside: msgspec.json.Decoder(PreLinkState).decode,
}
"""The decoder of each JSON column."""
_CHOICES: dict[Column[Any], tuple[str, ...]] = {
    WATCHES.c.source: get_args(Source),
    WATCHES.c.end_reason: get_args(EndReason),
    PRIVACY.c.choice: get_args(Privacy),
}
"""The allowed values of a column."""
