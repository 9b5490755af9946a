"""A full disk, a lock, a damaged, newer or foreign store: reported, nothing lost, nothing overwritten."""

import json
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from messages import LinkAccount
from persistence.database import engine
from persistence.database.errors import SaveFailed, StoreError
from persistence.database.open_store import check_store
from persistence.database.revision import HEAD, VERSION_TABLE, known_revisions, upgrade
from persistence.database.tables import METADATA
from persistence.json_files.files import ALL, STATS
from persistence.operations.finish_watch import finish_watch
from persistence.operations.link import link
from persistence.operations.save import save
from tests.unit.persistence.record_builders import DAY, EVENING, closes, finish, open_store, record, running

PROJECT = Path(__file__).parents[3]


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def test_a_full_disk_fails_loudly_and_the_next_try_succeeds(tmp_path: Path) -> None:
    """With no room to grow the save raises, keeps the old rows, and works once there is room."""
    script = textwrap.dedent("""
        import resource, sys
        from pathlib import Path
        from persistence.database.errors import SaveFailed
        from tests.unit.persistence.record_builders import finish, open_store, record
        folder = Path(sys.argv[1])
        store = open_store(folder)
        finish(store, record("w1"))
        room = resource.getrlimit(resource.RLIMIT_FSIZE)
        biggest = max(file.stat().st_size for file in folder.iterdir())
        resource.setrlimit(resource.RLIMIT_FSIZE, (biggest, room[1]))
        many = [record(f"x{n}", f"{n}") for n in range(200)]
        failed = 0
        for each in many:
            try:
                finish(store, each)
            except SaveFailed as error:
                failed += 1
                assert "make room on the disk" in str(error), error
        assert failed > 100, failed
        resource.setrlimit(resource.RLIMIT_FSIZE, room)
        finish(store, *many)
        print(len(store.read_resumable(0)), store.json_files_outdated)
        store.close()
    """)
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.returncode) == ("201 False", 0), done.stderr
    assert len(json.loads((tmp_path / "watch_history.json").read_text())) == 201


@pytest.mark.parametrize("said_before_death", [1, 7, 20])
def test_a_kill_in_the_middle_loses_nothing_that_was_acknowledged(said_before_death: int, tmp_path: Path) -> None:
    """kill -9 while it saves: all that was said to be stored is there, and the copies are whole after a start."""
    script = textwrap.dedent("""
        import itertools, sys
        from pathlib import Path
        from tests.unit.persistence.record_builders import finish, open_store, record
        store = open_store(Path(sys.argv[1]))
        for number in itertools.count():
            finish(store, record(f"w{number}", f"{number % 5}"))
            print(f"w{number}", flush=True)
    """)
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        acknowledged = [process.stdout.readline().strip() for _ in range(said_before_death)]
        process.kill()
        acknowledged += process.stdout.read().split()
    store = open_store(tmp_path)
    stored = {found.watch_id for found in store.read_resumable(0)}
    assert set(acknowledged) <= stored
    assert len(stored) <= len(acknowledged) + 1, "at most the one in hand was stored and not yet said"
    assert {row["watch_id"] for row in json.loads((tmp_path / "watch_history.json").read_text())} == stored
    films = [entry["total_movies"] for entry in json.loads((tmp_path / "user_stats.json").read_text()).values()]
    assert sum(films) == len(stored)
    store.close()


