"""An actor on its own thread and the in-memory transport: answers, crashes, delayed messages, the stop."""

from __future__ import annotations

import concurrent.futures
import threading
import time
from pathlib import Path
from typing import Any

import pykka
import pytest

from actors.runtime import (
    ActorUnavailable,
    Clock,
    Context,
    Endpoint,
    FatalStartupError,
    RemoteError,
    RetryLater,
)
from actors.runtime.boot.exit_report import ExitReport
from actors.runtime.delivery.dead_letters import DeadLetters
from actors.runtime.inbox import LATER_S
from actors.runtime.transport.memory import MemoryNetwork
from config import Settings
from messages import (
    GetSaveStatus,
    ListActiveWatches,
    Message,
    Problem,
    SaveNow,
    SaveStatus,
    SuggestTitles,
    WatchFinished,
)
from tests.deadlines import WITHIN_S
from tests.unit.runtime.endpoint_pair import make_finished, watch_id
from tests.unit.runtime.scripted_actor import STATUS, Bob, Stage, until


def test_it_answers_and_lives_on_after_an_error(stage: Stage) -> None:
    """An exception in a question's handler goes back; the next question is answered."""

    def status(asked: GetSaveStatus) -> SaveStatus:
        raise OSError("disk full")

    actor = stage.start(status=status)
    with pytest.raises(RemoteError, match="bob: disk full") as caught:
        stage.ann.ask("bob", GetSaveStatus())
    assert caught.value.kind == "OSError"
    actor._dispatcher._handlers[GetSaveStatus] = lambda _asked: STATUS
    assert stage.ann.ask("bob", GetSaveStatus()) == STATUS


def test_a_question_without_a_handler_fails_at_once(stage: Stage) -> None:
    """The asker must not wait for the deadline."""
    stage.start()
    with pytest.raises(RemoteError, match="bob has no handler for list_active_watches"):
        stage.ann.ask("bob", ListActiveWatches())
    with pytest.raises(RemoteError, match="save_now is told, not asked"):
        stage.ann.ask("bob", SaveNow("x"))
    stage.ann.tell("bob", SuggestTitles("x"))
    stage.pump_until(lambda: "suggest_titles" in stage.letters())
    assert stage.ann.ask("bob", GetSaveStatus()) == STATUS


def test_a_future_answers_when_it_completes(stage: Stage) -> None:
    """Other messages are handled meanwhile; its error is the question's error, and so is its end."""
    futures = [concurrent.futures.Future[Message]() for _ in range(3)]
    waiting = list(futures)
    actor = stage.start(status=lambda _asked: waiting.pop(0))
    replies = [stage.ann.ask_future("bob", GetSaveStatus()) for _ in range(3)]
    stage.ann.tell("bob", SaveNow("meanwhile"))
    until(lambda: actor.told == ["meanwhile"])
    futures[1].set_result(STATUS)
    futures[0].set_exception(ValueError("no"))
    futures[2].cancel()
    stage.pump_until(lambda: all(reply.done() for reply in replies))
    assert replies[1].result(0) == STATUS
    for reply, what in ((replies[0], "bob: no"), (replies[2], "given up")):
        with pytest.raises(RemoteError, match=what):
            reply.result(0)


def test_a_future_that_failed_brings_the_kept_message_again(stage: Stage) -> None:
    """It is acknowledged when one completes; the actor lives."""
    seen: list[concurrent.futures.Future[None]] = []

    def watch(_message: WatchFinished) -> concurrent.futures.Future[None]:
        seen.append(concurrent.futures.Future())
        return seen[-1]

    stage.start(watch=watch)
    stage.ann.tell("bob", make_finished("w1"))
    stage.pump_until(lambda: len(seen) == 1)
    seen[0].set_exception(OSError("Discord is away"))
    stage.pump_until(lambda: len(seen) == 2)
    assert stage.ann.count_unacknowledged() == 1
    seen[1].set_result(None)
    stage.pump_until(lambda: stage.ann.count_unacknowledged() == 0)


def test_a_delayed_message_keeps_the_order(stage: Stage) -> None:
    """RetryLater: it is not acknowledged, is no death, and those behind it wait."""
    seen: list[str] = []

    def watch(message: WatchFinished) -> None:
        seen.append(watch_id(message))
        if len(seen) <= 2:
            raise RetryLater("the disk is full")

    actor = stage.start(watch=watch)
    for name in ("w1", "w2", "w3"):
        stage.ann.tell("bob", make_finished(name))
    stage.pump_until(lambda: stage.ann.count_unacknowledged() == 0)
    assert [name for name in seen if name != "w1"] == ["w2", "w3"]
    assert seen[:3] == ["w1", "w1", "w1"]
    assert actor.crash is None
    assert stage.report_file.read() == ExitReport()


