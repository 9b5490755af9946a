"""The directory of viewers, as the page shows it."""

from __future__ import annotations

from typing import Literal

from messages.base import Answer, Question, Struct

__all__ = [
    "FindViewer", "GetPageKey", "ListViewers", "PageKey", "ViewerEntry", "ViewerFound", "ViewerList", "ViewerSort",
]  # fmt: skip

ViewerSort = Literal["time", "movies", "name"]


class PageKey(Answer, frozen=True, tag="page_key"):
    """Answer to GetPageKey."""

    key: bytes
    """With which short names of viewers and films are made; the same for ever."""


class GetPageKey(Question[PageKey], frozen=True, tag="get_page_key", to="persistence"):
    """The key of the store's short names; made where there is none yet."""


class ViewerFound(Answer, frozen=True, tag="viewer_found"):
    """Answer to FindViewer."""

    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>; empty where there is none who may be seen."""


class FindViewer(Question[ViewerFound], frozen=True, tag="find_viewer", to="persistence"):
    """Who is called so in an address?"""

    slug: str
    """The short name."""
    asker: str = ""
    """Who asks, Discord id as digits; who is hidden is there for themselves. Empty: nobody in particular."""


class ViewerEntry(Struct, frozen=True):
    """A viewer in the directory."""

    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>."""
    username: str
    """The viewer's name."""
    movies: int | None
    """Films watched; None for who is anonymous: their figures are without a name elsewhere."""
    watch_time_s: float | None
    """Playing time, seconds; None as movies."""
    last_watch_date: str
    """ISO date in TIMEZONE; empty where nothing was watched, or as movies."""
    watching_now: str = ""
    """Title of what they watch now, as of the last save; empty where nothing."""


class ViewerList(Answer, frozen=True, tag="viewer_list"):
    """Answer to ListViewers."""

    viewers: tuple[ViewerEntry, ...]
    """The page. Who is anonymous comes after all others, by name."""
    total: int
    """How many there are in all."""
    next_after: str = ""
    """Id to go on with; empty on the last page."""


class ListViewers(Question[ViewerList], frozen=True, tag="list_viewers", to="persistence"):
    """Everybody who watched something and may be seen."""

    part: str = ""
    """Part of the name, any case; empty for all."""
    sort: ViewerSort = "time"
    """What they are ordered by."""
    after: str = ""
    """Id of the last viewer of the page before; empty for the first page."""
    limit: int = 60
    """Viewers a page."""
