"""A data folder that was removed is not created again by a running service: a start would take it for a new one."""

import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from actors.runtime.delivery.dead_letters import DeadLetters
from launcher.connection.lock import AlreadyRunningError, FolderLock
from launcher.connection.run_state import ProcessIdentity, RunFile, RunState
from launcher.health import HealthLog
from messages import ActorHealth
from persistence.database import backup
from persistence.database.errors import BackupError
from tests.unit.persistence.record_builders import open_store

ROW = ActorHealth(
    actor="plex", pid=1, state="running", uptime_s=1.0, restarts=0, mailbox_depth=0, handled=0, handle_ms_p50=0.0,
    handle_ms_p99=0.0, rss_mb=1.0, last_error="",
)  # fmt: skip


async def test_a_removed_data_folder_is_not_created_again(tmp_path: Path) -> None:
    """Neither by dead letters nor by the health log or a backup."""
    folder = tmp_path / "data"
    folder.mkdir()
    open_store(folder).close()
    store = tmp_path / "usher.db"
    shutil.copy(folder / "usher.db", store)
    letters, log = DeadLetters(folder / "logs" / "dead_letters.jsonl", "plex"), HealthLog(folder)
    assert letters.add("a reason")
    log.write([ROW])
    shutil.rmtree(folder)
    assert not letters.add("a reason", whole=True)
    log.write([ROW])
    HealthLog(folder).write([ROW])
    with pytest.raises(BackupError):
        backup.backup(store, folder / "backups" / backup.scheduled_name(datetime.now(UTC).timestamp()))
    assert not folder.exists()
    log.close()


def test_a_removed_or_renamed_health_log_is_begun_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The lines go to a new file; a missing folder is logged once."""
    log = HealthLog(tmp_path)
    log.write([ROW])
    shutil.rmtree(tmp_path / "logs")
    log.write([ROW])
    log.path.rename(tmp_path / "rotated.jsonl")
    log.write([ROW, ROW])
    assert (len((tmp_path / "rotated.jsonl").read_text().splitlines()), len(log.path.read_text().splitlines())) == (
        1,
        2,
    )
    assert caplog.messages == []
    shutil.rmtree(tmp_path / "logs")
    (tmp_path / "logs").write_text("in the way")
    log.write([ROW])
    log.write([ROW])
    assert len(caplog.messages) == 1 and "cannot be opened" in caplog.messages[0]
    log.close()


def test_a_removed_lock_file_lets_no_second_service_in(tmp_path: Path) -> None:
    """People delete *.lock files; the run file also says who runs, and that service's actors must not be ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as running:
        RunFile(tmp_path).write(RunState(ProcessIdentity.from_pid(running.pid)))
        with pytest.raises(AlreadyRunningError, match=f"by process {running.pid}"), FolderLock(tmp_path):
            pass
        running.communicate(b"\n")
    with FolderLock(tmp_path):
        pass
