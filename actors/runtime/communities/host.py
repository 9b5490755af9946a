"""Starts and stops the actors of further communities in this process."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from actors.address import join_address, shared_endpoint, split_address
from actors.registry import ActorEntry
from actors.runtime.actor import Actor, Context
from actors.runtime.boot.memory_limit import limit_memory
from actors.runtime.communities.start_gate import StartGate
from actors.runtime.delivery.dead_letters import DeadLetters
from actors.runtime.endpoint import Endpoint
from actors.runtime.errors import ActorError
from actors.runtime.middleware.poison_guard import PoisonGuard
from actors.runtime.transport.base import NetworkSpec
from actors.runtime.transport.factory import open_transport
from config import Settings
from messages import CommunitiesChanged, Community, CommunityList, ListCommunities

if TYPE_CHECKING:
    from actors.runtime.communities.hosted_actor import HostedActor
    from actors.runtime.restarts.restart_policy import RestartTimings
    from actors.runtime.transport.shared import SharedTransport

MEMORY_MB_EACH: Final = 16
"""MB that each hosted actor adds to the memory limit of the process: several times what it takes, including the
stacks of its threads."""
STOP_EACH_S: Final = 0.1
"""Real seconds that each community adds to an ordered stop: one interpreter saves all their stores."""
ASK_AGAIN_S: Final = 2.0
"""How long to wait before persistence is asked again for the communities; real seconds."""
_log = logging.getLogger("communities")


class _Known(msgspec.Struct, frozen=True):
    """A community as persistence last sent it, with its settings and addresses; these change only with its choices."""

    community: Community
    settings: Settings
    addresses: tuple[str, ...]


class CommunityHost:
    """The further communities' actors of one kind.

    Methods are for the main actor's thread unless they say "from any thread".
    """

    def __init__(
        self, entry: ActorEntry, actor_class: type[Actor], settings: Settings, network: NetworkSpec,
        timings: RestartTimings | None = None, memory_limit_mb: int = 0,
    ) -> None:  # fmt: skip
        """Host the actors in a process with these `settings` and this `memory_limit_mb` (0 for none)."""
        self._entry = entry
        self._actor_class = actor_class
        self._settings = settings
        self._network = network
        self._timings = timings
        self._memory_limit_mb = memory_limit_mb
        self._main: Actor | None = None
        self._shared: SharedTransport | None = None
        self._hosted: dict[str, HostedActor] = {}
        self._known: dict[str, _Known] = {}
        """The communities that persistence sent, by guild id."""
        self._gate = StartGate(entry.starts_at_once)
        self._is_stopping = False
        self._has_newer_list = False
        """Whether persistence has reported a change: the answer to an earlier ask may be older."""

    def attach(self, main: Actor) -> None:
        """Set the actor whose process this is."""
        self._main = main

    def ask(self) -> None:
        """Ask persistence for the communities until it answers; it reports later changes unasked."""
        future: Future[CommunityList] = self.main.ref(ListCommunities.receiver).ask_future(ListCommunities())
        future.add_done_callback(lambda done: self.main.endpoint.submit(lambda: self._take_list(done)))

    def _take_list(self, future: Future[CommunityList]) -> None:
        if self._has_newer_list:
            return
        try:
            self.apply(future.result(timeout=0).communities)
        except ActorError:  # persistence is starting, or is started again
            if not self._is_stopping:
                self.main.endpoint.call_at(self.main.endpoint.now() + ASK_AGAIN_S, self.ask)

    def on_changed(self, changed: CommunitiesChanged) -> None:
        """Take the list of communities that persistence sent."""
        self._has_newer_list = True
        self.apply(changed.communities)

    def apply(self, communities: Sequence[Community]) -> None:
        """Run the actors of these communities with their settings, and no others."""
        if self._is_stopping:
            return
        before, self._known = self._known, {}
        for community in communities:
            known = before.get(community.guild_id)
            if known is None or known.community != community:
                known = self._derive_settings(community)
            self._known[community.guild_id] = known
        wanted = {address: known.settings for known in self._known.values() for address in known.addresses}
        self._hosted = {address: hosted for address, hosted in self._hosted.items() if not hosted.is_over}
        if self._memory_limit_mb and wanted:
            limit_memory(self._memory_limit_mb + MEMORY_MB_EACH * len(wanted))
        for address, hosted in self._hosted.items():
            if address not in wanted:
                hosted.remove()
        for address, settings in wanted.items():
            hosted_before = self._hosted.get(address)
            if hosted_before is not None:
                hosted_before.change_settings(settings)
                continue
            self._hosted[address] = self._make_hosted_actor(address, settings)
            self._hosted[address].start()

    def _make_hosted_actor(self, address: str, settings: Settings) -> HostedActor:
        from actors.runtime.communities.hosted_actor import HostedActor  # only where there is a further community

        return HostedActor(address, settings, self.main, self._start, self._gate, self._timings)

    def _derive_settings(self, community: Community) -> _Known:
        settings = self._entry.community_settings(self._settings, community.guild_id, community.settings)
        names = self._entry.community_names(settings)
        return _Known(community, settings, tuple(join_address(name, community.guild_id) for name in names))

    @property
    def stop_takes_more_s(self) -> float:
        """How much longer an ordered stop of the process may take than without further communities; from any thread."""
        return STOP_EACH_S * len(self._known)

    def begin_stop(self) -> None:
        """Tell all actors to handle the messages that wait and stop; from any thread."""
        self._is_stopping = True
        self._gate.close()
        for hosted in list(self._hosted.values()):
            if hosted.actor is not None:
                hosted.actor.stop_in_order()

    def finish_stop(self, within_s: float) -> None:
        """Stop all actors, wait up to `within_s` real seconds for them, and close their transport; from any thread."""
        self.begin_stop()
        until_s = time.monotonic() + within_s
        for hosted in list(self._hosted.values()):
            actor = hosted.actor
            if actor is not None and not actor.terminated.wait(max(0.0, until_s - time.monotonic())):
                _log.error("%s did not stop in time", hosted.address)
        if self._shared is not None:
            self._shared.close()

    @property
    def main(self) -> Actor:
        """The actor of the environment's community."""
        assert self._main is not None, "the main actor attaches itself when it is made"  # noqa: S101  # Actor.__init__
        return self._main

    def _start(self, address: str, settings: Settings, guard: PoisonGuard, ended: Callable[[Actor], None]) -> Actor:
        data_dir = Path(settings.data_dir)
        data_dir.mkdir(parents=True, exist_ok=True)
        letters = DeadLetters(data_dir / "logs" / "dead_letters.jsonl", address)
        endpoint = Endpoint(address, self._open_shared().open(address), letters)
        context = Context(
            endpoint, settings, self.main.context.clock, data_dir, guard, main=self.main, on_terminated=ended
        )
        _log.info("%s starts", address)
        actor = self._actor_class.start(context)._actor_weakref()
        assert actor is not None  # noqa: S101  # its endpoint holds it, and we hold the endpoint
        return actor

    def _open_shared(self) -> SharedTransport:
        from actors.runtime.transport.shared import SharedTransport  # only where there is a further community

        if self._shared is None:
            name = shared_endpoint(split_address(self._entry.name)[0])
            self._shared = SharedTransport(open_transport(name, self._network), self._network.addresses)
        return self._shared
