"""Messages that an actor cannot handle: set aside after two deaths, or at once, and their senders told."""

from __future__ import annotations

import logging

import pytest

from actors.runtime import (
    Reject,
    RemoteError,
)
from actors.runtime.boot.exit_report import ExitReport
from messages import (
    GetSaveStatus,
    Message,
    SaveStatus,
    WatchFinished,
)
from tests.unit.runtime.endpoint_pair import make_finished, watch_id
from tests.unit.runtime.scripted_actor import Stage


def test_a_message_that_kills_twice_is_set_aside(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """Whole in the dead letters, its sender told, and life goes on with the next one."""
    aside: list[Message] = []
    stage.ann.on_dead_lettered = aside.append
    stage.ann.tell("bob", make_finished("crash"))
    stage.ann.tell("bob", make_finished("w2"))
    for life in range(2):
        actor = stage.start()
        stage.pump_until(actor.terminated.is_set)
        assert isinstance(actor.crash, ValueError), life
    with caplog.at_level(logging.ERROR):
        third = stage.start()
        stage.pump_until(lambda: stage.ann.count_unacknowledged() == 0)
    assert third.told == ["w2"]
    assert [watch_id(message) for message in aside] == ["crash"]
    assert "it killed its actor twice: set aside" in stage.letters()
    assert "A message was set aside: bob could not handle it (watch_finished)" in caplog.text


def test_a_message_that_can_never_be_done_is_set_aside_at_once(stage: Stage) -> None:
    """Never: no death, nothing is sent again, and the next one is done."""
    aside: list[Message] = []
    stage.ann.on_dead_lettered = aside.append
    seen: list[str] = []

    def watch(message: WatchFinished) -> None:
        seen.append(watch_id(message))
        if seen == ["w1"]:
            raise Reject("the store cannot hold it")

    actor = stage.start(watch=watch)
    for name in ("w1", "w2"):
        stage.ann.tell("bob", make_finished(name))
    stage.pump_until(lambda: stage.ann.count_unacknowledged() == 0)
    assert seen == ["w1", "w2"]
    assert [watch_id(message) for message in aside] == ["w1"]
    assert "the store cannot hold it" in stage.letters()
    assert actor.crash is None
    assert stage.report_file.read() == ExitReport()


def test_a_question_that_can_never_be_answered_is_refused(stage: Stage) -> None:
    """Never goes back to whoever asked, as every error does."""

    def status(asked: GetSaveStatus) -> SaveStatus:
        raise Reject("the store cannot hold it")

    stage.start(status=status)
    with pytest.raises(RemoteError, match="bob: the store cannot hold it"):
        stage.ann.ask("bob", GetSaveStatus())
