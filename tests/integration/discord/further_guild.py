"""A further community beside the environment's: its Discord server, its Discord actor, and the actors it talks to."""

import contextlib
from collections.abc import Iterator
from typing import Any

from actors.address import join_address
from actors.chat.discord.actor import DiscordActor
from actors.runtime import Context, Endpoint
from actors.runtime.delivery.dead_letters import DeadLetters
from simulator.discord.model.guild import Guild
from simulator.discord.model.messages import ChannelMessage
from simulator.discord.user_actions import UserActions
from tests.deadlines import WITHIN_S
from tests.integration.discord.discord_stage import Peer, Stage, until


class FurtherGuild:
    """A server of the simulated Discord, and what its people do there."""

    def __init__(self, stage: Stage, guild: Guild, peers: dict[str, Peer]) -> None:
        self.stage = stage
        self.guild = guild
        self.people: UserActions = stage.discord.at(guild)
        self.tracker, self.persistence, self.plex = (peers[name] for name in ("tracker", "persistence", "plex"))
        self.actor: DiscordActor
        """While it acts."""
        self.chosen: dict[str, str] = {
            "DISCORD_ANNOUNCE_CHANNEL_ID": str(self.people.channel("film-club").id),
            "WATCH_PARTY_VOICE_CHANNEL_ID": str(self.people.channel("Cinema").id),
        }

    @property
    def name(self) -> str:
        """The community's name."""
        return str(self.guild.id)

    @property
    def address(self) -> str:
        """The address of its Discord actor."""
        return join_address("discord", self.name)

    @contextlib.contextmanager
    def acting(self) -> Iterator[None]:
        """Its Discord actor lives, in the process of the environment's, which acts already."""
        main, network = self.stage.main, self.stage.network
        endpoint = Endpoint(self.address, network.transport(self.address), DeadLetters(None, self.address))
        settings = self.stage.settings().for_community(self.name, self.chosen)
        ref = DiscordActor.start(Context(endpoint, settings, main.context.clock, self.stage.folder, main=main))
        actor = ref._actor_weakref()
        assert isinstance(actor, DiscordActor)
        self.actor = actor
        try:
            until(lambda: "stats" in self.stage.discord.list_commands(self.guild.id), "its commands are registered")
            yield
        finally:
            ref.stop(timeout=WITHIN_S)

    def answer(self, who: str, text: str) -> ChannelMessage:
        """Somebody writes a command there; the bot's answer."""
        return self.stage.discord.wait_reply(self.people.say(who, "film-club", text), WITHIN_S)

    def posts(self, channel: str = "film-club") -> list[ChannelMessage]:
        """What the bot wrote there."""
        return self.people.messages(channel, by_bot=True)

    def health(self) -> str:
        """The cause that its row of the health table shows; empty where all is well."""
        return self.stage.launcher.pulse(self.address).degraded


@contextlib.contextmanager
def add_community(stage: Stage, name: str = "Sunday Matinee", **chosen: Any) -> Iterator[FurtherGuild]:
    """A further server with the peers of its community; its actor is started with `acting`."""
    guild = stage.discord.add_guild(name)
    with contextlib.ExitStack() as stack:
        peers = {
            kind: stack.enter_context(Peer(stage.network, join_address(kind, str(guild.id))))
            for kind in ("tracker", "persistence", "plex")
        }
        further = FurtherGuild(stage, guild, peers)
        further.chosen |= chosen
        yield further
