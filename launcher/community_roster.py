"""The launcher's view of the further communities: their actors and their health.

The launcher starts none of these actors: they live in the processes of its own actors, which start them. It pings them,
and sends the ticks to their persistence actors.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence

import msgspec

from actors.address import join_address, split_address
from actors.registry import ACTORS
from config import Settings
from launcher.supervision.interval import Interval
from messages import (
    ActorHealth,
    ActorState,
    CommunitiesChanged,
    Community,
    CommunityActorDown,
    CommunityName,
    Message,
    Problem,
)
from messages.envelope import NO_HEARTBEAT, Heartbeat
from wording.problems import english

SILENT_AFTER_S = 30.0
"""After so many real seconds of silence, an actor no longer counts as running."""
PINGS_AT_ONCE = 100
"""How many actors are pinged at once; if there are more, they take turns."""
ROUND_OF_PINGS = 10
"""The number of turns in which every actor is pinged once: at one turn a second, long before one counts as silent."""


class CommunityRoster:
    """The actors of every further community. `now_s` is always steady real time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._actors: dict[str, _CommunityActor] = {}
        self._known: dict[str, tuple[Community, tuple[str, ...]]] = {}
        """Each community as last reported, with its actors' addresses, computed again only if the community changed."""
        self._next_ping = 0
        self._save_ticks: dict[str, Interval] = {}
        self._next_save_s = 0.0
        """When the next save is due; real seconds."""
        self._told_states: dict[str, ActorState] = {}
        self.names: tuple[CommunityName, ...] = ()
        """The communities' ids and names."""

    def find_actors(self, kind: str = "") -> tuple[str, ...]:
        """Return the addresses of all actors, or of those of one kind."""
        return tuple(address for address in self._actors if not kind or split_address(address)[0] == kind)

    def take_to_ping(self) -> tuple[str, ...]:
        """Return the actors to ping now: all of them if they are few, else those whose turn it is."""
        addresses = tuple(self._actors)
        count = max(PINGS_AT_ONCE, math.ceil(len(addresses) / ROUND_OF_PINGS))
        if count >= len(addresses):
            return addresses
        begin = self._next_ping % len(addresses)
        self._next_ping = begin + count
        return (addresses + addresses)[begin : begin + count]

    def take_to_save(self, now_s: float, every_s: float) -> tuple[str, ...]:
        """Return the actors whose stores to save now, each every `every_s` seconds.

        Each has its own time slot, by its address: hundreds of saves at once would delay all questions.
        """
        if now_s < self._next_save_s:
            return ()
        before, self._save_ticks = self._save_ticks, {}
        for address in self.find_actors("persistence"):
            place = zlib.crc32(address.encode()) / 2**32
            self._save_ticks[address] = before.get(address) or Interval(every_s, now_s - every_s * (1.0 - place))
        due = tuple(address for address, tick in self._save_ticks.items() if tick.is_due(now_s))
        self._next_save_s = now_s + min(
            (tick.remaining_s(now_s) for tick in self._save_ticks.values()), default=every_s
        )
        return due

    def on_told(self, message: Message, now_s: float) -> bool:
        """Handle a message about communities from an actor's process; return False if it is about something else."""
        match message:
            case CommunitiesChanged(communities):
                self._apply(communities, now_s)
            case CommunityActorDown(actor) if actor in self._actors:
                self._actors[actor].take_down(message)
            case CommunityActorDown():
                pass  # of a community that was removed meanwhile
            case _:
                return False
        return True

    def on_heartbeat(self, address: str, heartbeat: Heartbeat, now_s: float) -> None:
        """Note an actor's answer to a ping."""
        if address in self._actors:
            self._actors[address].take_heartbeat(heartbeat, now_s)

    def health(self, now_s: float) -> tuple[ActorHealth, ...]:
        """Return a row for each actor, by community."""
        return tuple(actor.health(address, now_s) for address, actor in self._actors.items())

    def take_changed(self, now_s: float) -> tuple[ActorHealth, ...]:
        """Return a row for each actor whose state differs from that at the last call."""
        states = {address: actor.find_state(now_s) for address, actor in self._actors.items()}
        changed = [address for address, state in states.items() if self._told_states.get(address) != state]
        self._told_states = states
        return tuple(self._actors[address].health(address, now_s) for address in changed)

    def _apply(self, communities: Sequence[Community], now_s: float) -> None:
        before, self._actors = self._actors, {}
        self.names = tuple(CommunityName(community.guild_id, community.name) for community in communities)
        self._next_save_s = now_s
        known, self._known = self._known, {}
        for community in communities:
            told, addresses = known.get(community.guild_id, (None, ()))
            if told != community:
                addresses = self._list_addresses(community)
            self._known[community.guild_id] = (community, addresses)
            for address in addresses:
                self._actors[address] = before.get(address) or _CommunityActor(now_s)

    def _list_addresses(self, community: Community) -> tuple[str, ...]:
        settings = self._settings.for_community(community.guild_id, community.settings)
        names = [name for entry in ACTORS for name in entry.community_names(settings)]
        return tuple(join_address(name, community.guild_id) for name in names)


class _CommunityActor(msgspec.Struct):
    """What is known about one actor."""

    known_since_s: float
    heartbeat: Heartbeat | None = None
    heard_s: float = 0.0
    restarts: int = 0
    is_down: bool = False
    is_failed: bool = False
    last_error: str = ""
    problems: tuple[Problem, ...] = ()
    resolved_s: float | None = None

    def take_heartbeat(self, heartbeat: Heartbeat, now_s: float) -> None:
        if not heartbeat.ready:
            return
        if self.is_down:
            self.known_since_s = now_s
            self.restarts += 1
        self.is_down = self.is_failed = False
        self.heartbeat, self.heard_s = heartbeat, now_s
        error = heartbeat.degraded or heartbeat.last_error or self.last_error
        problems = heartbeat.problems if heartbeat.degraded or heartbeat.last_error else self.problems
        if heartbeat.degraded or not error:
            self.resolved_s = None
        elif self.resolved_s is None or error != self.last_error:
            self.resolved_s = now_s
        self.last_error, self.problems = error, problems

    def take_down(self, down: CommunityActorDown) -> None:
        self.is_down, self.is_failed, self.heartbeat = True, down.is_failed, None
        self.last_error, self.problems, self.resolved_s = english(down.problem), (down.problem,), None

    def health(self, address: str, now_s: float) -> ActorHealth:
        heartbeat = self.heartbeat or NO_HEARTBEAT
        return ActorHealth(
            actor=address,
            pid=heartbeat.pid,
            state=self.find_state(now_s),
            uptime_s=round(now_s - self.known_since_s, 3) if self.heartbeat else 0.0,
            restarts=self.restarts,
            mailbox_depth=heartbeat.mailbox_depth,
            handled=heartbeat.handled,
            handle_ms_p50=round(heartbeat.handle_ms_p50, 3),
            handle_ms_p99=round(heartbeat.handle_ms_p99, 3),
            rss_mb=0.0,  # the process's memory is in the row of its first actor
            last_error=self.last_error,
            oldest_ms=round(heartbeat.oldest_ms, 3),
            dead_letters=heartbeat.dead_letters,
            resolved_for_s=None if self.resolved_s is None else round(now_s - self.resolved_s, 3),
            problems=self.problems,
        )

    def find_state(self, now_s: float) -> ActorState:
        if self.is_down:
            return "failed" if self.is_failed else "restarting"
        if self.heartbeat is None:
            return "starting"
        if now_s - self.heard_s > SILENT_AFTER_S:
            return "restarting"
        return "degraded" if self.heartbeat.degraded else "running"
