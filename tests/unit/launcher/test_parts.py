"""The launcher's small parts: ticks, restarts, the lock, the run file, the run folder, the health log."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from actors.runtime.restarts.restart_policy import RestartPolicy
from actors.runtime.transport.base import NetworkSpec
from launcher.connection.lock import AlreadyRunningError, FolderLock
from launcher.connection.orphans import wait_for_orphans
from launcher.connection.run_state import ProcessIdentity, RunFile, RunState, read_running_state
from launcher.health import HealthLog, HealthLogs, format_row, read_rss_mb
from launcher.supervision.child import describe_exit
from launcher.supervision.interval import Interval
from launcher.supervision.supervision_settings import SupervisionSettings
from messages import ActorHealth
from tests.deadlines import WITHIN_S
from wording.problems import english

ROW = ActorHealth("plex", 0, "running", 1.5, 2, 3, 4, 0.5, 0.9, 30.1, "")
PROMISED = "ts actor pid state uptime_s restarts mailbox_depth handled handle_ms_p50 handle_ms_p99 rss_mb last_error"


def test_a_tick_falls_at_its_interval_and_catches_up_once() -> None:
    """After a long sleep one tick is due, and the next at the old beat."""
    tick = Interval(10, 0)
    assert [tick.is_due(now) for now in (5, 10, 11, 20)] == [False, True, False, True]
    assert tick.is_due(95) and not tick.is_due(96)
    assert tick.remaining_s(96) == 4 and tick.remaining_s(200) == 0
    assert Interval(10, 0, at_once=True).is_due(0)


def test_the_jitter_only_lengthens() -> None:
    """A pause lies between the plain back-off and the back-off with the whole jitter."""
    timings = SupervisionSettings(first_retry_s=1, jitter=0.25)
    assert RestartPolicy(timings, lambda: 0.0).on_crash(0).after_s == 1
    assert RestartPolicy(timings, lambda: 1.0).on_crash(0).after_s == 1.25


def test_crashes_outside_the_window_are_forgotten() -> None:
    """Five crashes in a day are no crash loop."""
    restarts = RestartPolicy(SupervisionSettings(crash_limit=2, crash_window_s=60), lambda: 0.0)
    assert not any(restarts.on_crash(day * 1000.0).failed for day in range(10))
    assert [restarts.on_crash(20_000 + n).failed for n in range(3)] == [False, False, True]


def test_exit_statuses_are_described() -> None:
    """Signals by name; a refusal differs from a crash."""
    assert english(describe_exit(-9)) == "killed by SIGKILL"
    assert "exit status 70" in english(describe_exit(70))
    assert "refused" in english(describe_exit(78))


def test_a_second_lock_is_refused_with_the_pid(tmp_path: Path) -> None:
    """One lock for each data folder; the message names folder, pid and what to do."""
    with FolderLock(tmp_path):
        RunFile(tmp_path).write(RunState(ProcessIdentity.from_pid(os.getpid())))
        with pytest.raises(AlreadyRunningError) as refused:
            FolderLock(tmp_path).take()
        assert refused.value.pid == os.getpid()
        assert str(tmp_path) in str(refused.value) and "DATA_DIR" in str(refused.value)
    with FolderLock(tmp_path):
        pass


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    """No stale lock: the system takes it back."""
    code = (
        "import sys, filelock; kept = filelock.FileLock(sys.argv[1]); "
        "kept.acquire(); print('held', flush=True); input()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "usher.lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        with pytest.raises(AlreadyRunningError, match="another process"):
            FolderLock(tmp_path).take()
        holder.kill()
        holder.wait()
        with FolderLock(tmp_path):
            pass


def test_the_run_file_is_private_whole_and_read_back(tmp_path: Path) -> None:
    """Mode 0600, no temporary file left, nonsense read as nothing."""
    file = RunFile(tmp_path)
    state = RunState(
        ProcessIdentity.from_pid(os.getpid()),
        NetworkSpec("zmq", {"plex": "/x"}, ("a", "b")),
        {"plex": ProcessIdentity(1, 2.0)},
    )
    file.write(state)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert file.read() == state == read_running_state(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]
    file.path.write_bytes(b'{"launcher": 3}')
    assert file.read() is None
    file.remove()
    file.remove()
    assert read_running_state(tmp_path) is None


def test_another_process_with_the_same_pid_is_not_taken_for_it() -> None:
    """A pid alone proves nothing."""
    mine = ProcessIdentity.from_pid(os.getpid())
    assert mine.is_alive()
    assert not ProcessIdentity(mine.pid, mine.started_s - 100).is_alive()


def test_orphans_are_waited_for_then_killed_but_no_stranger(tmp_path: Path) -> None:
    """Only a process that looks like an actor is ended, and only after its time."""
    sleep = [sys.executable, "-c", "input()"]
    with (
        subprocess.Popen([*sleep, "actors"], stdin=subprocess.PIPE) as actor,
        subprocess.Popen(sleep, stdin=subprocess.PIPE) as stranger,
    ):
        children = {"plex": ProcessIdentity.from_pid(actor.pid), "tracker": ProcessIdentity.from_pid(stranger.pid)}
        assert wait_for_orphans(RunState(ProcessIdentity(1, 0), children=children), 0.2) == [actor.pid]
        assert actor.wait(WITHIN_S) == -9
        assert stranger.poll() is None
        stranger.kill()


def test_a_health_line_has_the_promised_keys_first() -> None:
    """The names and their order are a promise to whoever reads the log."""
    keys = list(format_row(ROW, datetime(2026, 11, 23, 20, 15, 3, tzinfo=UTC)))
    assert keys[:12] == PROMISED.split()
    assert format_row(ROW, datetime(2026, 11, 23, 20, 15, 3, tzinfo=UTC))["ts"] == "2026-11-23T20:15:03.000+00:00"


def test_the_health_log_is_json_lines(tmp_path: Path) -> None:
    """One line a row, appended."""
    log = HealthLog(tmp_path)
    log.write([ROW, ROW])
    log.write([ROW])
    log.close()
    lines = log.path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 3 and json.loads(lines[0])["actor"] == "plex"


def test_each_community_has_a_health_log_of_its_own(tmp_path: Path) -> None:
    """Hundreds of communities do not push the installation's own rows out; a removed one has none any more."""
    for guild_id in ("77", "88"):
        (tmp_path / "communities" / guild_id).mkdir(parents=True)
    logs = HealthLogs(tmp_path)
    addresses = ("plex", "tracker@77", "plex@77", "tracker@88", "tracker@99")
    logs.write(msgspec.structs.replace(ROW, actor=address) for address in addresses)
    logs.close()
    found = {
        str(path.relative_to(tmp_path).parent.parent): [
            json.loads(line)["actor"] for line in path.read_text().splitlines()
        ]
        for path in tmp_path.rglob("actor_health.jsonl")
    }
    assert found == {".": ["plex"], "communities/77": ["tracker@77", "plex@77"], "communities/88": ["tracker@88"]}


