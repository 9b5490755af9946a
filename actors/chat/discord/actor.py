"""The Discord actor: hears what to announce and show, asks the others what people want to know."""

import asyncio
import concurrent.futures
import contextlib
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from actors.chat.discord.commands import load_commands
from actors.chat.discord.commands.choosing.plan_night import PlanNightButton
from actors.chat.discord.core.degraded_reasons import DegradedReasons
from actors.chat.discord.core.state import StateStore
from actors.chat.discord.features.announcements import Announcement, QueuedAnnouncement
from actors.chat.discord.features.bot_activity import BotActivity
from actors.chat.discord.framework.actor_client import ActorClient, AnswerT
from actors.chat.discord.framework.chart_renderer import ChartRenderer
from actors.chat.discord.framework.command_errors import shorten_library_errors
from actors.chat.discord.gateway.bot import UsherBot
from actors.chat.discord.gateway.connect_brake import ConnectBrake
from actors.chat.discord.gateway.connection import Connection
from actors.chat.discord.guild_directory import GuildDirectory
from actors.chat.discord.guild_features import GuildFeatures
from actors.runtime import Actor, Context, OutboxFull
from messages import (
    BadgesAwarded,
    Message,
    NowPlaying,
    Question,
    SaveChatState,
    ScreeningEnded,
    ScreeningStarted,
)
from wording.translation import set_language

STOP_S = 4.5
"""How long Discord may take to let go, real seconds."""


@dataclass(frozen=True)
class _LoopBroke:
    """The loop's thread ended by an error of ours: this actor cannot go on."""

    error: BaseException


class DiscordActor(Actor):
    """pykka's thread hears the messages; discord.py lives on a loop in a thread of its own."""

    name = "discord"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        settings = context.settings
        set_language(settings.bot_language)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run_loop, name="discord-loop", daemon=True)
        self._leaving = asyncio.Event()
        degraded = DegradedReasons(self.report_degraded, self.report_recovered, self.log)
        self._commands = load_commands()
        self._brake = ConnectBrake()
        self._connection = Connection(settings.discord_token, self._make_bot, degraded, self.log)
        self._activity = BotActivity(self._connection.connected_bot, self.log)
        chart_renderer = ChartRenderer(context.data_dir / "cache" / "charts", self.log)
        self._features = GuildFeatures(
            ActorClient(settings, context.clock, self._ask_future, self._tell, chart_renderer),
            StateStore(self._save_state, self.log),
            degraded,
            self.log,
            connected_bot=self._connection.connected_bot,
            logged_in_bot=self._connection.logged_in_bot,
            commands=self._commands,
            plan_button=PlanNightButton,
        )
        self._guilds = GuildDirectory(self._features)
        self._connection.on_up += [self._note_up, self._activity.resend]
        self._connection.on_down += [self._note_down, self._activity.note_loss]

    def handlers(self) -> Mapping[type[Message], Callable[[Any], Any]]:
        """What it hears, and what it does then."""
        return {
            ScreeningStarted: self._announce,
            ScreeningEnded: self._announce,
            BadgesAwarded: self._announce,
            NowPlaying: self._show,
            _LoopBroke: self._break,  # type: ignore[dict-item]  # local, never on the wire
        }

    def on_start(self) -> None:
        """Start the loop; the connection comes by itself, however long Discord is away."""
        settings = self.context.settings
        if settings.discord_api_url:
            Route.BASE = settings.discord_api_url.rstrip("/")
        if settings.discord_gateway_url:
            DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(settings.discord_gateway_url)
        shorten_library_errors()
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # it never speaks
        self._thread.start()

    def on_stop(self) -> None:
        """Leave Discord within five seconds, whatever it does; what is not announced yet stays with its sender."""
        with contextlib.suppress(RuntimeError):  # the loop is closed already
            self._loop.call_soon_threadsafe(self._leaving.set)
        self._thread.join(STOP_S)
        if self._thread.is_alive():
            self.log.warning("Discord did not let go within %.1f s: left without a goodbye", STOP_S)

    def _announce(self, notice: Announcement) -> concurrent.futures.Future[None]:
        """Queue an announcement; it is acknowledged when it is posted or given up."""
        done: concurrent.futures.Future[None] = concurrent.futures.Future()
        waiting = QueuedAnnouncement(self.handling_id or uuid.uuid4().hex, notice, done)
        self._loop.call_soon_threadsafe(self._features.announce, waiting)
        return done

    def _show(self, playing: NowPlaying) -> None:
        self._loop.call_soon_threadsafe(self._activity.update, playing)
        self._loop.call_soon_threadsafe(self._features.show, playing)

    def _note_up(self) -> None:
        for features in self._guilds:
            features.note_up()

    def _note_down(self) -> None:
        for features in self._guilds:
            features.note_down()

    def _break(self, broke: _LoopBroke) -> None:
        raise RuntimeError("the Discord loop broke") from broke.error

    def _ask_future(
        self, actor: str, question: Question[AnswerT], timeout_s: float
    ) -> concurrent.futures.Future[AnswerT]:
        return self.ref(actor).ask_future(question, timeout_s)

    def _tell(self, actor: str, message: Message) -> None:
        try:
            self.ref(actor).tell(message)
        except OutboxFull as error:
            self.log.warning("%s was not told: %s", actor, error)

    def _save_state(self, save: SaveChatState, done: Callable[[], None]) -> None:
        self.ref("persistence").tell(save, done)

    def _make_bot(self, intents: discord.Intents) -> UsherBot:
        return UsherBot(self._guilds, self._commands, intents=intents, brake=self._brake, log=self.log)

    def _run_loop(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._live())
        except BaseException as error:  # noqa: BLE001 - whatever it was, the actor must hear of it
            self.actor_ref.tell(_LoopBroke(error))
        finally:
            self._loop.run_until_complete(_sweep())
            self._loop.close()

    async def _live(self) -> None:
        """Everything that runs beside the mailbox, until the actor stops or one of them breaks."""
        work = [
            self._connection.run(),
            self._connection.watch_intent(),
            self._activity.run(),
            self._features.run(self.context.data_dir / "discord.json"),
        ]
        tasks = {asyncio.ensure_future(each) for each in work}
        stop = asyncio.ensure_future(self._leaving.wait())
        try:
            while not stop.done():
                done, _ = await asyncio.wait({stop, *tasks}, return_when=asyncio.FIRST_COMPLETED)
                for task in done - {stop}:
                    tasks.discard(task)
                    task.result()
        finally:
            for task in {stop, *tasks}:
                task.cancel()
            await asyncio.gather(stop, *tasks, return_exceptions=True)
            await self._connection.close()


async def _sweep() -> None:
    """End what discord.py leaves running, so that the loop can be closed without complaint."""
    await asyncio.sleep(0)  # events that were just dispatched begin, so that their end can be waited for
    for _ in range(3):  # what ends may dispatch one event more
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=0.3)
    await asyncio.get_running_loop().shutdown_asyncgens()
