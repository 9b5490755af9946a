"""The Discord actor: announces and shows what it receives, and asks the other actors what people want to know."""

import concurrent.futures
import uuid
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

import msgspec

from actors.chat.discord.bot_runner import BotRunner
from actors.chat.discord.commands import load_commands
from actors.chat.discord.commands.choosing.plan_night import PlanNightButton
from actors.chat.discord.core.degraded_reasons import DegradedReasons
from actors.chat.discord.core.state import StateStore
from actors.chat.discord.features.announcements import Announcement, QueuedAnnouncement
from actors.chat.discord.features.web_readers import WebReaders
from actors.chat.discord.framework.actor_client import ActorClient, AnswerT
from actors.chat.discord.guild_features import GuildFeatures
from actors.runtime import Actor, Context, OutboxFull
from actors.runtime.boot.memory_limit import end_if_out_of_memory
from messages import (
    BadgesAwarded,
    ConfirmDiscordSignIn,
    GetMember,
    ListUpcomingNights,
    Message,
    NowPlaying,
    PrivacyChosen,
    Question,
    ScreeningEnded,
    ScreeningStarted,
    UpcomingNights,
)
from wording.translation import choose_language, set_language

Result = TypeVar("Result")


class _FeaturesBroke(msgspec.Struct, frozen=True):
    """A fault of Usher ended the features or their event loop: this actor cannot continue."""

    error: BaseException


class DiscordActor(Actor):
    """pykka's thread receives the messages; discord.py runs on an event loop in a thread of its own.

    The actor of the environment's community owns the bot. Those of further communities use it, each for its own
    Discord server.
    """

    name = "discord"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        settings = context.settings
        degraded = DegradedReasons(self.report_degraded, self.report_recovered, self.log)
        self._is_main = context.main is None
        if isinstance(context.main, DiscordActor):
            self._runner = context.main.runner
        else:
            set_language(settings.bot_language)
            self._runner = BotRunner(settings, context.data_dir, load_commands(), degraded, self.log)
        self._features = GuildFeatures(
            ActorClient(
                settings,
                context.clock,
                self._ask_future,
                self._tell,
                self._runner.chart_renderer.make_another(),
                community=context.community,
            ),
            StateStore(self._tell_kept, self.log),
            degraded,
            self.log,
            connected_bot=self._runner.connection.connected_bot,
            logged_in_bot=self._runner.connection.logged_in_bot,
            commands=self._runner.commands,
            plan_button=PlanNightButton,
            tell_kept=self._tell_kept,
            edit_pace=self._runner.edit_pace,
        )
        self._web_readers = WebReaders(settings, self._runner.connection.connected_bot, self.log)

    @property
    def runner(self) -> BotRunner:
        """The runner of the process's bot."""
        return self._runner

    def handlers(self) -> Mapping[type[Message], Callable[[Any], Any]]:
        """Return the handler of each message."""
        return {
            ScreeningStarted: self._announce,
            ScreeningEnded: self._announce,
            BadgesAwarded: self._announce,
            NowPlaying: self._show,
            ListUpcomingNights: self._list_upcoming,
            GetMember: lambda asked: self._answer(self._web_readers.find_member(asked)),
            ConfirmDiscordSignIn: lambda asked: self._answer(self._web_readers.confirm_sign_in(asked)),
            PrivacyChosen: lambda chosen: self._answer(self._features.hide_chosen(chosen.viewer_id)),
            _FeaturesBroke: self._break,  # type: ignore[dict-item]  # local, never on the wire
        }

    def on_start(self) -> None:
        """Let the bot serve this actor's server; it connects by itself, however long Discord is unreachable."""
        choose_language(self._features.language)
        if self._is_main:
            self._runner.start(self._features, self._on_broken)
        else:
            self._runner.add(self._features, self._on_broken)

    def on_stop(self) -> None:
        """Disconnect, or stop serving a further server; unposted announcements stay with their senders."""
        if self._is_main:
            self._runner.stop()
        else:
            self._runner.remove(self._features)

    def on_failure(self, *error: object) -> None:
        """Remove the features of a further community's actor that crashed: the next one brings its own."""
        if not self._is_main:
            self._runner.remove(self._features)

    def _announce(self, notice: Announcement) -> concurrent.futures.Future[None]:
        """Queue an announcement; it is acknowledged when it is posted or dropped."""
        done: concurrent.futures.Future[None] = concurrent.futures.Future()
        waiting = QueuedAnnouncement(self.handling_id or uuid.uuid4().hex, notice, done)
        self._runner.call(self._features, self._features.announce, waiting)
        return done

    def _list_upcoming(self, _asked: ListUpcomingNights) -> concurrent.futures.Future[UpcomingNights]:
        done: concurrent.futures.Future[UpcomingNights] = concurrent.futures.Future()
        self._runner.call(self._features, self._features.list_upcoming, done)
        return done

    def _show(self, playing: NowPlaying) -> None:
        if self._is_main:
            self._runner.update_activity(playing)
        self._runner.call(self._features, self._features.show, playing)

    def _answer(self, work: Coroutine[Any, Any, Result]) -> concurrent.futures.Future[Result]:
        """Run work on the loop; return a Future of its result, which answers a question or acknowledges a message."""
        return self._runner.begin(work)

    def _on_broken(self, error: BaseException) -> None:
        end_if_out_of_memory(error, "discord")
        self.actor_ref.tell(_FeaturesBroke(error))

    def _break(self, broke: _FeaturesBroke) -> None:
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

    def _tell_kept(self, message: Message, done: Callable[[], None]) -> None:
        self.ref("persistence").tell(message, done)
