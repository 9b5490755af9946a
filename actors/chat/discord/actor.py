"""The Discord actor: hears what to announce and show, asks the others what people want to know."""

import asyncio
import concurrent.futures
import contextlib
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from actors.chat.discord.commands import load_commands
from actors.chat.discord.commands.choosing.plan_night import PlanNightButton
from actors.chat.discord.core.degraded_reasons import DegradedReasons
from actors.chat.discord.core.state import StateStore, ViewerIdentity
from actors.chat.discord.core.state_file import read_state_file
from actors.chat.discord.features.announcements import (
    Announcement,
    AnnouncementQueue,
    AnnouncementRecord,
    PostedAnnouncements,
    QueuedAnnouncement,
    Redactor,
)
from actors.chat.discord.features.bot_activity import BotActivity
from actors.chat.discord.features.film_night import (
    FilmNights,
    NightQuestion,
    NightQuestions,
    NightReminders,
    PlannedNight,
    RecurringNight,
    RecurringNights,
)
from actors.chat.discord.features.film_vote import FilmVotes, VoteRecord
from actors.chat.discord.features.live_card import CardRecord, LiveCards
from actors.chat.discord.features.top_roles import TopRoles
from actors.chat.discord.features.voice_presence import VoiceReporter
from actors.chat.discord.features.weekly_digest import WeeklyDigest
from actors.chat.discord.framework.actor_client import ActorClient, AnswerT, UnansweredError
from actors.chat.discord.framework.chart_renderer import ChartRenderer
from actors.chat.discord.framework.command_errors import shorten_library_errors
from actors.chat.discord.framework.pages import PageRegistry
from actors.chat.discord.gateway.bot import UsherBot
from actors.chat.discord.gateway.connect_brake import ConnectBrake
from actors.chat.discord.gateway.connection import Connection
from actors.runtime import Actor, Context, OutboxFull
from messages import (
    BadgesAwarded,
    ChatStateEntry,
    LoadChatState,
    Message,
    NowPlaying,
    Problem,
    Question,
    SaveChatState,
    ScreeningEnded,
    ScreeningStarted,
    ViewerAccount,
)
from wording.translation import set_language