def test_a_lock_fails_loudly_and_the_next_try_succeeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program holds the store: the save says so and changes nothing; then it works."""
    monkeypatch.setattr(engine, "BUSY_MS", 50)
    store = open_store(tmp_path)
    finish(store, record("w1"))
    with closing(sqlite3.connect(tmp_path / "usher.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(SaveFailed, match=r"usher.db: database is locked \(another program holds it"):
            save(store, running(record("w2")), EVENING + 8000, "auto")
        other.execute("ROLLBACK")
    assert store.read_checkpoint() == ()
    save(store, running(record("w2")), EVENING + 8000, "auto")
    assert [state.watch_id for state in store.read_checkpoint()] == ["w2"]
    store.close()


def damage(file: Path) -> None:
    """Overwrite pages in the middle of a store."""
    with file.open("r+b") as stream:
        stream.seek(4096)
        stream.write(b"\xa5" * 8192)


def test_a_damaged_store_is_refused_with_the_newest_good_backup(tmp_path: Path) -> None:
    """The error names the store, the newest backup that can be read, and the command; no byte changes."""
    from persistence.database import backup

    store = open_store(tmp_path)
    finish(store, record())
    good = backup.backup(tmp_path / "usher.db", tmp_path / "backups" / "usher-20260101-000000.db").file
    (tmp_path / "backups" / "usher-20260102-000000.db").write_bytes(b"SQLite format 3\0 torn")
    store.close()
    damage(tmp_path / "usher.db")
    before = bytes_of(tmp_path)
    with pytest.raises(StoreError) as caught:
        open_store(tmp_path)
    assert str(tmp_path / "usher.db") in str(caught.value)
    assert f"python run.py restore {good}" in str(caught.value)
    assert bytes_of(tmp_path) == before
    backup.restore(good, tmp_path / "usher.db")
    again = open_store(tmp_path)
    assert [found.watch_id for found in again.read_resumable(0)] == ["w1"]
    again.close()


@pytest.mark.parametrize("content", [b"not a store at all" * 100, b"SQLite format 3\0" + b"x" * 5000])
def test_a_file_that_is_no_store_is_refused(content: bytes, tmp_path: Path) -> None:
    """It is never overwritten."""
    (tmp_path / "usher.db").write_bytes(content)
    with pytest.raises(StoreError, match="Nothing was written to it"):
        open_store(tmp_path)
    assert bytes_of(tmp_path) == {"usher.db": content}


def test_a_newer_store_is_refused(tmp_path: Path) -> None:
    """A store of a later Usher is left alone, and the cure is to update."""
    open_store(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "usher.db")) as connection, connection:
        connection.execute("UPDATE usher_version SET version_num = '9999'")
    before = bytes_of(tmp_path)
    with pytest.raises(StoreError, match=r"newer Usher \(revision 9999"):
        open_store(tmp_path)
    assert bytes_of(tmp_path) == before


def test_a_foreign_store_is_refused(tmp_path: Path) -> None:
    """A database with other tables is somebody else's."""
    with closing(sqlite3.connect(tmp_path / "usher.db")) as connection, connection:
        connection.execute("CREATE TABLE library_sections (id INTEGER)")
    before = bytes_of(tmp_path)
    with pytest.raises(StoreError, match=r"not Usher's \(library_sections\)"):
        open_store(tmp_path)
    with pytest.raises(StoreError, match="not Usher's"):
        check_store(f"sqlite:///{tmp_path / 'usher.db'}")
    assert bytes_of(tmp_path) == before


def test_checking_a_store_creates_none(tmp_path: Path) -> None:
    """The doctor makes no file."""
    check_store(f"sqlite:///{tmp_path / 'usher.db'}")
    assert bytes_of(tmp_path) == {}


def test_the_expected_revision_is_the_newest_migration() -> None:
    """A start expects the revision to which the migrations lead."""
    assert known_revisions()[-1] == HEAD


