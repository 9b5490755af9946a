"""The launcher over real processes: start, kill, hang, crash loop, ticks, health log, stop."""

from __future__ import annotations

import json
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from actors.runtime.clock import Clock, Pace
from actors.runtime.transport.zmq import TCP_ENGINE
from config import Settings
from launcher.background_launcher import run_in_background
from launcher.connection.lock import AlreadyRunningError
from launcher.connection.run_state import RunFile, RunState, read_running_state
from launcher.connection.service_client import NotReachedError, ServiceClient
from launcher.launcher import STOPPED, Launcher
from launcher.supervision.child import FATAL
from launcher.supervision.supervision_settings import SupervisionSettings
from messages import GetHealth, HealthReport
from tests.deadlines import WITHIN_S
from tests.integration.launcher.scripted_actors import FOUR, MARKER

QUICK = SupervisionSettings(
    ping_every_s=0.1, hung_after_s=1.5, start_within_s=20, first_retry_s=0.05, longest_retry_s=0.2,
    crash_limit=3, crash_window_s=30, failed_pause_s=60, look_every_s=0.02,
)  # fmt: skip


def socket_folder(state: RunState) -> Path:
    """Where the actors listen."""
    return Path(state.network.addresses["launcher"].removeprefix("ipc://")).parent


def make(
    folder: Path, actors: dict[str, str] | None = None, timings: SupervisionSettings = QUICK, **more: Any
) -> Launcher:
    """A launcher over small actors."""
    settings = Settings(data_dir=str(folder), log_level="WARNING", **more.pop("settings", {}))
    return Launcher(settings, actors=actors or FOUR, timings=timings, **more)


def notes(folder: Path, name: str, what: str) -> list[str]:
    """Return what an actor wrote down."""
    file = folder / f"{name}.{what}"
    return file.read_text().splitlines() if file.exists() else []


def until(what: Callable[[], bool], timeout_s: float = WITHIN_S) -> None:
    """Wait for a condition, with a deadline."""
    end = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < end, "not so in time"
        time.sleep(0.02)


def health_lines(folder: Path) -> list[dict[str, Any]]:
    """The health log; not its last line while that is being written."""
    whole, _, _ = (folder / "logs" / "actor_health.jsonl").read_text().rpartition("\n")
    return [json.loads(line) for line in whole.splitlines()]


def test_start_and_stop_keep_their_order_and_leave_nothing(tmp_path: Path) -> None:
    """Persistence first and last; no process, no run file, no run folder afterwards; each has saved."""
    with run_in_background(make(tmp_path)) as running:
        running.wait_ready()
        pids = running.pids()
        state = read_running_state(tmp_path)
        assert state is not None and socket_folder(state).is_dir()
        assert running.stop() == STOPPED
    first = {name: (tmp_path / f"{name}.started").stat().st_mtime_ns for name in FOUR}
    saved = {name: float(notes(tmp_path, name, "saved")[0]) for name in FOUR}
    assert sorted(first, key=lambda name: first[name]) == ["persistence", "tracker", "discord", "plex"]
    assert sorted(saved, key=lambda name: saved[name]) == ["plex", "discord", "tracker", "persistence"]
    assert not any(psutil.pid_exists(pid) for pid in pids.values())
    assert not RunFile(tmp_path).path.exists() and not socket_folder(state).exists()


def test_a_killed_actor_alone_is_started_again(tmp_path: Path) -> None:
    """kill -9 of each in turn: the others keep their pids, and all are ready again."""
    with run_in_background(make(tmp_path)) as running:
        running.wait_ready()
        for name in FOUR:
            before = running.pids()
            killed = running.kill(name)
            rows = running.wait_for(
                lambda rows, name=name, killed=killed: (
                    all(r.state == "running" for r in rows)  # type: ignore[misc]  # the defaults bind the loop's values
                    and next(r.pid for r in rows if r.actor == name) not in (0, killed)
                ),
                15,
            )
            after = {row.actor: row.pid for row in rows}
            assert {other for other in FOUR if before[other] != after[other]} == {name}
            row = next(row for row in rows if row.actor == name)
            assert row.restarts == 1 and row.last_error == "killed by SIGKILL"


def test_a_hung_actor_is_killed_and_started_again(tmp_path: Path) -> None:
    """A stopped process answers no ping: only that one is killed, within the limit."""
    with run_in_background(make(tmp_path)) as running:
        running.wait_ready()
        before = running.pids()
        hung = running.kill("tracker", signal.SIGSTOP)
        rows = running.wait_for(lambda rows: rows[1].pid not in (0, hung) and rows[1].state == "running", WITHIN_S)
        assert not psutil.pid_exists(hung)
        assert [row.pid for row in rows if row.actor != "tracker"] == [
            before[name] for name in FOUR if name != "tracker"
        ]
        assert "didn't answer" in rows[1].last_error