def test_waiting_messages_are_not_lost_at_a_crash(stage: Stage) -> None:
    """Tell: a dead letter. Ask: an error. Kept: handled by the next process. pykka alone drops them."""
    begun, go = threading.Event(), threading.Event()

    def save(word: SaveNow) -> None:
        begun.set()
        go.wait(WITHIN_S)
        raise ValueError("told to crash")

    first = stage.start(save=save)
    stage.ann.tell("bob", SaveNow("crash"))
    assert begun.wait(WITHIN_S)
    stage.ann.tell("bob", make_finished("w1"))
    stage.ann.tell("bob", SaveNow("behind it"))
    reply = stage.ann.ask_future("bob", GetSaveStatus())
    go.set()
    assert first.terminated.wait(WITHIN_S)
    assert isinstance(first.crash, ValueError)
    assert first.ended == ["failure"]
    stage.pump_until(reply.done)
    with pytest.raises(ActorUnavailable, match="bob is stopping"):
        reply.result(0)
    assert "behind it" in stage.letters()
    second = stage.start()
    stage.pump_until(lambda: stage.ann.count_unacknowledged() == 0)
    assert second.told == ["w1"]


@pytest.mark.parametrize("error", [SystemExit(0), KeyboardInterrupt()], ids=["SystemExit", "KeyboardInterrupt"])
def test_an_exit_in_a_handler_is_a_crash_with_a_clear_log(
    stage: Stage, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    """pykka would stop every actor of the process without a word; who asked hears of it."""

    def leave(_message: object) -> None:
        raise error

    bystander = pykka.ActorRegistry.get_all()
    asked = stage.start(status=leave)
    with pytest.raises(RemoteError) as caught:
        stage.ann.ask("bob", GetSaveStatus())
    assert caught.value.kind == type(error).__name__
    assert asked.terminated.wait(WITHIN_S)
    assert "while handling GetSaveStatus" in str(asked.crash)
    told = stage.start(save=leave)
    stage.ann.tell("bob", SaveNow("x"))
    assert told.terminated.wait(WITHIN_S)
    assert f"bob crashed: RuntimeError: {type(error).__name__} while handling SaveNow" in caplog.text
    assert pykka.ActorRegistry.get_all() == bystander


@pytest.mark.parametrize(
    "error", [ValueError("no"), SystemExit(3), FatalStartupError("mend it")], ids=lambda e: repr(e)
)
def test_a_start_that_fails_ends_it(stage: Stage, error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever was raised is known afterwards, and on_failure has been called, so that what was opened is closed."""

    def start(_actor: Bob) -> None:
        raise error

    actor = stage.start(start=start)
    assert actor.terminated.wait(WITHIN_S)
    assert actor.crash is error
    assert actor.ended == ["failure"]
    assert not actor.actor_ref.is_alive()
    traces = [record for record in caplog.records if record.exc_info]
    assert bool(traces) is not isinstance(error, FatalStartupError)


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3)], ids=lambda e: repr(e))
def test_a_stop_that_fails_is_a_crash(stage: Stage, error: BaseException) -> None:
    """A save that failed must not look like an ordered end."""

    def stop() -> None:
        raise error

    actor = stage.start(stop=stop)
    actor.stop_in_order()
    assert actor.terminated.wait(WITHIN_S)
    assert actor.crash is not None


def test_a_failing_timer_or_callback_is_a_crash(stage: Stage) -> None:
    """Between two messages; its thread must not end without a word, and the process with status 0."""

    def fail() -> None:
        raise ValueError("in a callback")

    for start in (lambda actor: actor.endpoint.submit(fail), lambda actor: actor.endpoint.call_at(0.0, fail)):
        actor = stage.start(start=start)
        assert actor.terminated.wait(WITHIN_S)
        assert str(actor.crash) == "in a callback"
        assert actor.ended == ["failure"]


def test_a_transport_that_breaks_is_a_crash(stage: Stage) -> None:
    """As above."""

    def fail(_timeout_s: float) -> list[Any]:
        raise OSError("no more sockets")

    actor = stage.start(start=lambda actor: setattr(actor.endpoint._transport, "receive", fail))
    assert actor.terminated.wait(WITHIN_S)
    assert isinstance(actor.crash, OSError)
    assert actor.ended == ["failure"]


def test_a_stop_handles_what_waits_first(stage: Stage) -> None:
    """Then on_stop, then nothing."""
    go = threading.Event()
    actor = stage.start(start=lambda _actor: go.wait(WITHIN_S))
    for number in range(50):
        stage.ann.tell("bob", SaveNow(str(number)))
    actor.stop_in_order()
    go.set()
    assert actor.terminated.wait(WITHIN_S)
    assert actor.told == [str(number) for number in range(50)]
    assert (actor.ended, actor.crash) == (["stop"], None)


def test_a_stop_does_not_wait_for_ever(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """With more to do than time, it stops after the deadline, and the rest is noted, kept or refused; pings go on."""
    monkeypatch.setattr("actors.runtime.inbox.DRAIN_S", 0.2)
    actor = stage.start(save=lambda _word: time.sleep(0.02))
    for number in range(100):
        stage.ann.tell("bob", SaveNow(str(number)))
    stage.ann.tell("bob", make_finished("w1"))
    reply = stage.ann.ask_future("bob", GetSaveStatus())
    until(lambda: actor._dispatcher.timing.handled)
    actor.stop_in_order()
    ping = stage.ann.ping("bob")
    stage.pump_until(ping.done)
    assert not actor.terminated.is_set()
    assert actor.terminated.wait(1.0)
    assert actor.ended == ["stop"]
    stage.pump_until(reply.done)
    with pytest.raises(ActorUnavailable):
        reply.result(0)
    assert actor._dispatcher.timing.handled + stage.letters().count("bob is stopping") == 100
    assert stage.ann.count_unacknowledged() == 1


def test_a_stop_gives_late_answers_a_moment(stage: Stage) -> None:
    """A question whose Future completes soon after the stop was asked for is answered; one that never does fails."""
    futures = [concurrent.futures.Future[Message]() for _ in range(2)]
    waiting = list(futures)
    actor = stage.start(status=lambda _asked: waiting.pop(0))
    soon, never = (stage.ann.ask_future("bob", GetSaveStatus()) for _ in range(2))
    until(lambda: not waiting)
    actor.stop_in_order()
    ping = stage.ann.ping("bob")
    stage.pump_until(ping.done)  # it has begun to stop
    futures[0].set_result(STATUS)
    began = time.monotonic()
    stage.pump_until(lambda: soon.done() and never.done())
    assert soon.result(0) == STATUS
    with pytest.raises(ActorUnavailable):
        never.result(0)
    assert time.monotonic() - began < LATER_S + 1.0
    assert not futures[1].cancelled()
    futures[1].set_result(STATUS)  # too late, and harmless


def test_a_local_ask_that_races_a_stop_gets_an_error(stage: Stage) -> None:
    """pykka's own question would wait for ever where it slips in after the last look into the inbox."""
    actor = stage.start()
    inbox = actor._inbox
    actor.stop_in_order()
    assert actor.terminated.wait(WITHIN_S)
    future: pykka.Future[Any] = pykka.ThreadingFuture()
    inbox.put(pykka._envelope.Envelope(SaveNow("x"), reply_to=future))
    with pytest.raises(pykka.ActorDeadError):
        future.get(timeout=1)


def test_pykkas_own_refs_work(stage: Stage) -> None:
    """tell, ask, stop of the actor's ref, from another thread of its process."""
    actor = stage.start()
    ref = actor.actor_ref
    ref.tell(SaveNow("local"))
    assert ref.ask(GetSaveStatus(), timeout=WITHIN_S) == STATUS
    assert actor.told == ["local"]
    ref.stop(timeout=WITHIN_S)
    assert actor.ended == ["stop"]


def test_timers_keep_to_service_time_and_can_be_cancelled(tmp_path: Path) -> None:
    """At a speed of 100, ten seconds of service time are a tenth of a real one."""
    from actors.runtime import Pace

    net = MemoryNetwork()
    endpoint = Endpoint("bob", net.transport("bob"), DeadLetters(None, "bob"))
    actor = Bob(Context(endpoint, Settings(), Clock(Pace.starting_now(100.0)), tmp_path))
    endpoint.bind_thread()
    began = time.monotonic()
    actor.send_to_self_after(10.0, SaveNow("late"))
    actor.send_to_self_after(5.0, SaveNow("cancelled")).cancel()
    actor.send_to_self_after(1.0, SaveNow("early"))
    while len(actor.told) < 2:
        endpoint.pump(5.0)
        while actor._inbox._local:
            actor.on_receive(actor._inbox._local.popleft().message)
    assert actor.told == ["early", "late"]
    assert 0.09 < time.monotonic() - began < 5.0
    endpoint.close()


def test_the_heartbeat_reports_the_state(stage: Stage) -> None:
    """Ready, its error, what it handled, and how old its oldest message is."""
    actor = stage.start()
    actor.report_degraded(Problem.of("text", text="Plex cannot be reached: start it"))
    stage.ann.tell("bob", SaveNow("x"))
    until(lambda: actor.told)
    ping = stage.ann.ping("bob")
    stage.pump_until(ping.done)
    heartbeat = ping.result(0)
    assert (heartbeat.ready, heartbeat.degraded, heartbeat.handled) == (True, "Plex cannot be reached: start it", 1)
    assert heartbeat.handle_ms_p99 >= heartbeat.handle_ms_p50 > 0
    actor.report_recovered()
    again = stage.ann.ping("bob")
    stage.pump_until(again.done)
    assert (again.result(0).degraded, again.result(0).last_error) == ("", "Plex cannot be reached: start it")
