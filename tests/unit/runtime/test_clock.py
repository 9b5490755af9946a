"""The clock: real time, or faster, alike in all processes of a run."""

from __future__ import annotations

import time

import pytest

from actors.runtime import clock as module
from actors.runtime.clock import Clock, Pace


def test_real_time_is_the_machines() -> None:
    """Wall and steady, both."""
    before = (time.time(), module._steady_s())
    now = Clock().now()
    assert before[0] <= now.wall_s <= time.time()
    assert before[1] <= now.steady_s <= module._steady_s()
    assert Clock().to_real_s(10.0) == 10.0


def test_without_a_boot_clock_the_monotonic_one_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows and macOS."""
    monkeypatch.delattr(time, "CLOCK_BOOTTIME", raising=False)
    before = time.monotonic()
    assert before <= Clock().now().steady_s <= time.monotonic()


def test_a_fast_clock_runs_from_its_anchor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten real seconds at speed 60 are ten minutes on both clocks."""
    steady_s = 500.0
    monkeypatch.setattr(module, "_steady_s", lambda: steady_s)
    clock = Clock(Pace.starting_now(60.0, wall_s=1_000_000.0))
    begin = clock.now()
    assert begin.wall_s == 1_000_000.0
    steady_s += 10.0
    later = clock.now()
    assert later.wall_s - begin.wall_s == 600.0
    assert later.steady_s - begin.steady_s == 600.0
    assert clock.to_real_s(600.0) == 10.0


def test_two_processes_of_a_run_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """They share the pace, whenever they were started."""
    monkeypatch.setattr(module, "_steady_s", lambda: 500.0)
    pace = Pace.starting_now(60.0, wall_s=1_000_000.0)
    monkeypatch.setattr(module, "_steady_s", lambda: 800.0)
    assert Clock(pace).now() == Clock(pace).now()
    assert Clock(pace).now().wall_s == 1_000_000.0 + 300.0 * 60.0
