"""The page of all finished watches."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

import msgspec

from actors.web.page import PageContent, PageRequest, page
from actors.web.pages.clock import format_clock, format_iso_day
from charts import geometry
from messages import GetHistory, HistoryPage, WatchRecord
from wording.durations import format_duration
from wording.lanes import Bar, describe_spans
from wording.numbers import format_count, format_percent
from wording.text import clean_line
from wording.titles import display_title, record_title
from wording.translation import N_, _

ROWS = 50


class PageLinks(msgspec.Struct, frozen=True):
    """Links to the pages before and after a page of the history; empty paths if there are none."""

    first: str
    newer: str
    older: str


class WatchRow(msgspec.Struct, frozen=True):
    """A finished watch."""

    day: str
    clock: str
    viewer: str
    viewer_path: str
    title: str
    film_path: str
    night_path: str
    """Address of its watch party's record; empty if it was not part of one."""
    watched: str
    percent: str
    is_brief: bool
    bars: tuple[Bar, ...]
    """The parts of the film that were seen."""
    summary: str
    """The seen parts in words."""


@page("history", "/history", menu=N_("History"))
async def show_history(request: PageRequest) -> PageContent:
    """Show a page of the history."""
    title = request.query.get("q", "").strip()
    found = await find_history(request)
    is_beyond = not found.records and ("after" in request.query or "before" in request.query)
    return PageContent(
        _("History"),
        {
            "heading": _("History"),
            "count": format_count("{count} watch", "{count} watches", found.total),
            "search": title,
            "search_label": _("Title"),
            "search_button": _("Search"),
            "rows": tuple(build_row(record, request) for record in found.records),
            "headings": build_headings(),
            "empty": _describe_nothing(title, is_beyond=is_beyond),
            "table_path": f"/history.csv?q={quote_query(title)}" if title else "/history.csv",
            "table_label": _("Download as CSV"),
            "links": build_links("/history", {"q": title} if title else {}, found, is_beyond=is_beyond),
            "links_label": {"first": _("Newest"), "newer": _("Newer"), "older": _("Older"), "pages": _("Pages")},
        },
    )


def _describe_nothing(title: str, *, is_beyond: bool) -> str:
    """Say why there is no row. `is_beyond`: whether the address is of a page that no longer exists."""
    if is_beyond:
        return _("There is nothing here any more: begin with the newest.")
    return _("No watches match that.") if title else _("Nothing watched yet.")


def build_links(path: str, filters: Mapping[str, str], found: HistoryPage, *, is_beyond: bool = False) -> PageLinks:
    """Return the links to the pages before and after, with the same filters."""

    def build(**place: str) -> str:
        query = urlencode({**filters, **place})
        return f"{path}?{query}" if query else path

    return PageLinks(
        first=build() if found.next_before or is_beyond else "",
        newer=build(before=found.next_before) if found.next_before else "",
        older=build(after=found.next_after) if found.next_after else "",
    )


async def find_history(request: PageRequest) -> HistoryPage:
    """Return the requested page of the history: the first, or the one after or before a given watch."""
    title, after, before = (request.query.get(name, "").strip() for name in ("q", "after", "before"))
    return await request.ask(GetHistory(title=title, limit=ROWS, asker=request.asker, after=after, before=before))


def build_row(record: WatchRecord, request: PageRequest, *, shows_minutes: bool = False) -> WatchRow:
    """Return the row of a watch. `shows_minutes`: whether it shows which parts of the film were seen."""
    percent = format_percent(record.completion_percent)
    viewer = clean_line(record.username, 60)
    return WatchRow(
        day=format_iso_day(record.ended_at_s, request.zone),
        clock=format_clock(record.ended_at_s, request.zone),
        viewer=viewer,
        viewer_path=request.viewer_path(record.viewer_id),
        title=clean_line(display_title(record.item), 120),
        film_path=request.film_path(record_title(record.item), record.item.year),
        night_path=f"/nights/{record.screening_id}" if record.party and not record.brief else "",
        watched=format_duration(record.playing_s),
        percent=percent,
        is_brief=record.brief,
        bars=_place_bars(record) if shows_minutes else (),
        summary=describe_spans(viewer, record.spans, percent) if shows_minutes else "",
    )


def _place_bars(record: WatchRecord) -> tuple[Bar, ...]:
    length_ms = record.item.duration_ms
    return tuple(Bar(*place) for place in geometry.place_bars(record.spans, length_ms)) if length_ms else ()


def build_headings() -> dict[str, str]:
    """Return the headings of the table."""
    return {
        "ended": _("Ended"),
        "viewer": _("Viewer"),
        "film": _("Film"),
        "watched": _("Watched"),
        "seen": _("Seen"),
        "night": _("Night"),
        "minutes": _("Which minutes"),
        "brief": _("brief"),
    }


def quote_query(text: str) -> str:
    """Return a text quoted for the query of an address."""
    return quote(text, safe="")
