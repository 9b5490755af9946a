"""Connections to the store: one writer, and several readers."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool, StaticPool
from sqlalchemy.util import LRUCache

from persistence.database.schema import split_schema, use_schema
from persistence.database.store_owner import take_advisory_lock

CONNECT_S = 5
"""Timeout for connecting to a database server, seconds: a stop must not wait for it."""
OWNER_STATEMENT_MS = 9_000
"""Maximum time of a save's statement on a PostgreSQL server."""
ANSWER_S = OWNER_STATEMENT_MS / 1000 + 1
"""Timeout for the answer to it, seconds: if the network drops everything, the server's limit does not help."""
READER_STATEMENT_MS = 60_000
"""Maximum time of a question's statement on a PostgreSQL server."""
READERS = 5
"""Maximum number of reading connections: for questions, an export, and the writer's thread."""
BUSY_MS = 5_000
"""How long a connection waits for another program's lock before it gives up, milliseconds."""


class StoreDialect(SQLiteDialect_pysqlite):
    """SQLAlchemy's dialect, equal for all SQLite stores, so that they share compiled statements."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def __hash__(self) -> int:
        return hash(type(self))


registry.register("sqlite.usher", __name__, StoreDialect.__name__)
_COMPILED: LRUCache[Any, Any] = LRUCache(1000)
"""The compiled statements of all SQLite stores: one process may have hundreds of stores."""


def _create_sqlite_engine(url: str, **more: Any) -> Engine:
    address = make_url(url).set(drivername="sqlite+usher")
    return create_engine(address, execution_options={"compiled_cache": _COMPILED}, hide_parameters=True, **more)


def sqlite_file(url: str) -> Path | None:
    """Return the file of an SQLite address; None for another store."""
    parsed = make_url(url)
    is_file = parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:")
    return Path(str(parsed.database)) if is_file else None


def sqlite_url(file: Path) -> str:
    """Return the address of an SQLite file."""
    return URL.create("sqlite", database=str(file)).render_as_string()


def store_name(url: str) -> str:
    """Return the store's name for messages: its file, or its address without the password."""
    # The options after the question mark are left out: a driver also accepts a password there.
    try:
        schema = split_schema(url)[1]
        address = make_url(url).set(query={}).render_as_string(hide_password=True)
        return str(sqlite_file(url) or (f"{address}, schema {schema}" if schema else address))
    except ArgumentError:
        return "of DATABASE_URL"


_TCP_OPTIONS = {
    "connect_timeout": CONNECT_S,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
}
"""Detects within 10 s a network that drops everything (milliseconds, then seconds)."""


_SERVER_OPTIONS = "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
"""The server detects within a minute that this machine is unreachable, and releases its locks."""


def _libpq_options(parsed: URL, statement_ms: int) -> dict[str, Any]:
    """Return timeouts for PostgreSQL's own library; those in DATABASE_URL take precedence."""
    if parsed.get_driver_name() not in ("psycopg", "psycopg2"):
        return {}
    options = {**_TCP_OPTIONS, "options": f"-c statement_timeout={statement_ms} {_SERVER_OPTIONS}"}
    return {name: value for name, value in options.items() if name not in parsed.query}


def writer_engine(url: str, *, is_owner: bool = False, may_create_schema: bool = True) -> Engine:
    """Return the engine of the one writer: a single connection, whose transactions take the lock at their begin.

    `is_owner`: whether this is the service that owns a PostgreSQL store: its connection holds the store's lock, and
    limits each statement to the time of a save. `may_create_schema`: whether to create a further community's schema.
    """
    address, schema = split_schema(url)
    if address.get_backend_name() != "sqlite":
        pool = {"pool_size": 1, "max_overflow": 0, "hide_parameters": True}
        connect_args = _libpq_options(address, OWNER_STATEMENT_MS if is_owner else 0)
        engine = create_engine(address, pool_pre_ping=True, connect_args=connect_args, **pool)
        if is_owner and address.get_driver_name() == "psycopg":
            _limit_answers(engine, ANSWER_S)
        if is_owner and engine.dialect.name == "postgresql":
            _own_database(engine, store_name(url), schema)
        if schema:
            use_schema(engine, schema, may_create=may_create_schema)
        return engine
    engine = _create_sqlite_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})
    _configure_connections(engine, "BEGIN IMMEDIATE")
    return engine


