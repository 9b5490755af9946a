"""The real bot in a simulated Discord, with actors that answer what a test tells them to."""

import concurrent.futures
import logging
from collections.abc import Callable, Sequence
from typing import Any

import discord
import pytest

from actors.chat.discord.commands import load_commands
from actors.chat.discord.commands.choosing.plan_night import PlanNightButton
from actors.chat.discord.core.degraded_reasons import DegradedReasons
from actors.chat.discord.features.live_card.edit_pace import EditPace
from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.command import UsherCommand
from actors.chat.discord.framework.pages import PageRegistry
from actors.chat.discord.gateway.bot import UsherBot
from actors.chat.discord.gateway.connect_brake import ConnectBrake
from actors.chat.discord.gateway.connection import intents
from actors.chat.discord.guild_directory import GuildDirectory
from actors.chat.discord.guild_features import GuildFeatures
from actors.runtime import ActorUnavailable, Clock
from config import Settings
from messages import ListViewers, Message, Problem, Question, ViewerList
from tests.unit.discord import samples
from tests.unit.discord.memory_store import MemoryStore
from wording.problems import join_english


class Actors:
    """What the other actors answer, by the class of the question; silent where nothing is set."""

    def __init__(self) -> None:
        self.answers: dict[type[Message], Message | Exception | Callable[[Any], Message]] = {
            ListViewers: ViewerList((), 0)
        }
        self.asked: list[tuple[str, Message]] = []
        self.told: list[tuple[str, Message]] = []

    def ask(self, actor: str, question: Question[Any], timeout_s: float) -> "concurrent.futures.Future[Any]":
        """As Ref.ask_future."""
        self.asked.append((actor, question))
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        answer = self.answers.get(type(question), ActorUnavailable(f"{actor} is away"))
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer if isinstance(answer, Message) else answer(question))
        return future

    def tell(self, actor: str, message: Message) -> None:
        """As Ref.tell."""
        self.told.append((actor, message))

    def questions(self, kind: type[Message]) -> list[Any]:
        """What was asked of that class."""
        return [question for _, question in self.asked if isinstance(question, kind)]


class Health:
    """What the health table would show."""

    def __init__(self) -> None:
        self.reason = ""
        self.degraded = DegradedReasons(self._report_degraded, self._report_recovered, logging.getLogger("discord"))

    def _report_degraded(self, *problems: Problem) -> None:
        self.reason = join_english(problems)

    def _report_recovered(self) -> None:
        self.reason = ""


@pytest.fixture
def actors() -> Actors:
    """The other actors."""
    return Actors()


@pytest.fixture
def health() -> Health:
    """The Discord actor's own state."""
    return Health()


@pytest.fixture
def actor_client(actors: Actors) -> ActorClient:
    """The way to the other actors."""
    return ActorClient(Settings(), Clock(), actors.ask, actors.tell)


@pytest.fixture
def memory_store() -> MemoryStore:
    """What the features remember, over restarts."""
    return MemoryStore()


@pytest.fixture
def book(actor_client: ActorClient, memory_store: MemoryStore) -> PageRegistry:
    """All pages, for everybody."""
    return PageRegistry(actor_client, samples.PAGES, {}, memory_store.open("pages", str))


@pytest.fixture
def make_bot(
    actors: Actors, actor_client: ActorClient, health: Health, memory_store: MemoryStore
) -> Callable[..., UsherBot]:
    """Makes the real bot, as often as it is restarted."""
    log = logging.getLogger("discord")

    def make(declared: Sequence[UsherCommand] = load_commands()) -> UsherBot:
        store = memory_store.begin_life()
        bots: list[UsherBot] = []
        features = GuildFeatures(
            actor_client,
            store,
            health.degraded,
            log,
            connected_bot=lambda: bots[0] if bots else None,
            logged_in_bot=lambda: bots[0] if bots else None,
            commands=declared,
            plan_button=PlanNightButton,
            tell_kept=lambda message, done: actors.tell("persistence", message),
            edit_pace=EditPace(),
        )
        memory_store.load(store)
        bot = UsherBot(GuildDirectory(features), declared, intents=intents(True), brake=ConnectBrake(), log=log)
        bots.append(bot)
        return bot

    return make


@pytest.fixture
def bot(make_bot: Callable[..., UsherBot]) -> UsherBot:
    """The real bot."""
    return make_bot()


class Room:
    """A server with a channel, a member and an administrator."""

    def __init__(self, env: Any) -> None:
        self.env = env
        self.guild = env.create_guild()
        self.channel = self.guild.create_text_channel("film-night")
        admins = self.guild.create_role("Admins", permissions=discord.Permissions(administrator=True))
        self.ana = self.guild.add_member(env.create_user("ana"))
        self.boss = self.guild.add_member(env.create_user("boss"), roles=[admins])

    def embed(self) -> discord.Embed:
        """The embed of the newest message."""
        embed: discord.Embed = self.channel.last_message.embeds[0]
        return embed

    def text(self) -> str:
        """All text of that embed."""
        shown = self.embed()
        parts = [shown.title, shown.description, shown.footer.text]
        parts += [text for field in shown.fields for text in (field.name, field.value)]
        return "\n".join(part for part in parts if part)


@pytest.fixture
def simcord_bot(bot: UsherBot) -> UsherBot:
    """Tells simcord's own fixture which bot to run."""
    return bot


@pytest.fixture
def room(simcord_env: Any, bot: UsherBot) -> Room:
    """The bot at work in a server, where nobody has asked anything yet: cooldowns outlive a bot."""
    for command in load_commands():
        command.reset_uses()
    return Room(simcord_env)
