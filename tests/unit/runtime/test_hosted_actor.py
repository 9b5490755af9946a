"""When an actor of a further community is started again, in simulated time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from actors.runtime.actor import DependencyUnavailable
from actors.runtime.communities import hosted_actor
from actors.runtime.communities.hosted_actor import HostedActor
from actors.runtime.communities.start_gate import StartGate
from actors.runtime.restarts.restart_policy import RestartTimings
from config import Settings
from messages import CommunityActorDown, Problem

TIMINGS = RestartTimings(jitter=0.0, crash_limit=2)


class Life:
    """The process around one hosted actor, whose lives the test ends."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 1000.0
        monkeypatch.setattr(hosted_actor, "time", SimpleNamespace(monotonic=lambda: self.now_s))
        self.told: list[CommunityActorDown] = []
        self._due: list[tuple[float, Any]] = []
        main: Any = SimpleNamespace(
            endpoint=SimpleNamespace(
                submit=lambda act: act(),
                now=lambda: self.now_s,
                call_at=lambda at_s, act: self._due.append((at_s, act)),
            ),
            ref=lambda _name: SimpleNamespace(tell=self.told.append),
        )
        self.hosted = HostedActor("tracker@1", Settings(), main, self._start, StartGate(), TIMINGS)
        self.hosted.start()

    def _start(self, _address: str, _settings: Settings, _guard: Any, ended: Any) -> Any:
        self._ended = ended
        return SimpleNamespace(ready=False, crash=None, endpoint=SimpleNamespace(submit=lambda _act: True))

    def end(self, error: BaseException, *, after_s: float, ready: bool = True) -> float:
        """Have it run so long, and crash; start it again, and return after how long a pause."""
        actor: Any = self.hosted.actor
        self.now_s += after_s
        actor.ready, actor.crash = ready, error
        self._ended(actor)
        (at_s, act), self._due = self._due[-1], []
        pause_s, self.now_s = round(at_s - self.now_s, 6), at_s
        act()
        return pause_s


def test_one_that_failed_and_then_ran_well_is_started_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash in another week is the first of its own."""
    life = Life(monkeypatch)
    for _ in range(3):
        pause_s = life.end(ValueError("bad"), after_s=1.0)
    assert (pause_s, life.told[-1].is_failed) == (TIMINGS.failed_pause_s, True)
    assert life.end(ValueError("bad"), after_s=1.0) == TIMINGS.failed_pause_s, "it has one try at a time"
    assert life.end(ValueError("bad"), after_s=86_400.0) == TIMINGS.first_retry_s
    assert not life.told[-1].is_failed


def test_one_that_has_waited_waits_shortly_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that was away for an hour, and a week later for a moment."""
    life = Life(monkeypatch)
    away = DependencyUnavailable(Problem.of("process.actor_crashed", error="away"))
    for _ in range(20):
        pause_s = life.end(away, after_s=1.0, ready=False)
    assert pause_s == TIMINGS.longest_wait_s
    life.end(away, after_s=60.0, ready=True)
    assert life.end(away, after_s=1.0, ready=False) < 1.0