@pytest.mark.parametrize("how", ["devour", "devour in a thread"])
def test_an_actor_beyond_its_memory_limit_is_restarted(tmp_path: Path, how: str) -> None:
    """Each actor has its own limit: the others keep running, and health says why it ended."""
    pace = Clock(Pace(speed=3000))
    with run_in_background(make(tmp_path, clock=pace)) as running:
        running.wait_ready()
        before = running.pids()
        (tmp_path / "persistence.does").write_text(how)
        until(lambda: len(notes(tmp_path, "persistence", "started")) > 1)
        (tmp_path / "persistence.does").unlink()
        until(lambda: running.pids()["persistence"] not in (0, before["persistence"]))
        assert all(running.pids()[name] == pid for name, pid in before.items() if name != "persistence")
        said = "reached its memory limit and ended"
        until(lambda: any(said in line["last_error"] for line in health_lines(tmp_path)))


def test_a_crash_loop_is_shown_as_failed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The limit, then the long pause; all others run, and the log says what to do."""
    (tmp_path / "discord.does").write_text("crash")
    with run_in_background(make(tmp_path)) as running:
        row = running.wait_state("discord", "failed")
        assert len(notes(tmp_path, "discord", "started")) == QUICK.crash_limit + 1
        assert "exit status 70" in row.last_error
        rows = running.wait_for(lambda rows: sum(r.state == "running" for r in rows) == 3, WITHIN_S)
        assert {row.actor for row in rows if row.state != "running"} == {"discord"}
        assert running.stop() == STOPPED
    assert "discord crashed" in caplog.text and "restart Usher" in caplog.text


def test_a_store_that_refuses_stops_everything_with_78(tmp_path: Path) -> None:
    """One attempt, and no other actor is started: nothing could be stored."""
    (tmp_path / "persistence.does").write_text("refuse")
    with run_in_background(make(tmp_path)) as running:
        until(lambda: not running.is_alive)
        assert running.stop() == FATAL == 78
    assert len(notes(tmp_path, "persistence", "started")) == 1
    assert notes(tmp_path, "tracker", "started") == []


def test_the_auto_save_tick_follows_the_clock(tmp_path: Path) -> None:
    """At 300 service seconds a real one, half a minute is a tenth of a second; persistence alone gets it."""
    clock = Clock(Pace.starting_now(300.0))
    settings = {"auto_save_interval_minutes": 0.5}
    with run_in_background(make(tmp_path, clock=clock, settings=settings)) as running:
        running.wait_ready()
        until(lambda: len(notes(tmp_path, "persistence", "tick")) >= 5)
    ticks = [float(text) for text in notes(tmp_path, "persistence", "tick")]
    assert 20 < (ticks[-1] - ticks[0]) / (len(ticks) - 1) < 120
    assert notes(tmp_path, "tracker", "tick") == []


def test_the_health_log_has_every_interval_and_every_change(tmp_path: Path) -> None:
    """Promised keys in each line; each state an actor went through is there."""
    with run_in_background(make(tmp_path, settings={"health_interval_seconds": 0.2})) as running:
        running.wait_ready()
        running.kill("plex")
        running.wait_for(lambda rows: rows[3].restarts == 1 and rows[3].state == "running", WITHIN_S)
        until(lambda: sum(line["actor"] == "tracker" for line in health_lines(tmp_path)) > 5)
    lines = health_lines(tmp_path)
    promised = "ts actor pid state uptime_s restarts mailbox_depth handled handle_ms_p50 handle_ms_p99 rss_mb"
    assert all(list(line)[:12] == [*promised.split(), "last_error"] for line in lines)
    states = [line["state"] for line in lines if line["actor"] == "plex"]
    changes = [state for n, state in enumerate(states) if n == 0 or states[n - 1] != state]
    if changes[0] == "stopped":  # an interval fell before its turn to start
        changes.pop(0)
    assert changes == ["starting", "running", "restarting", "starting", "running", "stopped"]
    running_lines = [line for line in lines if line["state"] == "running" and line["actor"] == "tracker"]
    assert running_lines[-1]["rss_mb"] > 5 and running_lines[-1]["uptime_s"] > 0


def test_an_actors_error_is_one_line_without_secrets(tmp_path: Path) -> None:
    """The health log shows its text, and no token."""
    (tmp_path / "plex.does").write_text("complain")
    settings = {"plex_url": "http://127.0.0.1:9", "plex_token": "very-secret"}
    with run_in_background(make(tmp_path, settings=settings)) as running:
        row = running.wait_state("plex", "degraded")
    assert row.last_error.startswith("token *** was refused") and len(row.last_error) <= 300
    assert "very-secret" not in (tmp_path / "logs" / "actor_health.jsonl").read_text()


def test_an_actor_that_does_not_stop_is_killed(tmp_path: Path) -> None:
    """The others have saved, and the stop takes at most 10 s."""
    (tmp_path / "discord.does").write_text("linger")
    with run_in_background(make(tmp_path)) as running:
        running.wait_ready()
        began = time.monotonic()
        assert running.stop() == STOPPED
        assert time.monotonic() - began < 10
    assert [bool(notes(tmp_path, name, "saved")) for name in FOUR] == [True, True, False, True]


def test_only_one_service_runs_on_a_data_folder(tmp_path: Path) -> None:
    """Two run on two folders; a second on the same one is refused with the first's pid."""
    first, second = tmp_path / "first", tmp_path / "second"
    two = {"persistence": MARKER, "plex": MARKER}
    with run_in_background(make(first, two)) as one, run_in_background(make(second, two)) as other:
        one.wait_ready()
        other.wait_ready()
        state = read_running_state(first)
        assert state is not None
        with (
            pytest.raises(AlreadyRunningError, match=f"process {state.launcher.pid}"),
            run_in_background(make(first, two)),
        ):
            pass
        one.wait_ready(1)
        assert set(one.pids().values()).isdisjoint(other.pids().values())


