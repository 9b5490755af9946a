"""Names on a public page: numbers instead, and no order that reveals them."""

from __future__ import annotations

import pytest

from messages import (
    SOMEBODY,
    Companion,
    CompanionList,
    FilmRecord,
    FilmViewer,
    GetCompanions,
    GetFilm,
    GetLeaderboard,
    Leaderboard,
    LeaderboardRow,
    ListViewers,
    PublicNumber,
    ViewerEntry,
    ViewerList,
)
from viewers.public_names import NamelessView

NUMBERS = {"Ada": 3, "Björn": 1, "Chiara": 2}
NAMES = NamelessView([PublicNumber(name, number) for name, number in NUMBERS.items()])
BY_NUMBER = ["Viewer 1", "Viewer 2", "Viewer 3"]


@pytest.mark.parametrize("sort", ["time", "movies"])
def test_equal_figures_are_not_in_the_order_of_names(sort: str) -> None:
    """Whoever knows all names could tell from it whose number is whose."""
    entries = [ViewerEntry(name, name, 5, 60.0 if sort == "time" else 60.0 * len(name), "") for name in NUMBERS]
    best = ViewerEntry("new", "Zoe", 9, 999.0, "")
    asked = ListViewers("", sort)  # type: ignore[arg-type]  # one of them
    found = NAMES.rename(asked, ViewerList((best, *entries), 4))
    assert [each.username for each in found.viewers] == ["Viewer", *BY_NUMBER]


def test_equal_places_are_not_in_the_order_of_names() -> None:
    """Who is anonymous comes last among them."""
    rows = [LeaderboardRow(1, name, name, 5.0) for name in NUMBERS]
    board = Leaderboard("movies", (*rows, LeaderboardRow(1, "", SOMEBODY, 5.0)), 4)
    found = NAMES.rename(GetLeaderboard("movies"), board)
    assert [each.username for each in found.rows] == [*BY_NUMBER, SOMEBODY]


def test_equal_companions_are_not_in_the_order_of_names() -> None:
    """Those who share the same number of watch parties come by their number."""
    rows = tuple(Companion(name, name, 3) for name in NUMBERS)
    found = NAMES.rename(GetCompanions("x"), CompanionList((Companion("new", "Bo", 5), *rows), 9))
    assert [each.username for each in found.rows] == ["Viewer", *BY_NUMBER]


def test_equal_shares_of_a_film_are_not_in_the_order_of_names() -> None:
    """Most viewers have seen all of it."""
    viewers = tuple(FilmViewer(name, name, (), 100.0, 1, 0.0) for name in NUMBERS)
    found = NAMES.rename(GetFilm("x"), FilmRecord(None, viewers=(*viewers, FilmViewer("new", "Bo", (), 3.0, 1, 0.0))))
    assert [each.username for each in found.viewers] == [*BY_NUMBER, "Viewer"]
