"""What a night of real processes left behind: rows, files, frames and processes."""

from __future__ import annotations

import contextlib
import datetime
import json
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import msgpack
import psutil

from simulator.nights.kill_matrix.process_killer import frames
from simulator.nights.stage import ServiceStage

MINUTE_S = 60.0
LAST_DAY = (datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=36)).date()
"""Of the newest evening, over midnight too: nights that run faster than the clock do not overtake it."""


def evening(days_ago: int = 1, hour: int = 18) -> datetime.datetime:
    """A past evening, UTC, the same whenever it is asked for: no film of the night lies in the future."""
    day = LAST_DAY - datetime.timedelta(days=days_ago - 1)
    return datetime.datetime.combine(day, datetime.time(hour), datetime.UTC)


def minute_of(when: datetime.datetime | str, opened: datetime.datetime) -> float:
    """A time, also as the files have it, in minutes since a stage's minute 0."""
    if isinstance(when, str):
        when = datetime.datetime.fromisoformat(when)
    return (when - opened).total_seconds() / MINUTE_S


def read_opening(stage: ServiceStage) -> datetime.datetime:
    """What the stage's clock showed at its minute 0."""
    began_s = stage.clock.now().wall_s - stage.minute * MINUTE_S
    return datetime.datetime.fromtimestamp(began_s, datetime.UTC)


def sql(data_dir: Path, query: str) -> list[dict[str, Any]]:
    """What a query of the store finds, on a copy of its file: nothing in the folder is touched."""
    with tempfile.TemporaryDirectory() as folder:
        copy_of_store(data_dir, Path(folder))
        with contextlib.closing(sqlite3.connect(Path(folder) / "usher.db")) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query)]


def copy_of_store(data_dir: Path, folder: Path) -> None:
    """The store's file and its log as they stood at one moment: copied again where they were written meanwhile."""
    files = [data_dir / name for name in ("usher.db", "usher.db-wal")]
    while True:
        before = states(files)
        for file in files:
            (folder / file.name).unlink(missing_ok=True)
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(file, folder / file.name)
        if states(files) == before:
            return


def states(files: list[Path]) -> list[tuple[int, int] | None]:
    """Length of each file and when it was last written, ns; None where there is none."""
    found: list[tuple[int, int] | None] = []
    for file in files:
        try:
            state = file.stat()
            found.append((state.st_size, state.st_mtime_ns))
        except FileNotFoundError:
            found.append(None)
    return found


def load(data_dir: Path, name: str) -> Any:
    """One of the three files."""
    return json.loads((data_dir / name).read_text(encoding="utf-8"))


def read_told(frames_dir: Path, sender: str, tag: str) -> list[list[Any]]:
    """The body of every message with a tag that somebody sent, with the msgpack package alone."""
    envelopes = map(msgpack.unpackb, frames(frames_dir / f"{sender}.frames"))
    return [found[4] for found in envelopes if isinstance(found[4], list) and found[4] and found[4][0] == tag]


def family(stage: ServiceStage) -> list[psutil.Process]:
    """The launcher and everything it started."""
    launcher = psutil.Process(stage.launcher_pid)
    return [launcher, *launcher.children(recursive=True)]


def find_alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those of them that still run; a zombie does not."""
    return [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
