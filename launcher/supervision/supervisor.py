"""One-for-one supervision of all actors: start in order, restart each on its own, stop in reverse order."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterable

from launcher.supervision.actor_process import ChildProcess, SupervisedActor
from launcher.supervision.supervision_settings import SupervisionSettings
from messages import ActorHealth
from messages.envelope import Heartbeat

_log = logging.getLogger("launcher")
_NOTHING_TO_SAVE_S = 1.0


class Supervisor:
    """The actors in the order of their start. Driven by `step` from one thread; uses no sockets.

    An actor is started once the one before it has answered, has failed, or has taken `start_next_after_s`. The wait for
    an essential actor has no limit; if it fails before it has ever answered, the service cannot run: see
    `cannot_start`.
    """

    def __init__(
        self,
        names: Iterable[str],
        spawn: Callable[[str, tuple[str, ...]], ChildProcess],
        timings: SupervisionSettings,
        *,
        essential: frozenset[str] = frozenset(),
        changed: Callable[[SupervisedActor], None] = lambda _: None,
    ) -> None:
        self.actors = {
            name: SupervisedActor(name, spawn, timings, changed, essential=name in essential) for name in names
        }
        self._timings = timings
        self._essential = essential
        self._waiting = list(self.actors.values())
        self._latest: SupervisedActor | None = None
        self._next_at_s = 0.0

    @property
    def cannot_start(self) -> str:
        """Name of an essential actor that failed before it ever answered; empty if there is none."""
        return next((actor.name for actor in self.actors.values() if actor.cannot_start), "")

    @property
    def is_ready(self) -> bool:
        """Whether every actor answers."""
        return all(actor.is_answering for actor in self.actors.values())

    def on_heartbeat(self, name: str, heartbeat: Heartbeat, now_s: float) -> None:
        """Note an actor's answer to a ping."""
        if name in self.actors:
            self.actors[name].on_heartbeat(heartbeat, now_s)

    def step(self, now_s: float) -> None:
        """Check every actor; start the next one if that is due."""
        for actor in self.actors.values():
            actor.check(now_s)
        if self._waiting and self._may_start_next(now_s):
            self._latest = self._waiting.pop(0)
            self._next_at_s = now_s + self._timings.start_next_after_s
            self._latest.start(now_s)

    def health(self, now_s: float) -> tuple[ActorHealth, ...]:
        """Return a row for each actor, in the order of their start."""
        return tuple(actor.health(now_s) for actor in self.actors.values())

    def begin_stop(self, ask: Callable[[str], None], now_s: float, more_s: float = 0.0) -> OrderedStop:
        """Begin an ordered stop; `ask` tells an actor to stop. No actor is started any more.

        `more_s`: seconds that it may take in addition, for the communities' actors in the same processes.
        """
        self._waiting.clear()
        return OrderedStop(list(self.actors.values()), ask, now_s, self._timings.stop_within_s + more_s)

    def kill_all(self) -> None:
        """Kill every process at once."""
        for actor in self.actors.values():
            if actor.process is not None:
                actor.process.kill()

    def _may_start_next(self, now_s: float) -> bool:
        latest = self._latest
        if latest is None or latest.ever_answered:
            return True
        if latest.name in self._essential:
            return False
        return latest.state == "failed" or now_s >= self._next_at_s


class OrderedStop:
    """An ordered stop in progress: the last started first, actors of one role together.

    Each stage gets an equal share of the remaining time, so that time which an early stage does not use goes to the
    later ones: persistence, the last, has nearly all of it to save. An actor that takes too long gets a signal at half
    its share, and is killed at the end of it.
    """

    def __init__(
        self, actors: list[SupervisedActor], ask: Callable[[str], None], now_s: float, within_s: float
    ) -> None:
        actors = actors[::-1]
        grouped = itertools.groupby(actors, key=lambda actor: actor.name.partition("-")[0])
        self._stages = [list(group) for _, group in grouped]
        self._ask = ask
        self._until_s = now_s + within_s
        self._begun = False
        self._signalled = False
        self._half_s = self._end_s = now_s
        self._nothing_to_save = False
        self.killed: list[str] = []
        """Names of the actors that had to be killed."""

    def step(self, now_s: float) -> bool:
        """Continue the stop; return True once every process has ended."""
        while self._stages:
            if not self._begun:
                self._begin(now_s)
            going = [actor for actor in self._stages[0] if not actor.check_ended()]
            if going:
                self._press(going, now_s)
                return False
            self._stages.pop(0)
            self._begun = False
        return True

    def _begin(self, now_s: float) -> None:
        share = max(0.0, self._until_s - now_s) / len(self._stages)
        self._nothing_to_save = all(actor.has_never_answered for actor in self._stages[0])
        if self._nothing_to_save:  # it may hang while it waits for its database
            share = min(share, _NOTHING_TO_SAVE_S)
        self._half_s, self._end_s = now_s + share / 2, now_s + share
        self._begun, self._signalled = True, False
        for actor in self._stages[0]:
            if actor.is_answering:
                self._ask(actor.name)
            elif actor.process is not None:  # it cannot be asked by message yet
                actor.process.ask_to_stop()

    def _press(self, going: list[SupervisedActor], now_s: float) -> None:
        if now_s >= self._end_s:
            for actor in going:
                if actor.process is not None and actor.name not in self.killed:
                    if not self._nothing_to_save:
                        _log.error("%s did not stop in time and is killed.", actor.name)
                    self.killed.append(actor.name)
                    actor.process.kill()
        elif now_s >= self._half_s and not self._signalled:
            self._signalled = True
            for actor in going:
                if actor.process is not None:
                    actor.process.ask_to_stop()
