"""Rankings: an anonymous viewer has a rank, and nothing reveals the figure."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from actors.web.page import PageRequest
from actors.web.pages.board import ROWS, show_board
from actors.web.pages.server import build_places
from messages import SOMEBODY, GetLeaderboard, Leaderboard, LeaderboardRow, Moment

TOP = (
    LeaderboardRow(1, "", SOMEBODY, 400.0),
    LeaderboardRow(2, "501", "Iris", 200.0),
    LeaderboardRow(3, "502", "Björn", 100.0),
)
LAST = (LeaderboardRow(26, "503", "Chiara", 20.0), LeaderboardRow(27, "", SOMEBODY, 10.0))


def make_request(**query: str) -> PageRequest:
    """Return a request of somebody who asks a leaderboard of two pages."""

    async def ask(question: Any, timeout_s: float = 5.0, *, target: str = "") -> Any:
        assert isinstance(question, GetLeaderboard)
        return Leaderboard("movies", LAST if question.offset else TOP[: question.limit], ROWS + 2)

    return PageRequest(ask, Moment(1_795_890_000.0, 100.0), ZoneInfo("UTC"), "en", lambda _item: "", query=query)


@pytest.mark.parametrize(("page", "shares"), [("1", [None, 100.0, 50.0]), ("2", [10.0, None])])
async def test_bars_do_not_reveal_the_figure_of_an_anonymous_viewer(page: str, shares: list[float | None]) -> None:
    """Their scale is the greatest figure that is shown."""
    content = await show_board(make_request(page=page))
    assert [row.share for row in content.values["rows"]] == shares


def test_bars_of_a_year_do_not_reveal_it_either() -> None:
    """By the same scale."""
    places = build_places(TOP, make_request())
    assert [place.bar.name for place in places] == ["Somebody", "Iris", "Björn"]
    assert not places[0].bar.figure
    assert [place.bar.percent for place in places] == [0.0, 100.0, 50.0]
