"""The persistence actor's backups: on demand, scheduled, and what health says if they fail."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from actors.runtime import RemoteError
from messages import (
    BackUpNow,
)
from persistence.database.errors import BackupError
from tests.deadlines import WITHIN_S
from tests.integration.store.persistence_fixture import House, Noted
from tests.unit.persistence.record_builders import record

SAVED, SKIPPED = "💾 Auto-saved badge data ({} active watches)", "⏭️ Auto-save skipped (no active watches)"


def test_a_backup_on_demand(house: House, lines: Any) -> None:
    """The answer and the log name the file and what it holds; a target that cannot be is an error."""
    house.finish(record("w1"))
    made = house.ask(BackUpNow())
    assert Path(made.file).parent == house.folder / "backups"
    assert (made.watches, made.viewers) == (1, 1)
    assert f"Backed up the store to {made.file} (1 watch, 1 viewer)" in lines.messages
    with pytest.raises(RemoteError, match="is the store itself"):
        house.discord.ask("persistence", BackUpNow(str(house.folder / "usher.db")), WITHIN_S)


@pytest.mark.parametrize(
    ("target", "said"),
    [("backups", "is a folder"), ("nowhere/x.db", "There is no folder"), ("/dev/full/x", "/dev/full")],
)
def test_a_failed_backup_is_one_log_line(house: House, lines: Any, target: str, said: str) -> None:
    """Whoever asked gets the same words; there is no traceback."""
    house.ask(BackUpNow())
    with pytest.raises(RemoteError, match=said):
        house.discord.ask("persistence", BackUpNow(str(house.folder / target)), WITHIN_S)
    (found,) = [each for each in lines.records if "back_up_now for discord failed" in each.getMessage()]
    assert said in found.getMessage() and found.exc_info is None


def test_scheduled_backups_follow_the_interval_and_rotate(tmp_path: Path) -> None:
    """After each interval with news a backup is made; the oldest beyond BACKUP_KEEP go."""
    house = House(tmp_path, backup_interval_hours=0.0001, backup_keep=2)
    folder = tmp_path / "backups"
    try:
        names: set[str] = set()
        for number in range(4):
            house.clock.at_s += 3600
            house.finish(record(f"w{number}"))
            made = f"usher-{time.strftime('%Y%m%d-%H%M%S', time.gmtime(house.clock.at_s))}.db"
            house.until((folder / made).exists)
            names.add(made)
        house.until(lambda: len(list(folder.iterdir())) == 2)
        assert len(names) == 4
    finally:
        house.close()


@pytest.mark.parametrize(("folder", "kept"), [("data", 4), ("communities/123", 2)])
def test_backups_of_a_further_community_are_limited(tmp_path: Path, folder: str, kept: int) -> None:
    """Of those that its administrators ask for, BACKUP_KEEP stay; the operator's and those of migrations all stay."""
    data = tmp_path / folder
    data.mkdir(parents=True)
    house = House(data, discord_guild_id=123, backup_interval_hours=0.0, backup_keep=2)
    try:
        house.finish(record())
        house.ask(BackUpNow(str(data / "before-0001.db")))
        (data / "backups").mkdir(exist_ok=True)
        (data / "before-0001.db").rename(data / "backups" / "before-0001.db")
        made = []
        for _ in range(4):
            house.clock.at_s += 60
            made.append(Path(house.ask(BackUpNow()).file).name)
        names = sorted(file.name for file in (data / "backups").iterdir())
        assert names == ["before-0001.db", *made[-kept:]]
    finally:
        house.close()


def test_a_first_backup_is_made_at_once(tmp_path: Path) -> None:
    """If restarts come more often than the interval, there would never be one."""
    house = House(tmp_path, backup_interval_hours=24.0)
    folder = tmp_path / "backups"
    try:
        house.finish(record())
        house.stop()
        house.start()
        house.until(lambda: folder.is_dir() and list(folder.glob("usher-*.db")))
    finally:
        house.close()


class Turn:
    """A lock that knows which threads asked for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.asked: set[int] = set()

    def acquire(self, timeout: float = -1) -> bool:
        """As of a lock."""
        self.asked.add(threading.get_ident())
        return self._lock.acquire(timeout=timeout)

    def release(self) -> None:
        """As of a lock."""
        self._lock.release()


def test_one_scheduled_backup_is_made_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of many communities fall due together: each waits for the one before; a stop does not wait."""
    turn = Turn()
    monkeypatch.setattr("actors.persistence.backup_scheduler._TURN", turn)
    houses = []
    try:
        turn.acquire()  # another community's is being made
        for name in ("one", "another"):
            (tmp_path / name).mkdir()
            houses.append(House(tmp_path / name, backup_interval_hours=0.0001))
            houses[-1].finish(record())
            houses[-1].clock.at_s += 3600
        houses[0].until(lambda: len(turn.asked) == 3)
        houses.pop().close()
        assert list(tmp_path.glob("*/backups/usher-*.db")) == []
        turn.release()
        houses[0].until(lambda: list(tmp_path.glob("one/backups/usher-*.db")))
    finally:
        for house in houses:
            house.close()


def test_a_backup_that_fails_stays_in_health_while_saves_work(tmp_path: Path) -> None:
    """A successful save does not clear it."""
    (tmp_path / "backups").write_text("in the way")
    house = House(tmp_path, backup_interval_hours=0.0001)
    try:
        house.finish(record())
        house.until(lambda: Noted.newest._health.degraded)
        house.finish(record("w2"))
        assert "The scheduled backup failed, and there is no other" in Noted.newest._health.degraded
    finally:
        house.close()


def test_a_backup_that_is_overdue_is_shown_in_health(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A backup that hangs never fails: the age of the newest one shows it."""
    hanging, go_on = threading.Event(), threading.Event()

    def hang(*_: Any, **__: Any) -> None:
        hanging.set()
        go_on.wait(20)
        raise BackupError("it hung")

    monkeypatch.setattr("actors.persistence.backup_scheduler.backup.backup", hang)
    house = House(tmp_path, backup_interval_hours=24.0)
    try:
        house.finish(record())
        house.stop()
        house.start()
        assert hanging.wait(WITHIN_S)
        house.clock.at_s += 47 * 3600
        house.tick()
        house.finish(record("w2"))
        assert not Noted.newest._health.degraded
        house.clock.at_s += 2 * 3600
        house.tick()
        house.until(lambda: "No backup was made within 49 hours" in Noted.newest._health.degraded)
        house.finish(record("w3"))
        assert "No backup was made within 49 hours" in Noted.newest._health.degraded
    finally:
        go_on.set()
        house.close()


def test_an_old_backup_that_cannot_be_removed_is_told(tmp_path: Path, lines: Any) -> None:
    """The new one is made all the same."""
    house = House(tmp_path, backup_interval_hours=0.0001, backup_keep=1)
    try:
        (tmp_path / "backups" / "usher-20000101-000000.db").mkdir(parents=True)
        house.finish(record("w1"))
        house.until(lambda: any("cannot be removed: Is a directory" in message for message in lines.messages))
        assert [file for file in (tmp_path / "backups").glob("usher-*.db") if file.is_file()]
    finally:
        house.close()
