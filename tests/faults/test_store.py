"""The store cannot be written, cannot be read or is not ours, while the whole service runs on it."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from persistence.database import backup
from simulator.nights.stage import ROOT
from tests.deadlines import WITHIN_S
from tests.faults.watched_evening import Evening, evening_at

pytestmark = pytest.mark.slow

SMALL = 48_000
"""Bytes: beyond the log of these tests, and far below the store's write-ahead log after a few saves."""
STOOD_STILL_S = 1.5


@contextmanager
def full_disk(pid: int) -> Iterator[None]:
    """Limit how far any file of a process may grow."""
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE, (SMALL, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nothing be made or replaced in a folder."""
    folder.chmod(0o500)
    try:
        yield
    finally:
        folder.chmod(0o700)


@contextmanager
def hold_store(store: Path) -> Iterator[None]:
    """Hold a write lock on the store, as another program does."""
    with closing(sqlite3.connect(store, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")


def refuses_then_saves(stage: Evening, who: str, reason: str) -> None:
    """Call while the store cannot be written: the failure is reported in three places, and nothing is given up."""
    seen = len(stage.service_log())
    stage.stops(who)
    stage.log_has("❌ Auto-save failed: ", reason, after=seen)
    stage.health_says("persistence", reason)
    assert who not in {found["username"] for found in stage.history()}
    # A save that waits for its turn behind others that wait for the lock may be too late for its answer.
    assert any(reason in stage.answer("Iris", "!savedata") for _ in range(3))


def test_every_failed_save_is_reported_and_loses_nothing(tmp_path: Path) -> None:
    """A full disk, then a lock, then a read-only folder, then a stopped tracker: each is reported and recovers."""
    with evening_at(tmp_path) as stage:
        for who, film in (("Rosa", "Alien"), ("Anton", "M"), ("Berta", "Sunrise"), ("Cem", "Metropolis")):
            stage.plays(who, film)
        wal = stage.data_dir / "usher.db-wal"
        stage.wait_for(lambda: wal.stat().st_size > 2 * SMALL, WITHIN_S, "a few saves")
        with full_disk(stage.pid("persistence")):
            refuses_then_saves(stage, "Anton", "make room on the disk")
        stage.wait_recorded("Anton")
        stage.is_well("persistence")
        with hold_store(stage.data_dir / "usher.db"):
            refuses_then_saves(stage, "Berta", "another program holds it")
        stage.wait_recorded("Berta")
        stage.is_well("persistence")
        if os.geteuid() != 0 or shutil.which("setpriv"):
            seen = len(stage.service_log())
            with read_only(stage.data_dir):
                stage.log_has("❌ Auto-save failed: ", "the right to write there", after=seen)
                stage.health_says("persistence", "the right to write there")
            stage.is_well("persistence")
        stopped = stage.pid("tracker")
        stood_still_s = -stage.minute * 60
        os.kill(stopped, signal.SIGSTOP)
        try:
            stage.stops("Cem")
            assert stage.discord.slash("Iris", "stats").wait_reply(20).text  # the others do not wait for it
            stage.plays("Dörte", "Casablanca", tracked=False)
            stage.wait_until(stage.minute + STOOD_STILL_S * 60 / 60)
        finally:
            os.kill(stopped, signal.SIGCONT)
            stood_still_s += stage.minute * 60
        stage.wait_recorded("Cem")
        stage.log_has("Dörte began")
        assert stage.pid("tracker") == stopped
        for who in ("Dörte", "Rosa"):
            stage.stops(who)
        stage.wait_recorded("Dörte", "Rosa")
        status, _ = stage.stop_service()
    assert status == 0
    stage.nothing_is_lost(within_s=stood_still_s + 60)
    stage.no_token_was_written()


def usher(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the service, with settings whose servers do not exist, until it ends by itself."""
    settings = {
        "PLEX_URL": "http://127.0.0.1:9", "PLEX_TOKEN": "a-plex-token", "DISCORD_TOKEN": "a.discord.token",
        "DISCORD_GUILD_ID": "1", "DISCORD_ANNOUNCE_CHANNEL_ID": "2", "WATCH_PARTY_VOICE_CHANNEL_ID": "3",
        "DISCORD_API_URL": "http://127.0.0.1:9/api/v10", "DISCORD_GATEWAY_URL": "ws://127.0.0.1:9",
    }  # fmt: skip
    dropped = ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all"] if os.geteuid() == 0 else []
    return subprocess.run(
        [*dropped, sys.executable, str(ROOT / "run.py")], cwd=folder, capture_output=True, text=True, timeout=40,
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(folder / "data"), "PYTHONUTF8": "1", **settings},
        encoding="utf-8", check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def used_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a store in which somebody watched, and a good backup."""
    from tests.unit.persistence.record_builders import finish, open_store, record

    folder = tmp_path_factory.mktemp("used") / "data"
    folder.mkdir()
    store = open_store(folder)
    finish(store, record("w1"))
    backup.backup(folder / "usher.db", folder / "backups" / "usher-20260101-000000.db")
    store.close()
    return folder


def damage_store(store: Path) -> None:
    """Overwrite pages in its middle."""
    with store.open("r+b") as stream:
        stream.seek(4096)
        stream.write(b"\xa5" * 8192)


def newer(store: Path) -> None:
    """Migrate the store as a future version of Usher would."""
    with closing(sqlite3.connect(store)) as connection:
        (table,) = connection.execute("SELECT name FROM sqlite_master WHERE name LIKE '%version%'").fetchone()
        connection.execute(f"UPDATE {table} SET version_num = 'of-the-future'")  # noqa: S608 - the table's own name
        connection.commit()


@pytest.mark.parametrize("harm", [damage_store, newer])
def test_a_corrupt_or_newer_store_stops_the_service(harm: object, used_folder: Path, tmp_path: Path) -> None:
    """Exit status 78; file and newest good backup are named, and not a byte of either is changed."""
    assert callable(harm)
    shutil.copytree(used_folder, tmp_path / "data")
    store, good = tmp_path / "data" / "usher.db", tmp_path / "data" / "backups" / "usher-20260101-000000.db"
    harm(store)
    before = store.read_bytes(), good.read_bytes()
    began = time.monotonic()
    done = usher(tmp_path)
    assert (done.returncode, done.stdout) == (78, ""), done.stderr
    assert time.monotonic() - began < 20
    assert str(store) in done.stderr and str(good) in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and "a-plex-token" not in done.stderr
    assert (store.read_bytes(), good.read_bytes()) == before


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root may write everywhere")
def test_a_read_only_data_folder_is_refused_at_the_start(tmp_path: Path) -> None:
    """Exit status 1, with the folder and what to do; nothing is made."""
    (tmp_path / "data").mkdir()
    with read_only(tmp_path / "data"):
        done = usher(tmp_path)
    assert done.returncode == 1
    assert f"The data folder {tmp_path / 'data'} cannot be used" in done.stderr and "DATA_DIR" in done.stderr
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "data").iterdir()) == []
