"""The features of one Discord server with their states, and the server's client for the other actors."""

import asyncio
import concurrent.futures
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import discord

from actors.chat.discord.core.degraded_reasons import DegradedReasons
from actors.chat.discord.core.state import StateStore, ViewerIdentity
from actors.chat.discord.core.state_file import read_state_file
from actors.chat.discord.features.announcements import (
    AnnouncementQueue,
    AnnouncementRecord,
    PostedAnnouncements,
    QueuedAnnouncement,
    Redactor,
)
from actors.chat.discord.features.film_night import (
    FilmNights,
    NightQuestion,
    NightQuestions,
    NightReminders,
    PlannedNight,
    RecurringNight,
    RecurringNights,
    UpcomingAttendance,
)
from actors.chat.discord.features.film_vote import FilmVotes, VoteRecord
from actors.chat.discord.features.live_card import CardRecord, EditPace, LiveCards
from actors.chat.discord.features.top_roles import TopRoles
from actors.chat.discord.features.voice_presence import VoiceReporter
from actors.chat.discord.features.weekly_digest import WeeklyDigest
from actors.chat.discord.framework.actor_client import ActorClient, UnansweredError
from actors.chat.discord.framework.command import UsherCommand
from actors.chat.discord.framework.pages import PageRegistry
from actors.runtime.errors import RetryLater
from messages import (
    ChatStateEntry,
    GetViewerAccount,
    LoadChatState,
    Message,
    NowPlaying,
    Problem,
    RecordRsvps,
    ScreeningEnded,
    UpcomingNights,
    ViewerAccount,
)

STATE_RETRY_S, STATE_LATE_S = 1.0, 15.0
"""Pause between two tries to load the features' states, and time after which health reports that; real seconds."""
_SERVER = "server"
FindBot = Callable[[], discord.Client | None]
"""Returns the bot, or None while it is not connected."""