def _own_database(engine: Engine, store: str, schema: str) -> None:
    """Make each new connection of the writer the owner of the database, or of a schema of it."""
    session = 0

    @event.listens_for(engine, "connect")
    def own(connection: Any, _record: object) -> None:
        nonlocal session
        session = take_advisory_lock(connection, store, lost_session=session, schema=schema)


def _limit_answers(engine: Engine, within_s: float) -> None:
    """Make connections of an engine fail if no answer comes in time."""

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: object, _record: object, arguments: Any, parameters: Any) -> Any:
        from persistence.database.impatient_connection import ImpatientConnection  # it loads the driver

        connection = ImpatientConnection.connect(*arguments, **parameters)
        connection.patience_s = within_s
        return connection


@contextmanager
def without_time_limits(connection: Connection) -> Iterator[None]:
    """Remove the time limits for a transaction of the writer, such as the migration of a large store."""
    if connection.dialect.name != "postgresql":
        yield
        return
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    driver_connection: Any = connection.connection.driver_connection
    patience_s = getattr(driver_connection, "patience_s", None)
    if patience_s is not None:
        driver_connection.patience_s = None
    try:
        yield
    finally:
        if patience_s is not None:
            driver_connection.patience_s = patience_s


def reader_engine(url: str) -> Engine:
    """Return an engine for queries. Its connections cannot write and never wait for the writer.

    A transaction reads one snapshot, taken at its first statement.
    """
    address, schema = split_schema(url)
    # A server has about a hundred connections in total, so a further community keeps only one open.
    kept = 1 if schema else READERS
    pool: dict[str, Any] = {"pool_size": kept, "max_overflow": READERS - kept}
    if address.get_backend_name() != "sqlite":
        # SQLite does this by default; in PostgreSQL each statement would see what others have committed meanwhile.
        one_moment = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        options = {"execution_options": one_moment, "connect_args": _libpq_options(address, READER_STATEMENT_MS)}
        engine = create_engine(address, pool_pre_ping=True, hide_parameters=True, **options, **pool)
        if address.get_driver_name() == "psycopg":
            _limit_answers(engine, READER_STATEMENT_MS / 1000 + 1)
        if schema:
            use_schema(engine, schema, may_create=False)
        return engine
    file = sqlite_file(url)
    if file is not None:  # a file that disappeared must not be created again, empty
        pool["creator"] = lambda: sqlite3.connect(_require_existing(file), uri=True, check_same_thread=False)
    engine = _create_sqlite_engine(url, poolclass=QueuePool, connect_args={"check_same_thread": False}, **pool)
    _configure_connections(engine, "BEGIN", "PRAGMA query_only = ON")
    return engine


def _require_existing(file: Path) -> str:
    return f"{file.absolute().as_uri()}?mode=rw"


def _configure_connections(engine: Engine, begin: str, *more: str) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(dbapi_connection: Any, _record: object) -> None:
        # sqlite3 would begin transactions too late and not for all statements: the begin event does it instead.
        dbapi_connection.isolation_level = None
        dbapi_connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        # FULL: a commit is on the disk when it returns, so that acknowledged data survive a power cut.
        # NORMAL would save one fsync, a few milliseconds, for a few commits every five minutes.
        dbapi_connection.execute("PRAGMA synchronous = FULL")
        for pragma in more:
            dbapi_connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        # SQLAlchemy also sends this event for AUTOCOMMIT connections, whose pragmas must run outside a transaction.
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql(begin)