STOP_S = 4.5
"""How long Discord may take to let go, real seconds."""
STATE_RETRY_S, STATE_LATE_S = 1.0, 15.0
"""Between two tries to load what the features remember, and when health says that it is missing; real seconds."""


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
        self._degraded_reasons = DegradedReasons(self.report_degraded, self.report_recovered, self.log)
        self._commands = load_commands()
        self._chart_renderer = ChartRenderer(context.data_dir / "cache" / "charts", self.log)
        self._actors = ActorClient(settings, context.clock, self._ask_future, self._tell, self._chart_renderer)
        self._brake = ConnectBrake()
        self._connection = Connection(
            settings.discord_token, settings.discord_guild_id, self._make_bot, self._degraded_reasons, self.log
        )
        self._voice = VoiceReporter(self._actors, self._connection.connected_bot, self._degraded_reasons, self.log)
        self._activity = BotActivity(self._connection.connected_bot, self.log)
        self._state_store = StateStore(self._save_state, self.log)
        self._early_calls: list[tuple[Callable[[Any], None], Any]] = []
        """What happened before the features had their states."""
        self._make_features()
        self._actors.on_hidden += [self._hide]
        self._connection.on_up += [self._voice.report, self._announcements.retry_now, self._activity.resend]
        self._connection.on_down += [self._voice.report, self._activity.note_loss]

    def _make_features(self) -> None:
        """Make what has a state of its own; it is loaded later, from the store."""
        actors, store, clock, log = self._actors, self._state_store, self.context.clock, self.log
        degraded, channel = self._degraded_reasons, self._announce_channel
        self._registered = store.open("slash_commands", str)
        self._pages = PageRegistry(
            actors,
            {command.name: command.page for command in self._commands if command.page is not None},
            {command.name: command.permission for command in self._commands},
            store.open("pages", str),
        )
        self._top_roles = TopRoles(actors, store.open("top_roles", list[int]))
        self._cards = LiveCards(actors, channel, store.open("live_card", CardRecord), degraded, log)
        bot, planned = self._connection.logged_in_bot, store.open("film_night", PlannedNight)
        self._nights = FilmNights(actors, bot, planned, log, self._cards.set_promised)
        self._reminders = NightReminders(actors, bot, channel, planned, log)
        self._recurring = RecurringNights(
            actors, bot, store.open("recurring_nights", RecurringNight), self._nights, log
        )
        self._night_questions = NightQuestions(store.open("night_questions", NightQuestion))
        self._votes = FilmVotes(
            actors,
            bot,
            store.open("film_vote", VoteRecord),
            store.open("film_vote_turns", float),
            PlanNightButton,
            degraded,
            log,
        )
        self._digest = WeeklyDigest(actors, channel, store.open("weekly_digest", float), degraded, log)
        self._redactor = Redactor(store.open("hidden_viewers", float), clock)
        self._posted = PostedAnnouncements(store.open("announcements", AnnouncementRecord), clock)
        self._announcements = AnnouncementQueue(
            self.context.settings.discord_announce_channel_id,
            channel,
            self._posted,
            degraded,
            log,
            self._cards,
            self._redactor,
        )

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
        self._loop.call_soon_threadsafe(self._run_when_loaded, self._announcements.put, waiting)
        if isinstance(notice, ScreeningEnded):
            self._loop.call_soon_threadsafe(self._run_when_loaded, self._nights.on_ended, notice)
        return done

    def _show(self, playing: NowPlaying) -> None:
        self._loop.call_soon_threadsafe(self._activity.update, playing)
        self._loop.call_soon_threadsafe(self._run_when_loaded, self._show_loaded, playing)

    def _show_loaded(self, playing: NowPlaying) -> None:
        self._cards.update(playing)
        self._nights.on_now_playing(playing)

    def _run_when_loaded(self, function: Callable[[Any], None], argument: Any) -> None:
        """Call a feature, or keep the call until it has its state; of what plays on a server only the newest counts."""
        if self._state_store.loaded.is_set():
            function(argument)
            return
        if isinstance(argument, NowPlaying):
            self._early_calls = [
                (call, early)
                for call, early in self._early_calls
                if not isinstance(early, NowPlaying) or early.server_id != argument.server_id
            ]
        self._early_calls.append((function, argument))

    def _hide(self, account: ViewerAccount) -> None:
        """Have a member not named any more in anything that was said until now."""
        viewer = ViewerIdentity.from_account(account)
        self._redactor.hide(viewer)
        self._cards.hide(viewer)
        self._announcements.drop_hidden()

    def _forget(self, account: ViewerAccount) -> None:
        """Have every feature forget a member."""
        viewer = ViewerIdentity.from_account(account)
        chat = (self._cards, self._posted, self._top_roles, self._pages)
        for feature in (*chat, self._nights, self._night_questions, self._votes):
            feature.forget(viewer)

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
        return UsherBot(
            self._actors,
            self._commands,
            self._pages,
            self._top_roles,
            self._night_questions,
            self._votes,
            self._recurring,
            intents=intents,
            brake=self._brake,
            state_store=self._state_store,
            registered=self._registered,
            degraded=self._degraded_reasons,
            log=self.log,
            voice_changed=self._voice.on_voice_change,
            night_planned=self._nights.on_planned,
            forget=self._forget,
        )

    def _announce_channel(self) -> discord.PartialMessageable | None:
        bot = self._connection.logged_in_bot()
        channel_id = self.context.settings.discord_announce_channel_id
        return bot.get_partial_messageable(channel_id) if bot is not None else None

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
            self._voice.run(),
            self._activity.run(),
            self._run_features(),
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

    async def _run_features(self) -> None:
        """Run what has a state of its own, as soon as the store has answered."""
        carried = await self._load_state()
        self._redactor.drop_outdated()
        self._cards.restore()
        deferred, self._early_calls = self._early_calls, []
        for function, argument in deferred:
            function(argument)
        await asyncio.gather(
            self._carry_over(carried),
            self._announcements.run(),
            self._cards.run(),
            self._nights.run(),
            self._reminders.run(),
            self._recurring.run(),
            self._votes.run(),
            self._digest.run(),
        )

    async def _load_state(self) -> list[ChatStateEntry] | None:
        """Load the features' states; return what an earlier version's file adds, None where it cannot be read."""
        began_s = time.monotonic()
        while True:
            try:
                stored = (await self._actors.ask(LoadChatState())).entries
                break
            except UnansweredError as error:
                if time.monotonic() - began_s > STATE_LATE_S:
                    waits = Problem.of("discord.state_waits", reason=error.problem)
                    self._degraded_reasons.add("state", waits)
                await asyncio.sleep(STATE_RETRY_S)
        self._degraded_reasons.remove("state")
        known = {(entry.feature, entry.key) for entry in stored}
        remembered = read_state_file(self._state_file, self.context.clock.now().wall_s, self.log)
        carried = None
        if remembered is not None:
            carried = [entry for entry in remembered if (entry.feature, entry.key) not in known]
        self._state_store.load([*(carried or ()), *stored])
        return carried

    async def _carry_over(self, carried: list[ChatStateEntry] | None) -> None:
        """Put what an earlier version kept in a file into the store; then the file goes."""
        if carried:
            await asyncio.wrap_future(self._state_store.save(carried))
        if carried is not None:
            try:
                self._state_file.unlink(missing_ok=True)
            except OSError as error:
                self.log.warning("%s is not needed any more and cannot be removed: %s", self._state_file, error)

    @property
    def _state_file(self) -> Path:
        return self.context.data_dir / "discord.json"


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