class GuildFeatures:
    """Everything that belongs to one Discord server. Created in any thread; runs on the loop."""

    def __init__(
        self,
        actors: ActorClient,
        store: StateStore,
        degraded: DegradedReasons,
        log: logging.Logger,
        *,
        connected_bot: FindBot,
        logged_in_bot: FindBot,
        commands: Sequence[UsherCommand],
        plan_button: Callable[[int], discord.ui.Item[Any]],
        tell_kept: Callable[[Message, Callable[[], None]], None],
        edit_pace: EditPace,
    ) -> None:
        """Create the features. `connected_bot` returns the bot while the gateway is connected, `logged_in_bot` while
        requests can be sent.

        `plan_button` takes a poll's id, and makes the button that plans a night with the film that won. `tell_kept`
        sends persistence an at-least-once message, and calls back when it is acknowledged; from any thread.
        `edit_pace` is shared by the cards of all servers.
        """
        self.actors = actors
        self.store = store
        self.degraded = degraded
        self.tell_kept = tell_kept
        self._log = log
        self._logged_in_bot = bot = logged_in_bot
        self._early_calls: list[tuple[Callable[[Any], None], Any]] = []
        """Calls that came before the features had their states."""
        self.voice = VoiceReporter(actors, connected_bot, degraded, log)
        channel = self._announce_channel
        self.registered = store.open("slash_commands", str)
        """By server, the hash of its last registered commands; used only in the environment's community."""
        self.pages = PageRegistry(
            actors,
            {command.name: command.page for command in commands if command.page is not None},
            {command.name: command.permission for command in commands},
            store.open("pages", str),
        )
        self.top_roles = TopRoles(actors, store.open("top_roles", list[int]))
        self._cards = LiveCards(actors, channel, store.open("live_card", CardRecord), degraded, log, edit_pace)
        planned = store.open("film_night", PlannedNight)
        self._nights = FilmNights(actors, bot, planned, log, self._note_attendance)
        self._attendance = UpcomingAttendance(actors, bot, self._nights.list_nights, log)
        self._reminders = NightReminders(actors, bot, channel, planned, log)
        recurring = store.open("recurring_nights", RecurringNight)
        self.recurring_nights = RecurringNights(actors, bot, recurring, self._nights, log)
        self.night_questions = NightQuestions(store.open("night_questions", NightQuestion))
        votes, turns = store.open("film_vote", VoteRecord), store.open("film_vote_turns", float)
        self.film_votes = FilmVotes(actors, bot, votes, turns, plan_button, degraded, log)
        self._digest = WeeklyDigest(actors, channel, store.open("weekly_digest", float), degraded, log)
        self._redactor = Redactor(store.open("hidden_viewers", float), actors.clock)
        self._posted = PostedAnnouncements(store.open("announcements", AnnouncementRecord), actors.clock)
        channel_id = actors.settings.discord_announce_channel_id
        self._announcements = AnnouncementQueue(
            channel_id, channel, self._posted, degraded, log, self._cards, self._redactor
        )
        actors.on_hidden += [self._hide]

    @property
    def guild_id(self) -> int:
        """The server's id; 0 if none is set, so that every server is meant."""
        return self.actors.settings.discord_guild_id

    @property
    def language(self) -> str:
        """The language of a further community; empty for that of the process."""
        return self.actors.settings.bot_language if self.actors.community else ""

    @property
    def community_id(self) -> int:
        """The server's id in a further community; 0 in the environment's."""
        return self.guild_id if self.actors.community else 0

    # -- events ----------------------------------------------------------------------------------------------

    def announce(self, waiting: QueuedAnnouncement) -> None:
        """Queue an announcement."""
        self._run_when_loaded(self._announcements.put, waiting)
        if isinstance(waiting.announcement, ScreeningEnded):
            self._run_when_loaded(self._nights.on_ended, waiting.announcement)

    def show(self, playing: NowPlaying) -> None:
        """Show what is playing on a Plex server."""
        self._run_when_loaded(self._show_loaded, playing)

    def _show_loaded(self, playing: NowPlaying) -> None:
        self._cards.update(playing)
        self._nights.on_now_playing(playing)

    def _run_when_loaded(self, function: Callable[[Any], None], argument: Any) -> None:
        """Call a feature, or keep the call until its state is loaded; only a server's newest NowPlaying is kept."""
        if self.store.loaded.is_set():
            function(argument)
            return
        if isinstance(argument, NowPlaying):
            self._early_calls = [
                (call, early)
                for call, early in self._early_calls
                if not isinstance(early, NowPlaying) or early.server_id != argument.server_id
            ]
        self._early_calls.append((function, argument))

    def note_up(self) -> None:
        """Note that the gateway is connected, and the state of this server."""
        bot = self._logged_in_bot()
        if bot is not None and self.guild_id and bot.get_guild(self.guild_id) is None:
            self.degraded.add(_SERVER, Problem.of("discord.not_in_server", server=str(self.guild_id)))
        else:
            self.degraded.remove(_SERVER)
        self.voice.report()
        self._announcements.retry_now()

    def note_down(self) -> None:
        """Note that the connection to the gateway is lost."""
        self.voice.report()

    def note_gone(self, *, removed: bool) -> None:
        """Note that the bot was removed from this server, or that the server is unavailable."""
        code = "discord.not_in_server" if removed else "discord.server_unavailable"
        self.degraded.add(_SERVER, Problem.of(code, server=str(self.guild_id)))
        self.note_down()

    def night_planned(self, event: discord.ScheduledEvent, item: Any) -> None:
        """Note that a film night was planned."""
        self._nights.on_planned(event, item)

    def _note_attendance(self, screening_id: str, members: list[str]) -> None:
        """Store who had said that they would come to a night that is over."""
        self._cards.set_promised(screening_id, members)
        self.actors.tell("persistence", RecordRsvps(screening_id, tuple(members)))

    def list_upcoming(self, done: concurrent.futures.Future[UpcomingNights]) -> None:
        """Set as the result of `done` the planned and running nights, with who said that they would come."""
        if not self.store.loaded.is_set():
            done.set_result(UpcomingNights(()))
            return
        task = asyncio.ensure_future(self._attendance.describe_nights())
        task.add_done_callback(lambda ended: _pass_on(ended, done))

    def _hide(self, account: ViewerAccount) -> None:
        """Hide a member in everything that was posted until now."""
        viewer = ViewerIdentity.from_account(account)
        self._redactor.hide(viewer)
        self._cards.hide(viewer)
        self._announcements.drop_hidden()

    async def hide_chosen(self, viewer_id: str) -> None:
        """Apply a member's privacy choice on the web page. Raises RetryLater if persistence does not answer."""
        try:
            await self.actors.ask(GetViewerAccount(viewer_id))  # this hides the member, if they chose so
        except UnansweredError as error:
            raise RetryLater(error.problem) from error

    def forget(self, account: ViewerAccount) -> None:
        """Make every feature forget a member."""
        viewer = ViewerIdentity.from_account(account)
        chat = (self._cards, self._posted, self.top_roles, self.pages)
        for feature in (*chat, self._nights, self.night_questions, self.film_votes):
            feature.forget(viewer)

    def _announce_channel(self) -> discord.PartialMessageable | None:
        bot = self._logged_in_bot()
        channel_id = self.actors.settings.discord_announce_channel_id
        return bot.get_partial_messageable(channel_id) if bot is not None else None

    # -- running ---------------------------------------------------------------------------------------------

    async def run(self, state_file: Path | None = None) -> None:
        """Run all features, for ever. `state_file`: the state file of versions before 1.1."""
        await asyncio.gather(self.voice.run(), self._run_features(state_file))

    async def _run_features(self, state_file: Path | None) -> None:
        """Run the features that have a state, once it is loaded."""
        stored = await self._ask_state()
        carried = self._fill_state(stored, state_file)
        self._redactor.drop_outdated()
        self._cards.restore()
        deferred, self._early_calls = self._early_calls, []
        for function, argument in deferred:
            function(argument)
        await asyncio.gather(
            self._carry_over(carried, state_file),
            self._announcements.run(),
            self._cards.run(),
            self._nights.run(),
            self._reminders.run(),
            self.recurring_nights.run(),
            self.film_votes.run(),
            self._digest.run(),
        )

    async def _ask_state(self) -> Sequence[ChatStateEntry]:
        """Return the features' states from the store; ask until there is an answer."""
        began_s = time.monotonic()
        while True:
            try:
                stored = (await self.actors.ask(LoadChatState())).entries
                break
            except UnansweredError as error:
                if time.monotonic() - began_s > STATE_LATE_S:
                    self.degraded.add("state", Problem.of("discord.state_waits", reason=error.problem))
                await asyncio.sleep(STATE_RETRY_S)
        self.degraded.remove("state")
        return stored

    def _fill_state(self, stored: Sequence[ChatStateEntry], state_file: Path | None) -> Sequence[ChatStateEntry] | None:
        """Fill the features' states; return what an earlier version's file adds, or None if it cannot be read."""
        remembered: Sequence[ChatStateEntry] | None = ()
        if state_file is not None:
            remembered = read_state_file(state_file, self.actors.clock.now().wall_s, self._log)
        known = {(entry.feature, entry.key) for entry in stored}
        carried = None
        if remembered is not None:
            carried = [entry for entry in remembered if (entry.feature, entry.key) not in known]
        self.store.load([*(carried or ()), *stored])
        return carried

    async def _carry_over(self, carried: Sequence[ChatStateEntry] | None, state_file: Path | None) -> None:
        """Move the state in an earlier version's file into the store, and remove the file."""
        if carried:
            await asyncio.wrap_future(self.store.save(carried))
        if carried is not None and state_file is not None:
            self._remove_file(state_file)

    def _remove_file(self, file: Path) -> None:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            self._log.warning("%s is not needed any more and cannot be removed: %s", file, error)


def _pass_on(ended: "asyncio.Task[UpcomingNights]", done: concurrent.futures.Future[UpcomingNights]) -> None:
    """Copy the result of a task to a future of another thread."""
    if ended.cancelled():
        done.cancel()
    elif (error := ended.exception()) is not None:
        done.set_exception(error)
    else:
        done.set_result(ended.result())


def features_of(interaction: discord.Interaction[Any]) -> GuildFeatures:
    """Return the features of an interaction's server. Raises RefusedError if it has none."""
    features: GuildFeatures = interaction.client.features_of(interaction)
    return features
