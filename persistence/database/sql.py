"""The few statements that SQLAlchemy has no common word for."""

import functools
import operator
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Dialect, Insert, Table, Update, func, select

from persistence.database.tables import FACTS, WATCHES

Value = TypeVar("Value")
_IN_AT_ONCE = 500
PAGE_KEY = "page_key"


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows; where the primary key is there already, replace the row."""
    if rows:
        execute_many(connection, _build_upsert(table, connection.dialect.name, tuple(rows[0])), rows)


def execute_many(connection: Connection, statement: Insert | Update, rows: Sequence[Mapping[str, Any]]) -> None:
    """Run an insert for each of some rows that have the same columns, or an update with the same parameters.

    SQLAlchemy would look at every value of every row, for types that no table here has: half the time of a large save.
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
"""One for each statement, driver and choice of columns: all stores share them."""


def _compile(statement: Insert | Update, dialect: Dialect, names: tuple[str, ...]) -> tuple[str, list[str] | None]:
    """Return the text of a statement, with the order of its values where they are told by their place."""
    key = statement, dialect.driver, names
    if key not in _COMPILED:
        columns = list(names) if isinstance(statement, Insert) else None
        compiled = statement.compile(dialect=dialect, column_keys=columns)
        _COMPILED[key] = str(compiled), getattr(compiled, "positiontup", None)
    return _COMPILED[key]


@functools.cache
def _build_upsert(table: Table, dialect: str, names: tuple[str, ...]) -> Insert:
    """Return the statement, made once: to make it costs ten times what it takes to run."""
    keys = [column.name for column in table.primary_key]
    insert = build_insert(table, dialect)
    new = {name: insert.excluded[name] for name in names if name not in keys}
    made: Insert = insert.on_conflict_do_update(index_elements=keys, set_=new)
    return made


def build_insert(table: Table, dialect: str) -> Any:
    """Return an insert that can say what happens on a conflict."""
    if dialect == "postgresql":  # imported for who has it: it weighs 2.5 MB
        from sqlalchemy.dialects.postgresql import insert as postgresql_insert

        return postgresql_insert(table)
    from sqlalchemy.dialects.sqlite import insert as sqlite_insert

    return sqlite_insert(table)


def split_batches(values: Iterable[Value]) -> Iterator[list[Value]]:
    """Yield values in lists short enough for an IN."""
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
    """Return how many records there are: counted as they come in, for to count a million rows takes long."""
    return int(read_fact(connection, "history_count", "0"))


def read_history_seq(connection: Connection) -> int:
    """Return the highest place in the history copy that was ever given: none is given twice."""
    return int(read_fact(connection, "history_seq") or read_history_count(connection))


def read_last_seq(connection: Connection) -> int:
    """Return the place of the last record that is there; 0 where there is none."""
    return connection.execute(select(func.max(WATCHES.c.seq))).scalar() or 0


def add_to_history_count(connection: Connection, more: int, seq: int | None = None) -> None:
    """Note that there are so many more records, or fewer, below 0; and the highest place given, where that is new."""
    facts = FactSheet(connection)
    facts.add_to_history_count(more)
    if seq is not None:
        facts.put("history_seq", str(seq))
    facts.flush()


class FactSheet:
    """The store's facts about itself in one transaction: read once, and what changed of them written once."""

    def __init__(self, connection: Connection, known: Mapping[str, str] | None = None) -> None:
        """`known`: all of them, where they were read already."""
        self._connection = connection
        if known is None:
            known = dict(connection.execute(select(FACTS.c.name, FACTS.c.value)).all())
        self._known = dict(known)
        self._changed: dict[str, str] = {}
        self.first_seq = self.history_seq
        """The highest place in the history copy that was given before this transaction."""

    def get(self, name: str, default: str = "") -> str:
        """Return a fact; `default` where there is none."""
        return self._known.get(name, default)

    def put(self, name: str, value: str) -> None:
        """Change a fact."""
        if self._known.get(name) != value:
            self._known[name] = self._changed[name] = value

    def flush(self) -> None:
        """Write what changed."""
        put_facts(self._connection, self._changed)
        self._changed = {}

    @property
    def history_count(self) -> int:
        """How many records there are."""
        return int(self.get("history_count", "0"))

    def add_to_history_count(self, more: int) -> None:
        """Note that there are so many more records, or fewer, below 0."""
        count = self.history_count
        self.put("history_seq", str(self.history_seq))  # before the count goes down: no place is given twice
        self.put("history_count", str(count + more))

    @property
    def history_seq(self) -> int:
        """The highest place in the history copy that was ever given."""
        return int(self.get("history_seq") or self.history_count)

    def take_history_seq(self) -> int:
        """Return the next place in the history copy; none is given twice."""
        seq = self.history_seq + 1
        self.put("history_seq", str(seq))
        return seq


def read_page_key(connection: Connection) -> bytes:
    """Return the key of the short names in addresses of the page; empty where there is none yet."""
    return bytes.fromhex(read_fact(connection, PAGE_KEY))


def ensure_page_key(connection: Connection) -> bytes:
    """Return the key of the short names; one is made where there is none."""
    if not (key := read_page_key(connection)):
        key = os.urandom(32)
        put_facts(connection, {PAGE_KEY: key.hex()})
    return key
