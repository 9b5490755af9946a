"""The page of the leaderboards."""

from collections.abc import Iterable

import msgspec

from actors.web.page import PageContent, PageRequest, page
from messages import SOMEBODY, GetLeaderboard, Leaderboard, LeaderboardKind, LeaderboardRow
from wording.lanes import Face, make_face
from wording.leaderboards import format_ranked_value
from wording.numbers import format_number
from wording.text import clean_line, display_name
from wording.translation import N_, _, ngettext

ROWS = 50
BOARDS: dict[LeaderboardKind, str] = {
    "movies": N_("Films"),
    "time": N_("Time"),
    "streak": N_("Streaks"),
    "badges": N_("Badges"),
}
RANGES = (0, 7, 30, 365)
"""Ranges to choose from, days; 0 for all time."""


class Choice(msgspec.Struct, frozen=True):
    """A choice, as a link."""

    label: str
    path: str
    is_current: bool


class BoardRow(msgspec.Struct, frozen=True):
    """A place."""

    rank: str
    face: Face | None
    """None for an anonymous viewer."""
    name: str
    is_own: bool
    """Whether it is the reader's own."""
    path: str
    """Address of the viewer's page; empty for an anonymous viewer."""
    value: str
    share: float | None
    """Percent of the greatest figure of a named viewer; None for an anonymous viewer."""


@page("board", "/board", menu=N_("Leaderboard"))
async def show_board(request: PageRequest) -> PageContent:
    """Show a page of a leaderboard."""
    kind, days, number = _read_choice(request)
    has_range = kind in ("movies", "time")
    since_s = request.at.wall_s - days * 86_400 if days else None
    board = await find_board(request)
    first = board if not number else await request.ask(GetLeaderboard(kind, since_s, ROWS))
    best = find_best(first.rows) or find_best(board.rows)
    kinds = tuple(Choice(_(name), f"/board?by={each}", each == kind) for each, name in BOARDS.items())
    ranges = tuple(
        Choice(_name_range(each), f"/board?by={kind}&days={each}", each == days) for each in RANGES if has_range
    )
    return PageContent(
        _("Leaderboard"),
        {
            "heading": _("Leaderboard"),
            "kinds": kinds,
            "kinds_label": _("Ranked by"),
            "ranges_label": _("Time range"),
            "server_label": _("The server in figures"),
            "ranges": ranges,
            "rows": build_rows(board, best, request),
            "own_place": _describe_own_place(board),
            "empty": _("Nobody yet. Watch something!"),
            "pager": build_pager(f"/board?by={kind}&days={days}", number, board.total, ROWS),
        },
    )


async def find_board(request: PageRequest) -> Leaderboard:
    """Return the requested page of the leaderboard."""
    kind, days, number = _read_choice(request)
    since_s = request.at.wall_s - days * 86_400 if days else None
    return await request.ask(GetLeaderboard(kind, since_s, ROWS, number * ROWS, request.asker))


def _read_choice(request: PageRequest) -> tuple[LeaderboardKind, int, int]:
    """Return what to rank by, the range in days (0 for all time), and the number of the page, from 0."""
    kind: LeaderboardKind = next((board for board in BOARDS if board == request.query.get("by")), "movies")
    has_range = kind in ("movies", "time")
    days = next((each for each in RANGES if has_range and str(each) == request.query.get("days")), 0)
    return kind, days, read_page_number(request)


def _describe_own_place(board: Leaderboard) -> str:
    """Return the reader's own place in words; empty if they have none, or are not signed in."""
    if board.own is None:
        return ""
    value = format_ranked_value(board.kind, board.own.value)
    return _("Your place: {rank} of {count} · {value}").format(
        rank=format_number(board.own.rank), count=format_number(board.total), value=value
    )


def is_named(row: LeaderboardRow) -> bool:
    """Tell whether a place shows its viewer's name: False for an anonymous one."""
    return row.username != SOMEBODY or bool(row.viewer_id)


def find_best(rows: Iterable[LeaderboardRow]) -> float:
    """Return the greatest figure of a named viewer; 0 if nobody is named.

    Bars are drawn relative to it. If they were relative to an anonymous viewer's figure, they would reveal it.
    """
    return max((row.value for row in rows if is_named(row)), default=0.0)


def build_rows(board: Leaderboard, best: float, request: PageRequest) -> tuple[BoardRow, ...]:
    """Return the rows of a page. An anonymous viewer has a place, but neither name nor figure."""
    rows = []
    for row in board.rows:
        has_name = is_named(row)
        rows.append(
            BoardRow(
                format_number(row.rank),
                make_face(row.viewer_id, row.username) if has_name else None,
                clean_line(display_name(row.username), 60),
                has_name and row.viewer_id == request.asker != "",
                request.viewer_path(row.viewer_id) if has_name else "",
                format_ranked_value(board.kind, row.value) if has_name else "",
                round(100 * row.value / best, 1) if has_name and best else None,
            )
        )
    return tuple(rows)


class Pager(msgspec.Struct, frozen=True):
    """Links to the previous and the next page; empty paths if there are none."""

    before: str
    after: str
    place: str


def build_pager(path: str, number: int, total: int, rows: int) -> Pager:
    """Return the links of page `number` (from 0) of a list of `total` rows. `path`: contains a question mark."""
    pages = max(1, -(-total // rows))
    place = _("Page {page} of {pages}").format(page=format_number(number + 1), pages=format_number(pages))
    return Pager(
        f"{path}&page={number}" if number else "",
        f"{path}&page={number + 2}" if number + 1 < pages else "",
        place if pages > 1 else "",
    )


def read_page_number(request: PageRequest) -> int:
    """Return the number of the requested page, from 0."""
    text = request.query.get("page", "")
    return max(0, int(text) - 1) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def _name_range(days: int) -> str:
    if not days:
        return _("All time")
    return ngettext("Last {days} day", "Last {days} days", days).format(days=days)
