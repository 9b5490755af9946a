"""The directory of viewers, and the search for a viewer by the short name in web addresses."""

import math
from collections.abc import Callable, Iterable

from sqlalchemy import select

from messages import FindViewer, ListViewers, ViewerEntry, ViewerFound, ViewerList
from persistence.database.sql import read_page_key
from persistence.database.tables import VIEWER_STATS
from persistence.queries.answers import answers, bound_limit
from persistence.store import StoreSnapshot
from viewers.redact import hides_figures, may_see
from viewers.slugs import SlugIndex, make_viewer_slug

_SLUGS = SlugIndex(make_viewer_slug)
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
    for viewer_id, username, movies, time_s, last_date, now in store.connection.execute(select(*_COLUMNS)).all():
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
    """Return the viewer who has a short name; nobody if that viewer is hidden."""
    everybody = select(VIEWER_STATS.c.viewer_id)

    def list_viewer_ids() -> Iterable[str]:
        return store.connection.execute(everybody).scalars()

    viewer_id = _SLUGS.find(read_page_key(store.connection), asked.slug, list_viewer_ids)
    is_there = store.connection.execute(everybody.where(VIEWER_STATS.c.viewer_id == viewer_id)).first() is not None
    return ViewerFound(viewer_id if viewer_id and is_there and may_see(store.directory, viewer_id, asked.asker) else "")


def _make_sort_key(figure: Callable[[ViewerEntry], float | None]) -> Callable[[ViewerEntry], tuple[float, str, str]]:
    """Return the sort key by a figure; viewers without one come last, by name."""

    def key(entry: ViewerEntry) -> tuple[float, str, str]:
        value = figure(entry)
        return math.inf if value is None else -value, entry.username.casefold(), entry.viewer_id

    return key


_ORDERS: dict[str, Callable[[ViewerEntry], tuple[float, str, str]]] = {
    "time": _make_sort_key(lambda entry: entry.watch_time_s),
    "movies": _make_sort_key(lambda entry: entry.movies),
    "name": _make_sort_key(lambda _entry: None),
}
