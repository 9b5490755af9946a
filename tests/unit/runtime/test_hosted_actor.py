"""When an actor of a further community is started again, in simulated time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from actors.runtime.actor import DependencyUnavailable
from actors.runtime.communities import hosted_actor
from actors.runtime.communities.hosted_actor import LONGEST_SETTLING_S, START_WITHIN_S, HostedActor
from actors.runtime.communities.start_gate import StartGate
from actors.runtime.owner_loop import Timers
from actors.runtime.restarts.restart_policy import RestartTimings
from config import Settings
from messages import CommunityActorDown, Problem
from wording.problems import english

TIMINGS = RestartTimings(jitter=0.0, crash_limit=2)


class Life:
    """The process around one hosted actor, whose lives the test ends."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 1000.0
        monkeypatch.setattr(hosted_actor, "time", SimpleNamespace(monotonic=lambda: self.now_s))
        self.told: list[CommunityActorDown] = []
        self.started: list[Settings] = []
        self.on_started: Any = None
        self.stops = 0
        self.timers = Timers()
        main: Any = SimpleNamespace(
            endpoint=SimpleNamespace(submit=lambda act: act(), now=lambda: self.now_s, call_at=self.timers.schedule),
            ref=lambda _name: SimpleNamespace(tell=self.told.append),
        )
        self.gate = StartGate(1)
        self.hosted = HostedActor("tracker@1", Settings(), main, self._start, self.gate, TIMINGS)
        self.hosted.start()

    def _start(self, _address: str, settings: Settings, _guard: Any, ended: Any) -> Any:
        self._ended = ended
        self.started.append(settings)
        endpoint = SimpleNamespace(submit=lambda act: setattr(self, "on_started", act))
        return SimpleNamespace(ready=False, crash=None, endpoint=endpoint, stop_in_order=self._stop)

    def _stop(self) -> None:
        self.stops += 1

    def pass_time(self, seconds: float) -> None:
        """Do what is due within so many seconds."""
        until_s = self.now_s + seconds
        while (at_s := self.timers.next_at()) is not None and at_s <= until_s:
            self.now_s = at_s
            while (act := self.timers.pop_due(at_s)) is not None:
                act()
        self.now_s = until_s

    def end(self, error: BaseException, *, after_s: float, ready: bool = True) -> float:
        """Have it run so long, and crash; start it again, and return after how long a pause."""
        actor: Any = self.hosted.actor
        self.now_s += after_s
        actor.ready, actor.crash = ready, error
        self._ended(actor)
        at_s = self.timers.next_at()
        assert at_s is not None
        pause_s = round(at_s - self.now_s, 6)
        self.pass_time(at_s - self.now_s)
        return pause_s


def test_an_actor_that_ran_well_is_restarted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash in another week counts as the first."""
    life = Life(monkeypatch)
    for _ in range(3):
        pause_s = life.end(ValueError("bad"), after_s=1.0)
    assert (pause_s, life.told[-1].is_failed) == (TIMINGS.failed_pause_s, True)
    assert life.end(ValueError("bad"), after_s=1.0) == TIMINGS.failed_pause_s, "it has one try at a time"
    assert life.end(ValueError("bad"), after_s=86_400.0) == TIMINGS.first_retry_s
    assert not life.told[-1].is_failed


def test_the_pause_is_short_again_after_a_long_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database was away for an hour, and a week later for a moment."""
    life = Life(monkeypatch)
    away = DependencyUnavailable(Problem.of("process.actor_crashed", error="away"))
    for _ in range(20):
        pause_s = life.end(away, after_s=1.0, ready=False)
    assert pause_s == TIMINGS.longest_wait_s
    life.end(away, after_s=60.0, ready=True)
    assert life.end(away, after_s=1.0, ready=False) < 1.0


def test_a_hanging_start_does_not_block_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """They start after a minute, and health says that this one does not finish starting; it may still do so."""
    life = Life(monkeypatch)
    others: list[str] = []
    life.gate.enter("tracker@2", lambda: others.append("tracker@2"))
    life.pass_time(START_WITHIN_S - 1)
    assert (others, life.told) == ([], [])
    life.pass_time(1)
    assert others == ["tracker@2"]
    (down,) = life.told
    assert (down.actor, down.problem.code, down.is_failed) == ("tracker@1", "community.start_overdue", False)
    assert "has not finished starting for 60 s" in english(down.problem)


def test_a_finished_start_is_not_reported_as_hanging(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither one that succeeds nor one that fails."""
    life = Life(monkeypatch)
    life.on_started()
    life.pass_time(2 * START_WITHIN_S)
    assert life.told == []
    assert life.end(ValueError("bad"), after_s=1.0) == TIMINGS.first_retry_s
    life.end(ValueError("bad"), after_s=1.0)
    assert [down.problem.code for down in life.told] == ["process.actor_crashed"] * 2


def test_several_choices_are_one_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sets a server up chooses one thing after the other."""
    life = Life(monkeypatch)
    life.on_started()
    for percent in (50.0, 60.0, 70.0):
        life.hosted.change_settings(Settings(watched_percent=percent))
        life.pass_time(1.0)
    assert life.stops == 0
    life.pass_time(1.0)
    assert life.stops == 1
    actor: Any = life.hosted.actor
    life._ended(actor)
    assert [settings.watched_percent for settings in life.started] == [80.0, 70.0]


def test_a_restart_is_not_delayed_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Choices follow one another, each before the last has settled: the actor restarts anyway."""
    life = Life(monkeypatch)
    life.on_started()
    for second in range(int(LONGEST_SETTLING_S) + 1):
        life.hosted.change_settings(Settings(watched_percent=50.0 + second))
        life.pass_time(1.0)
    assert life.stops == 1


def test_a_choice_that_is_taken_back_restarts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it runs with is what is chosen."""
    life = Life(monkeypatch)
    life.on_started()
    life.hosted.change_settings(Settings(watched_percent=50.0))
    life.hosted.change_settings(Settings())
    life.pass_time(60.0)
    assert (life.stops, len(life.started)) == (0, 1)
