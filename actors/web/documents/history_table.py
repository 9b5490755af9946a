"""`/history.csv`: finished watches as a table for a spreadsheet (RFC 4180), all of them or those of a title."""

import csv
import datetime
import io
from collections.abc import AsyncIterator, Iterable

from actors.web.document import LongDocument, document
from actors.web.page import PageRequest
from messages import GetHistory, HistoryPage, WatchRecord
from wording.text import clean_line
from wording.titles import record_title

COLUMNS = ("ended", "started", "viewer", "title", "year", "type", "watched_seconds", "percent", "completed", "night")
"""Programs rely on these names: they are the same in every language."""
ROWS = 100
"""Rows that each question asks for."""
MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""The byte order mark by which spreadsheets recognise UTF-8."""
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""Full-width characters too: spreadsheets set to Chinese or Japanese treat them alike."""


@document("history.csv", "/history.csv")
async def make_history(request: PageRequest) -> LongDocument:
    """Make the table. The first page is loaded at once, so that errors are reported before anything is sent."""
    title = request.query.get("q", "").strip()
    first = await request.ask(GetHistory(title=title, limit=ROWS, asker=request.asker))
    return LongDocument(_iterate_parts(request, title, first), "text/csv", "history.csv")


async def _iterate_parts(request: PageRequest, title: str, page: HistoryPage) -> AsyncIterator[str]:
    yield MARK + format_rows([COLUMNS])
    while page.records:
        yield format_rows(_list_cells(record, request) for record in page.records)
        if not page.next_after:
            return
        page = await request.ask(GetHistory(title=title, limit=ROWS, asker=request.asker, after=page.next_after))


def format_rows(rows: Iterable[Iterable[object]]) -> str:
    """Return rows as lines of CSV. A text that a spreadsheet would treat as a formula gets an apostrophe in front."""
    written = io.StringIO()
    csv.writer(written).writerows([_disarm(cell) for cell in row] for row in rows)
    return written.getvalue()


def _disarm(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell


def _list_cells(record: WatchRecord, request: PageRequest) -> list[object]:
    percent = record.completion_percent
    return [
        _format_local(record.ended_at_s, request),
        _format_local(record.started_at_s, request),
        clean_line(record.username, 200),
        clean_line(record_title(record.item), 500),
        record.item.year or "",
        record.media_type,
        round(record.playing_s),
        "" if percent is None else round(percent, 1),
        int(record.completed),
        f"{request.base_url}/nights/{record.screening_id}" if record.party and not record.brief else "",
    ]


def _format_local(wall_s: float, request: PageRequest) -> str:
    return datetime.datetime.fromtimestamp(round(wall_s), request.zone).isoformat()
