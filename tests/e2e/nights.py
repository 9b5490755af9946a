"""What the end-to-end tests share: a night's programme, what it left behind, and how exact a poll can be."""

from __future__ import annotations

import bisect
import contextlib
import dataclasses
import datetime
import itertools
import json
import math
import shutil
import sqlite3
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgpack
import psutil

from simulator.nights.kill_matrix.process_killer import frames
from simulator.nights.stage import ServiceStage
from simulator.plex import TELEVISION, Player

MINUTE_S = 60.0


def evening(days_ago: int = 1, hour: int = 18) -> datetime.datetime:
    """A past evening, UTC: no film of the night lies in the future."""
    day = datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=days_ago)
    return datetime.datetime.combine(day, datetime.time(hour), datetime.UTC)


def player(name: str, report_every_s: float = 0.0) -> Player:
    """A television of one's own; 0: it tells its position continuously."""
    return dataclasses.replace(TELEVISION, machine_id=f"tv-{name}", title=f"{name}'s TV", report_every_s=report_every_s)


def minute_of(when: datetime.datetime | str, opened: datetime.datetime) -> float:
    """A time, also as the files have it, in minutes since a stage's minute 0."""
    if isinstance(when, str):
        when = datetime.datetime.fromisoformat(when)
    return (when - opened).total_seconds() / MINUTE_S


def opened(stage: ServiceStage) -> datetime.datetime:
    """What the stage's clock showed at its minute 0."""
    began_s = stage.clock.now().wall_s - stage.minute * MINUTE_S
    return datetime.datetime.fromtimestamp(began_s, datetime.UTC)


@dataclasses.dataclass
class Cue:
    """One thing that somebody does at a minute of the programme."""

    minute: float
    who: str
    act: Callable[[], object]
    done: float = float("nan")
    """When it was really done, which a busy machine makes later."""


class Programme:
    """Cues on a stage, by minutes since `play` began."""

    def __init__(self, stage: ServiceStage) -> None:
        self.stage = stage
        self.cues: list[Cue] = []
        self.began = 0.0
        """The stage's minute at which the programme's begin."""

    def at(self, minute: float, who: str, act: Callable[[], object]) -> None:
        """Note a cue; `who` names whose watch it bears upon."""
        self.cues.append(Cue(minute, who, act))

    def play(self, until: float) -> None:
        """Do everything in order of time, then let the night go on until a minute."""
        self.began = self.stage.minute + 0.2
        for cue in sorted(self.cues, key=lambda cue: cue.minute):
            self.stage.wait_until(self.began + cue.minute)
            cue.act()
            cue.done = self.stage.minute - self.began
        self.stage.wait_until(self.began + until)


class Precision:
    """How exactly the service can have known a moment: by the polls that really reached the server."""

    def __init__(self, programme: Programme, report_every_s: float = 0.0, blind_after_s: float = math.inf) -> None:
        """`report_every_s`: how often the slowest player tells its position. `blind_after_s`: time without a poll over
        which the tracker counts nothing as played; a machine that stands still for a while makes such."""
        self.opened = opened(programme.stage)
        self._programme = programme
        self._report = report_every_s / MINUTE_S
        self.polls = [
            self.minute_of(datetime.datetime.fromtimestamp(request.at_s, datetime.UTC))
            for request in programme.stage.plex.requests_for("/status/sessions")
        ]
        gaps = [after - before for before, after in itertools.pairwise(self.polls)]
        self._blind = sum(gap for gap in gaps if gap * MINUTE_S > blind_after_s)

    def minute_of(self, when: datetime.datetime | str) -> float:
        """A time, also as the files have it, in minutes of the programme."""
        return minute_of(when, self.opened) - self._programme.began

    @property
    def usual_gap_s(self) -> float:
        """Median time between two polls, seconds of the night."""
        return statistics.median(after - before for before, after in zip(self.polls, self.polls[1:], strict=False)) * 60

    def edge(self, cue: Cue) -> float:
        """Minutes by which what is recorded of a cue may differ from the programme: two polls either way,
        and a client's report. A cue that was late counts from when it was done."""
        after = bisect.bisect_right(self.polls, cue.done)
        before = bisect.bisect_left(self.polls, cue.minute)
        late = max(cue.done, self.polls[min(after + 1, len(self.polls) - 1)]) - cue.minute
        early = cue.minute - self.polls[max(before - 2, 0)]
        return max(late, early) + self._report

    def of(self, who: str) -> float:
        """The same over all cues that bear upon somebody's watch, and over what could not be seen in between."""
        return self._blind + sum(self.edge(cue) for cue in self._programme.cues if cue.who == who)


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


def told(frames_dir: Path, sender: str, tag: str) -> list[list[Any]]:
    """The body of every message with a tag that somebody sent, with the msgpack package alone."""
    envelopes = map(msgpack.unpackb, frames(frames_dir / f"{sender}.frames"))
    return [found[4] for found in envelopes if isinstance(found[4], list) and found[4] and found[4][0] == tag]


def family(stage: ServiceStage) -> list[psutil.Process]:
    """The launcher and everything it started."""
    launcher = psutil.Process(stage.launcher_pid)
    return [launcher, *launcher.children(recursive=True)]


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those of them that still run; a zombie does not."""
    return [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
