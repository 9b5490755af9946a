"""What the page Tonight shows: the film, who is watching, what happened, and current problems."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from actors.web.pages.tonight import Tonight, build_tonight
from messages import SOMEBODY, Item, Moment, PlayerState, Screening
from messages.base import DurationMs
from tests.unit.web.page_stage import MINUTE_MS, RASHOMON, make_evening, make_screening, make_seat

AT = Moment(1_795_984_800.0, 5000.0)  # 2026-11-29, 21:40 in Berlin
BERLIN = ZoneInfo("Europe/Berlin")


def build(*screenings: Screening, at: Moment = AT, heard_at: Moment | None = AT) -> Tonight:
    """Build the page."""
    return build_tonight(screenings, at, BERLIN, heard_at=heard_at, silent_after_s=30.0)


def test_the_film_says_where_it_is_and_when_it_ends() -> None:
    """The clock is the community's."""
    page = build(make_evening(AT))
    assert page.hero is not None
    assert page.heading == "Rashomon (1950) is playing"
    assert (page.hero.title, page.hero.year) == ("Rashomon", "1950")
    assert page.hero.facts == "Crime, Drama, Mystery · 1\u00a0h\u00a028\u00a0min · played by Rosa"
    assert page.hero.progress.position == "1:02:00"
    assert page.hero.progress.rest == "of 1:28:00 · 26 min left, until 22:06"
    assert (page.hero.watching, page.hero.others) == ("5 watching", "1 left")
    assert page.hero.progress.moves


@pytest.mark.parametrize("state", ["paused", "buffering", "unknown"])
def test_a_film_that_stands_names_no_end(state: PlayerState) -> None:
    """Nobody knows when it will go on."""
    page = build(make_screening(AT, 62, (make_seat("Rosa", (0, 62)),), state=state))
    assert page.hero is not None
    assert not page.hero.progress.moves
    assert page.hero.progress.rest == "of 1:28:00 · 26 min left"


def test_what_happened_is_told_newest_first() -> None:
    """With the film's minute at which it was."""
    assert [(entry.clock, entry.text) for entry in build(make_evening(AT)).feed] == [
        ("21:36", "\u2068אורי\u2069 came back, at 0:58"),
        ("21:20", "Dr. *Noodle* left, at 0:42"),
        ("21:08", "Chiara came in, at 0:30"),
        ("21:03", "\u2068אורי\u2069 left, at 0:25"),
        ("20:38", "Rashomon (1950) began with 5 viewers"),
    ]


def test_a_pause_is_not_shown_as_an_absence() -> None:
    """Sittings have a gap there too, but the film ran for nobody."""
    start = AT.wall_s - 70 * 60
    seats = tuple(make_seat(name, (0, 20), (20.5, 60), at_s=start) for name in ("Rosa", "Iris"))
    assert [entry.text for entry in build(make_screening(AT, 60, seats, started_at_s=start)).feed] == [
        "Rashomon (1950) began with 2 viewers"
    ]


def test_a_watch_party_comes_before_a_larger_crowd() -> None:
    """The others are listed below."""
    crowd = tuple(make_seat(f"v{number}", (0, 5)) for number in range(9))
    general = Item("srv", "2", "movie", "The General", 1926, DurationMs(79 * MINUTE_MS))
    page = build(
        make_screening(AT, 5, crowd, party=False, item=general, screening_id="s2", host="Anton"),
        make_screening(AT, 62, (make_seat("Rosa", (0, 62)),)),
    )
    assert page.hero is not None
    assert page.hero.title == "Rashomon"
    assert [(other.title, other.facts) for other in page.also] == [
        ("The General (1926)", "Anton · playing · 0:05:00 of 1:19:00")
    ]


def test_hidden_viewers_are_in_the_count_alone() -> None:
    """No name, no face, no entry of theirs."""
    hidden = replace(make_seat("Secretive", (30, 62)), viewer_id="", username=SOMEBODY)
    page = build(make_screening(AT, 62, (make_seat("Rosa", (0, 62)), hidden)))
    assert page.hero is not None
    assert page.hero.watching == "2 watching"
    assert len(page.hero.faces) == 1
    assert not any("Somebody" in entry.text or "Secretive" in entry.text for entry in page.feed)


def test_faces_have_the_colours_of_their_lanes() -> None:
    """Whoever left stands among the seats before some of those who watch, and takes no colour of theirs."""
    names = [f"viewer {number}" for number in range(12)]
    seats = [make_seat(name, (0, 62), present=number % 3 != 1) for number, name in enumerate(names)]
    page = build(make_screening(AT, 62, (*seats, make_seat("viewer 3", (5, 20), present=False))))
    assert page.hero is not None and page.chart is not None
    stack = page.hero.faces
    assert stack and stack == tuple(lane.face for lane in page.chart.lanes if not lane.has_left)[: len(stack)]


def test_nothing_is_shown_where_nobody_watches() -> None:
    """Also where a film is still listed that everybody has left."""
    assert build().hero is None
    assert build(make_screening(AT, 62, (make_seat("Rosa", (0, 62), present=False),))).hero is None


def test_an_episode_and_live_tv_say_what_they_are() -> None:
    """Live TV has no length, no lanes and no end."""
    episode = Item(
        "srv", "3", "episode", "Half Loop", 2022, DurationMs(3_000_000), show="Severance", season=1, episode=2
    )
    page = build(make_screening(AT, 5, (make_seat("Rosa", (0, 5)),), item=episode))
    assert page.hero is not None
    assert (page.hero.title, page.hero.year) == ("Severance S01E02 · Half Loop", "")
    live = replace(RASHOMON, duration_ms=None, live=True, title="The news", year=None)
    page = build(make_screening(AT, 0, (make_seat("Rosa", (0, 1)),), item=live, position_ms=None))
    assert page.hero is not None
    assert page.hero.progress.position == "Live"
    assert page.chart is None


def test_a_silent_tracker_is_shown_with_the_time() -> None:
    """A page that shows the past says so; one without any report says that."""
    later = Moment(AT.wall_s + 45, AT.steady_s + 45)
    assert "shown as of 21:40" in build(make_evening(AT), at=later).notice
    assert build(make_evening(AT), at=AT).notice == ""
    assert build(heard_at=None).notice == "Usher is starting and doesn't know yet what is playing."
