"""What is drawn: attendance counted by minute, the same in words, within every limit."""

import datetime
from typing import Any

import pytest
from msgspec.structs import replace

from charts.picture import MOST_LANES, LanesPanel, YearPanel
from messages import SOMEBODY, GetMovieStats, GetViewerStats, MovieStats, ScreeningEnded, ViewerProfile
from tests.unit.discord import samples
from wording import chart_data

MINUTE = 60_000
LONG = "Ω" * 10_000


def end_film(*seats: Any, **changes: Any) -> ScreeningEnded:
    """A film of two hours that ended."""
    return ScreeningEnded(samples.NOW, samples.screening(seats=seats, **changes))


def test_the_attendance_counts_viewers_of_each_minute() -> None:
    """One saw all, one only the second hour and then the start; a brief one is not counted."""
    picture = chart_data.night_chart(
        end_film(
            samples.seat("Ana", spans=((0, 120 * MINUTE),)),
            samples.seat("Ben", viewer_id="2", spans=((0, 10 * MINUTE), (60 * MINUTE, 120 * MINUTE))),
            samples.seat("Zoe", viewer_id="3", spans=((0, MINUTE),), brief=True),
        )
    )
    assert picture is not None
    (panel,) = picture.panels
    assert isinstance(panel, LanesPanel)
    assert panel.watching == ((0, 2), (10 * MINUTE, 1), (60 * MINUTE, 2), (120 * MINUTE, 0))
    assert panel.length_ms == 120 * MINUTE
    assert [lane.name for lane in panel.lanes] == ["Ana", "Ben"]
    assert panel.lanes[1].note == "away 0:10 to 1:00"
    assert picture.alt.startswith(
        "Viewers at each minute of the film: 0:00:00 2, 0:10:00 1, 1:00:00 2. Ana saw 0:00 to"
    )


def test_one_viewer_in_two_seats_counts_once() -> None:
    """Who left and came back is one person."""
    seats = [samples.seat("Ana", spans=((0, 60 * MINUTE),)), samples.seat("Ana", spans=((0, 120 * MINUTE),))]
    picture = chart_data.night_chart(end_film(*seats))
    assert picture is not None
    assert isinstance(picture.panels[0], LanesPanel)
    assert picture.panels[0].watching == ((0, 1), (120 * MINUTE, 0))
    (lane,) = picture.panels[0].lanes
    assert (lane.spans, lane.percent, lane.note) == (((0, 120 * MINUTE),), "100 %", "all of it")


@pytest.mark.parametrize("seats", [(), (samples.seat(),), (samples.seat(spans=((0, MINUTE),), brief=True),)])
def test_a_night_without_minutes_has_no_picture(seats: tuple[object, ...]) -> None:
    """No seats, none with minutes, only brief ones."""
    assert chart_data.night_chart(end_film(*seats)) is None


def test_a_crowd_and_a_long_title_stay_within_limits() -> None:
    """250 viewers, a title of 10,000 letters: the words fit a file's description."""
    crowd = [
        samples.seat(LONG, viewer_id=str(number), spans=((number * 1000, (250 + number) * 10_000),))
        for number in range(250)
    ]
    picture = chart_data.night_chart(end_film(*crowd, item=samples.item(LONG)))
    assert picture is not None
    assert len(picture.alt) <= 1024
    (panel,) = picture.panels
    assert isinstance(panel, LanesPanel)
    assert len(panel.film) < 300 and len(panel.lanes) == MOST_LANES
    assert panel.more == ("… and 230 more, who saw 35 % on average",)
    assert max(number for _at, number in panel.watching) > 200, "everybody counts"


def test_hidden_viewers_have_no_lane() -> None:
    """They are one line, and count in no curve; where all are hidden there is no picture."""
    hidden = samples.seat(SOMEBODY, viewer_id="", spans=((0, 60 * MINUTE),))
    picture = chart_data.night_chart(end_film(samples.seat("Ana", spans=((0, 120 * MINUTE),)), hidden, hidden))
    assert picture is not None and isinstance(picture.panels[0], LanesPanel)
    assert [lane.name for lane in picture.panels[0].lanes] == ["Ana"]
    assert picture.panels[0].more == ("and 2 hidden",)
    assert picture.panels[0].watching == ((0, 1), (120 * MINUTE, 0))
    assert SOMEBODY not in str(picture)
    assert chart_data.night_chart(end_film(hidden)) is None


def test_an_empty_community_has_no_picture() -> None:
    """Twelve weeks of nothing."""
    weeks = tuple((f"2026-0{number}-01", 0.0) for number in range(1, 10))
    assert chart_data.community_chart(MovieStats(0, 0, 0, 0, 0.0, (), (), (), (), (), weeks), "") is None


def test_a_year_is_drawn_up_to_today() -> None:
    """With its hours and days in words."""
    profile = ViewerProfile(samples.viewer(), (), (), 1, (("2026-11-01", 3600.0), ("2026-11-02", 7200.0)))
    picture = chart_data.viewer_chart(profile, datetime.date(2026, 11, 22))
    assert picture is not None
    assert isinstance(picture.panels[0], YearPanel)
    assert picture.panels[0].until == "2026-11-22"
    assert picture.alt == "The last year: 3 h on 2 days. Genres: Drama 7, Comedy 3"


def test_a_viewer_without_a_year_has_no_picture() -> None:
    """Nobody, and somebody whose watches are older."""
    today = datetime.date(2026, 11, 22)
    assert chart_data.viewer_chart(ViewerProfile(None, (), ()), today) is None
    assert chart_data.viewer_chart(ViewerProfile(samples.viewer(), (), ()), today) is None


async def test_names_without_a_font_are_listed_beside_the_picture(room: Any, actors: Any) -> None:
    """With the number at their bar, and escaped; the others are only in the picture."""
    genres = {"Drama": 7, "ᏣᎳᎩ": 3, "བོད་": 1}
    profile = ViewerProfile(replace(samples.viewer(), genres=genres), (), (), 1, (("2026-11-01", 3600.0),))
    stats = MovieStats(3, 3, 1, 1, 60.0, (), tuple(genres.items()), (), (), (), ())
    actors.answers |= {GetViewerStats: profile, GetMovieStats: stats}
    for name in ("stats", "moviestats"):
        reply, _view = await room.env.bot.directory.own.pages.build(name, "1|Ana" if name == "stats" else "", asker="1")
        said = [field.value for field in reply.beside.fields if "Genres" in field.name]
        assert said == ["№ 2 ᏣᎳᎩ\n№ 3 བོད་"]
