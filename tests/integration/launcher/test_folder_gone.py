"""A data folder that went away is made anew by nobody who runs: a start would take it for an empty one."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from actors.runtime.delivery.dead_letters import DeadLetters
from launcher.health import HealthLog
from messages import ActorHealth
from persistence.database import backup
from persistence.database.errors import BackupError
from tests.unit.persistence.record_builders import open_store

ROW = ActorHealth(
    actor="plex", pid=1, state="running", uptime_s=1.0, restarts=0, mailbox_depth=0, handled=0, handle_ms_p50=0.0,
    handle_ms_p99=0.0, rss_mb=1.0, last_error="",
)  # fmt: skip


async def test_nobody_makes_the_data_folder_anew(tmp_path: Path) -> None:
    """Neither dead letters nor the health log, nor a backup."""
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
