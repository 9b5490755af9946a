"""Supervision, with simulated processes and simulated time."""

from __future__ import annotations

import itertools

import pytest

from actors.runtime.boot.exit_report import ExitReport
from launcher.supervision.child import DEPENDENCY_UNAVAILABLE, FATAL
from messages import Problem
from tests.unit.launcher.fakes import Stage, pulse_of


def names(stage: Stage) -> list[str]:
    return [process.name for process in stage.started]


def test_actors_start_one_after_the_other() -> None:
    """Each when the one before answers."""
    stage = Stage("persistence", "tracker", "discord", essential=frozenset({"persistence"}))
    stage.run(15)
    assert names(stage) == ["persistence"]
    stage.answer("persistence")
    stage.run(0.5)
    assert names(stage) == ["persistence", "tracker"]
    assert not stage.supervisor.is_ready


def test_a_slow_start_does_not_delay_the_others() -> None:
    """Only an essential actor is waited for without limit."""
    stage = Stage("tracker", "discord")
    stage.run(2.5)
    assert names(stage) == ["tracker"]
    stage.run(2)
    assert names(stage) == ["tracker", "discord"]


def test_a_stop_does_not_wait_for_an_actor_without_its_dependency(caplog: pytest.LogCaptureFixture) -> None:
    """It is trying to reach its database, and has nothing to save."""
    stage = Stage("persistence", "tracker", essential=frozenset({"persistence"}))
    stage.run(0.5)
    stage.latest("persistence").obeys = False
    stopping = stage.supervisor.begin_stop(lambda _name: None, stage.now_s)
    assert not stopping.step(stage.now_s)
    assert not stopping.step(stage.now_s + 1.1)
    assert stopping.step(stage.now_s + 1.2) and not caplog.messages


def test_an_actor_without_its_dependency_is_retried_without_end(caplog: pytest.LogCaptureFixture) -> None:
    """A database that is away is no crash: the pauses grow, and no other actor starts meanwhile."""
    caplog.set_level("INFO")
    stage = Stage("persistence", "tracker", essential=frozenset({"persistence"}))
    began = []
    for _ in range(12):
        started = len(stage.started)
        while len(stage.started) == started:
            stage.run(0.5)
        began.append(stage.now_s)
        stage.latest("persistence").report = ExitReport(
            startup_failure=Problem.of("text", text="The database is away: start it.")
        )
        stage.latest("persistence").status = DEPENDENCY_UNAVAILABLE
    pauses = [later - earlier for earlier, later in itertools.pairwise(began)]
    assert pauses[:3] == [2.5, 4.5, 8.5] and pauses[-1] == 30.5
    assert not stage.supervisor.cannot_start and set(names(stage)) == {"persistence"}
    assert "failed" not in {state for _, state in stage.changes}
    stage.run(0.5)
    assert stage.supervisor.health(stage.now_s)[0].last_error == "The database is away: start it."
    assert caplog.messages == ["The database is away: start it."]
    stage.run(31)
    stage.answer("persistence")
    assert caplog.messages[1:] == ["persistence has what it waited for."]
    assert not stage.supervisor.health(stage.now_s)[0].last_error
    stage.latest("persistence").status = DEPENDENCY_UNAVAILABLE
    before = stage.now_s
    while stage.latest("persistence").status is not None:
        stage.run(0.5)
    assert stage.now_s - before <= 3


def test_only_the_actor_that_died_is_restarted() -> None:
    """One for one: the others keep their processes."""
    stage = Stage("persistence", "tracker", "discord")
    stage.start_all()
    pids = {actor.name: actor.pid for actor in stage.supervisor.actors.values()}
    stage.latest("tracker").status = -9
    stage.run(0.5, "persistence", "discord")
    assert stage.state("tracker") == "restarting"
    stage.run(1.5, "persistence", "discord")
    stage.answer("tracker")
    after = {actor.name: actor.pid for actor in stage.supervisor.actors.values()}
    assert {name for name in pids if pids[name] != after[name]} == {"tracker"}
    row = stage.supervisor.health(stage.now_s)[1]
    assert (row.state, row.restarts, row.last_error) == ("running", 1, "killed by SIGKILL")


def test_the_pauses_double_up_to_the_longest() -> None:
    """Exponential back-off."""
    stage = Stage("plex")
    stage.start_all()
    pauses = []
    for _ in range(3):
        before = len(stage.started)
        stage.latest("plex").status = 70
        stage.run(0.5)
        began = stage.now_s
        while len(stage.started) == before:
            stage.run(0.5)
        pauses.append(stage.now_s - began)
    assert pauses == [1, 2, 4]


