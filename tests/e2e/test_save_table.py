"""The save table over the whole service: what each event writes into the three files and the store.

| event                            | user stats | user badges | watch history |
|----------------------------------|------------|-------------|---------------|
| a watch starts                   | -          | -           | -             |
| tick, at least one active watch  | saved      | saved       | -             |
| tick, none active                | -          | -           | -             |
| a watch finishes                 | saved      | saved       | saved         |
| !savedata                        | saved      | saved       | saved         |
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from launcher.connection.run_state import read_running_state
from launcher.connection.service_client import ServiceClient
from messages import GetSaveStatus
from simulator.nights.stage import ANNOUNCE, ServiceStage
from simulator.plex import ACCOUNTS
from tests.deadlines import WITHIN_S
from tests.nights.evidence import evening, family, find_alive, read_told, sql

pytestmark = pytest.mark.slow

STATS, BADGES, HISTORY = "user_stats.json", "user_badges.json", "watch_history.json"
TABLES = (
    "watches", "viewers", "viewer_stats", "viewer_badges", "checkpoint", "saves", "facts",
)  # fmt: skip
SAVED, SKIPPED = "💾 Auto-saved badge data (", "⏭️ Auto-save skipped (no active watches)"
QUIET_S = 0.8
SETTINGS = {
    "PLEX_POLL_SECONDS": "12",
    "MIN_WATCH_SECONDS": "1",
    "AUTO_SAVE_INTERVAL_MINUTES": "2",  # two real seconds
    "BACKUP_INTERVAL_HOURS": "0",
}


@dataclasses.dataclass(frozen=True)
class Picture:
    """Everything in the data folder but its logs, and what the store's tables hold."""

    files: dict[str, bytes]
    times: dict[str, int]
    rows: dict[str, list[dict[str, Any]]]

    @classmethod
    def of(cls, data_dir: Path) -> Picture:
        """The folder as it is now."""
        files: dict[str, bytes] = {}
        times: dict[str, int] = {}
        for path in sorted(data_dir.rglob("*")):
            # A copy is written beside the old one first, and such a file is gone a moment later.
            with contextlib.suppress(FileNotFoundError):
                if path.is_file() and "logs" not in path.parts:
                    name, content = str(path.relative_to(data_dir)), path.read_bytes()
                    times[name] = path.stat().st_mtime_ns
                    files[name] = content
        return cls(
            files=files,
            times=times,
            rows={table: sql(data_dir, f"SELECT * FROM {table}") for table in TABLES},  # noqa: S608 - our own names
        )

    def of_the_save_table(self) -> tuple[Any, ...]:
        """All of it except what the Discord actor stores for itself, because a film that starts is announced.

        Its state is in a table of the store. So the store is compared by the rows of the other tables, not as a file.
        """
        own = ("cache", "usher.db")
        files, times = ({n: v for n, v in all_.items() if not n.startswith(own)} for all_ in (self.files, self.times))
        return files, times, self.rows

    def find_written(self, after: Picture) -> set[str]:
        """Which of the three were written anew, even where their bytes are the same."""
        return {name for name in (STATS, BADGES, HISTORY) if after.times.get(name) != self.times.get(name)}

    def saves(self, after: Picture) -> list[str]:
        """The reasons of the saves between."""
        return [str(row["reason"]) for row in after.rows["saves"][len(self.rows["saves"]) :]]

    def find_changed(self, after: Picture) -> set[str]:
        """Which tables have other rows."""
        return {table for table in TABLES if self.rows[table] != after.rows[table]}


Change = tuple[Picture, Picture]


@dataclasses.dataclass(frozen=True)
class Changes:
    """The folder before and after each event."""

    idle: Change
    start: Change
    tick: Change
    finish: Change
    idle_again: Change
    refused: Change
    savedata: Change
    stop: Change
    idle_lines: int
    """Log lines about idle ticks, of at least five such ticks."""
    exit_status: int
    stop_s: float
    left: list[psutil.Process]
    run_folder: Path


