"""Who has seen a film, asked of a real store."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from messages import (
    GetCommunityYear,
    GetCompanions,
    GetMovieStats,
    GetWhoSaw,
    GetYear,
    SetPrivacy,
    SuggestTitles,
    VoiceMember,
    WatchRecord,
    WhoSaw,
)
from persistence.queries.who_saw import SeenWatch, percent_seen, split_year
from persistence.records.viewers import set_privacy
from persistence.store import Store
from tests.unit.persistence.record_builders import DAY, EVENING, FILM, finish, open_store, record
from tests.unit.persistence.record_builders import ask as ask_store

REMAKE = replace(FILM, rating_key="200", year=2017)
PART: dict[str, Any] = {"completed": False, "completion_percent": 25.0, "spans": ((0, 1_800_000),)}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    opened = open_store(tmp_path)
    yield opened
    opened.close()


def ask(store: Store, title: str = "alien", *running: WatchRecord, **changes: Any) -> WhoSaw:
    """The answer to `whosaw`."""
    asked = GetWhoSaw(title, 80.0, **changes)
    return ask_store(store, asked, *running, at_s=EVENING + DAY)


def states(found: WhoSaw) -> dict[str, str]:
    """Each viewer's state."""
    return {viewer.viewer_id: viewer.state for viewer in found.viewers}


def test_seen_in_part_and_not_yet(store: Store) -> None:
    """Of those asked after: whole with its time, in part with its share, not yet; who has not is first."""
    finish(store, record("w1", "501"), record("w2", "502", **PART))
    people = tuple(VoiceMember(number, f"V{number}") for number in ("501", "502", "503"))
    found = ask(store, members=people)
    assert [(viewer.username, viewer.state) for viewer in found.viewers] == [
        ("V503", "not_yet"),
        ("V502", "in_part"),
        ("V501", "seen"),
    ]
    assert (found.not_yet, found.in_part, found.seen) == (1, 1, 1)
    assert found.viewers[1].percent == pytest.approx(25.0)
    assert found.viewers[2].at_s == EVENING + 7200


def test_the_others_who_have_seen_it_come_after_those_asked_after(store: Store) -> None:
    """Whoever is not there is told only where they have seen it, after those who are; nobody hidden is."""
    finish(store, record("w1", "501"), record("w2", "502", **PART), record("w3", "503"), record("w4", "504"))
    finish(store, record("w5", "505", item=replace(FILM, rating_key="300", title="Brazil", guid="plex://movie/300")))
    with store.change(EVENING) as change:
        set_privacy(change, SetPrivacy("504", "V504", "private"), EVENING)
    found = ask(store, members=(VoiceMember("501", "V501"), VoiceMember("506", "V506")))
    assert [(viewer.viewer_id, viewer.state, viewer.other) for viewer in found.viewers] == [
        ("506", "not_yet", False),
        ("501", "seen", False),
        ("502", "in_part", True),
        ("503", "seen", True),
    ]
    assert (found.not_yet, found.in_part, found.seen) == (1, 0, 1)
    assert (found.others_in_part, found.others_seen) == (1, 1)


def test_two_halves_are_a_whole(store: Store) -> None:
    """What was seen in several sittings counts together, and what overlaps counts once."""
    half: dict[str, Any] = {"completed": False, "completion_percent": 55.0}
    finish(store, record("w1", spans=((0, 3_960_000),), **half))
    assert states(ask(store)) == {"501": "in_part"}
    finish(store, record("w2", spans=((3_240_000, 7_200_000),), **half))
    found = ask(store)
    assert states(found) == {"501": "seen"}
    assert found.viewers[0].percent == pytest.approx(100.0)


def test_brief_watches_count_as_none(store: Store) -> None:
    """Half a minute of it is not having seen it."""
    finish(store, record("w1", "501", brief=True, **PART), record("w2", "502"))
    assert states(ask(store)) == {"501": "not_yet", "502": "seen"}


