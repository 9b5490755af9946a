"""The kill matrix ends in order where it is told to: no night goes on without it."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from tests.deadlines import WITHIN_S

ROOT = Path(__file__).parents[2]


def family_of(process: psutil.Process) -> list[psutil.Process]:
    """Everything it started that still runs."""
    return [one for one in process.children(recursive=True) if one.status() != psutil.STATUS_ZOMBIE]


def plays(process: psutil.Process) -> bool:
    """Whether the actors of a night are there."""
    for one in family_of(process):
        try:
            if {"actors", "tracker"} <= set(one.cmdline()):
                return True
        except psutil.NoSuchProcess:
            continue
    return False


def test_sigterm_ends_the_nights_that_are_played() -> None:
    """Exit status 143, and nothing is left of the pool, of the services and of their actors."""
    command = [sys.executable, "-m", "simulator.nights.kill_matrix", "--rounds", "6", "--jobs", "2"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as matrix:
        process = psutil.Process(matrix.pid)
        deadline = time.monotonic() + WITHIN_S
        while not plays(process):
            assert time.monotonic() < deadline and matrix.poll() is None, "no night began"
            time.sleep(0.05)
        family = family_of(process)
        matrix.send_signal(signal.SIGTERM)
        assert matrix.wait(WITHIN_S) == 128 + signal.SIGTERM
    _, left = psutil.wait_procs(family, timeout=WITHIN_S)
    assert not [one for one in left if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
