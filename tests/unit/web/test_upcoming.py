"""Nights to come, and who said that they would come: on Tonight, in the month and in the calendar."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
from msgspec.structs import replace

from actors.web.evening_facts import AGAIN_S, RETRY_S, EveningFacts
from actors.web.pages.tonight import Tonight, build_tonight
from actors.web.pages.upcoming import format_until
from messages import (
    Answer,
    EarnedBadge,
    GetNight,
    GetPageKey,
    ListNights,
    ListUpcomingNights,
    Moment,
    Night,
    NightBadge,
    NightList,
    PageKey,
    Question,
    Screening,
    UpcomingNight,
    UpcomingNights,
)
from tests.deadlines import WITHIN_S
from tests.unit.web.page_stage import RASHOMON, PageStage, make_screening, make_seat, open_stage
from wording.translation import use_language

NOW = Moment(1_795_890_000.0, 100.0)  # 28 November 2026, 19:20 in Berlin
ZONE = ZoneInfo("Europe/Berlin")
DAY = 86_400.0
HOUR = 3600.0


def make_upcoming(at_s: float, *said: str, **changes: object) -> UpcomingNight:
    """Return a night that is planned."""
    night = UpcomingNight("77", "https://discord.com/events/1/77", at_s, RASHOMON, tuple(said))
    return replace(night, **changes)


def build(*nights: UpcomingNight, screening: Screening | None = None, badges: tuple[NightBadge, ...] = ()) -> Tonight:
    """Return what the page shows."""
    shown = () if screening is None else (screening,)
    return build_tonight(shown, NOW, ZONE, heard_at=NOW, silent_after_s=30, upcoming=nights, badges=badges)


@pytest.mark.parametrize(
    ("seconds", "english", "german"),
    [
        (5.0, "in 1 min", "in 1 Min."),
        (12 * 60.0, "in 12 min", "in 12 Min."),
        (3 * HOUR + 300, "in 3 h 5 min", "in 3 Std. 5 Min."),
        (47 * HOUR, "in 47 h", "in 47 Std."),
        (5.2 * DAY, "in 5 days", "in 5 Tagen"),
    ],
)
def test_how_long_until_then(seconds: float, english: str, german: str) -> None:
    """In hours up to two days, in days from then on."""
    assert format_until(seconds) == english
    with use_language("de"):
        assert format_until(seconds) == german


def test_the_next_nights_are_shown_with_interested_members() -> None:
    """The earliest first; not the running one, and not one whose time is over."""
    shown = build(
        make_upcoming(NOW.wall_s - HOUR),
        make_upcoming(NOW.wall_s + HOUR, screening_id="s1"),
        make_upcoming(NOW.wall_s + 2 * HOUR, "1", "2", "3"),
        make_upcoming(NOW.wall_s + 3 * DAY, item=None),
    )
    assert [(row.title, row.until, row.rsvps) for row in shown.upcoming] == [
        ("Rashomon (1950)", "in 2 h", "3 RSVPs"),
        ("Film night", "in 3 days", ""),
    ]
    assert shown.upcoming[0].when == "Saturday, 28 November 2026, 21:20"


def test_the_night_says_who_of_the_interested_came() -> None:
    """Also those who have left again; a hidden viewer is neither named nor counted as present."""
    seats = (
        make_seat("Rosa", (0, 62), viewer_id="1"),
        make_seat("Iris", (0, 30), viewer_id="2", present=False),
        make_seat("Björn", (0, 62), viewer_id="9"),
        replace(make_seat("Somebody", (0, 62)), viewer_id=""),
    )
    screening = make_screening(NOW, 62, seats)
    running = make_upcoming(NOW.wall_s - HOUR, "1", "2", "3", "4", screening_id="s1")
    hero = build(running, screening=screening).hero
    assert hero is not None
    assert hero.others == "1 left · 2 of 4 RSVPs"
    for other in (replace(running, said=()), replace(running, screening_id="another")):
        hero = build(other, screening=screening).hero
        assert hero is not None
        assert hero.others == "1 left"


def test_badges_of_the_evening_are_in_the_feed() -> None:
    """Of those who are seen there."""
    badge = EarnedBadge("owl", "Night Owl", "🦉", "rare", "Watched past midnight.", NOW.wall_s - 60, 1.0)
    screening = make_screening(NOW, 62, (make_seat("Rosa", (0, 62), viewer_id="1"),))
    feed = build(screening=screening, badges=(NightBadge("1", badge), NightBadge("2", badge))).feed
    assert [entry.text for entry in feed if "earned" in entry.text] == ["Rosa earned 🦉 Night Owl"]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[PageStage]:
    """A page that was told of a night in two days, for which two people said that they would come."""
    with open_stage(tmp_path) as opened:
        opened.answer_load()
        opened.persistence = opened.add_neighbour("persistence")  # type: ignore[attr-defined]  # of this test
        opened.discord = opened.add_neighbour("discord")  # type: ignore[attr-defined]  # of this test
        yield opened


def wait_for(stage: PageStage, text: str) -> str:
    """Answer what the page asks, and return Tonight as soon as it says something."""
    end = time.monotonic() + WITHIN_S
    night = make_upcoming(stage.clock.now().wall_s + 2.5 * DAY, "1", "2")
    while text not in (page := stage.get()[2]):
        assert time.monotonic() < end, page
        stage.answer_waiting(stage.persistence, (GetNight, Night(None)))  # type: ignore[attr-defined]  # of this test
        stage.answer_waiting(stage.discord, (ListUpcomingNights, UpcomingNights((night,))))  # type: ignore[attr-defined]  # of this test
    return page


@pytest.mark.parametrize("silent", [GetNight, ListUpcomingNights])
async def test_what_nobody_answered_is_asked_again_soon(silent: type[Question[Any]]) -> None:
    """Not a minute later: the Discord actor, or persistence, may only be restarting."""
    night = make_upcoming(NOW.wall_s + DAY)

    async def ask(question: Question[Any]) -> Answer:
        if isinstance(question, silent):
            raise TimeoutError
        return UpcomingNights((night,)) if isinstance(question, ListUpcomingNights) else Night(None)

    facts = EveningFacts(ask, lambda: (), lambda: None, (TimeoutError,))
    assert await facts._load() == RETRY_S
    silent = GetPageKey
    assert await facts._load() == AGAIN_S
    assert facts.upcoming == (night,)


def test_nothing_on_counts_down_to_the_next_night(stage: PageStage) -> None:
    """In both languages."""
    page = wait_for(stage, "The next film night:")
    for text in ("Rashomon (1950)", "in 2 days", "2 RSVPs", "https://discord.com/events/1/77"):
        assert text in page, text
    assert "Der nächste Filmabend:" in stage.get("/", Accept_Language="de")[2]


def test_a_planned_night_is_in_the_calendar_to_subscribe_to(stage: PageStage) -> None:
    """With its time and length."""
    wait_for(stage, "The next film night:")
    found: list[str] = []
    import threading

    def fetch() -> None:
        found.append(stage.get("/nights.ics")[2])

    reader = threading.Thread(target=fetch)
    reader.start()
    stage.answer(stage.persistence, GetPageKey, PageKey(b"k" * 32))  # type: ignore[attr-defined]  # of this test
    stage.answer(stage.persistence, ListNights, NightList(()))  # type: ignore[attr-defined]  # of this test
    reader.join(WITHIN_S)
    (event,) = icalendar.Calendar.from_ical(found[0]).events
    assert str(event["SUMMARY"]) == "Rashomon (1950)"
    assert (event.end - event.start).total_seconds() == (RASHOMON.duration_ms or 0) / 1000
    assert re.search("2 RSVPs", str(event["DESCRIPTION"]))
