"""Declares pages: one decorated function loads a page's content, a template of the same name shows it."""

import datetime
import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from actors.ask_failures import AskFailure
from actors.web.readers import ANYBODY_HERE, Access, Reader
from messages import Answer, Item, Moment, Question, Screening, UpcomingNight
from viewers.slugs import make_film_slug, make_viewer_slug

AnswerT = TypeVar("AnswerT", bound=Answer)

ASK_S = 5.0
"""Deadline of a page's question; real seconds."""


class PageNotFoundError(Exception):
    """The address has no page, or none that this reader may see: both look the same."""


class PageUnavailableError(Exception):
    """An actor did not answer."""

    def __init__(self, failure: AskFailure) -> None:
        super().__init__(failure.cure)
        self.failure = failure


class Ask(Protocol):
    """Asks another actor."""

    async def __call__(self, question: Question[AnswerT], timeout_s: float = ASK_S, *, target: str = "") -> AnswerT:
        """Return the answer. Raises PageUnavailableError. `target`: which actor to ask, if several answer it."""


async def _take_for_member(_viewer_id: str) -> bool:
    return True


class PageRequest(msgspec.Struct, frozen=True):
    """A request for a page, with what its function needs."""

    ask: Ask
    at: Moment
    zone: ZoneInfo
    language: str
    poster: Callable[[Item], str]
    """Returns the address of an item's poster; empty if it has none."""
    key: bytes = b""
    """The key from which the short names of viewers and films are made."""
    path: Mapping[str, str] = msgspec.field(default_factory=dict)
    """The variable parts of the path."""
    query: Mapping[str, str] = msgspec.field(default_factory=dict)
    """The parameters of the query, at most 200 characters each."""
    reader: Reader = ANYBODY_HERE
    """The reader of the page."""

    @property
    def asker(self) -> str:
        """The reader for the `asker` of questions: Discord id, as digits; empty if not signed in."""
        return self.reader.asker

    take_note: Callable[[], str] = str
    """Returns the note on the reader's last act, once; empty if there is none."""
    site_access: str = "local"
    """WEB_ACCESS."""
    is_member: Callable[[str], Awaitable[bool]] = _take_for_member
    """Returns whether the person with this Discord id is still a member. Raises PageUnavailableError."""
    screenings: Sequence[Screening] = ()
    """What is playing, as of the tracker's last report."""
    upcoming: Sequence[UpcomingNight] = ()
    """Planned and running nights, as of Discord's last answer."""
    base_url: str = ""
    """Base of links that are read elsewhere, without a slash at its end: "http://127.0.0.1:8080"."""

    def viewer_path(self, viewer_id: str) -> str:
        """Return the address of a viewer's page."""
        return f"/viewers/{make_viewer_slug(self.key, viewer_id)}"

    def film_path(self, title: str, year: int | None) -> str:
        """Return the address of a film's page."""
        return f"/films/{make_film_slug(self.key, title, year)}"

    @property
    def today(self) -> datetime.date:
        """Today's date, in the community's zone."""
        return datetime.datetime.fromtimestamp(self.at.wall_s, self.zone).date()


class PageContent(msgspec.Struct, frozen=True):
    """The content of a page."""

    title: str
    """Shown in the browser's tab."""
    values: Mapping[str, Any]
    """The template's variables, by name."""


ShowPage = Callable[[PageRequest], Awaitable[PageContent]]


class PageDeclaration(msgspec.Struct, frozen=True):
    """A page of the site."""

    name: str
    """Its template is `templates/<name>.html`."""
    path: str
    """The path in aiohttp's form: "/nights/{screening_id}"."""
    show: ShowPage
    menu: str = ""
    """Its name in the menu, in English (marked with `N_`); empty if it is not in the menu."""
    section: str = ""
    """Path of the menu entry to which the page belongs."""
    access: Access = Access.READERS
    """Who may open it."""
    is_kept: bool = True
    """Whether it may be shown again unchanged until the store changes."""


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
    """Declare that the function below shows the page at this path, with the template of that name."""

    def declare(show: ShowPage) -> ShowPage:
        if name in _PAGES:
            raise TypeError(f"the page {name} is declared twice: by {_PAGES[name].show!r} and {show!r}")
        _PAGES[name] = PageDeclaration(name, path, show, menu, section or path, access, is_kept)
        return show

    return declare


def load_pages() -> tuple[PageDeclaration, ...]:
    """Return every page that the modules of the folder `pages` declare, in the order of the menu."""
    from actors.web import pages

    for module in pkgutil.iter_modules(pages.__path__):
        importlib.import_module(f"{pages.__name__}.{module.name}")
    return tuple(sorted(_PAGES.values(), key=_menu_place))


def _menu_place(declared: PageDeclaration) -> int:
    """Return the place of a page's section in the menu; pages without a section come last."""
    return MENU_ORDER.index(declared.section) if declared.section in MENU_ORDER else len(MENU_ORDER)


MENU_ORDER = ("/", "/nights", "/films", "/viewers", "/board", "/history")
"""Sections of the menu, in their order."""
