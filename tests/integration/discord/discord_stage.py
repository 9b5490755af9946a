"""The real Discord actor against the simulated Discord, with other actors that answer what a test tells them to."""

import concurrent.futures
import contextlib
import datetime
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self, TypeVar

from actors.address import join_address, split_address
from actors.chat.discord.actor import DiscordActor
from actors.runtime import Clock, Context, Endpoint, Pace
from actors.runtime.delivery.dead_letters import DeadLetters
from actors.runtime.errors import Declined
from actors.runtime.transport.memory import MemoryNetwork
from config import Settings
from messages import (
    Answer,
    ChatStateEntry,
    ChatStateLoaded,
    CommunityList,
    ListCommunities,
    LoadChatState,
    Message,
    Question,
    SaveChatState,
)
from messages.envelope import Heartbeat
from simulator.discord.model.messages import ChannelMessage as Posted
from simulator.discord.server import SimulatedDiscord
from tests.deadlines import WITHIN_S
from tests.moments import SetClock, find_afternoon_zone

Got = TypeVar("Got")
AnswerT = TypeVar("AnswerT", bound=Answer)
PEERS = ("tracker", "persistence", "launcher", "plex")


def until(found: Callable[[], Got], what: str, timeout_s: float = WITHIN_S) -> Got:
    """Poll until `found()` is true and return it; AssertionError says what was waited for."""
    deadline = time.monotonic() + timeout_s
    while not (result := found()):
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s: {what}"
        time.sleep(0.01)
    return result


def answer(stage: "Stage", who: str, text: str) -> Posted:
    """Let somebody write a command; return the bot's answer."""
    return stage.discord.wait_reply(stage.discord.say(who, "film-club", text), WITHIN_S)