def test_a_remake_is_another_film(store: Store) -> None:
    """The most watched is meant and the other is named; with its year the other is meant."""
    finish(store, record("w1", "501"), record("w2", "502"), record("w3", "503", item=REMAKE))
    found = ask(store)
    assert found.film is not None and found.film.year == 1979
    assert [film.year for film in found.others] == [2017]
    assert states(found) == {"501": "seen", "502": "seen", "503": "not_yet"}
    assert states(ask(store, "Alien (2017)")) == {"501": "not_yet", "502": "not_yet", "503": "seen"}


def test_the_exact_title_goes_before_the_most_watched(store: Store) -> None:
    """ "Alien" is Alien, however often Aliens was watched."""
    aliens = replace(FILM, rating_key="300", title="Aliens", year=1986)
    finish(store, record("w1"), record("w2", "502", item=aliens), record("w3", "503", item=aliens))
    found = ask(store, "ALIEN")
    assert found.film is not None and found.film.title == "Alien"
    most = ask(store, "lien")
    assert most.film is not None and most.film.title == "Aliens"


def test_what_runs_now_counts(store: Store) -> None:
    """Somebody who watches it now, and was never seen before, has seen it in part."""
    finish(store, record("w1", "501"))
    found = ask(store, "alien", record("w9", "509", **PART))
    assert states(found) == {"509": "in_part", "501": "seen"}
    assert found.viewers[0].now


def test_pages_of_many(store: Store) -> None:
    """250 people: every page holds what it should, and the counts are of all."""
    finish(store, record("w1", "7"))
    people = tuple(VoiceMember(str(number), f"V{number:03}") for number in range(250))
    pages = [ask(store, members=people, limit=20, offset=offset).viewers for offset in range(0, 260, 20)]
    assert [viewer.viewer_id for page in pages for viewer in page] == [
        *(str(number) for number in range(250) if number != 7),
        "7",
    ]
    assert ask(store, members=people).not_yet == 249


def test_a_film_nobody_watched(store: Store) -> None:
    """It is called unknown, also in an empty store."""
    assert ask(store, "Metropolis").film is None
    assert ask(store, "Metropolis (1927)").film is None


def test_names_with_years() -> None:
    """A year in brackets at the end is a year."""
    assert split_year("Alien (1979)") == ("Alien", 1979)
    assert split_year("1917") == ("1917", None)
    assert split_year("(1979)") == ("(1979)", None)


def test_a_share_is_at_least_the_largest_recorded_one() -> None:
    """An imported record has a share and no spans; without a length there is none."""
    imported = record(spans=(), completion_percent=70.0)
    assert percent_seen([SeenWatch.of(imported), SeenWatch.of(record(**PART))]) == pytest.approx(70.0)
    unknown = replace(FILM, duration_ms=None)
    assert percent_seen([SeenWatch.of(record(item=unknown, completion_percent=None))]) is None


def test_a_viewers_year_from_the_store(store: Store) -> None:
    """The rows of that year with what runs now, the company of parties, and the badges of the year."""
    party: dict[str, Any] = {"party": True, "screening_id": "p1"}
    finish(store, record("w1", "501", **party), record("w2", "502", **party))
    host = record("w3", "plex:srv:1", source="plex", channel_id="c", **party)
    finish(store, host, record("w4", "503", brief=True, **party))
    late = record("w9", "501", started_at_s=EVENING + DAY, ended_at_s=EVENING + DAY + 600, playing_s=600.0)
    found = ask_store(store, GetYear("501", 2026), late, at_s=EVENING + DAY)
    assert found.username == "name 501"
    assert (found.figures.films, found.figures.watch_time_s) == (2, 7800.0)
    assert found.figures.companion == ("name 502", 1.0)
    assert found.badges
    empty = ask_store(store, GetYear("501", 2025), late, at_s=EVENING + DAY)
    assert (empty.figures.films, empty.badges) == (0, ())
    assert ask_store(store, GetYear("404", 2026), at_s=EVENING).username == ""


def test_who_watches_at_the_same_time_at_home_is_company(store: Store) -> None:
    """Three accounts that played a film together: each has company, and it is the biggest night of the year."""
    together: dict[str, Any] = {"party": True, "screening_id": "t1", "source": "plex"}
    finish(store, *(record(f"w{number}", f"plex:srv:{number}", **together) for number in (1, 2, 3)))
    finish(
        store, record("w4", "501", party=True, screening_id="p1"), record("w5", "502", party=True, screening_id="p1")
    )
    year = ask_store(store, GetYear("plex:srv:1", 2026), at_s=EVENING)
    assert year.figures.companion is not None and year.figures.companion[1] == 1.0
    night = ask_store(store, GetCommunityYear(2026), at_s=EVENING).night
    assert night is not None and night.viewers == 3


