"""Kept messages under any mishap: whatever is lost, killed or put off, each is done once, and in order."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from actors.runtime.delivery.mailbox import ReceivedMessage
from messages import SaveNow
from tests.unit.runtime.endpoint_pair import Pair, make_finished, watch_id

PATIENCE_S = 20.0
"""Long enough for every pause of the outbox, once all is well again."""


class Mishaps(RuleBasedStateMachine):
    """Ann tells bob; the wire, bob and ann have all the bad luck there is. `done` is bob's disk: it outlives him."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.pair = Pair(Path(self._folder.name))
        self.told: list[str] = []
        self.done: list[str] = []
        self.done_ids: set[str] = set()
        self.later: list[ReceivedMessage] = []
        self.any_later = False
        self.acknowledged: list[str] = []
        self.pair.bob.was_handled_before = self.done_ids.__contains__

    def _commit(self, incoming: ReceivedMessage) -> None:
        self.done.append(watch_id(incoming.message))
        self.done_ids.add(incoming.delivery_id)

    def _next(self) -> ReceivedMessage | None:
        self.pair.bob.pump(0.0)
        while (incoming := self.pair.bob.mailbox.get()) is not None:
            if incoming.delivery_id:
                return incoming
        return None

    # -- what should happen ----------------------------------------------------------------------------------------

    @rule(count=st.integers(1, 5))
    def tell(self, count: int) -> None:
        """Ann has something to say."""
        for _ in range(count):
            name = str(len(self.told))
            self.told.append(name)
            self.pair.ann.tell("bob", make_finished(name), lambda name=name: self.acknowledged.append(name))  # type: ignore[misc]  # mypy cannot infer the default

    @rule()
    def tell_plainly(self) -> None:
        """Other messages are on the same way."""
        self.pair.ann.tell("bob", SaveNow("by the way"))

    @rule()
    def bob_looks(self) -> None:
        """Frames reach his mailbox."""
        self.pair.bob.pump(0.0)

    @rule()
    def ann_looks(self) -> None:
        """Acknowledgements reach her, and she sends what is due."""
        self.pair.ann.pump(0.0)

    @rule(seconds=st.sampled_from([0.1, 0.6, 3.0]))
    def time_passes(self, seconds: float) -> None:
        """What was not acknowledged becomes due."""
        self.pair.clock.now_s += seconds

    @rule()
    def bob_handles_one(self) -> None:
        """As an actor does: commit, then acknowledge."""
        incoming = self._next()
        if incoming is not None:
            self._commit(incoming)
            self.pair.bob.acknowledge(incoming)

    # -- what should not -------------------------------------------------------------------------------------------

    @rule()
    def bob_puts_one_off(self) -> None:
        """A full disk: RetryLater."""
        incoming = self._next()
        if incoming is not None:
            self.pair.bob.requeue(incoming)

    @rule()
    def bob_begins_one(self) -> None:
        """A handler that returned a Future."""
        incoming = self._next()
        if incoming is not None:
            self.any_later = True
            self.later.append(incoming)

    @precondition(lambda self: self.later)
    @rule(data=st.data(), well=st.booleans())
    def bob_ends_one(self, data: st.DataObject, well: bool) -> None:
        """Whichever: it is done, or has to come again."""
        incoming = self.later.pop(data.draw(st.integers(0, len(self.later) - 1)))
        if well:
            self._commit(incoming)
            self.pair.bob.acknowledge(incoming)
        else:
            self.pair.bob.requeue(incoming, in_order=False)

    @rule(after_commit=st.booleans())
    def bob_is_killed(self, after_commit: bool) -> None:
        """Between two messages, or after a commit that nobody hears of. What is in his memory is gone."""
        incoming = self._next() if after_commit else None
        if incoming is not None:
            self._commit(incoming)
        self.later.clear()
        self.pair.bob = self.pair.endpoint("bob")
        self.pair.bob.was_handled_before = self.done_ids.__contains__

    @rule(who=st.sampled_from(["ann", "bob"]))
    def the_wire_loses_all(self, who: str) -> None:
        """Of what is under way to one of them."""
        self.pair.network.transports[who].receive(0.0)

    @rule(who=st.sampled_from(["ann", "bob"]))
    def the_wire_brings_some_twice(self, who: str) -> None:
        """A copy that was sent again meets its first."""
        transport = self.pair.network.transports[who]
        for origin, frame in transport.receive(0.0) * 2:
            transport._box.put(origin, frame)

    def teardown(self) -> None:
        """All is well again: everything was done once, and ann knows it."""
        try:
            end = self.pair.clock.now_s + PATIENCE_S
            while self.pair.clock.now_s < end and (self.pair.ann.count_unacknowledged() or self.later):
                while self.later:
                    incoming = self.later.pop(0)
                    self._commit(incoming)
                    self.pair.bob.acknowledge(incoming)
                self.pair.deliver_all()
                self.bob_handles_one()
                if not len(self.pair.bob.mailbox):
                    self.pair.clock.now_s += 0.1
            assert self.pair.ann.count_unacknowledged() == 0
            assert sorted(self.done, key=int) == self.told, "each is done, and once"
            assert sorted(self.acknowledged, key=int) == self.told, "ann hears of each once"
            if not self.any_later:
                assert self.done == self.told, "in order"
        finally:
            self.pair.ann.close()
            self.pair.bob.close()
            self._folder.cleanup()


TestMishaps = Mishaps.TestCase
TestMishaps.settings = settings(max_examples=250, stateful_step_count=50, deadline=None)
