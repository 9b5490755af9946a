"""The persistence actor's second thread: how its failures reach the asker."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from actors.persistence.read_worker import ReadWorker
from actors.runtime import Declined
from persistence.database.errors import BackupError, SaveFailed


def failing(error: Exception) -> Callable[[], None]:
    """Work that fails so."""

    def work() -> None:
        raise error

    return work


def test_failures_with_a_text_for_people_keep_it() -> None:
    """A result stays a result, and an unexpected error stays one."""
    helper = ReadWorker()
    assert helper.submit(lambda: 42).result(5) == 42
    for error in (SaveFailed("usher.db: full (make room)"), BackupError("x.db is a folder")):
        with pytest.raises(Declined, match=str(error).split()[0]):
            helper.submit(failing(error)).result(5)
    with pytest.raises(KeyError):
        helper.submit(failing(KeyError("a fault"))).result(5)
    helper.close()


def test_a_store_that_cannot_be_read_is_told_with_the_cure(tmp_path: Path) -> None:
    """Another program has it to itself."""
    helper, engine = ReadWorker(), create_engine(f"sqlite:///{tmp_path / 'x.db'}", connect_args={"timeout": 0})

    def read() -> None:
        with engine.connect() as connection:
            connection.execute(text("SELECT * FROM sqlite_master"))

    helper.submit(read).result(5)
    engine.dispose()
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Declined, match=r"database is locked\. Another program holds it: close that program\."):
            helper.submit(read).result(5)
    engine.dispose()
    helper.close()