def test_the_health_log_is_rotated(tmp_path: Path) -> None:
    """It never grows without limit."""
    log = HealthLog(tmp_path, 1000)
    for _ in range(40):
        log.write([ROW])
    log.close()
    files = sorted(path.name for path in log.path.parent.iterdir())
    assert files == ["actor_health.jsonl"] + [f"actor_health.jsonl.{n}" for n in (1, 2, 3)]


def test_a_health_log_that_cannot_be_written_is_said_and_survived(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """The launcher goes on without its log."""
    (tmp_path / "logs").write_text("in the way")
    HealthLog(tmp_path).write([ROW])
    assert "actor_health.jsonl" in caplog.text
    assert capsys.readouterr().err == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Not a traceback for every line."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "actor_health.jsonl").symlink_to("/dev/full")
    log = HealthLog(tmp_path)
    log.write([ROW, ROW, ROW])
    log.write([ROW])
    log.close()
    assert caplog.text.count("make room on the disk") == 1
    assert "No space left on device" in caplog.text and "Traceback" not in caplog.text


def test_memory_is_measured_in_mb() -> None:
    """Of a living process; none of a missing one."""
    assert 5 < read_rss_mb(os.getpid()) < 2000
    assert read_rss_mb(0) == 0.0


def test_a_stop_while_waiting_for_orphans_kills_nobody() -> None:
    """Ctrl-C during the wait ends it at once; who is saving goes on saving."""
    sleep = [sys.executable, "-c", "input()", "actors"]
    with subprocess.Popen(sleep, stdin=subprocess.PIPE) as actor:
        left = RunState(ProcessIdentity(1, 0), children={"plex": ProcessIdentity.from_pid(actor.pid)})
        assert wait_for_orphans(left, 60, lambda: True) == []
        assert actor.poll() is None
        actor.kill()
