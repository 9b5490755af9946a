"""What a night left in the store: its records, and whether everything derived from them agrees with them."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from messages import WatchRecord
from persistence.database.rows import watch_record
from simulator.nights.stage import ServiceStage

FAILURES_IN_LOG = ("❌", "Traceback", "set aside")


def read_rows(data_dir: Path, query: str) -> list[dict[str, Any]]:
    """Return the rows that a query of the service's store finds."""
    with contextlib.closing(sqlite3.connect(f"file:{data_dir / 'usher.db'}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query)]


def read_records(data_dir: Path) -> list[WatchRecord]:
    """Return every finished watch of the store, in the order of the history."""
    return [watch_record(row) for row in read_rows(data_dir, "SELECT * FROM watches ORDER BY seq")]


def find_problems(stage: ServiceStage, records: Sequence[WatchRecord]) -> list[str]:
    """Return the contradictions of statistics, copies and checkpoint with the records, and the errors in the log."""
    problems = []
    history = [record["watch_id"] for record in stage.history()]
    if sorted(history) != sorted(record.watch_id for record in records):
        problems.append(f"watch_history.json has {len(history)} records, the store has {len(records)}")
    stats = json.loads(stage.files().get("user_stats.json", b"{}"))
    for viewer_id in sorted({record.viewer_id for record in records}):
        counted = [record.playing_s for record in records if record.viewer_id == viewer_id and not record.brief]
        shown = stats.get(viewer_id, {})
        films, seconds = shown.get("total_movies"), shown.get("total_watch_time_seconds", -1.0)
        if films != len(counted) or abs(seconds - sum(counted)) > 0.2 or shown.get("watching_now"):
            right = f"{len(counted)} films and {sum(counted):.1f} s"
            problems.append(f"{viewer_id} has {shown} in the statistics, and {right} in the records")
    stored = {record.watch_id for record in records}
    left = {row["watch_id"] for row in read_rows(stage.data_dir, "SELECT watch_id FROM checkpoint")}
    problems += [f"{watch_id} is in the checkpoint without a record" for watch_id in sorted(left - stored)]
    log = stage.service_log()
    problems += [f"the log has {sign}" for sign in FAILURES_IN_LOG if sign in log]
    return problems
