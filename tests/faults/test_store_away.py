"""The store is not there when the service starts: it says so, waits, and goes on when it is."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from persistence.errors import StoreAway, StoreError
from persistence.opening import open_writer
from simulator.night.stage import ROOT
from tests.unit.persistence.making import finish, open_store, record

pytestmark = pytest.mark.slow

SETTINGS = {
    "PLEX_URL": "http://127.0.0.1:9", "PLEX_TOKEN": "a-plex-token", "DISCORD_TOKEN": "a.discord.token",
    "DISCORD_GUILD_ID": "1", "DISCORD_ANNOUNCE_CHANNEL_ID": "2", "WATCH_PARTY_VOICE_CHANNEL_ID": "3",
    "DISCORD_API_URL": "http://127.0.0.1:9/api/v10", "DISCORD_GATEWAY_URL": "ws://127.0.0.1:9",
}  # fmt: skip


class Service:
    """The service with its log in a file."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.log_file = folder / "service.log"
        environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(folder / "data"), "PYTHONUTF8": "1"}
        with self.log_file.open("wb") as stream:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "run.py")], cwd=folder, stdin=subprocess.DEVNULL, stdout=stream,
                stderr=subprocess.STDOUT, env={**environment, **SETTINGS, **settings},
            )  # fmt: skip

    @property
    def log(self) -> str:
        """What it has said until now."""
        return self.log_file.read_text("utf-8")

    def until(self, condition: Callable[[str], bool], what: str) -> None:
        """Wait until the log fulfils something."""
        deadline = time.monotonic() + 40
        while not condition(self.log):
            assert time.monotonic() < deadline and self.process.poll() is None, f"never: {what}\n{self.log}"
            time.sleep(0.05)

    def stop(self) -> int:
        """End it in order; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(15)


@contextlib.contextmanager
def service(folder: Path, **settings: str) -> Iterator[Service]:
    """Killed at the end, whatever happens."""
    made = Service(folder, **settings)
    try:
        yield made
    finally:
        made.process.kill()
        made.process.wait()


@contextlib.contextmanager
def held(file: Path) -> Iterator[None]:
    """Another program has it to itself."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


def test_a_store_that_another_program_holds_is_waited_for(tmp_path: Path) -> None:
    """Not called damaged, no traceback, no end; when it is free, the service runs, with what was in it."""
    (tmp_path / "data").mkdir()
    store = open_store(tmp_path / "data")
    finish(store, record("w1"))
    store.close()
    with service(tmp_path) as usher:
        with held(tmp_path / "data" / "usher.db"):
            usher.until(lambda log: log.count("cannot be used now: database is locked") >= 2, "it says so, and again")
            assert "Another program holds it: close that program." in usher.log
            assert "Usher waits for it, and tries again." in usher.log
        usher.until(lambda log: "Usher runs: " in log, "it runs")
        assert usher.stop() == 0
    assert not {"Traceback", "damaged", "crashed"} & set(usher.log.replace(":", " ").split())


def test_a_server_that_is_away_is_waited_for_and_a_stop_works_meanwhile(tmp_path: Path) -> None:
    """Its address is said without the password."""
    pytest.importorskip("psycopg")
    with service(tmp_path, DATABASE_URL="postgresql+psycopg://usher:hunter2@127.0.0.1:9/usher") as usher:
        usher.until(lambda log: log.count("127.0.0.1:9/usher cannot be used now") >= 2, "it says so, and again")
        assert usher.stop() == 0
    assert "Traceback" not in usher.log and "hunter2" not in usher.log


def test_what_can_never_work_is_refused(tmp_path: Path) -> None:
    """No driver: at once, with what to install; the service ends."""
    with service(tmp_path, DATABASE_URL="postgresql+nodriver://usher:hunter2@127.0.0.1:9/usher") as usher:
        assert usher.process.wait(30) == 1
    assert 'pip install "psycopg[binary]"' in usher.log
    assert "Traceback" not in usher.log and "hunter2" not in usher.log


def test_a_lock_is_told_apart_from_damage(tmp_path: Path) -> None:
    """A lock passes, damage does not."""
    open_store(tmp_path).close()
    url = f"sqlite:///{tmp_path / 'usher.db'}"
    with (
        held(tmp_path / "usher.db"),
        pytest.raises(StoreAway, match=r"usher\.db cannot be used now: database is locked"),
    ):
        open_writer(url, tmp_path / "backups")
    (tmp_path / "usher.db").write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    with pytest.raises(StoreError, match="file is not a database"):
        open_writer(url, tmp_path / "backups")
