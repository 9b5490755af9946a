"""How a page is declared: one decorated function that asks for what it shows, and a template of the same name."""

import datetime
import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from actors.ask_failures import AskFailure
from actors.web.readers import ANYBODY_HERE, Access, Reader
from messages import Answer, Item, Moment, Question, Screening, UpcomingNight
from viewers.slugs import make_film_slug, make_viewer_slug

AnswerT = TypeVar("AnswerT", bound=Answer)

ASK_S = 5.0
"""Deadline of a question of a page."""


class PageNotFoundError(Exception):
    """There is nothing to see at this address, or nothing that this reader may see: both look the same."""


class PageUnavailableError(Exception):
    """An actor did not answer."""

    def __init__(self, failure: AskFailure) -> None:
        super().__init__(failure.cure)
        self.failure = failure


class Ask(Protocol):
    """Asks another actor."""

    async def __call__(self, question: Question[AnswerT], timeout_s: float = ASK_S, *, target: str = "") -> AnswerT:
        """Return the answer. Raises PageUnavailableError. `target`: whom to ask, where several answer it."""


async def _take_for_member(_viewer_id: str) -> bool:
    return True


@dataclass(frozen=True)
class PageRequest:
    """What a page is made for."""

    ask: Ask
    at: Moment
    zone: ZoneInfo
    language: str
    poster: Callable[[Item], str]
    """Returns the address of an item's poster; empty where it has none."""
    key: bytes = b""
    """The key of the short names of viewers and films."""
    path: Mapping[str, str] = field(default_factory=dict)
    """The parts of the address that the page's path names."""
    query: Mapping[str, str] = field(default_factory=dict)
    """What stands after the question mark, at most 200 characters each."""
    reader: Reader = ANYBODY_HERE
    """Who reads."""

    @property
    def asker(self) -> str:
        """Who asks, as questions take it: Discord id, as digits; empty for nobody in particular."""
        return self.reader.asker

    take_note: Callable[[], str] = str
    """Returns what the reader is to be told of what they just did, once; empty where nothing."""
    site_access: str = "local"
    """WEB_ACCESS."""
    is_member: Callable[[str], Awaitable[bool]] = _take_for_member
    """Returns whether somebody, by a Discord id, is still a member. Raises PageUnavailableError."""
    screenings: Sequence[Screening] = ()
    """What plays, as the tracker last said."""
    upcoming: Sequence[UpcomingNight] = ()
    """Nights that are planned or run, as Discord last said."""
    base_url: str = ""
    """How addresses begin that are read elsewhere, without a slash at its end: "http://127.0.0.1:8080"."""

    def viewer_path(self, viewer_id: str) -> str:
        """Return the address of a viewer's page."""
        return f"/viewers/{make_viewer_slug(self.key, viewer_id)}"

    def film_path(self, title: str, year: int | None) -> str:
        """Return the address of a film's page."""
        return f"/films/{make_film_slug(self.key, title, year)}"

    @property
    def today(self) -> datetime.date:
        """The day, in the community's zone."""
        return datetime.datetime.fromtimestamp(self.at.wall_s, self.zone).date()


@dataclass(frozen=True)
class PageContent:
    """What a page shows."""

    title: str
    """For the browser's tab."""
    values: Mapping[str, Any]
    """What its template shows, by name."""


ShowPage = Callable[[PageRequest], Awaitable[PageContent]]


@dataclass(frozen=True)
class PageDeclaration:
    """A page of the site."""

    name: str
    """Its template is `templates/<name>.html`."""
    path: str
    """As aiohttp has it: "/nights/{screening_id}"."""
    show: ShowPage
    menu: str = ""
    """Its name in the menu, in English (marked with `N_`); empty where it is not there."""
    section: str = ""
    """Path of the menu's entry that it belongs to."""
    access: Access = Access.READERS
    """Who is let in."""
    is_kept: bool = True
    """Whether it may be shown again as it was made, until the store changes."""


_PAGES: dict[str, PageDeclaration] = {}


def page(
    name: str,
    path: str,
    *,
    menu: str = "",
    section: str = "",
    access: Access = Access.READERS,
    is_kept: bool = True,
) -> Callable[[ShowPage], ShowPage]:
    """Declare that the function below shows the page at this path, by the template of that name."""

    def declare(show: ShowPage) -> ShowPage:
        if name in _PAGES:
            raise TypeError(f"the page {name} is declared twice: by {_PAGES[name].show!r} and {show!r}")
        _PAGES[name] = PageDeclaration(name, path, show, menu, section or path, access, is_kept)
        return show

    return declare


def load_pages() -> tuple[PageDeclaration, ...]:
    """Return every page that a module of the folder `pages` declares, in the order of the menu."""
    from actors.web import pages

    for module in pkgutil.iter_modules(pages.__path__):
        importlib.import_module(f"{pages.__name__}.{module.name}")
    return tuple(sorted(_PAGES.values(), key=_menu_place))


def _menu_place(declared: PageDeclaration) -> int:
    """Return where a page's section is in the menu; those of no section come last."""
    return MENU_ORDER.index(declared.section) if declared.section in MENU_ORDER else len(MENU_ORDER)


MENU_ORDER = ("/", "/nights", "/films", "/viewers", "/board", "/history")
"""Sections of the menu, in their order."""