@pytest.mark.parametrize("revision", ["base", *known_revisions()])
def test_migrations_lead_from_every_revision_to_the_tables(revision: str, tmp_path: Path) -> None:
    """From nothing and from each earlier revision the tables become exactly those that the code uses."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    database = create_engine(f"sqlite:///{tmp_path / 'usher.db'}")
    with database.begin() as connection:
        if revision != "base":
            upgrade(connection, revision)
        upgrade(connection)
    with database.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, METADATA) == []
        assert connection.execute(text("SELECT version_num FROM usher_version")).scalar() == HEAD
    database.dispose()


@pytest.mark.parametrize("revision", known_revisions()[:-1])
def test_a_store_of_an_older_usher_keeps_its_rows(revision: str, tmp_path: Path) -> None:
    """Every row is there after the upgrade, and counts as before; the copies are the same, byte for byte."""
    new, old = tmp_path / "new", tmp_path / "old"
    new.mkdir()
    store = open_store(new)
    finish(store, record("w1"), record("w2", "plex:srv:7"))
    save(store, running(record("w3", "502")), EVENING + 9000, "auto")
    store.close()
    shutil.copytree(new, old, ignore=shutil.ignore_patterns("usher.db*"))
    copy_as_of(revision, new / "usher.db", old / "usher.db")
    before = bytes_of(old)
    upgraded = open_store(old)
    assert {name: content for name, content in bytes_of(old).items() if name in ALL} == {
        name: before[name] for name in ALL
    }
    assert [state.watch_id for state in upgraded.read_checkpoint()] == ["w3"]
    finish(upgraded, record("w4", started_at_s=EVENING + DAY, ended_at_s=EVENING + DAY + 7200))
    with upgraded.change(EVENING + 2 * DAY) as change:
        assert link(change, LinkAccount("plex:srv:7", "anna", "501", "Anna", "1"), EVENING) == 1
    upgraded.close()
    stats = json.loads((old / STATS).read_text())
    assert (stats["501"]["total_movies"], stats["501"]["total_watch_time_seconds"]) == (2, 14400.0)


def copy_as_of(revision: str, newest: Path, older: Path) -> None:
    """Write a store of an earlier revision that holds what it would have of a store of the newest."""
    database = create_engine(f"sqlite:///{older}")
    with database.begin() as connection:
        upgrade(connection, revision)
    database.dispose()
    with closing(sqlite3.connect(older)) as store, store:
        store.execute("ATTACH ? AS newest", (str(newest),))
        for (table,) in store.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall():
            columns = ", ".join(row[1] for row in store.execute(f"PRAGMA main.table_info({table})"))
            if table != VERSION_TABLE:
                rows = f"SELECT {columns} FROM newest.{table}"  # noqa: S608 - names out of our own schema
                store.execute(f"INSERT INTO main.{table} ({columns}) {rows}")


def test_an_older_store_is_backed_up_before_its_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration begins with a verified backup of the store as it was, and says where it is."""
    store = open_store(tmp_path)
    finish(store, record())
    store.close()
    with closing(sqlite3.connect(tmp_path / "usher.db")) as connection, connection:
        connection.execute("UPDATE usher_version SET version_num = 'old'")
    monkeypatch.setattr("persistence.database.open_store.known_revisions", lambda: ["old", HEAD])
    monkeypatch.setattr("persistence.database.backup.known_revisions", lambda: ["old", HEAD])
    monkeypatch.setattr("persistence.database.backup.check_shape", lambda *_: None)
    migrated: list[str] = []
    monkeypatch.setattr(
        "persistence.database.open_store.upgrade", lambda connection: migrated.append(str(connection.engine.url))
    )
    from persistence.database.open_store import open_writer

    said: list[str] = []
    open_writer(f"sqlite:///{tmp_path / 'usher.db'}", tmp_path / "backups", said.append).dispose()
    (made,) = (tmp_path / "backups").iterdir()
    assert len(migrated) == 1
    assert str(made) in said[0]
    with closing(sqlite3.connect(made)) as connection:
        assert connection.execute("SELECT count(*) FROM watches").fetchone() == (1,)


def test_no_password_is_shown(tmp_path: Path) -> None:
    """The error names a store that cannot be reached without its password."""
    url = "postgresql+psycopg://usher:hidden@127.0.0.1:1/usher"
    assert engine.store_name(url) == "postgresql+psycopg://usher:***@127.0.0.1:1/usher"


def test_an_outdated_delivery_is_noted_and_changes_nothing(tmp_path: Path) -> None:
    """A record that arrives after its successor is handled, and the successor stays."""
    store = open_store(tmp_path)
    late = record(playing_s=9000.0, ended_at_s=EVENING + 9900)
    finish_watch(store, late, closes(late), "m2", [], EVENING + 10_000)
    finish_watch(store, record(), closes(record()), "m1", [], EVENING + 10_001)
    assert [found.playing_s for found in store.read_resumable(0)] == [9000.0]
    assert store.is_handled("m1")
    store.close()
