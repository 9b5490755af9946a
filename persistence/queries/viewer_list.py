"""The directory of viewers, and who is called so in an address of the page."""

import math
from collections.abc import Callable

from sqlalchemy import select

from messages import FindViewer, ListViewers, ViewerEntry, ViewerFound, ViewerList
from persistence.database.sql import read_page_key
from persistence.database.tables import VIEWER_STATS
from persistence.queries.answers import answers, bound_limit
from persistence.store import StoreSnapshot
from viewers.redact import hides_figures, may_see
from viewers.slugs import make_viewer_slug

_COLUMNS = (
    VIEWER_STATS.c.viewer_id,
    VIEWER_STATS.c.username,
    VIEWER_STATS.c.total_movies,
    VIEWER_STATS.c.total_watch_time_s,
    VIEWER_STATS.c.last_watch_date,
    VIEWER_STATS.c.watching_now,
)


@answers(ListViewers)
def list_viewers(asked: ListViewers, store: StoreSnapshot) -> ViewerList:
    """Return a page of the directory, by the figures of the last save."""
    directory, names = store.directory, store.directory.member_names()
    entries = []
    for viewer_id, username, movies, time_s, last_date, now in store.connection.execute(select(*_COLUMNS)):
        name = names.get(viewer_id, username)
        if not directory.shows(viewer_id) or asked.part.casefold() not in name.casefold():
            continue
        if hides_figures(directory, viewer_id, ""):
            entries.append(ViewerEntry(viewer_id, name, None, None, "", now))
        else:
            entries.append(ViewerEntry(viewer_id, name, movies, time_s, last_date, now))
    entries.sort(key=_ORDERS[asked.sort])
    after = next((place for place, each in enumerate(entries, 1) if each.viewer_id == asked.after), 0)
    page = entries[after : after + bound_limit(asked.limit)]
    is_last = after + len(page) >= len(entries) or not page
    return ViewerList(tuple(page), len(entries), "" if is_last else page[-1].viewer_id)


@answers(FindViewer)
def find_viewer(asked: FindViewer, store: StoreSnapshot) -> ViewerFound:
    """Return whose short name this is; nobody where that one may not be seen."""
    key = read_page_key(store.connection)
    for viewer_id in store.connection.execute(select(VIEWER_STATS.c.viewer_id)).scalars():
        if make_viewer_slug(key, viewer_id) == asked.slug:
            return ViewerFound(viewer_id if may_see(store.directory, viewer_id, asked.asker) else "")
    return ViewerFound("")


def _by_figure(figure: Callable[[ViewerEntry], float | None]) -> Callable[[ViewerEntry], tuple[float, str, str]]:
    """Return the order by a figure; who has none comes last, by name."""

    def key(entry: ViewerEntry) -> tuple[float, str, str]:
        value = figure(entry)
        return math.inf if value is None else -value, entry.username.casefold(), entry.viewer_id

    return key


_ORDERS: dict[str, Callable[[ViewerEntry], tuple[float, str, str]]] = {
    "time": _by_figure(lambda entry: entry.watch_time_s),
    "movies": _by_figure(lambda entry: entry.movies),
    "name": _by_figure(lambda _entry: None),
}
