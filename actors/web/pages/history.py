"""The page of all finished watches."""

from dataclasses import dataclass
from urllib.parse import quote

from actors.web.page import PageContent, PageRequest, page
from actors.web.pages.board import build_pager, read_page_number
from actors.web.pages.clock import format_clock, format_iso_day
from messages import GetHistory, HistoryPage, WatchRecord
from wording.durations import format_duration
from wording.numbers import format_count, format_percent
from wording.text import clean_line
from wording.titles import display_title, record_title
from wording.translation import N_, _

ROWS = 50


@dataclass(frozen=True)
class WatchRow:
    """A finished watch."""

    day: str
    clock: str
    viewer: str
    viewer_path: str
    title: str
    film_path: str
    night_path: str
    """Of its watch party's record; empty where it was none."""
    watched: str
    percent: str
    is_brief: bool


@page("history", "/history", menu=N_("History"))
async def show_history(request: PageRequest) -> PageContent:
    """Show a page of the history."""
    title, number = request.query.get("q", "").strip(), read_page_number(request)
    found = await find_history(request)
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
            "empty": _("No watches match that.") if title else _("Nothing watched yet."),
            "table_path": f"/history.csv?q={quote_query(title)}" if title else "/history.csv",
            "table_label": _("As a table (CSV)"),
            "pager": build_pager(f"/history?q={quote_query(title)}", number, found.total, ROWS),
        },
    )


async def find_history(request: PageRequest) -> HistoryPage:
    """Return the page of the history that is asked for: by its number, or after the last watch of another."""
    title, after = request.query.get("q", "").strip(), request.query.get("after", "")
    offset = 0 if after else read_page_number(request) * ROWS
    asked = GetHistory(title=title, limit=ROWS, offset=offset, asker=request.asker, after=after)
    return await request.ask(asked)


def build_row(record: WatchRecord, request: PageRequest) -> WatchRow:
    """Return the row of a watch."""
    return WatchRow(
        day=format_iso_day(record.ended_at_s, request.zone),
        clock=format_clock(record.ended_at_s, request.zone),
        viewer=clean_line(record.username, 60),
        viewer_path=request.viewer_path(record.viewer_id),
        title=clean_line(display_title(record.item), 120),
        film_path=request.film_path(record_title(record.item), record.item.year),
        night_path=f"/nights/{record.screening_id}" if record.party and not record.brief else "",
        watched=format_duration(record.playing_s),
        percent=format_percent(record.completion_percent),
        is_brief=record.brief,
    )


def build_headings() -> dict[str, str]:
    """Return the headings of the table."""
    return {
        "ended": _("Ended"),
        "viewer": _("Viewer"),
        "film": _("Film"),
        "watched": _("Watched"),
        "seen": _("Seen"),
        "night": _("Night"),
        "brief": _("brief"),
    }


def quote_query(text: str) -> str:
    """Return a text as a part of an address."""
    return quote(text, safe="")
