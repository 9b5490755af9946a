"""Connections to the store: one that writes, and some that only read."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool, StaticPool

from persistence.database.schema import split_schema, use_schema
from persistence.database.store_owner import take_advisory_lock

CONNECT_S = 5
"""How long a database's server is waited for until it is said to be away, seconds: a stop must not wait for it."""
OWNER_STATEMENT_MS = 9_000
"""How long a statement of a save may take on a PostgreSQL server."""
ANSWER_S = OWNER_STATEMENT_MS / 1000 + 1
"""How long its answer is waited for, seconds: a network that swallows everything has no server to keep the time."""
READER_STATEMENT_MS = 60_000
"""How long a question may take on a PostgreSQL server."""
READERS = 5
"""Connections that read at a time: for questions, an export, and the writer's thread."""
BUSY_MS = 5_000
"""How long a connection waits for another program's lock before it gives up, milliseconds."""


def sqlite_file(url: str) -> Path | None:
    """Return the file of an SQLite address; None for another store."""
    parsed = make_url(url)
    is_file = parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:")
    return Path(str(parsed.database)) if is_file else None


def sqlite_url(file: Path) -> str:
    """Return the address of an SQLite file."""
    return URL.create("sqlite", database=str(file)).render_as_string()


def store_name(url: str) -> str:
    """Return what to call the store in messages: its file, or its address without the password."""
    # A driver takes its options, a password among them, from behind the question mark too: they are left out.
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
"""A network that swallows everything is noticed within 10 s (milliseconds, then seconds)."""


_SERVER_OPTIONS = "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
"""The server notices within a minute that this machine is gone, and gives its locks back."""


def _libpq_options(parsed: URL, statement_ms: int) -> dict[str, Any]:
    """Return time-outs for PostgreSQL's own library; what DATABASE_URL says itself holds."""
    if parsed.get_driver_name() not in ("psycopg", "psycopg2"):
        return {}
    options = {**_TCP_OPTIONS, "options": f"-c statement_timeout={statement_ms} {_SERVER_OPTIONS}"}
    return {name: value for name, value in options.items() if name not in parsed.query}


def writer_engine(url: str, *, is_owner: bool = False, may_create_schema: bool = True) -> Engine:
    """Return the engine of the one writer: a single connection, whose transactions lock from their begin.

    `is_owner`: the connection to a PostgreSQL store is that of the service that owns it: it holds the store's lock,
    and no statement of it takes longer than a save may. `may_create_schema`: of a further community's PostgreSQL store.
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
    engine = create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False}, hide_parameters=True)
    _configure_connections(engine, "BEGIN IMMEDIATE")
    return engine


def _own_database(engine: Engine, store: str, schema: str) -> None:
    """Have each new connection of the writer take the database, or a schema of it, for itself."""
    session = 0

    @event.listens_for(engine, "connect")
    def own(connection: Any, _record: object) -> None:
        nonlocal session
        session = take_advisory_lock(connection, store, lost_session=session, schema=schema)


def _limit_answers(engine: Engine, within_s: float) -> None:
    """Have connections of an engine fail where no answer comes in time."""

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: object, _record: object, arguments: Any, parameters: Any) -> Any:
        from persistence.database.impatient_connection import ImpatientConnection  # it loads the driver

        connection = ImpatientConnection.connect(*arguments, **parameters)
        connection.patience_s = within_s
        return connection


@contextmanager
def without_time_limits(connection: Connection) -> Iterator[None]:
    """Let a transaction of the writer take as long as it takes: a migration of a large store."""
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

    All that one transaction reads is from the moment of its first look.
    """
    address, schema = split_schema(url)
    # A server has a hundred connections for all: of those of a further community one stays open, the others are closed.
    kept = 1 if schema else READERS
    pool: dict[str, Any] = {"pool_size": kept, "max_overflow": READERS - kept, "hide_parameters": True}
    if address.get_backend_name() != "sqlite":
        # SQLite's transactions are so by themselves; PostgreSQL's would see with each statement what others committed.
        one_moment = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        options = {"execution_options": one_moment, "connect_args": _libpq_options(address, READER_STATEMENT_MS)}
        engine = create_engine(address, pool_pre_ping=True, **options, **pool)
        if address.get_driver_name() == "psycopg":
            _limit_answers(engine, READER_STATEMENT_MS / 1000 + 1)
        if schema:
            use_schema(engine, schema, may_create=False)
        return engine
    file = sqlite_file(url)
    if file is not None:  # not to be made anew, empty, where it went away
        pool["creator"] = lambda: sqlite3.connect(_existing(file), uri=True, check_same_thread=False)
    engine = create_engine(url, poolclass=QueuePool, connect_args={"check_same_thread": False}, **pool)
    _configure_connections(engine, "BEGIN", "PRAGMA query_only = ON")
    return engine


def _existing(file: Path) -> str:
    return f"{file.absolute().as_uri()}?mode=rw"


def _configure_connections(engine: Engine, begin: str, *more: str) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(dbapi_connection: Any, _record: object) -> None:
        # sqlite3 begins transactions by itself, too late and not for all statements: the begin event does it.
        dbapi_connection.isolation_level = None
        dbapi_connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        # FULL: a commit is on the disk when it returns, so that what was acknowledged survives a power cut.
        # NORMAL would save one fsync, a few milliseconds, for a few commits every five minutes.
        dbapi_connection.execute("PRAGMA synchronous = FULL")
        for pragma in more:
            dbapi_connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        # SQLAlchemy says "begin" of an AUTOCOMMIT connection too; the pragmas that are sent there refuse a transaction.
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql(begin)
