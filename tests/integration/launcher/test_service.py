"""The service as a process: signals, the launcher's own death, a second one, and the commands that ask it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from launcher.connection.run_state import RunState, read_running_state
from tests.deadlines import WITHIN_S
from tests.integration.launcher.scripted_actors import FOUR
from tests.integration.launcher.test_launcher import notes, until

ROOT = Path(__file__).resolve().parent.parent.parent.parent
COMMAND = [sys.executable, "-m", "tests.integration.launcher.service"]


def socket_folder(state: RunState) -> Path:
    """Where the actors listen."""
    return Path(state.network.addresses["launcher"].removeprefix("ipc://")).parent


def all_started(folder: Path) -> bool:
    """Tell whether the health log has seen every actor running."""
    log = folder / "logs" / "actor_health.jsonl"
    text = log.read_text() if log.exists() else ""
    return all(re.search(rf'"actor":"{name}","pid":\d+,"state":"running"', text) for name in FOUR)


@contextlib.contextmanager
def service(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A running service with every actor ready; whatever is left of it at the end is killed."""
    process = subprocess.Popen(
        [*COMMAND, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        process_group=0,
    )  # fmt: skip
    try:
        until(lambda: all_started(folder) or process.poll() is not None)
        assert process.poll() is None, process.communicate()[1]
        yield process
    finally:
        state = read_running_state(folder)
        process.kill()
        process.communicate()
        for child in state.children.values() if state else ():
            found = child.find()
            if found is not None:
                found.kill()


def state_of(folder: Path) -> RunState:
    """Return what its run file says."""
    state = read_running_state(folder)
    assert state is not None
    return state


def list_saved(folder: Path) -> list[str]:
    """Return who has saved, in order."""
    times = {name: notes(folder, name, "saved") for name in FOUR}
    return sorted((name for name in FOUR if times[name]), key=lambda name: float(times[name][0]))


def usher(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line on this data folder."""
    return subprocess.run(
        [sys.executable, str(ROOT / "run.py"), *arguments], cwd=folder, capture_output=True, text=True,
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(folder)}, timeout=30, encoding="utf-8",
    )  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_in_order_with_0(tmp_path: Path, number: signal.Signals) -> None:
    """Within 10 s, everybody saved, nothing on stdout, no traceback, nothing left."""
    with service(tmp_path) as process:
        state = state_of(tmp_path)
        began = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=WITHIN_S)
        assert time.monotonic() - began < 10
        assert process.returncode == 0, err
        assert out == "" and "Traceback" not in err
        assert list_saved(tmp_path) == ["plex", "discord", "tracker", "persistence"]
        assert not any(child.is_alive() for child in state.children.values())
        assert not socket_folder(state).exists()


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX's")
def test_no_file_of_the_service_is_for_others(tmp_path: Path) -> None:
    """However it is started, and whatever umask the shell has: simulate, too, starts it without the command line."""
    folder = tmp_path / "data"
    before = os.umask(0)
    try:
        with service(folder):
            for path in (folder, *folder.rglob("*")):
                assert path.stat().st_mode & 0o077 == 0, path
    finally:
        os.umask(before)


def test_ctrl_c_in_a_terminal_stops_in_order(tmp_path: Path) -> None:
    """The whole foreground group gets SIGINT, but only the launcher acts on it."""
    with service(tmp_path) as process:
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=WITHIN_S)
        assert process.returncode == 0, err
        assert list_saved(tmp_path) == ["plex", "discord", "tracker", "persistence"]


def test_a_second_ctrl_c_ends_it_at_once(tmp_path: Path) -> None:
    """The first one begins an ordered stop; nobody has to wait for its end."""
    (tmp_path / "plex.does").write_text("linger")
    with service(tmp_path) as process:
        children = state_of(tmp_path).children
        process.send_signal(signal.SIGINT)
        until(lambda: (tmp_path / "plex.lingers").exists())
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=WITHIN_S)
        assert process.returncode == 130 and time.monotonic() - began < 10
        assert not any(child.is_alive() for child in children.values())


@pytest.fixture
def run_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put sockets into a folder of this test's own: launchers of other tests clean up the one that all share."""
    with tempfile.TemporaryDirectory(prefix="run-") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield


@pytest.mark.usefixtures("run_folder")
def test_a_killed_launcher_leaves_no_process_and_nothing_unsaved(tmp_path: Path) -> None:
    """kill -9: each actor notices, saves and goes within 10 s; the next launcher cleans up and starts."""
    with service(tmp_path) as process:
        state = state_of(tmp_path)
        process.kill()
        process.wait()
        until(lambda: not any(child.is_alive() for child in state.children.values()), 10)
        assert sorted(list_saved(tmp_path)) == sorted(FOUR)
    assert socket_folder(state).exists()
    (tmp_path / "logs" / "actor_health.jsonl").unlink()
    with service(tmp_path) as process:
        assert not socket_folder(state).exists()
        process.terminate()
        _, err = process.communicate(timeout=WITHIN_S)
        assert process.returncode == 0
        assert f"process {state.launcher.pid}) was killed" in err


def test_a_second_service_is_refused_and_told_the_pid(tmp_path: Path) -> None:
    """Exit 1, the first's pid, no traceback; the first goes on."""
    with service(tmp_path) as process:
        second = subprocess.run(
            [*COMMAND, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=20, check=False
        )
        assert second.returncode == 1 and str(process.pid) in second.stderr
        assert "Traceback" not in second.stderr
        assert process.poll() is None


def test_health_shows_every_actor_and_its_exit_status_tells(tmp_path: Path) -> None:
    """0 while all run; 1 when one has failed, with its reason."""
    with service(tmp_path):
        done = usher(tmp_path, "health")
        assert done.returncode == 0, done.stderr
        assert all(name in done.stdout for name in FOUR) and done.stdout.count("running") == 4
        (tmp_path / "discord.does").write_text("crash")
        psutil.Process(state_of(tmp_path).children["discord"].pid).kill()
        until(lambda: "failed" in usher(tmp_path, "health").stdout)
        done = usher(tmp_path, "health")
        assert done.returncode == 1 and "exit status 70" in done.stdout


def test_recover_simulated_shows_all_and_changes_nothing(tmp_path: Path) -> None:
    """Sessions, real user ids, how to find one, what would be started; exit 0."""
    with service(tmp_path):
        done = usher(tmp_path, "recover", "--simulate", "--session", "7", "--position", "1:02:03")
        assert done.returncode == 0, done.stderr
        for words in ("Nosferatu [1922] (1922)", "Living room", "0:42:30", "200000000000000001", "Zoë *star*",
                      "Copy User ID", "would be tracked", "Nothing was changed"):  # fmt: skip
            assert words in done.stdout
        asked = notes(tmp_path, "tracker", "asked")
        assert len(asked) == 1 and "simulate=True" in asked[0] and "position_ms=3723000" in asked[0]


def test_recover_says_what_it_did_or_why_not(tmp_path: Path) -> None:
    """Exit 0 and who is tracked; or exit 1, the choices and what to do."""
    with service(tmp_path):
        done = usher(tmp_path, "recover", "--user", "200000000000000001", "200000000000000002")
        assert done.returncode == 0 and done.stdout.count("is being tracked from now on") == 2
        assert "'200000000000000001', '200000000000000002'" in notes(tmp_path, "tracker", "asked")[0]
        absent = usher(tmp_path, "recover", "--user", "200000000000000009")
        assert absent.returncode == 1 and "200000000000000009 is not in the voice channel" in absent.stdout
        (tmp_path / "tracker.does").write_text("problem")
        done = usher(tmp_path, "recover")
        assert done.returncode == 1
        assert "say which with --session" in done.stdout and "Living room" in done.stdout


def test_recover_says_that_the_tracker_is_away(tmp_path: Path) -> None:
    """In words, with what to do next; exit 1."""
    with service(tmp_path):
        psutil.Process(state_of(tmp_path).children["tracker"].pid).suspend()
        done = usher(tmp_path, "recover", "--simulate")
        assert done.returncode == 1 and "run.py health" in done.stderr and "Traceback" not in done.stderr


def test_the_launcher_loads_no_heavy_library() -> None:
    """SQLAlchemy, discord.py and plexapi cost 30 MB each: they belong to the actors that need them."""
    code = (
        "import sys, launcher.commands.serve; "
        "print([m for m in ('sqlalchemy', 'discord', 'plexapi', 'alembic', 'aiohttp') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
