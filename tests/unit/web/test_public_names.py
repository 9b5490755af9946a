"""What people are called on a page that all may read, and that nothing there tells their names."""

from __future__ import annotations

import pytest

from messages import (
    SOMEBODY,
    FilmRecord,
    FilmViewer,
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
    """Whoever knows the names of all could tell by it whose number is whose."""
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


def test_who_saw_as_much_of_a_film_is_not_in_the_order_of_names() -> None:
    """Most have seen all of it."""
    viewers = tuple(FilmViewer(name, name, (), 100.0, 1, 0.0) for name in NUMBERS)
    found = NAMES.rename(GetFilm("x"), FilmRecord(None, viewers=(*viewers, FilmViewer("new", "Bo", (), 3.0, 1, 0.0))))
    assert [each.username for each in found.viewers] == [*BY_NUMBER, "Viewer"]
