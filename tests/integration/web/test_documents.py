"""The calendar, the feed and the table of the page, beside a real store; judged by libraries that read such things."""

from __future__ import annotations

import csv
import datetime
import io
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import icalendar
import pytest

from actors.web.documents.history_table import format_rows
from messages import Item
from messages.base import DurationMs
from tests.integration.web.page_house import IDS, PageHouse, make_club, open_house
from tests.unit.persistence.record_builders import EVENING, finish, open_store, record

NIGHTS = 12
HOSTILE = '=cmd|"/c calc"!A1,;:\\n\\\r\nEND:VEVENT\r\nBEGIN:VEVENT\x00 </entry><script>alert(1)</script> \u202eevil'
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module")
def club(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with nights, two watches of a hostile film, and one of a title of 10,000 letters."""
    folder = make_club(tmp_path_factory.mktemp("club") / "data", NIGHTS)
    store = open_store(folder)
    for number, title in enumerate((HOSTILE, "שלום" * 5, "é" * 10_000)):
        item = Item("srv", f"h{number}", "movie", title, 1999, DurationMs(5_400_000))
        for viewer, name in ((IDS["Iris"], "Iris"), (str(900 + number), HOSTILE)):
            finish(
                store,
                record(
                    f"hostile{number}-{viewer}",
                    viewer,
                    item,
                    username=name,
                    screening_id=f"hostile{number}",
                    party=True,
                    started_at_s=EVENING - 40 * 86_400 + number * 86_400,
                    ended_at_s=EVENING - 40 * 86_400 + number * 86_400 + 5400,
                ),
            )
    store.close()
    return folder


@pytest.fixture(scope="module")
def house(club: Path) -> Iterator[PageHouse]:
    """A page beside that store; nobody changes it."""
    with open_house(club) as opened:
        yield opened


@pytest.fixture
def own_house(club: Path, tmp_path: Path) -> Iterator[PageHouse]:
    """A page beside a store of the test's own."""
    with open_house(Path(shutil.copytree(club, tmp_path / "data"))) as opened:
        yield opened


def read_calendar(house: PageHouse, language: str = "en") -> Any:
    """Return the calendar as a library reads it."""
    status, headers, text = house.get("/nights.ics", Accept_Language=language)
    assert (status, headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    calendar = icalendar.Calendar.from_ical(text)
    assert isinstance(calendar, icalendar.Calendar)
    assert calendar.errors == []
    return calendar


def test_the_calendar_is_valid(house: PageHouse) -> None:
    """Every night once, with what RFC 5545 asks of an event, and its time in UTC."""
    events = read_calendar(house).events
    assert len(events) == NIGHTS + 3
    assert len({event["UID"] for event in events}) == len(events)
    for event in events:
        assert event.errors == []
        start, end = event.start, event.end
        assert isinstance(start, datetime.datetime)
        assert isinstance(end, datetime.datetime)
        for instant in (start, end, event["DTSTAMP"].dt):
            assert instant.utcoffset() == datetime.timedelta()
        assert start < end
    newest = max(events, key=lambda event: event["DTSTART"].dt)
    assert newest["DTSTART"].dt.timestamp() == EVENING
    path = f"/nights/night{NIGHTS - 1}"
    assert str(newest["URL"]) == f"http://127.0.0.1:{house.port}{path}"
    assert house.get(path)[0] == 200


def test_the_calendar_says_the_same_twice(house: PageHouse) -> None:
    """A program that looks again is told that nothing changed."""
    _status, headers, first = house.get("/nights.ics")
    assert house.get("/nights.ics", If_None_Match=headers["ETag"])[0] == 304
    assert house.get("/nights.ics")[2] == first


def test_no_title_breaks_the_calendar(house: PageHouse) -> None:
    """Whatever a film is called: no line is longer than 75 bytes, and no event ends early."""
    content = house.get_bytes("/nights.ics")[2]
    lines = content.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert b"\n" not in content.replace(b"\r\n", b"")
    for line in lines:
        line.decode()  # no letter is cut in two
    titles = [str(event["SUMMARY"]) for event in read_calendar(house).events]
    assert any(title.startswith('=cmd|"/c calc"!A1,;:\\n\\ END:VEVENT BEGIN:VEVENT') for title in titles)
    assert not any("\u202e" in title for title in titles)
    assert max(map(len, titles)) <= 210


def test_calendar_and_feed_speak_both_languages(house: PageHouse) -> None:
    """By the header, as pages do."""
    assert read_calendar(house, "de")["NAME"] == "Filmabende"
    assert "Filmabende" in house.get("/feed.xml", Accept_Language="de")[2]
    assert "Zuschauer" in house.get("/feed.xml", Accept_Language="de")[2]


def test_the_feed_is_atom(house: PageHouse) -> None:
    """Well formed, with what RFC 4287 asks of a feed and its entries, the newest first."""
    status, headers, text = house.get("/feed.xml")
    assert (status, headers["Content-Type"]) == (200, "application/atom+xml; charset=utf-8")
    feed = ET.fromstring(text)  # noqa: S314  # our own
    assert feed.tag == f"{ATOM}feed"
    for name in ("id", "title", "updated"):
        assert len(feed.findall(f"{ATOM}{name}")) == 1
    entries = feed.findall(f"{ATOM}entry")
    assert len(entries) == NIGHTS + 3
    assert len({entry.findtext(f"{ATOM}id") for entry in entries}) == len(entries)
    times = [entry.findtext(f"{ATOM}published") or "" for entry in entries]
    assert times == sorted(times, reverse=True)
    for entry in entries:
        for name in ("id", "title", "updated"):
            assert len(entry.findall(f"{ATOM}{name}")) == 1
        datetime.datetime.fromisoformat(entry.findtext(f"{ATOM}updated") or "")
        assert entry.find(f"{ATOM}script") is None


def read_table(house: PageHouse, path: str = "/history.csv") -> list[dict[str, str]]:
    """Return the rows of the table, by their columns."""
    status, headers, text = house.get(path)
    assert (status, headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert headers["Content-Disposition"] == "attachment; filename*=UTF-8''history.csv"
    assert text.startswith("\N{ZERO WIDTH NO-BREAK SPACE}ended,started,")
    return list(csv.DictReader(io.StringIO(text[1:], newline="")))


def test_the_table_has_every_watch(house: PageHouse) -> None:
    """Once, the newest first, with times that say their zone."""
    rows = read_table(house)
    assert f">{len(rows)} watches<" in house.get("/history")[2]
    ended = [datetime.datetime.fromisoformat(row["ended"]) for row in rows]
    assert ended == sorted(ended, reverse=True)
    assert all(time.utcoffset() in (datetime.timedelta(hours=1), datetime.timedelta(hours=2)) for time in ended)


def test_the_table_of_a_title(house: PageHouse) -> None:
    """Has the watches of this title alone."""
    rows = read_table(house, "/history.csv?q=metro")
    assert {row["title"] for row in rows} <= {"Metropolis"}


def test_no_cell_is_a_formula(house: PageHouse) -> None:
    """A spreadsheet would run it."""
    rows = read_table(house)
    assert any(row["title"].startswith("'=cmd|") and row["viewer"].startswith("'=cmd|") for row in rows)
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    wide = ("＝1+1", "＋1", "－1", "＠A1")
    assert format_rows([wide]) == ",".join(f"'{cell}" for cell in wide) + "\r\n"


@pytest.mark.parametrize("path", ["/nights.ics", "/feed.xml", "/history.csv"])
def test_hidden_viewers_are_in_no_document(own_house: PageHouse, path: str) -> None:
    """Neither the name nor what nobody else saw."""
    own_house.choose_privacy("Iris", "private")
    own_house.wait_until_changed("/viewers", "Iris")
    text = own_house.get(path)[2]
    assert "Iris" not in text
    for viewer_id in IDS.values():
        assert f",{viewer_id}," not in text
