"""Statements for which SQLAlchemy has no common form."""

import functools
import operator
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Dialect, Insert, Select, Table, Text, Update, cast, func, select

from persistence.database.tables import FACTS, WATCHES

Value = TypeVar("Value")
_IN_AT_ONCE = 500
PAGE_KEY = "page_key"
_NUMBERS = msgspec.json.Decoder(list[int])


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows; replace rows whose primary key exists."""
    if rows:
        execute_many(connection, _build_upsert(table, connection.dialect.name, tuple(rows[0])), rows)


def execute_many(connection: Connection, statement: Insert | Update, rows: Sequence[Mapping[str, Any]]) -> None:
    """Run an insert or an update for each row; all rows have the same columns or parameters.

    SQLAlchemy would check every value of every row for types that no table here has: half the time of a large save.
    """
    if len(rows) == 1:
        connection.execute(statement, rows[0])
        return
    compiled, names = _compile(statement, connection.dialect, tuple(rows[0]))
    if names is None:
        connection.exec_driver_sql(compiled, [dict(row) for row in rows])
    else:
        connection.exec_driver_sql(compiled, list(map(operator.itemgetter(*names), rows)))


_COMPILED: dict[tuple[Insert | Update, str, tuple[str, ...]], tuple[str, list[str] | None]] = {}
"""By statement, driver and columns; shared by all stores."""


def _compile(statement: Insert | Update, dialect: Dialect, names: tuple[str, ...]) -> tuple[str, list[str] | None]:
    """Return the text of a statement, with the order of its values if its parameters are positional."""
    key = statement, dialect.driver, names
    if key not in _COMPILED:
        columns = list(names) if isinstance(statement, Insert) else None
        compiled = statement.compile(dialect=dialect, column_keys=columns)
        _COMPILED[key] = str(compiled), getattr(compiled, "positiontup", None)
    return _COMPILED[key]


@functools.cache
def _build_upsert(table: Table, dialect: str, names: tuple[str, ...]) -> Insert:
    """Return the statement. It is cached, because building it takes ten times as long as running it."""
    keys = [column.name for column in table.primary_key]
    insert = build_insert(table, dialect)
    new = {name: insert.excluded[name] for name in names if name not in keys}
    made: Insert = insert.on_conflict_do_update(index_elements=keys, set_=new)
    return made


def build_insert(table: Table, dialect: str) -> Any:
    """Return an insert that supports ON CONFLICT."""
    if dialect == "postgresql":  # imported only for PostgreSQL: it takes 2.5 MB
        from sqlalchemy.dialects.postgresql import insert as postgresql_insert

        return postgresql_insert(table)
    from sqlalchemy.dialects.sqlite import insert as sqlite_insert

    return sqlite_insert(table)


def read_columns(connection: Connection, query: Select[Any]) -> list[list[int]]:
    """Return the result of a query column by column; only for whole numbers without nulls.

    Each column is read as one text: with thousands of rows, creating row objects would take most of the time.
    """
    name = "json_agg" if connection.dialect.name == "postgresql" else "json_group_array"
    columns = [cast(getattr(func, name)(column), Text) for column in query.subquery().columns]
    texts = connection.execute(select(*columns)).one()
    return [_NUMBERS.decode(text) if text else [] for text in texts]


def split_batches(values: Iterable[Value]) -> Iterator[list[Value]]:
    """Yield the values in lists that are short enough for an IN."""
    everything = list(values)
    for start in range(0, len(everything), _IN_AT_ONCE):
        yield everything[start : start + _IN_AT_ONCE]


def read_fact(connection: Connection, name: str, default: str = "") -> str:
    """Return one of the store's facts about itself."""
    found = connection.execute(select(FACTS.c.value).where(FACTS.c.name == name)).scalar_one_or_none()
    return default if found is None else str(found)


def put_facts(connection: Connection, facts: Mapping[str, str]) -> None:
    """Write some of the store's facts about itself."""
    upsert(connection, FACTS, [{"name": name, "value": value} for name, value in facts.items()])


def read_history_count(connection: Connection) -> int:
    """Return the number of records. It is updated with each change, because counting a million rows takes long."""
    return int(read_fact(connection, "history_count", "0"))


def read_history_seq(connection: Connection) -> int:
    """Return the highest place in the history copy that was ever assigned; no place is assigned twice."""
    return int(read_fact(connection, "history_seq") or read_history_count(connection))


def read_last_seq(connection: Connection) -> int:
    """Return the place of the last existing record; 0 if there is none."""
    return connection.execute(select(func.max(WATCHES.c.seq))).scalar() or 0


def add_to_history_count(connection: Connection, more: int, seq: int | None = None) -> None:
    """Add `more` (may be negative) to the count of records, and update the highest assigned place if it grew."""
    facts = FactSheet(connection)
    facts.add_to_history_count(more)
    if seq is not None:
        facts.put("history_seq", str(seq))
    facts.flush()


class FactSheet:
    """The store's facts about itself in one transaction: read once; changed ones are written once."""

    def __init__(self, connection: Connection, known: Mapping[str, str] | None = None) -> None:
        """`known`: all facts, if they were already read."""
        self._connection = connection
        if known is None:
            known = dict(connection.execute(select(FACTS.c.name, FACTS.c.value)).all())
        self._known = dict(known)
        self._changed: dict[str, str] = {}
        self.first_seq = self.history_seq
        """The highest place in the history copy that was assigned before this transaction."""

    def get(self, name: str, default: str = "") -> str:
        """Return a fact; `default` if there is none."""
        return self._known.get(name, default)

    def put(self, name: str, value: str) -> None:
        """Change a fact."""
        if self._known.get(name) != value:
            self._known[name] = self._changed[name] = value

    def flush(self) -> None:
        """Write the changed facts."""
        put_facts(self._connection, self._changed)
        self._changed = {}

    @property
    def history_count(self) -> int:
        """Number of records."""
        return int(self.get("history_count", "0"))

    def add_to_history_count(self, more: int) -> None:
        """Add `more` (may be negative) to the count of records."""
        count = self.history_count
        self.put("history_seq", str(self.history_seq))  # before the count decreases: no place is assigned twice
        self.put("history_count", str(count + more))

    @property
    def history_seq(self) -> int:
        """The highest place in the history copy that was ever assigned."""
        return int(self.get("history_seq") or self.history_count)

    def take_history_seq(self) -> int:
        """Return the next place in the history copy; no place is assigned twice."""
        seq = self.history_seq + 1
        self.put("history_seq", str(seq))
        return seq


def read_page_key(connection: Connection) -> bytes:
    """Return the key of the short names in web addresses; empty if there is none yet."""
    return bytes.fromhex(read_fact(connection, PAGE_KEY))


def ensure_page_key(connection: Connection) -> bytes:
    """Return the key of the short names; create one if there is none."""
    if not (key := read_page_key(connection)):
        key = os.urandom(32)
        put_facts(connection, {PAGE_KEY: key.hex()})
    return key