def test_a_crash_loop_is_shown_as_failed(caplog: pytest.LogCaptureFixture) -> None:
    """The limit in the window, the error with its cure, and the others untouched."""
    stage = Stage("tracker", "plex")
    stage.start_all()
    for _ in range(100):
        if stage.supervisor.actors["plex"].process is not None:
            stage.latest("plex").status = 70
        stage.run(0.5, "tracker")
    assert stage.state("plex") == "failed"
    assert names(stage).count("plex") == 4
    assert names(stage).count("tracker") == 1 and stage.state("tracker") == "running"
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(errors) == 1 and "plex" in errors[0] and "restart Usher" in errors[0]


def test_a_failed_actor_gets_one_try_after_the_long_pause() -> None:
    """Its cause may have gone; if not, it rests again at once."""
    stage = Stage("plex")
    stage.supervisor.step(0)
    for _ in range(40):
        if stage.supervisor.actors["plex"].process is not None:
            stage.latest("plex").status = 70
        stage.run(0.5)
    tries = len(stage.started)
    stage.run(99)
    assert len(stage.started) == tries + 1
    stage.latest("plex").status = 70
    stage.run(1)
    assert stage.state("plex") == "failed"
    stage.run(101)
    stage.answer("plex")
    assert stage.state("plex") == "running"
    stage.run(70, "plex")
    stage.latest("plex").status = 70
    stage.run(0.5)
    assert stage.state("plex") == "restarting"


def test_a_hung_actor_is_killed_and_started_again(caplog: pytest.LogCaptureFixture) -> None:
    """No answer within the limit, while the process is there."""
    stage = Stage("tracker", "plex")
    stage.start_all()
    hung = stage.latest("plex")
    stage.run(4.5, "tracker")
    assert hung.exit_status() is None
    stage.run(3, "tracker")
    assert hung.exit_status() == -9
    assert stage.latest("plex") is not hung
    stage.answer("plex")
    assert "didn't answer for 5 s" in stage.supervisor.health(stage.now_s)[1].last_error
    assert "hangs" in caplog.text


def test_a_slow_start_has_its_own_patience() -> None:
    """A first answer may take longer than a later one, and not for ever."""
    stage = Stage("persistence")
    stage.run(19)
    assert stage.latest("persistence").status is None
    stage.run(4)
    assert len(stage.started) == 2


def test_a_suspended_machine_makes_no_actor_look_hung() -> None:
    """The launcher itself was paused."""
    stage = Stage("plex")
    stage.start_all()
    stage.now_s += 3600
    stage.supervisor.step(stage.now_s)
    stage.run(2)
    assert stage.latest("plex").status is None
    assert stage.state("plex") == "running"


def test_a_late_pong_of_a_dead_process_is_ignored() -> None:
    """It must not make its successor look alive."""
    stage = Stage("plex")
    stage.start_all()
    old = stage.latest("plex")
    old.status = -9
    stage.run(2)
    assert stage.state("plex") == "starting"
    stage.supervisor.on_heartbeat("plex", pulse_of(old.pid), stage.now_s)
    assert stage.state("plex") == "starting"


def test_an_actor_that_lives_but_is_not_ready_is_starting() -> None:
    """It may wait for another at its start for longer than a running one may be silent."""
    stage = Stage("tracker")
    stage.run(15)
    stage.supervisor.on_heartbeat("tracker", pulse_of(stage.latest("tracker").pid, ready=False), stage.now_s)
    assert stage.state("tracker") == "starting" and not stage.supervisor.is_ready
    stage.run(15)
    assert stage.latest("tracker").status is None


def test_an_error_that_is_over_says_since_when() -> None:
    """Not while it lasts; from the first good answer on; anew with the next error."""
    stage = Stage("plex")
    stage.start_all()
    assert stage.supervisor.health(stage.now_s)[0].resolved_for_s is None
    stage.answer("plex", degraded="token refused")
    assert stage.supervisor.health(stage.now_s)[0].resolved_for_s is None
    stage.answer("plex")
    stage.run(3, "plex")
    row = stage.supervisor.health(stage.now_s)[0]
    assert (row.last_error, row.resolved_for_s) == ("token refused", 3)
    stage.latest("plex").status = -9
    stage.run(0.5)
    row = stage.supervisor.health(stage.now_s)[0]
    assert (row.last_error, row.resolved_for_s) == ("killed by SIGKILL", None)


def test_degraded_and_back() -> None:
    """What the actor says of itself is its state, with its reason."""
    stage = Stage("plex")
    stage.start_all()
    stage.answer("plex", degraded="token refused")
    row = stage.supervisor.health(stage.now_s)[0]
    assert (row.state, row.last_error) == ("degraded", "token refused")
    stage.answer("plex")
    assert stage.state("plex") == "running"
    assert stage.changes == [("plex", state) for state in ("starting", "running", "degraded", "running")]


