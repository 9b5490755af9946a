"""A persistence actor on the in-memory transport, with the test as everybody else."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest

from actors.persistence.actor import Persistence
from actors.runtime import Clock, Context, Endpoint
from actors.runtime.delivery.dead_letters import DeadLetters
from actors.runtime.transport.memory import MemoryNetwork
from config import Settings
from messages import (
    Answer,
    AutoSaveTick,
    BadgesAwarded,
    GetSaveStatus,
    Message,
    Moment,
    Question,
    WatchesReported,
    WatchFinished,
    WatchRecord,
)
from messages.envelope import Heartbeat
from tests.deadlines import WITHIN_S
from tests.unit.persistence.record_builders import EVENING, closes, running

AnswerT = TypeVar("AnswerT", bound=Answer)


class HandClock(Clock):
    """Service time that the test moves."""

    def __init__(self) -> None:
        super().__init__()
        self.at_s = EVENING

    def now(self) -> Moment:
        """What the test says it is."""
        return Moment(self.at_s, self.at_s - EVENING)


class Noted(Persistence):
    """The real actor; the newest one can be found."""

    newest: ClassVar["Noted"]

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        Noted.newest = self


class House:
    """A persistence actor on the in-memory transport, with the test as everybody else."""

    letters: Path | None = None
    """Where the actor's dead letters go."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.clock = HandClock()
        self.settings = Settings(data_dir=str(folder), **settings)
        self.network = MemoryNetwork()
        self.tracker, self.discord = self._node("tracker"), self._node("discord")
        self.told: list[Message] = []
        self.deaf = False
        self.start()

    def _node(self, name: str) -> Endpoint:
        return Endpoint(
            name, self.network.transport(name), DeadLetters(self.letters if name == "persistence" else None, name)
        )

    def start(self) -> None:
        """Start the actor, as the launcher does after a death."""
        context = Context(self._node("persistence"), self.settings, self.clock, self.folder)
        Noted.start(context)
        self.gone = Noted.newest.terminated  # pykka calls an actor dead before its on_stop has run

    def stop(self) -> None:
        """Stop it in order, as the launcher does: what waits is handled first."""
        self.tracker.stop_peer("persistence")
        assert self.gone.wait(WITHIN_S)

    def close(self) -> None:
        """End everything."""
        if not self.gone.is_set():
            self.stop()
        self.tracker.close()
        self.discord.close()

    def until(self, condition: Callable[[], Any]) -> None:
        """Run the nodes until something holds."""
        deadline = time.monotonic() + WITHIN_S
        while not condition():
            assert time.monotonic() < deadline, "it did not come to pass"
            for node in (self.tracker, self.discord):
                node.pump(0.005)
                while (incoming := node.mailbox.get()) is not None:
                    if not (self.deaf and incoming.delivery_id):
                        self.told.append(incoming.message)
                        if incoming.delivery_id:
                            node.acknowledge(incoming)

    def report(self, *records: WatchRecord) -> None:
        """The tracker says what runs."""
        watches = running(*records)
        states = tuple(watch.state for watch in watches)
        self.tracker.tell("persistence", WatchesReported(self.clock.now(), states, tuple(records)))

    def tick(self) -> None:
        """The launcher's tick, handled when this returns."""
        self.tracker.tell("persistence", AutoSaveTick(self.clock.now()))
        self.ask(GetSaveStatus())

    def finish(self, done: WatchRecord, still: int = 0) -> None:
        """The tracker closes a watch; acknowledged when this returns."""
        acknowledged: list[bool] = []
        message = WatchFinished(closes(done), done, still)
        self.tracker.tell("persistence", message, lambda: acknowledged.append(True))
        self.until(lambda: acknowledged)

    def ask(self, question: Question[AnswerT]) -> AnswerT:
        """Ask persistence, as Discord does."""
        return self.discord.ask("persistence", question, WITHIN_S)

    def pulse(self) -> Heartbeat:
        """How the actor is, as the launcher would see it."""
        answer = self.discord.ping("persistence")
        self.until(answer.done)
        return answer.result()

    def list_awarded(self) -> list[str]:
        """Ids of all badges that Discord was told of and took over."""
        return [b.badge_id for said in self.told if isinstance(said, BadgesAwarded) for b in said.badges]


def find_signed_lines(lines: pytest.LogCaptureFixture, *signs: str) -> list[str]:
    """The lines that begin with one of the seed's signs."""
    return [message for message in lines.messages if message.startswith(signs or ("💾", "⏭️", "❌"))]
