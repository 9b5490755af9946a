"""Backups and stores that SQLite accepts, but whose tables Usher cannot work with, are refused."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from messages import LinkAccount, SetPrivacy
from persistence.database import backup
from persistence.database.errors import BackupError, StoreError
from persistence.database.examination import open_read_only
from persistence.database.revision import HEAD
from persistence.database.shape import _declared_shape, _read_shape, check_rows, check_shape
from persistence.database.tables import METADATA
from persistence.operations.link import link
from persistence.operations.save import save
from persistence.records.viewers import set_privacy
from tests.unit.persistence.record_builders import EVENING, finish, open_store, record, running

SHAPES = {
    "no table": "DROP TABLE privacy",
    "no column": "ALTER TABLE viewers DROP COLUMN base",
    "another type": "ALTER TABLE viewers RENAME COLUMN base TO old; ALTER TABLE viewers ADD COLUMN base INTEGER",
    "a table without its key": "ALTER TABLE privacy RENAME TO old; CREATE TABLE privacy AS SELECT * FROM old",
    "a view in its place": "ALTER TABLE facts RENAME TO old; CREATE VIEW facts AS SELECT * FROM old",
    "a view": "CREATE VIEW mine AS SELECT * FROM watches",
    "a trigger": "CREATE TRIGGER t AFTER INSERT ON watches BEGIN DELETE FROM watches; END",
    "two revisions": "INSERT INTO usher_version VALUES ('0002')",
    "a unique index": "CREATE UNIQUE INDEX mine ON viewers (username)",
    "a unique index of some rows": "CREATE UNIQUE INDEX mine ON watches (viewer_id) WHERE year IS NULL",
    "a unique index of what is computed": "CREATE UNIQUE INDEX mine ON viewers (lower(username))",
    "a check": "ALTER TABLE facts ADD COLUMN mine TEXT CHECK (mine IS NULL)",
    "rows that are dropped silently": "ALTER TABLE privacy RENAME TO old; CREATE TABLE privacy (viewer_id TEXT "
    "NOT NULL, username TEXT NOT NULL, choice TEXT NOT NULL, since_s DOUBLE NOT NULL, PRIMARY KEY (viewer_id) ON "
    "CONFLICT IGNORE); INSERT INTO privacy SELECT * FROM old; DROP TABLE old",
    "very many tables": "".join(f"CREATE TABLE t{number} (x);" for number in range(1100)),
    "a needed column more": "ALTER TABLE facts ADD COLUMN mine TEXT NOT NULL DEFAULT ''",
}
ROWS = {
    "text in a number": "UPDATE watches SET playing_s = 'long'",
    "text in a count": "UPDATE watches SET seq = 'x' || seq",
    "infinite": "UPDATE watches SET playing_s = 9e999",
    "a blob": "UPDATE watches SET title = x'00ff'",
    "no flag": "UPDATE watches SET completed = 7",
    "a time beyond all years": "UPDATE watches SET started_at_s = 1e18",
    "half a letter": "UPDATE watches SET title = CAST(x'ff' AS TEXT)",
    "bad JSON": "UPDATE watches SET spans = '[[1,'",
    "another JSON": "UPDATE watches SET genres = '{}'",
    "an item of another kind": "UPDATE watches SET item = '[1]'",
    "a source that is none": "UPDATE watches SET source = 'radio'",
    "totals": "UPDATE viewer_stats SET totals = '{\"films\": \"many\"}'",
    "a genre of 10**60": "UPDATE viewer_stats SET genres = '{\"Horror\": 1' || hex(zeroblob(30)) || '}'",
    "deep JSON": "UPDATE viewers SET base = replace(hex(zeroblob(100000)), '0', '[')",
    "a sitting beyond all years": "UPDATE watches SET sittings = '[[1e18,1e18,5.0]]'",
    "a stretch without end": "UPDATE watches SET spans = '[[0,1000000000000000000000000000000]]'",
    "a checkpoint": "UPDATE checkpoint SET state = '[]'",
    "a choice": "UPDATE privacy SET choice = 'shy'",
    "a link": "UPDATE account_links SET aside = 'null'",
    "a part": "UPDATE watch_parts SET row = '{}'",
    "a checksum": "UPDATE facts SET value = 'x' WHERE name = 'copy:watch_history.json'",
    "very many facts": "INSERT INTO facts WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 20000) "
    "SELECT 'mine' || x, '' FROM n",
    "very long facts": "INSERT INTO facts VALUES ('mine', hex(zeroblob(4000000))), ('more', hex(zeroblob(4000000)))",
    "a value beyond memory": "UPDATE watches SET title = hex(zeroblob(30000000))",
    "a count of history": "UPDATE facts SET value = 'many' WHERE name = 'history_count'",
}  # fmt: skip


@pytest.fixture(scope="module")
def filled_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with something in every table, and a backup of it: for copies."""
    folder = tmp_path_factory.mktemp("filled")
    store = open_store(folder / "data")
    finish(store, record("P", "plex:srv:7", source="plex"), record("w2", "502"))
    with store.change(EVENING) as change:
        link(change, LinkAccount("plex:srv:7", "annaplex", "501", "Anna", "1"), EVENING)
        set_privacy(change, SetPrivacy("502", "Ben", "private"), EVENING)
    finish(store, record("V", started_at_s=EVENING + 60))
    save(store, running(record("w3", "503")), EVENING + 9000, "command")
    store.close()
    backup.backup(folder / "data" / "usher.db", folder / "good.db")
    return folder


