"""Runs the process's bot: its event loop in a thread of its own, its connection, and every server's features."""

import asyncio
import concurrent.futures
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

import discord
import yarl
from discord.gateway import DiscordWebSocket, KeepAliveHandler
from discord.http import Route

from actors.asyncio_tasks import end_tasks
from actors.chat.discord.core.degraded_reasons import DegradedReasons
from actors.chat.discord.features.bot_activity import BotActivity
from actors.chat.discord.features.live_card.edit_pace import EditPace
from actors.chat.discord.framework.command import UsherCommand
from actors.chat.discord.framework.command_errors import shorten_library_errors
from actors.chat.discord.gateway.bot import UsherBot
from actors.chat.discord.gateway.connect_brake import ConnectBrake
from actors.chat.discord.gateway.connection import Connection
from actors.chat.discord.guild_directory import GuildDirectory
from actors.chat.discord.guild_features import GuildFeatures
from actors.runtime.boot.memory_limit import end_if_out_of_memory
from charts.chart_renderer import ChartRenderer
from config import Settings
from messages import NowPlaying
from wording.translation import use_language

Result = TypeVar("Result")

STOP_S = 4.5
"""How long disconnecting may take, real seconds."""
HEARTBEAT_ENDS_S = 1.0
"""How long a heartbeat that is being sent may still take, real seconds."""
REMOVE_S = 2.0
"""How long the features of a further server may take to end, real seconds."""
UNSERVED_S = 10.0
"""How long a server may be without its actor before its commands are removed from Discord: the actor may be restarting
with other settings (real seconds)."""
OnBroken = Callable[[BaseException], None]
"""Called on the loop's thread with an error that ended a part of the actor."""


