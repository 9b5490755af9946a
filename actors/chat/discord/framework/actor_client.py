"""Where the bot asks the other actors, always with a deadline, and hears why where there is no answer."""

import asyncio
import concurrent.futures
import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from actors.chat.discord.core.hearsay import heard
from actors.chat.discord.ui import formatting
from actors.runtime import Clock, RemoteError
from messages import FilmsFound, FindFilms, GetPoster, Item, Message, Poster, ViewerAccount
from wording.translation import _, later

if TYPE_CHECKING:
    from actors.chat.discord.framework.chart_renderer import ChartRenderer
    from config import Settings

Answer = TypeVar("Answer", bound=Message)

ASK_S = 5.0
"""Deadline of a question that reads."""
SAVE_S = 30.0
"""Deadline of a save."""
BACKUP_S = 300.0
"""Deadline of a backup, which reads all of it back."""
POSTER_S = 15.0
SUGGEST_S = 1.5
"""Deadline of an autocompletion: Discord drops those older than three seconds."""

_WHO = {
    "tracker": later("The tracker"),
    "persistence": later("The store (persistence)"),
    "launcher": later("The launcher"),
    "plex": later("The Plex poller"),
}


class UnansweredError(Exception):
    """An actor did not answer, or answered that it could not: the text says so to people."""

    def __init__(self, what: str, cure: str) -> None:
        super().__init__(what)
        self.what = what
        self.cure = cure


class Desk:
    """The bot's way to the other actors. Its coroutines run on the bot's loop."""

    def __init__(
        self,
        settings: "Settings",
        clock: Clock,
        asks: Callable[[str, Message, float], "concurrent.futures.Future[Message]"],
        tells: Callable[[str, Message], None],
        painter: "ChartRenderer | None" = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.tell = tells
        self.painter = painter
        self._asks = asks
        self.asker = ""
        """Discord id of the person for whom it asks, as digits; empty: for nobody in particular."""
        self.on_hidden: list[Callable[[ViewerAccount], None]] = []
        """Told of members whom others are not to see from now on."""

    def asked_by(self, person: str) -> "Desk":
        """The same desk with this person before it: what is private is told to its owner alone."""
        desk = copy.copy(self)
        desk.asker = person
        return desk

    async def ask(self, actor: str, question: Message, expected: type[Answer], timeout_s: float = ASK_S) -> Answer:
        """The answer of `actor`; UnansweredError, in words for people, where there is none in time."""
        who = _(_WHO.get(actor, actor))
        try:
            async with asyncio.timeout(timeout_s + 0.5):
                answer = await asyncio.wrap_future(self._asks(actor, question, timeout_s))
        except RemoteError as error:
            raise UnansweredError(
                _("{who} could not do it: {reason}").format(
                    who=who, reason=formatting.escape(heard(error.text or error.kind), 300)
                ),
                _("What is in memory is kept. Try again later; an administrator finds the details in the log."),
            ) from error
        except Exception as error:
            raise UnansweredError(
                _("{who} is restarting; nothing is lost.").format(who=who), _("Try again in a few seconds.")
            ) from error
        if not isinstance(answer, expected):
            raise UnansweredError(
                _("{who} answered something unexpected ({kind}).").format(who=who, kind=type(answer).__name__),
                _("Are all parts of Usher of one version? Restart it."),
            )
        self._note(answer)
        return answer

    def _note(self, answer: Message) -> None:
        """Whoever's choice an answer tells is hidden from then on, however it came to be known."""
        if isinstance(answer, ViewerAccount) and answer.privacy in ("private", "untracked"):
            self.hide(answer)

    def hide(self, person: ViewerAccount) -> None:
        """Others are not to see this member in anything that was said until now."""
        for tell in self.on_hidden:
            tell(person)

    @property
    def pollers(self) -> list[str]:
        """Names of the actors that ask a Plex server each."""
        return ["plex", *(f"plex-{number}" for number in range(2, len(self.settings.servers) + 1))]

    async def poster(self, item: Item) -> Poster:
        """The item's poster, from whichever server holds it; with a problem where there is none."""
        problem = _("no Plex server answered")
        for poller in self.pollers:
            try:
                found = await self.ask(poller, GetPoster(item.server_id, item.thumb), Poster, POSTER_S)
            except UnansweredError as error:
                problem = error.what
                continue
            if found.content:
                return found
            problem = found.problem
        return Poster(problem=problem)

    async def films(self, typed: str, most: int, timeout_s: float = ASK_S) -> FilmsFound:
        """Films of all Plex servers that fit what somebody typed; with a problem where one could not be asked."""
        answers = await asyncio.gather(*(self._films_of(poller, typed, most, timeout_s) for poller in self.pollers))
        films = tuple(film for answer in answers for film in answer.films)
        return FilmsFound(films, next((answer.problem for answer in answers if answer.problem), ""))

    async def _films_of(self, poller: str, typed: str, most: int, timeout_s: float) -> FilmsFound:
        try:
            return await self.ask(poller, FindFilms(typed, most), FilmsFound, timeout_s)
        except UnansweredError as error:
            return FilmsFound(problem=error.what)
