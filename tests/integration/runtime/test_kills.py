"""kill -9 during delivery: kept messages are handled once and in order, and a poisonous one is set aside."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.runtime import OutboxFull
from actors.runtime.delivery.outbox import LIMIT
from messages import Message, WatchFinished
from tests.integration.runtime.process_actors import Stage, stage, watch

COUNT = 5_000


@pytest.fixture
def on_stage(tmp_path: Path) -> Iterator[Stage]:
    """Over ipc."""
    with stage(tmp_path) as made:
        yield made


def test_thousands_of_kept_messages_are_handled_once_despite_kills(on_stage: Stage) -> None:
    """In order; the receiver is killed every few hundred messages, with hundreds under way."""
    process = on_stage.start(role="Quick")
    for number in range(COUNT):
        on_stage.ann.tell("bob", watch(f"w{number}"))
    kills = 0
    for goal in range(500, COUNT, 500):
        on_stage.pump_until(lambda goal=goal: len(on_stage.lines("done")) >= goal)  # type: ignore[misc]
        process.kill()
        process.wait()
        kills += 1
        process = on_stage.start(role="Quick", ready=False)
    on_stage.pump_until(lambda: on_stage.ann.count_unacknowledged() == 0, within_s=30.0)
    assert on_stage.lines("done") == [f"{on_stage.ann.incarnation}-{number}" for number in range(1, COUNT + 1)]
    assert kills == 9
    assert on_stage.letters() == ""


def test_a_receiver_that_is_not_there_yet_gets_all_of_it(on_stage: Stage) -> None:
    """Messages wait for an actor that starts later, and reach it soon after its start."""
    for number in range(10):
        on_stage.ann.tell("bob", watch(f"w{number}"))
    end = time.monotonic() + 1.0
    on_stage.pump_until(lambda: time.monotonic() > end)
    on_stage.start()
    on_stage.pump_until(lambda: on_stage.ann.count_unacknowledged() == 0, within_s=8.0)
    assert on_stage.lines("told") == [f"w{number}" for number in range(10)]


def test_a_full_outbox_is_reported(on_stage: Stage) -> None:
    """Without a receiver 10,000 messages wait, and no more; all of them arrive when one starts."""
    for number in range(LIMIT):
        on_stage.ann.tell("bob", watch(f"w{number}"))
    with pytest.raises(OutboxFull, match="10000 messages wait for bob"):
        on_stage.ann.tell("bob", watch("one too many"))
    on_stage.start(role="Quick", ready=False)
    on_stage.pump_until(lambda: on_stage.ann.count_unacknowledged() == 0, within_s=40.0)
    assert len(on_stage.lines("done")) == LIMIT


def test_a_poisonous_message_is_set_aside_after_the_second_death(on_stage: Stage) -> None:
    """It kills its process with SIGKILL, twice; the third process sets it aside, whole, and handles the next."""
    aside: list[Message] = []
    on_stage.ann.on_dead_lettered = aside.append
    for name in ("w1", "poison", "w2"):
        on_stage.ann.tell("bob", watch(name))
    for _ in range(2):
        process = on_stage.start(ready=False)
        report = on_stage.read_report(process)
        assert process.returncode == -9
        assert report.message_in_hand == f"{on_stage.ann.incarnation}-2"
    process = on_stage.start(ready=False)
    on_stage.pump_until(lambda: on_stage.ann.count_unacknowledged() == 0)
    assert process.poll() is None
    assert on_stage.lines("told") == ["w1", "w2"]
    [message] = aside
    assert isinstance(message, WatchFinished)
    assert message.record.watch_id == "poison"
    assert "it killed its actor twice: set aside" in on_stage.letters()
    assert '"poison"' in on_stage.letters()


def test_a_delayed_message_keeps_its_place_over_restarts(on_stage: Stage) -> None:
    """RetryLater is no death: the actor is killed twice meanwhile, and the message is handled in order."""
    for name in ("later", "w2"):
        on_stage.ann.tell("bob", watch(name))
    for _ in range(3):
        process = on_stage.start()
        on_stage.pump_until(lambda: "could not be done now" in on_stage.read_log())
        assert on_stage.lines("told") == []
        process.kill()
        process.wait()
        on_stage.log.unlink()
    (on_stage.data_dir / "bob.now").write_text("now")
    on_stage.start()
    on_stage.pump_until(lambda: on_stage.ann.count_unacknowledged() == 0)
    assert on_stage.lines("told") == ["later", "w2"]
    assert on_stage.letters() == ""


def test_messages_of_a_restarted_sender_are_handled(on_stage: Stage) -> None:
    """Its numbers begin again, and are not taken for those of its earlier process."""
    on_stage.start()
    on_stage.ann.tell("bob", watch("w1"))
    on_stage.pump_until(lambda: on_stage.ann.count_unacknowledged() == 0)
    on_stage.second_life()
    on_stage.ann.tell("bob", watch("w2"))
    on_stage.pump_until(lambda: on_stage.ann.count_unacknowledged() == 0)
    assert on_stage.lines("told") == ["w1", "w2"]
