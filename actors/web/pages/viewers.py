"""The page of the viewers: everybody who may be seen."""

import msgspec

from actors.web.page import PageContent, PageRequest, page
from actors.web.pages.board import Choice
from actors.web.pages.history import quote_query
from messages import FindViewer, ListViewers, ViewerEntry, ViewerList, ViewerSort
from wording.dates import format_date
from wording.durations import format_duration
from wording.lanes import Face, make_face
from wording.numbers import format_count
from wording.text import clean_line
from wording.translation import N_, _

SORTS: dict[ViewerSort, str] = {"time": N_("Most time"), "movies": N_("Most films"), "name": N_("Name")}


class ViewerRow(msgspec.Struct, frozen=True):
    """A viewer of the directory."""

    path: str
    face: Face
    name: str
    is_own: bool
    """Whether it is the reader."""
    now: str
    """What they watch now; empty if nothing."""
    films: str
    time: str
    last: str


@page("viewers", "/viewers", menu=N_("Viewers"))
async def show_viewers(request: PageRequest) -> PageContent:
    """Show the directory."""
    part = request.query.get("q", "").strip()
    sort = _read_sort(request)
    found = await find_viewers(request)
    path = f"/viewers?q={quote_query(part)}&sort="
    more = request.viewer_path(found.next_after).rpartition("/")[2] if found.next_after else ""
    return PageContent(
        _("Viewers"),
        {
            "heading": _("Viewers"),
            "count": format_count("{count} viewer", "{count} viewers", found.total),
            "can_search": not request.reader.is_public,
            "search": part,
            "search_label": _("Name"),
            "search_button": _("Search"),
            "sort": sort,
            "sorts": tuple(
                Choice(_(name), path + each, each == sort)
                for each, name in SORTS.items()
                if each != "name" or not request.reader.is_public
            ),
            "rows": tuple(build_row(viewer, request) for viewer in found.viewers),
            "headings": {"name": _("Name"), "films": _("Films"), "time": _("Watched"), "last": _("Last watched")},
            "empty": _("No viewer has that name.") if part else _("Nothing watched yet."),
            "more": f"{path}{sort}&after={more}" if more else "",
            "more_label": _("More viewers"),
        },
    )


async def find_viewers(request: PageRequest) -> ViewerList:
    """Return the requested viewers."""
    after = ""
    if slug := request.query.get("after", ""):
        after = (await request.ask(FindViewer(slug, request.asker))).viewer_id
    return await request.ask(ListViewers(request.query.get("q", "").strip(), _read_sort(request), after))


def _read_sort(request: PageRequest) -> ViewerSort:
    return next((each for each in SORTS if each == request.query.get("sort")), "time")


def build_row(viewer: ViewerEntry, request: PageRequest) -> ViewerRow:
    """Return the row of a viewer; an anonymous one has no figures."""
    return ViewerRow(
        request.viewer_path(viewer.viewer_id),
        make_face(viewer.viewer_id, viewer.username),
        clean_line(viewer.username, 60),
        viewer.viewer_id == request.asker != "",
        _("watching {title}").format(title=clean_line(viewer.watching_now, 60)) if viewer.watching_now else "",
        format_count("{count} film", "{count} films", viewer.movies) if viewer.movies is not None else "",
        format_duration(viewer.watch_time_s) if viewer.watch_time_s is not None else "",
        format_date(viewer.last_watch_date) if viewer.last_watch_date else "",
    )
