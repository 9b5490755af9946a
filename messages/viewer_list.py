"""The directory of viewers, as the web page shows it."""

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
    """The key from which the short names of viewers and films are made; it never changes."""


class GetPageKey(Question[PageKey], frozen=True, tag="get_page_key", to="persistence"):
    """The key of the store's short names, which is created if there is none yet."""


class ViewerFound(Answer, frozen=True, tag="viewer_found"):
    """Answer to FindViewer."""

    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>; empty if no visible viewer has this name."""


class FindViewer(Question[ViewerFound], frozen=True, tag="find_viewer", to="persistence"):
    """The viewer who has this short name in web addresses."""

    slug: str
    """The short name."""
    asker: str = ""
    """Who asks, Discord id as digits; hidden viewers see themselves. Empty: nobody in particular."""


class ViewerEntry(Struct, frozen=True):
    """A viewer in the directory."""

    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>."""
    username: str
    """The viewer's name."""
    movies: int | None
    """Films watched; None for an anonymous viewer, whose figures are shown elsewhere without the name."""
    watch_time_s: float | None
    """Playing time, seconds; None for an anonymous viewer."""
    last_watch_date: str
    """ISO date in TIMEZONE; empty if nothing was watched, or for an anonymous viewer."""
    watching_now: str = ""
    """Title that they are watching now, as of the last save; empty if none."""


class ViewerList(Answer, frozen=True, tag="viewer_list"):
    """Answer to ListViewers."""

    viewers: tuple[ViewerEntry, ...]
    """The page. Anonymous viewers come after all others, sorted by name."""
    total: int
    """Number of viewers on all pages."""
    next_after: str = ""
    """Id with which the next page continues; empty on the last page."""


class ListViewers(Question[ViewerList], frozen=True, tag="list_viewers", to="persistence"):
    """All visible viewers who watched something."""

    part: str = ""
    """Part of the name, any case; empty for all."""
    sort: ViewerSort = "time"
    """Sort order."""
    after: str = ""
    """Id of the last viewer on the previous page; empty for the first page."""
    limit: int = 60
    """Viewers for each page."""
