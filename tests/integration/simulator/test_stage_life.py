"""When the process of a stage dies, its service ends too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil

from tests.deadlines import WITHIN_S

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = """
import datetime, sys, time
from pathlib import Path
from simulator.nights.stage import ServiceStage
evening = datetime.datetime(2026, 11, 20, 20, 30, tzinfo=datetime.UTC)
with ServiceStage(Path(sys.argv[1]), speed=60.0, party_user="Rosa", evening=evening) as stage:
    print(stage.launcher_pid, flush=True)
    time.sleep(600)
"""


def test_the_service_of_a_stage_that_is_killed_stops_by_itself(tmp_path: Path) -> None:
    """kill -9 of the process that started it, as a demo or a bench that is interrupted: nothing is left running."""
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "data")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as stage:
        assert stage.stdout is not None
        launcher = psutil.Process(int(stage.stdout.readline()))
        family = [launcher, *launcher.children(recursive=True)]
        stage.kill()
    _gone, alive = psutil.wait_procs(family, timeout=WITHIN_S)
    assert alive == []


def test_a_stage_that_ends_in_order_leaves_nothing(tmp_path: Path) -> None:
    """The same, by the way that every test takes."""
    script = SCRIPT.replace("time.sleep(600)", "pass")
    command = [sys.executable, "-c", script, str(tmp_path / "data")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=90)
    assert done.returncode == 0, done.stderr.decode()
    assert not psutil.pid_exists(int(done.stdout))