@pytest.fixture
def good_backup(filled_folder: Path, tmp_path: Path) -> Path:
    """A backup of the store beside it, with something in every table."""
    shutil.copytree(filled_folder, tmp_path, dirs_exist_ok=True)
    return tmp_path / "good.db"


def damage(file: Path, statements: str) -> None:
    """Change a store behind Usher's back."""
    with closing(sqlite3.connect(file)) as connection:
        before = connection.total_changes, connection.execute("PRAGMA schema_version").fetchone()
        connection.executescript(statements)
        after = connection.total_changes, connection.execute("PRAGMA schema_version").fetchone()
        assert before != after, "there is such a row"


def test_every_table_has_a_row(good_backup: Path) -> None:
    """So that the damages below damage something; and a good one is called so."""
    with closing(open_read_only(good_backup)) as connection:
        check_shape(connection, HEAD)
        check_rows(connection)
        tables = ("watches", "watch_parts", "viewers", "viewer_stats", "checkpoint", "account_links", "privacy")
        counts = backup.verify(good_backup)
        assert all(counts[table] for table in tables)


def test_the_shape_that_is_declared_is_that_of_a_new_store(tmp_path: Path) -> None:
    """Types, keys, unique columns and rules: the store is not made anew to know them."""
    open_store(tmp_path).close()
    with closing(open_read_only(tmp_path / "usher.db")) as connection:
        made = _read_shape(connection)
    declared, tables = _declared_shape(), METADATA.tables
    assert declared.columns == {table: made.columns[table] for table in tables}
    assert declared.unique == {table: made.unique[table] for table in tables}
    assert declared.rules == {table: made.rules[table] for table in tables}


@pytest.mark.parametrize("what", [*SHAPES, *ROWS])
def test_an_unusable_backup_is_not_restored(what: str, good_backup: Path, tmp_path: Path) -> None:
    """Wrong tables, or rows that cannot be read: one sentence says what is wrong, and the store is as it was."""
    damage(good_backup, (SHAPES | ROWS)[what])
    before = (tmp_path / "data" / "usher.db").read_bytes()
    with pytest.raises(BackupError, match=r"good\.db is (no store that Usher can|no store of Usher|damaged).*backup"):
        backup.restore(good_backup, tmp_path / "data" / "usher.db")
    assert (tmp_path / "data" / "usher.db").read_bytes() == before
    assert not list((tmp_path / "data").glob("*before-restore*"))
    assert backup.find_newest_good(tmp_path) is None


@pytest.mark.parametrize("what", ROWS)
def test_a_backup_with_unreadable_rows_is_not_kept(what: str, good_backup: Path, tmp_path: Path) -> None:
    """Otherwise it would be found out when the backup is needed."""
    damage(good_backup, ROWS[what])
    with pytest.raises(BackupError):
        backup.backup(good_backup, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


@pytest.mark.parametrize("what", SHAPES)
def test_a_store_with_wrong_tables_is_refused_at_the_start(what: str, tmp_path: Path) -> None:
    """Not at the first save that needs what is missing; the newest good backup is named."""
    store = open_store(tmp_path)
    finish(store, record("w1"))
    store.close()
    made = backup.backup(tmp_path / "usher.db", tmp_path / "backups" / "b.db")
    damage(tmp_path / "usher.db", SHAPES[what])
    with pytest.raises(StoreError, match=rf"Nothing was written to it\..*restore {made.file}"):
        open_store(tmp_path)


def test_additional_tables_do_no_harm(good_backup: Path, tmp_path: Path) -> None:
    """Nor do additional columns that need no value."""
    with closing(sqlite3.connect(good_backup)) as connection, connection:
        connection.execute("CREATE TABLE notes (x)")
        connection.execute("ALTER TABLE facts ADD COLUMN note TEXT")
    backup.restore(good_backup, tmp_path / "data" / "usher.db")
    open_store(tmp_path / "data").close()