class Peer(threading.Thread):
    """Another actor: keeps what it is told, answers what it is asked, and can stop answering."""

    def __init__(self, network: MemoryNetwork, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._network = network
        self.heard: list[Message] = []
        self.answers: dict[type[Message], Message | Callable[[Any], Message]] = {}
        self.dead = False
        self.state: dict[tuple[str, str], str] = {}
        """What the features of the Discord actor have it remember, as the store would: JSON by feature and key."""
        self.answers[LoadChatState] = self._load_state
        self.answers[ListCommunities] = CommunityList(())
        self._over = threading.Event()
        self._node: concurrent.futures.Future[Endpoint] = concurrent.futures.Future()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self.node.submit(lambda: None)
        self.join(5)

    @property
    def node(self) -> Endpoint:
        """Return its endpoint."""
        return self._node.result(WITHIN_S)

    def run(self) -> None:
        """Pump and answer."""
        node = Endpoint(self.name, self._network.transport(self.name), DeadLetters(None, self.name))
        node.bind_thread()
        self._node.set_result(node)
        while not self._over.is_set():
            node.pump(0.05)
            while not self.dead and (incoming := node.mailbox.get()) is not None:
                self.heard.append(incoming.message)
                if incoming.ask_id and type(incoming.message) in self.answers:
                    found = self.answers[type(incoming.message)]
                    try:
                        node.answer(incoming, found(incoming.message) if callable(found) else found)
                    except Declined as refusal:
                        node.answer_error(incoming, refusal)
                elif incoming.ask_id:
                    node.answer_error(incoming, LookupError("no answer was set"))
                elif incoming.delivery_id:
                    if isinstance(incoming.message, SaveChatState):
                        self._keep_state(incoming.message)
                    node.acknowledge(incoming)
        node.close()

    def _keep_state(self, save: SaveChatState) -> None:
        for entry in save.entries:
            self.state.pop((entry.feature, entry.key), None)
            if entry.value:
                self.state[entry.feature, entry.key] = entry.value

    def _load_state(self, _asked: LoadChatState) -> ChatStateLoaded:
        return ChatStateLoaded(tuple(ChatStateEntry(*key, value) for key, value in self.state.items()))

    def list_heard(self, kind: type[Got]) -> list[Got]:
        """What it heard of that class."""
        return [message for message in self.heard if isinstance(message, kind)]

    def tell(self, message: Message) -> threading.Event:
        """Tell the Discord actor; the event is set when a kept message was acknowledged."""
        done = threading.Event()
        self.node.tell(join_address("discord", split_address(self.name)[1]), message, done.set)
        return done

    def ask(self, question: Question[AnswerT]) -> AnswerT:
        """Ask the Discord actor, and wait for the answer."""
        asked: concurrent.futures.Future[concurrent.futures.Future[AnswerT]] = concurrent.futures.Future()
        self.node.submit(lambda: asked.set_result(self.node.ask_future("discord", question, WITHIN_S)))
        return asked.result(WITHIN_S).result(WITHIN_S)

    def pulse(self, actor: str = "discord") -> Heartbeat:
        """Return how a Discord actor is, as the launcher would see it."""
        asked: concurrent.futures.Future[concurrent.futures.Future[Heartbeat]] = concurrent.futures.Future()
        self.node.submit(lambda: asked.set_result(self.node.ping(actor)))
        return asked.result(WITHIN_S).result(WITHIN_S)


class Stage:
    """A simulated Discord, the actor, and the three it talks to."""

    def __init__(self, discord: SimulatedDiscord, folder: Path, network: MemoryNetwork, peers: dict[str, Peer]) -> None:
        self.discord = discord
        self.folder = folder
        self.network = network
        self.tracker, self.persistence, self.launcher, self.plex = (peers[name] for name in PEERS)
        self.changes: dict[str, Any] = {}
        self.speed = 1.0
        self.zone = find_afternoon_zone()
        self.begins_s: float | None = None
        """What the actor's clock shows when it starts, seconds since 1970; None: what the machine's does."""
        self.main: DiscordActor
        """While it acts: the actor of the environment's community."""

    def settings(self) -> Settings:
        """Settings for this Discord."""
        plain: dict[str, Any] = {
            "discord_token": self.discord.token,
            "discord_guild_id": self.discord.guild.id,
            "discord_announce_channel_id": self.discord.channel("film-club").id,
            "watch_party_voice_channel_id": self.discord.channel("Cinema").id,
            "discord_api_url": self.discord.api_url,
            "discord_gateway_url": self.discord.gateway_url,
            "timezone": self.zone.key,
        }
        return Settings(**{**plain, **self.changes})

    def shift_now(self, minutes: float) -> datetime.datetime:
        """Return this moment or one so many minutes later, by the clocks of the community."""
        return datetime.datetime.now(self.zone) + datetime.timedelta(minutes=minutes)

    @contextlib.contextmanager
    def acting(self, *, wait: bool = True) -> Iterator[float]:
        """Run the actor; afterwards it has stopped, and Discord has seen its session end.

        Otherwise the session of the first of two bots could be taken for that of the second.
        """
        node = Endpoint("discord", self.network.transport("discord"), DeadLetters(None, "discord"))
        clock = Clock(Pace.starting_now(self.speed)) if self.begins_s is None else SetClock(self.begins_s)
        ref = DiscordActor.start(Context(node, self.settings(), clock, self.folder))
        actor = ref._actor_weakref()
        assert isinstance(actor, DiscordActor)
        self.main = actor
        try:
            if wait:
                self.discord.wait_connected()
                until(lambda: self.discord.command_names, "the commands are registered")
            yield time.monotonic()
        finally:
            ref.stop(timeout=WITHIN_S)
            until(lambda: not self.discord.is_connected, "Discord sees the bot go")

    def health(self) -> str:
        """Return the error in the health table; empty if there is none."""
        return self.launcher.pulse().degraded

    def read_state(self, feature: str) -> dict[str, Any]:
        """What a feature has the store remember, by key."""
        entries = list(self.persistence.state.items())
        return {key: json.loads(value) for (name, key), value in entries if name == feature}

    def remember(self, feature: str, key: str, value: Any) -> None:
        """Have the store remember something of a feature."""
        self.persistence.state[feature, key] = json.dumps(value)

    def until_health(self, part: str) -> str:
        """Wait for a cause."""
        return until(lambda: self.health() if part in self.health() else "", f"health says {part!r}")

    def until_well(self, timeout_s: float = WITHIN_S) -> None:
        """Wait until nothing is wrong."""
        until(lambda: not self.health(), "all is well", timeout_s)

    def read_posts(self, channel: str = "film-club") -> str:
        """Return all that the bot wrote in a channel."""
        parts = []
        for message in self.discord.messages(channel, by_bot=True):
            parts += [f"{embed.get('title', '')}\n{embed.get('description', '')}" for embed in message.embeds]
        return "\n".join(parts)


@contextlib.contextmanager
def open_stage(folder: Path) -> Iterator[Stage]:
    """A running Discord and the peers; the actor is started with `acting`."""
    network = MemoryNetwork()
    with contextlib.ExitStack() as stack:
        discord = stack.enter_context(SimulatedDiscord())
        peers = {name: stack.enter_context(Peer(network, name)) for name in PEERS}
        yield Stage(discord, folder, network, peers)