def test_it_uses_encrypted_tcp_without_ipc(tmp_path: Path) -> None:
    """Loopback TCP with the run's keys."""
    with run_in_background(make(tmp_path, {"persistence": MARKER, "tracker": MARKER}, engine=TCP_ENGINE)) as running:
        running.wait_ready()
        state = read_running_state(tmp_path)
        assert state is not None and state.network.credentials
        assert all(address.startswith("tcp://127.0.0.1:") for address in state.network.addresses.values())


def health_within(folder: Path, timeout_s: float) -> HealthReport:
    """What a new client is told."""
    end = time.monotonic() + timeout_s
    while True:
        try:
            with ServiceClient(folder) as service:
                return service.ask(GetHealth(), 1.0)
        except NotReachedError:
            assert time.monotonic() < end, "no answer in time"


def test_a_removed_run_folder_is_created_again(tmp_path: Path) -> None:
    """As cleaners of /tmp do: new clients can connect, and no actor is restarted."""
    with run_in_background(make(tmp_path)) as running:
        running.wait_ready()
        before, state = running.pids(), read_running_state(tmp_path)
        assert state is not None
        shutil.rmtree(socket_folder(state))
        report = health_within(tmp_path, 20)
        assert {row.actor: row.pid for row in report.actors} == before
        assert socket_folder(state).stat().st_mode & 0o777 == 0o700
        before_pid = running.kill("tracker")
        running.wait_for(lambda rows: all(r.state == "running" and r.pid != before_pid for r in rows), 20)
        assert running.stop() == STOPPED
    assert not socket_folder(state).exists()


def test_a_lost_run_folder_is_replaced_by_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As XDG_RUNTIME_DIR after a logout: every actor saves, and restarts with a folder elsewhere."""
    session = Path(tempfile.mkdtemp(prefix="run-"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(session))
    folder = tmp_path / "data"
    with run_in_background(make(folder)) as running:
        running.wait_ready()
        before, state = running.pids(), read_running_state(folder)
        assert state is not None and socket_folder(state).parent == session
        shutil.rmtree(session)
        session.write_text("in the way, as nothing can be made in /run/user by a user")
        try:
            running.wait_for(lambda rows: {r.pid for r in rows}.isdisjoint(before.values()), 40)
            running.wait_for(lambda rows: all(r.state == "running" for r in rows), 20)
            assert all(row.state == "running" for row in health_within(folder, 20).actors)
            assert all(notes(folder, name, "saved") for name in FOUR)
            assert running.stop() == STOPPED
        finally:
            session.unlink()


def test_the_run_folder_and_run_file_are_private(tmp_path: Path) -> None:
    """0700 and 0600: no other user reaches the actors."""
    with run_in_background(make(tmp_path, {"persistence": MARKER})) as running:
        running.wait_ready()
        state = read_running_state(tmp_path)
        assert state is not None
        assert socket_folder(state).stat().st_mode & 0o777 == 0o700
        assert RunFile(tmp_path).path.stat().st_mode & 0o777 == 0o600
