"""Asks the other actors, with a deadline; turns a failure into an error with a text for people."""

import asyncio
import concurrent.futures
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from typing import TYPE_CHECKING, Protocol, TypeVar

import discord

from actors.ask_failures import explain_failure
from actors.chat.discord.ui import formatting
from actors.runtime import Clock
from actors.runtime.boot.memory_limit import end_if_out_of_memory
from messages import (
    AdminActed,
    Answer,
    AuditEntry,
    AuditSubject,
    Message,
    Problem,
    Question,
    StartTracking,
    ViewerAccount,
    VoiceMember,
    describe_failed_act,
)
from wording.problems import ProblemError, translate

if TYPE_CHECKING:
    from charts.chart_renderer import ChartRenderer
    from config import Settings

AnswerT = TypeVar("AnswerT", bound=Answer)

ASK_S = 5.0
"""Deadline of a question that only reads; real seconds, as all below."""
SAVE_S = 90.0
"""Deadline of a save."""
BACKUP_S = 300.0
"""Deadline of a backup, which is verified too."""
SUGGEST_S = 1.5
"""Deadline of an autocompletion: Discord drops those older than three seconds."""

_log = logging.getLogger("discord")


class UnansweredError(ProblemError):
    """An actor did not answer, or declined. The text is for people, in the bot's language."""

    def __init__(self, what: Problem | str, cure: str) -> None:
        super().__init__(what)
        self.what = translate(self.problem)
        self.cure = cure


class AskFuture(Protocol):
    """Sends a question to the actor of that name and returns a Future, as `Ref.ask_future` does."""

    def __call__(
        self, actor: str, question: Question[AnswerT], timeout_s: float
    ) -> "concurrent.futures.Future[AnswerT]":
        """Return a Future of the answer."""


class ActorClient:
    """Asks and tells the other actors. Its coroutines run on the bot's loop."""

    def __init__(
        self,
        settings: "Settings",
        clock: Clock,
        ask_future: AskFuture,
        tell: Callable[[str, Message], None],
        chart_renderer: "ChartRenderer | None" = None,
        *,
        asker: str = "",
        community: str = "",
        on_hidden: "list[Callable[[ViewerAccount], None]] | None" = None,
    ) -> None:
        """Ask for the member `asker` (a Discord id, as digits; empty for nobody in particular).

        `community`: the further community whose actors are asked; empty for the environment's.
        """
        self.settings = settings
        self.clock = clock
        self.tell = tell
        self.chart_renderer = chart_renderer
        self._ask_future = ask_future
        self.asker = asker
        self.community = community
        self.on_hidden = [] if on_hidden is None else on_hidden
        """Called with each member who is hidden from now on."""

    def for_asker(self, asker: str) -> "ActorClient":
        """Return a client that asks for this member: private data are answered to their owner alone."""
        shared = self.settings, self.clock, self._ask_future, self.tell, self.chart_renderer
        return ActorClient(*shared, asker=asker, community=self.community, on_hidden=self.on_hidden)

    async def ask(self, question: Question[AnswerT], timeout_s: float = ASK_S, *, target: str = "") -> AnswerT:
        """Return the answer. Raises UnansweredError, with a text for people, if there is none in time.

        `target`: name of the actor to ask, if several answer such a question (Plex pollers).
        """
        actor = target or question.receiver
        try:
            async with asyncio.timeout(timeout_s + 0.5):
                answer = await asyncio.wrap_future(self._ask_future(actor, question, timeout_s))
        except Exception as error:
            end_if_out_of_memory(error, "discord")
            raise _explain_failure(actor, error, timeout_s) from error
        if isinstance(answer, ViewerAccount) and answer.privacy in ("private", "untracked"):
            self.hide(answer)
        return answer

    async def ask_channel_members(self) -> tuple[VoiceMember, ...]:
        """Return who is in the watched voice channel; nobody if the tracker does not answer."""
        with contextlib.suppress(UnansweredError):
            return (await self.ask(StartTracking(simulate=True))).members
        return ()

    @contextlib.asynccontextmanager
    async def record_act(
        self, who: discord.Member | discord.User, act: str, *targets: AuditSubject
    ) -> AsyncIterator[None]:
        """Write what an administrator does in the block to the audit log, with its outcome."""
        outcome = "done"
        try:
            yield
        except BaseException as error:
            outcome = describe_failed_act(error)
            raise
        finally:
            self.tell_act(who, act, targets, outcome)

    def tell_act(
        self, who: discord.Member | discord.User, act: str, targets: Iterable[AuditSubject], outcome: str = "done"
    ) -> None:
        """Write what an administrator did to the audit log."""
        self.tell("persistence", AdminActed(self.build_entry(who, act, targets, outcome)))

    def build_entry(
        self, who: discord.Member | discord.User, act: str, targets: Iterable[AuditSubject], outcome: str = "done"
    ) -> AuditEntry:
        """Return the entry of the audit log for an administrator's act."""
        at_s, subject = self.clock.now().wall_s, AuditSubject(str(who.id), str(who))
        return AuditEntry(at_s, subject, act, tuple(targets), outcome, "Discord")

    def hide(self, account: ViewerAccount) -> None:
        """Hide this member in everything that was posted until now."""
        for listener in self.on_hidden:
            listener(account)


def _explain_failure(actor: str, error: Exception, timeout_s: float) -> UnansweredError:
    """Return the failure as an error whose text is escaped for Discord."""
    problem, cure = explain_failure(actor, error, timeout_s, _log)
    return UnansweredError(problem.map_texts(lambda text: formatting.escape(text, 300)), cure)