def test_with_whom_a_viewer_watches(store: Store) -> None:
    """Who was at most of the last parties comes first, what runs among them; the screen and hidden viewers do not."""
    for number, others in enumerate((("502", "503"), ("502",), ("504",)), 1):
        party: dict[str, Any] = {"party": True, "screening_id": f"p{number}"}
        finish(store, *(record(f"w{number}-{who}", who, **party) for who in ("501", *others)))
        finish(store, record(f"s{number}", "plex:srv:1", source="plex", channel_id="c", **party))
    finish(store, record("alone", "501", screening_id="p9"))
    with store.change(EVENING) as change:
        set_privacy(change, SetPrivacy("504", "name", "private"), EVENING)
    now = [record(f"now-{who}", who, party=True, screening_id="now") for who in ("501", "503")]
    found = ask_store(store, GetCompanions("501"), *now, at_s=EVENING)
    assert [(row.viewer_id, row.username, row.parties) for row in found.rows] == [
        ("502", "name 502", 2),
        ("503", "name 503", 2),
    ]
    assert found.parties == 4
    assert ask_store(store, GetCompanions("504"), at_s=EVENING).rows == ()
    assert [row.viewer_id for row in ask_store(store, GetCompanions("504", "504"), at_s=EVENING).rows] == ["501"]
    with store.change(EVENING) as change:
        set_privacy(change, SetPrivacy("501", "name", "anonymous"), EVENING)
    assert ask_store(store, GetCompanions("501"), at_s=EVENING).rows == ()


def test_everybodys_year_from_the_store(store: Store) -> None:
    """Everybody's watches of that year; a running watch takes the place of its own record."""
    finish(store, record("w1", "501"), record("w2", "502"), record("w3", "503", brief=True))
    again = record("w1", "501", playing_s=9000.0)
    found = ask_store(store, GetCommunityYear(2026), again, at_s=EVENING + DAY)
    assert (found.viewers, found.figures.films, found.figures.watch_time_s) == (2, 2, 16200.0)
    assert [row.viewer_id for row in found.top] == ["501", "502"]
    assert ask_store(store, GetCommunityYear(2020), at_s=EVENING).viewers == 0


def test_a_film_that_only_hidden_viewers_saw_is_not_named(store: Store) -> None:
    """In no suggestion, list or total by title; totals over everything count everybody."""
    secret = replace(FILM, rating_key="300", title="Aliens")
    finish(store, record("w1", "501"), record("w2", "502", item=secret, party=True, screening_id="s9"))
    with store.change(EVENING) as change:
        set_privacy(change, SetPrivacy("502", "Ben", "private"), EVENING)
    running = record("w3", "502", item=secret)
    assert ask_store(store, SuggestTitles("ali")).titles == ("Alien",)
    everything = ask_store(store, GetMovieStats(), running)
    assert (everything.watches, everything.titles) == (3, 2)
    assert [film.title for film in everything.most_watched] == ["Alien"]
    by_title = ask_store(store, GetMovieStats("aliens"), running)
    assert (by_title.watches, by_title.viewers, by_title.watch_time_s) == (0, 0, 0)
    assert sum(seconds for _, seconds in by_title.weeks) == 0
    assert ask_store(store, GetWhoSaw("aliens", 80.0), running).film is None
    year = ask_store(store, GetCommunityYear(2026), running, at_s=EVENING + DAY)
    assert [film.title for film in year.films] == ["Alien"]
    assert year.viewers == 2 and year.night is None
    with store.change(EVENING) as change:
        set_privacy(change, SetPrivacy("502", "Ben", "open"), EVENING)
    assert ask_store(store, SuggestTitles("ali")).titles == ("Alien", "Aliens")
    assert ask_store(store, GetMovieStats("aliens"), running).watches == 2
