"""Dead letters that cannot be written: an at-least-once message is acknowledged only once it is in them."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import msgpack
import pytest

from actors.runtime import Reject
from actors.runtime.delivery.dead_letters import DeadLetters
from messages import Message, SaveNow, WatchFinished
from messages.codec import MAX_FRAME_BYTES
from tests.deadlines import WITHIN_S
from tests.unit.runtime.endpoint_pair import Pair, make_finished, watch_id
from tests.unit.runtime.scripted_actor import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Everybody gone in the end; nobody's dead letters can be written until `mend`."""
    (tmp_path / "bob.jsonl").mkdir()
    made = Stage(tmp_path)
    yield made
    for actor in made.actors:
        actor.stop_in_order()
        assert actor.terminated.wait(WITHIN_S)
    made.ann.close()
    made.report_file.close()


def mend(folder: Path, name: str = "bob") -> None:
    """Somebody's dead letters can be written again."""
    (folder / f"{name}.jsonl").rmdir()


def test_a_partly_written_line_counts_as_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up takes part of a line; the next letter begins a line of its own."""
    path = tmp_path / "dead_letters.jsonl"
    letters = DeadLetters(path, "tracker")
    assert letters.add("first") is True
    write = os.write
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda target, content: write(target, content[: len(content) // 2]))
        assert letters.add("second", whole=True, comes_again=True) is False
    assert letters.add("second", whole=True, comes_again=True) is True
    first, torn, second = path.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["reason"] for line in (first, second)] == ["first", "second"]
    assert second.startswith(torn[:1]) and len(torn) < len(second)
    assert letters.count == 2


def test_a_repeated_message_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It comes every 2 s: the log says once that it cannot be written, and once that it was dropped."""
    path = tmp_path / "bob.jsonl"
    path.mkdir()
    letters = DeadLetters(path, "bob")
    for _ in range(5):
        assert not letters.add("no", message=SaveNow("1"), whole=True, comes_again=True)
    assert letters.count == 0
    [said] = caplog.messages
    assert said.startswith(f"The dead-letter log {path} cannot be written") and "move it away" in said
    mend(tmp_path)
    assert letters.add("no", message=SaveNow("1"), whole=True, comes_again=True)
    assert caplog.messages[1:] == ["Message dropped: no (save_now)"]


def test_a_rejected_message_waits_for_the_dead_letters(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """It is not acknowledged, and the order stays; it is set aside as soon as it can be written."""
    let_go: list[bool] = []
    seen: list[str] = []

    def watch(message: WatchFinished) -> None:
        seen.append(watch_id(message))
        if seen[-1] == "w1":
            raise Reject("the store cannot hold it", lambda: let_go.append(True))

    actor = stage.start(watch=watch)
    with caplog.at_level(logging.WARNING):
        for name in ("w1", "w2"):
            stage.ann.tell("bob", make_finished(name))
        stage.pump_until(lambda: len(seen) > 1)
    assert set(seen) == {"w1"} and let_go == [] and stage.ann.count_unacknowledged() == 2
    assert "will be tried again: the store cannot hold it; and the dead letters" in caplog.text
    mend(stage.folder)
    stage.pump_until(lambda: stage.ann.count_unacknowledged() == 0)
    assert seen[-1] == "w2" and let_go == [True] and actor.crash is None
    assert "the store cannot hold it" in stage.letters() and '"w1"' in stage.letters()


def test_a_message_that_kills_twice_waits_for_the_dead_letters(stage: Stage) -> None:
    """It is not handed to the actor a third time meanwhile."""
    aside: list[Message] = []
    stage.ann.on_dead_lettered = aside.append
    stage.ann.tell("bob", make_finished("crash"))
    for _ in range(2):
        actor = stage.start()
        stage.pump_until(actor.terminated.is_set)
    third = stage.start()
    stage.pump_until(lambda: "killed its actor twice" in third._health.last_error)
    assert aside == [] and stage.ann.count_unacknowledged() == 1
    mend(stage.folder)
    stage.pump_until(lambda: stage.ann.count_unacknowledged() == 0)
    assert [watch_id(message) for message in aside] == ["crash"] and third.crash is None
    assert "it killed its actor twice: set aside" in stage.letters()


def test_a_message_that_nobody_hears_waits_for_the_dead_letters(stage: Stage) -> None:
    """The kind is known, its actor has no handler for it."""
    actor = stage.start()
    actor._dispatcher._handlers.pop(WatchFinished)
    stage.ann.tell("bob", make_finished("w1"))
    stage.pump_until(lambda: "bob has no handler for it" in actor._health.last_error)
    assert stage.ann.count_unacknowledged() == 1
    mend(stage.folder)
    stage.pump_until(lambda: stage.ann.count_unacknowledged() == 0)
    assert "bob has no handler for it" in stage.letters()


def test_an_unreadable_kept_message_waits_for_the_dead_letters(pair: Pair) -> None:
    """No acknowledgement, and what is behind it does not overtake it."""
    (pair.folder / "bob.jsonl").mkdir()
    frame = msgpack.packb(["kept", "x-1", "ann", "x", ["no_such", "important"], 1, 1])
    sent: list[object] = []
    pair.bob._reliable_delivery._answer = lambda _origin, *said: sent.append(said)  # type: ignore[method-assign]
    for _ in range(2):
        pair.network.transports["bob"]._box.put(b"ann", frame)
        assert pair.take_heard() == [] and sent == []
    mend(pair.folder)
    pair.network.transports["bob"]._box.put(b"ann", frame)
    assert pair.take_heard() == [] and sent == [("x-1", "set_aside")]
    assert pair.letters("bob")[0]["body"] == ["no_such", "important"]


def test_a_message_that_cannot_be_sent_waits_for_the_dead_letters(pair: Pair) -> None:
    """Its sender keeps it until then."""
    (pair.folder / "ann.jsonl").mkdir()
    aside: list[Message] = []
    pair.ann.on_dead_lettered = aside.append
    pair.ann.tell("bob", make_finished("x" * MAX_FRAME_BYTES))
    pair.ann.tell("bob", make_finished("w2"))
    pair.pass_time(3.0)
    assert aside == [] and pair.ann.count_unacknowledged() == 2
    mend(pair.folder, "ann")
    pair.pass_time(3.0)
    assert len(aside) == 1
    assert [watch_id(incoming.message) for incoming in pair.take_heard()] == ["w2"]