class Rig:
    """A stage whose ticks can be counted."""

    def __init__(self, stage: ServiceStage, frames_dir: Path) -> None:
        self.stage = stage
        self._frames_dir = frames_dir
        self._fresh = [account for account in ACCOUNTS if account.name]

    def picture(self) -> Picture:
        """The data folder when persistence has done all that it was told so far."""
        with ServiceClient(self.stage.data_dir) as caller:
            caller.ask(GetSaveStatus(), WITHIN_S)
        return Picture.of(self.stage.data_dir)

    def ticks(self) -> int:
        """How many the launcher has sent."""
        return len(read_told(self._frames_dir, "launcher", "auto_save_tick"))

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for something, with a deadline."""
        self.stage.wait_for(condition, WITHIN_S, what)

    def after_ticks(self, count: int) -> Change:
        """Wait for so many ticks."""
        before, seen = self.picture(), self.ticks()
        self.wait(lambda: self.ticks() >= seen + count, f"{count} ticks")
        return before, self.picture()

    def await_quiet(self) -> None:
        """Wait until everything is announced: Discord gets no more requests, and no file changes."""
        last, since = self._traces(), time.monotonic()

        def is_quiet() -> bool:
            nonlocal last, since
            if (now := self._traces()) != last:
                last, since = now, time.monotonic()
            return time.monotonic() - since > QUIET_S

        self.wait(is_quiet, "announcements to be over")

    def _traces(self) -> tuple[int, Picture]:
        return len(self.stage.discord.recorder.requests), Picture.of(self.stage.data_dir)

    def between_ticks(
        self,
        act: Callable[[], None],
        happened: Callable[[], bool],
        what: str,
        prepare: Callable[[], None] = lambda: None,
    ) -> Change:
        """Let something happen just after a tick; once more if the next one came too soon.

        `prepare` is called before each try.
        """
        for _ in range(8):
            prepare()
            seen = self.ticks()
            self.wait(lambda seen=seen: self.ticks() > seen, "a tick")  # type: ignore[misc]  # mypy knows no lambda's default
            before, seen = self.picture(), self.ticks()
            act()
            self.wait(happened, what)
            after = self.picture()
            if self.ticks() == seen:
                return before, after
        raise TimeoutError(f"never between two ticks: {what}")

    def starts(self) -> Change:
        """Somebody starts a film; the tracker and persistence know it."""

        def is_reported() -> bool:
            told = read_told(self._frames_dir, "tracker", "watches_reported")
            return bool(told) and len(told[-1][2]) == len(self.stage.plex.sessions)

        return self.between_ticks(
            lambda: self._play(),
            is_reported,
            "a watch to start",
        )

    def _play(self) -> None:
        self.stage.plex.play(self._fresh.pop(), "The General")

    def finishes(self) -> Change:
        """Somebody's film ends. If this has to be tried again, another's has run for a while by then."""

        def play_on() -> None:
            if not self.stage.plex.sessions:
                self._play()
                self.wait(lambda: self.log_count("began “") > self.log_count("finished “"), "a watch to start")

        def stop() -> None:
            self.finished = self.log_count("finished “")
            self.stage.plex.stop_all()

        def is_stored() -> bool:
            return self.log_count("finished “") > self.finished and len(self.stage.history()) == self.log_count(
                "began “"
            )

        return self.between_ticks(stop, is_stored, "a watch to finish", play_on)

    def log_count(self, part: str) -> int:
        """How many log lines hold this."""
        return self.stage.service_log().count(part)

    def commands(self, member: str, title: str) -> Change:
        """Somebody says !savedata and is answered."""
        before = self.picture()
        said = self.stage.discord.say(member, ANNOUNCE, "!savedata")
        self.stage.discord.wait_for(lambda message: message.id > said.id and title in message.text, timeout=WITHIN_S)
        return before, self.picture()


@pytest.fixture(scope="module")
def changes(tmp_path_factory: pytest.TempPathFactory) -> Changes:
    """A short evening: nobody, somebody, nobody, a command, somebody at the stop."""
    folder = tmp_path_factory.mktemp("saves")
    frames_dir = folder / "frames"
    frames_dir.mkdir()
    stage = ServiceStage(
        folder / "data", speed=60.0, party_user="Rosa", evening=evening(), frames_dir=str(frames_dir), **SETTINGS
    )
    with stage:
        rig = Rig(stage, frames_dir)
        rig.wait(lambda: SKIPPED in stage.service_log(), "the first idle tick")
        rig.await_quiet()
        idle = rig.after_ticks(2)
        start = rig.starts()
        saves = rig.log_count(SAVED)
        tick = rig.after_ticks(1)
        rig.wait(lambda: rig.log_count(SAVED) > saves, "the save")
        finish = rig.finishes()
        rig.await_quiet()
        idle_again = rig.after_ticks(2)
        refused = rig.commands("Chiara", "Something went wrong")
        savedata = rig.commands("Iris", "💾 Saved")
        rig.starts()
        idle_lines = rig.log_count(SKIPPED)
        before, started = rig.picture(), family(stage)
        state = read_running_state(stage.data_dir)
        assert state is not None
        run_folder = Path(state.network.addresses["tracker"].removeprefix("ipc://")).parent
        exit_status, stop_s = stage.stop_service()
        stop = before, Picture.of(stage.data_dir)
    return Changes(
        idle, start, tick, finish, idle_again, refused, savedata, stop, idle_lines, exit_status, stop_s,
        find_alive(started), run_folder,
    )  # fmt: skip


def test_a_starting_watch_writes_nothing(changes: Changes) -> None:
    """Row 1: the watch is in memory only."""
    before, after = changes.start
    assert before.of_the_save_table() == after.of_the_save_table()


def test_a_tick_with_an_active_watch_saves_stats_and_badges(changes: Changes) -> None:
    """Row 2: both are written, and the checkpoint in the same transaction; the history is not touched."""
    before, after = changes.tick
    assert before.find_written(after) == {STATS, BADGES}
    assert set(before.saves(after)) == {"auto"}
    assert after.files.get(HISTORY) == before.files.get(HISTORY) and "watches" not in before.find_changed(after)
    assert after.rows["checkpoint"]
    for watch in after.rows["checkpoint"]:
        stats = json.loads(after.files[STATS])[watch["viewer_id"]]
        assert (stats["total_movies"], stats["watching_now"]) == (1, "The General")


def test_an_idle_tick_writes_nothing_at_all(changes: Changes) -> None:
    """Row 3: not a byte and not a time of any file in the data folder changes, before the first film or after it."""
    before, after = changes.idle
    assert before == after
    before, after = changes.idle_again
    assert before.of_the_save_table() == after.of_the_save_table(), "a chart may still be drawn"
    assert changes.idle_lines <= 3, "said at the first, then once an hour"


def test_a_finished_watch_saves_all_three_at_once(changes: Changes) -> None:
    """Row 4: statistics, badges and history, in one save; the watch leaves the checkpoint."""
    before, after = changes.finish
    assert before.find_written(after) == {STATS, BADGES, HISTORY}
    assert set(before.saves(after)) == {"finish"}
    assert {"watches", "viewer_stats", "saves"} <= before.find_changed(after)
    assert after.rows["checkpoint"] == []
    history = json.loads(after.files[HISTORY])
    assert [found["watch_id"] for found in history] == [row["watch_id"] for row in after.rows["watches"]]
    for found in history:
        stats = json.loads(after.files[STATS])[found["user_id"]]
        assert stats["total_watch_time_seconds"] == pytest.approx(found["playing_seconds"], abs=0.01), "never twice"
        assert stats["watching_now"] in ("", None)


def test_savedata_saves_all_three(changes: Changes) -> None:
    """Row 5: all are rewritten, the history with the same content; without permission nothing is written."""
    before, after = changes.savedata
    assert before.find_written(after) == {STATS, BADGES, HISTORY}
    assert before.saves(after) == ["command"]
    assert before.files[HISTORY] == after.files[HISTORY]
    before, after = changes.refused
    assert before.of_the_save_table() == after.of_the_save_table()


def test_a_stop_saves_the_running_watch(changes: Changes) -> None:
    """SIGTERM while somebody watches: one last save with the checkpoint, exit 0 within 10 s, nothing left behind."""
    before, after = changes.stop
    assert before.saves(after)[-1] == "stop" and len(after.rows["checkpoint"]) == 1
    assert before.files[HISTORY] == after.files[HISTORY]
    assert (changes.exit_status, changes.left) == (0, []) and changes.stop_s < 10
    assert not changes.run_folder.exists() and "run.json" not in after.files
    assert not {name for name in after.files if name.endswith(("-wal", "-shm"))}, "the store was closed"