def test_an_essential_actor_that_refuses_to_start_ends_the_service(caplog: pytest.LogCaptureFixture) -> None:
    """A store that cannot be opened: one attempt, and nothing else is started."""
    stage = Stage("persistence", "tracker", essential=frozenset({"persistence"}))
    stage.run(0.5)
    stage.latest("persistence").status = FATAL
    stage.run(5)
    assert stage.supervisor.cannot_start == "persistence"
    assert not caplog.messages, "it has said why itself"
    row = stage.supervisor.health(stage.now_s)[0]
    assert "exit status 78" in row.last_error
    assert [problem.code for problem in row.problems] == ["process.refused"]
    assert names(stage) == ["persistence"]


def test_an_essential_actor_that_crashes_later_is_restarted() -> None:
    """Messages for it are safe in memory."""
    stage = Stage("persistence", "tracker", essential=frozenset({"persistence"}))
    stage.start_all()
    stage.latest("persistence").status = FATAL
    stage.run(5, "tracker")
    assert stage.state("persistence") == "failed"
    assert not stage.supervisor.cannot_start
    stage.run(100, "tracker")
    assert stage.state("persistence") == "starting"


def test_a_process_that_cannot_be_made_counts_as_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    """No memory for a fork is as passing as a crash."""
    stage = Stage("plex")

    def refuse(name: str, poison_ids: tuple[str, ...]) -> None:
        raise OSError("no memory")

    monkeypatch.setattr(stage.supervisor.actors["plex"], "_spawn", refuse)
    stage.run(0.5)
    assert stage.state("plex") == "restarting"
    monkeypatch.undo()
    stage.run(2)
    assert stage.state("plex") == "starting"


def test_the_stop_goes_backwards_and_waits_for_each() -> None:
    """Intake first, persistence last; more pollers together."""
    stage = Stage("persistence", "tracker", "discord", "plex", "plex-2")
    stage.start_all()
    asked: list[str] = []
    stopping = stage.supervisor.begin_stop(asked.append, stage.now_s)
    assert not stopping.step(stage.now_s)
    assert asked == ["plex-2", "plex"]
    for expected in ("discord", "tracker", "persistence"):
        for process in stage.started:
            if process.name in asked:
                process.status = 0
        assert not stopping.step(stage.now_s)
        assert asked[-1] == expected
    stage.latest("persistence").status = 0
    assert stopping.step(stage.now_s)
    assert stopping.killed == []
    assert {actor.state for actor in stage.supervisor.actors.values()} == {"stopped"}


def test_an_actor_that_ignores_the_stop_is_killed_in_time() -> None:
    """It takes its share of the time and no more."""
    stage = Stage("persistence", "tracker", "discord", "plex")
    stage.start_all()
    for process in stage.started:
        process.obeys = False
    stopping = stage.supervisor.begin_stop(lambda _: None, stage.now_s)
    began = stage.now_s
    while not stopping.step(stage.now_s):
        stage.now_s += 0.1
        assert stage.now_s - began < 10
    assert stage.now_s - began <= 9
    assert all(process.asked_to_stop and process.status == -9 for process in stage.started)
    assert stopping.killed == ["plex", "discord", "tracker", "persistence"]


def test_a_stop_takes_longer_where_more_lives_in_the_processes() -> None:
    """Hundreds of stores are saved: the last stage has all the time that those before it did not need."""
    stage = Stage("persistence", "tracker")
    stage.start_all()
    stage.latest("persistence").obeys = False
    stopping = stage.supervisor.begin_stop(lambda _: None, stage.now_s, 30.0)
    stage.latest("tracker").status = 0
    began = stage.now_s
    while stage.now_s - began < 35.0:
        assert not stopping.step(stage.now_s)
        stage.now_s += 0.1
    stage.latest("persistence").status = 0
    assert stopping.step(stage.now_s) and stopping.killed == []


def test_a_stop_during_the_start_reaches_every_process() -> None:
    """One that has not answered yet is told by its stdin and a signal; the rest is never started."""
    stage = Stage("persistence", "tracker")
    stage.run(0.5)
    asked: list[str] = []
    stopping = stage.supervisor.begin_stop(asked.append, stage.now_s)
    assert stopping.step(stage.now_s)
    assert asked == [] and stage.latest("persistence").asked_to_stop
    assert names(stage) == ["persistence"]


def test_a_message_in_hand_at_two_deaths_is_handed_over_as_poison() -> None:
    """The next process is told which message it must not handle again."""
    stage = Stage("plex")
    for deaths in range(3):
        stage.run(10)
        assert stage.latest("plex").poison_ids == (() if deaths < 2 else ("m1",))
        stage.latest("plex").report = ExitReport(message_in_hand="m1")
        stage.latest("plex").status = -9