class BotRunner:
    """Belongs to the process; its own features are those of the server in DISCORD_GUILD_ID."""

    def __init__(
        self,
        settings: Settings,
        data_dir: Path,
        commands: Sequence[UsherCommand],
        degraded: DegradedReasons,
        log: logging.Logger,
    ) -> None:
        self._settings = settings
        self.commands = commands
        self._log = log
        self._loop: asyncio.AbstractEventLoop  # made at the start
        self._thread = threading.Thread(target=self._run_loop, name="discord-loop", daemon=True)
        self._leaving = asyncio.Event()
        self._on_broken: OnBroken = lambda error: None
        self._brake = ConnectBrake()
        self.connection = Connection(settings.discord_token, self._make_bot, degraded, log)
        self._activity = BotActivity(self.connection.connected_bot, log)
        self.chart_renderer = ChartRenderer(log)
        self.edit_pace = EditPace()
        self._directory: GuildDirectory
        self._state_file = data_dir / "discord.json"
        self._tasks: set[asyncio.Task[None]] = set()
        self._runs: dict[GuildFeatures, asyncio.Task[None]] = {}
        """The task that runs each further server's features."""
        self.connection.on_up += [self._note_up, self._activity.resend]
        self.connection.on_down += [self._note_down, self._activity.note_loss]

    # -- start and stop, from the actor's thread -------------------------------------------------------------

    def start(self, own: GuildFeatures, on_broken: OnBroken) -> None:
        """Start the loop; it connects by itself, however long Discord is unreachable."""
        self._directory, self._on_broken = GuildDirectory(own), on_broken
        self._loop = asyncio.new_event_loop()
        if self._settings.discord_api_url:
            Route.BASE = self._settings.discord_api_url.rstrip("/")
        if self._settings.discord_gateway_url:
            DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(self._settings.discord_gateway_url)
        shorten_library_errors()
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # the bot never sends voice
        self._thread.start()

    def stop(self) -> None:
        """Disconnect within five seconds, whatever Discord does; unposted announcements stay with their senders."""
        with contextlib.suppress(RuntimeError):  # the loop is closed already
            self._loop.call_soon_threadsafe(self._leaving.set)
        self._thread.join(STOP_S)
        if self._thread.is_alive():
            self._log.warning("Discord did not let go within %.1f s: left without a goodbye", STOP_S)

    def call(self, features: GuildFeatures, function: Callable[..., Any], *arguments: Any) -> None:
        """Call a function of a server's features on the loop, in the server's language. From any thread."""
        with use_language(features.language), contextlib.suppress(RuntimeError):  # the loop is closed already
            self._loop.call_soon_threadsafe(function, *arguments)

    def begin(self, work: Coroutine[Any, Any, Result]) -> concurrent.futures.Future[Result]:
        """Start work on the loop; return a Future of its result. From any thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def update_activity(self, playing: NowPlaying) -> None:
        """Show what is playing on a Plex server below the bot's name, in the language of the process."""
        self._loop.call_soon_threadsafe(self._activity.update, playing)

    # -- further servers, from their actors' threads ---------------------------------------------------------

    def add(self, features: GuildFeatures, on_broken: OnBroken) -> None:
        """Serve a further server from now on. `on_broken` is called if its features fail."""
        self.call(features, self._add, features, on_broken)

    def remove(self, features: GuildFeatures) -> None:
        """Stop serving a further server; return when its features have ended, or take too long."""
        removed = threading.Event()

        async def end() -> None:
            try:
                self._directory.remove(features)
                self._activity.set_silent(self._directory.is_shared)
                if (run := self._runs.pop(features, None)) is not None:
                    await end_tasks({run})
                self._loop.call_later(UNSERVED_S, self._update_commands, features.guild_id)
            finally:
                removed.set()

        with contextlib.suppress(RuntimeError):  # the loop is closed already
            self._loop.call_soon_threadsafe(lambda: self._start_task(end()))
        until_s = time.monotonic() + REMOVE_S
        while self._thread.is_alive() and not removed.wait(0.1):  # the whole bot may be stopping
            if time.monotonic() > until_s:
                self._log.warning("The features of server %s did not end in time", features.guild_id)
                return

    def _add(self, features: GuildFeatures, on_broken: OnBroken) -> None:
        self._directory.add(features)
        self._activity.set_silent(self._directory.is_shared)
        run = self._loop.create_task(features.run())
        self._runs[features] = run

        def end(ended: asyncio.Task[None]) -> None:
            if not ended.cancelled() and (error := ended.exception()) is not None:
                on_broken(error)

        run.add_done_callback(end)
        if self.connection.connected_bot() is not None:
            features.note_up()
        self._update_commands(features.guild_id)

    def _update_commands(self, guild_id: int) -> None:
        bot = self.connection.logged_in_bot()
        if bot is not None:
            bot.register_commands(guild_id)

    def _start_task(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- on the loop -----------------------------------------------------------------------------------------

    def _note_up(self) -> None:
        for features in self._directory:
            features.note_up()

    def _note_down(self) -> None:
        for features in self._directory:
            features.note_down()

    def _make_bot(self, intents: discord.Intents) -> UsherBot:
        return UsherBot(self._directory, self.commands, intents=intents, brake=self._brake, log=self._log)

    def _run_loop(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.set_exception_handler(_take_failed_task)
        try:
            self._loop.run_until_complete(self._live())
        except BaseException as error:  # noqa: BLE001 - the actor must be told of any error
            self._on_broken(error)
        finally:
            self._loop.run_until_complete(_sweep())
            self._loop.close()

    async def _live(self) -> None:
        """Run everything beside the mailbox, until the actor stops or a part fails."""
        work = [
            self.connection.run(),
            self.connection.watch_intent(),
            self._activity.run(),
            self._directory.own.run(self._state_file),
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
            await end_tasks({stop, *tasks})
            await self.connection.close()


def _take_failed_task(loop: asyncio.AbstractEventLoop, failed: dict[str, Any]) -> None:
    """Handle the failure of a task for which nobody waits."""
    end_if_out_of_memory(failed.get("exception"), "discord")
    loop.default_exception_handler(failed)


async def _end_heartbeats() -> None:
    """End the heartbeat threads of this loop's connections, even of one that is still being opened."""
    loop = asyncio.get_running_loop()
    for thread in threading.enumerate():
        if isinstance(thread, KeepAliveHandler) and thread.ws.loop is loop:
            thread.stop()
            await asyncio.to_thread(thread.join, HEARTBEAT_ENDS_S)
    await loop.shutdown_default_executor()


async def _sweep() -> None:
    """End the tasks that discord.py leaves running, so that the loop can be closed without warnings."""
    await _end_heartbeats()
    await asyncio.sleep(0)  # events that were just dispatched start, so that they can be awaited
    for _ in range(3):  # a task that ends may dispatch one more event
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=0.3)
    await asyncio.get_running_loop().shutdown_asyncgens()
