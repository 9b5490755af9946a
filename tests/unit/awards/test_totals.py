"""What watches add up to."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from awards import Totals, add_watches, decade_of, record_title, subtract_explained
from awards.days import PlayedTime, seconds_by_day, weekends_of
from awards.totals import subtract_watches
from messages import Item, WatchRecord
from tests.unit.persistence.record_builders import DAY, EVENING, FILM, record

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str, zone: ZoneInfo = BERLIN) -> float:
    """Seconds since 1970 of a local time."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def test_a_film_counts_once_in_everything() -> None:
    """One watch of a film: a film, its time, its day, its genres, decade and director."""
    totals = add_watches(Totals(), [record()], BERLIN)
    assert (totals.films, totals.episodes, totals.completed, totals.playing_s) == (1, 0, 1, 7200.0)
    assert totals.days == {"2026-11-20": 7200.0}
    assert totals.genres == {"Horror": 1, "Science Fiction": 1}
    assert (totals.decades, totals.directors) == ({"1970s": 1}, {"Ridley Scott": 1})


def test_brief_watches_count_in_nothing() -> None:
    """A brief watch leaves the totals as they were."""
    assert add_watches(Totals(), [record(brief=True)], BERLIN) == Totals()


def test_adding_leaves_the_old_totals_alone() -> None:
    """`add_watches` returns new totals: those it was given stay as they are."""
    before = add_watches(Totals(), [record()], BERLIN)
    copy = before.copy()
    add_watches(before, [record("w2")], BERLIN)
    assert before == copy


def test_an_episode_is_no_film() -> None:
    """Episodes count apart, and complete no film."""
    totals = add_watches(Totals(), [record(media_type="episode")], BERLIN)
    assert (totals.films, totals.episodes, totals.completed, totals.full_films) == (0, 1, 0, 0)


def test_a_watch_over_midnight_is_shared_by_its_two_days() -> None:
    """Two hours from 23:00: an hour on either local day, and past midnight."""
    late = record(started_at_s=at("2026-11-20T23:00"), ended_at_s=at("2026-11-21T01:00"))
    totals = add_watches(Totals(), [late], BERLIN)
    assert totals.days == {"2026-11-20": 3600.0, "2026-11-21": 3600.0}
    assert totals.nights == 1


def test_the_days_between_a_watch_and_its_return_were_not_watched() -> None:
    """A film gone on with three days later played on two days, not on four."""
    resumed = PlayedTime(at("2026-11-20T20:00"), at("2026-11-23T21:00"), 100.0, ())
    assert sorted(seconds_by_day(resumed, BERLIN)) == [
        "2026-11-20",
        "2026-11-23",
    ]


@given(st.floats(0, 2e9), st.floats(0, 30 * DAY), st.floats(0, DAY), st.sampled_from(["UTC", "Europe/Berlin"]))
def test_shares_add_up(start: float, length: float, playing: float, zone: str) -> None:
    """However a watch lies, its days share exactly its playing time, and none gets less than nothing."""
    found = seconds_by_day(PlayedTime(start, start + length, playing, ()), ZoneInfo(zone))
    assert sum(found.values()) == pytest.approx(playing)
    assert min(found.values()) >= -1e-6
    assert 1 <= len(found) <= 2


def test_days_are_those_of_the_time_zone() -> None:
    """23:30 UTC is already the next day in Berlin."""
    late = record(started_at_s=at("2026-11-20T23:30", ZoneInfo("UTC")), ended_at_s=EVENING + 4 * 3600)
    assert list(add_watches(Totals(), [late], BERLIN).days) == ["2026-11-21"]


def test_saturday_and_sunday_are_one_weekend() -> None:
    """Both days of a weekend carry its Saturday; a Friday carries none."""
    days = ["2026-11-20T20:00", "2026-11-21T20:00", "2026-11-22T23:59", "2026-11-23T00:01"]
    watches = [PlayedTime(at(day), at(day), 60.0, ()) for day in days]
    assert [weekends_of(each, BERLIN) for each in watches] == [set(), {"2026-11-21"}, {"2026-11-21"}, set()]


@pytest.mark.parametrize(
    ("start", "is_halloween"),
    [
        ("2026-10-31T17:59", False),
        ("2026-10-31T18:00", True),
        ("2026-11-01T05:30", True),
        ("2026-11-01T06:30", False),
    ],
)
def test_an_evening_lasts_from_six_to_six(start: str, is_halloween: bool) -> None:
    """Halloween night begins at 18:00 of the day and ends at 06:00 of the next."""
    short = record(started_at_s=at(start), ended_at_s=at(start) + 30, playing_s=30.0)
    assert ("10-31" in add_watches(Totals(), [short], BERLIN).evenings) is is_halloween


def test_the_first_seat_counts_in_a_party_and_not_for_the_playing_account() -> None:
    """The playing account always comes first, so only members of the channel can be first."""
    first = record(party=True, first_seat=True)
    hosts = record(party=True, first_seat=True, source="plex")
    alone = record(party=False, first_seat=True)
    assert [add_watches(Totals(), [each], BERLIN).first_seats for each in (first, hosts, alone)] == [1, 0, 0]


@pytest.mark.parametrize(
    ("join", "percent", "wholes"),
    [(0, 100.0, 1), (120_000, 95.0, 1), (120_001, 100.0, 0), (0, 94.9, 0), (None, 100.0, 0), (0, None, 0)],
)
def test_start_to_end(join: int | None, percent: float | None, wholes: int) -> None:
    """From start to end: there within two minutes, and 95 % seen."""
    one = record(join_position_ms=join, completion_percent=percent)
    assert add_watches(Totals(), [one], BERLIN).full_films == wholes


def test_remainder_is_what_the_history_does_not_explain() -> None:
    """Old figures beyond the history are kept once; added to the history they give the old figures."""
    explained = add_watches(Totals(), [record()], BERLIN)
    claimed = Totals(
        films=3,
        completed=1,
        playing_s=20_000.0,
        days={"2026-11-20": 0.0, "2026-11-19": 0.0},
        genres={"Horror": 2, "Drama": 1},
        longest_known_days=9,
    )
    rest = subtract_explained(claimed, explained)
    together = add_watches(rest, [record()], BERLIN)
    assert (together.films, together.completed, together.playing_s) == (3, 1, 20_000.0)
    assert together.genres == {"Horror": 2, "Drama": 1, "Science Fiction": 1}
    assert together.days == {"2026-11-19": 0.0, "2026-11-20": 7200.0}
    assert subtract_explained(explained, explained) == Totals()


def test_remainder_is_never_below_nothing() -> None:
    """Old figures below the history's leave no base: the history is right."""
    assert subtract_explained(Totals(), add_watches(Totals(), [record()], BERLIN)) == Totals()


def test_titles() -> None:
    """An episode shows its show and number as far as they are known."""
    episode = Item("srv", "7", "episode", "Pilot", show="Lost", season=1, episode=2)
    assert record_title(FILM) == "Alien"
    assert record_title(episode) == "Lost – S01E02 – Pilot"
    assert record_title(Item("srv", "7", "episode", "", show="Lost", season=1)) == "Lost – S01"
    assert [decade_of(year) for year in (1979, 2000, None)] == ["1970s", "2000s", ""]


def test_fixture_times_are_in_utc() -> None:
    """So that the other tests mean what they say."""
    assert datetime.fromtimestamp(EVENING, UTC).isoformat() == "2026-11-20T20:00:00+00:00"


FILM_OF_ANOTHER = replace(FILM, rating_key="7", year=1982, genres=("Drama",), directors=("Ann Hui",))

_EVENINGS = st.lists(
    st.builds(
        lambda number, start, minutes, film, fate: record(
            f"w{number}",
            item=FILM if film else FILM_OF_ANOTHER,
            started_at_s=EVENING + start * 3600.0,
            ended_at_s=EVENING + start * 3600.0 + minutes * 60,
            playing_s=minutes * 60.0,
            completed=fate > 1,
            brief=fate == 0,
            party=fate == 3,
            first_seat=fate == 3,
        ),
        st.integers(0, 10**6),
        st.integers(0, 72),
        st.integers(1, 300),
        st.booleans(),
        st.integers(0, 3),
    ),
    max_size=6,
)


@given(_EVENINGS, _EVENINGS, _EVENINGS)
def test_subtracting_a_watch_equals_adding_the_others(
    stay: list[WatchRecord], go: list[WatchRecord], come: list[WatchRecord]
) -> None:
    """To the millisecond."""
    left = add_watches(Totals(), stay, BERLIN)
    less = subtract_watches(add_watches(Totals(), [*stay, *go], BERLIN), go, BERLIN, come, left.days.__contains__)
    assert less is not None
    assert round_totals(add_watches(less, come, BERLIN)) == round_totals(add_watches(left, come, BERLIN))


def round_totals(totals: Totals) -> Totals:
    """Without what the rounding of sums leaves."""
    copy = totals.copy()
    copy.playing_s = round(copy.playing_s, 3)
    copy.days = {day: round(seconds, 3) for day, seconds in copy.days.items()}
    return copy


def test_days_from_an_import_stay_after_subtracting() -> None:
    """They stay days on which something was watched, whatever is subtracted."""
    base = Totals(days={"2026-11-20": 0.0})
    totals = add_watches(base, [record()], BERLIN)
    assert subtract_watches(totals, [record()], BERLIN, [], base.days.__contains__) == base
    assert (
        subtract_watches(add_watches(Totals(), [record()], BERLIN), [record()], BERLIN, [], lambda _day: False)
        == Totals()
    )
    less = subtract_watches(totals, [record()], BERLIN, [record("w2")], lambda _day: False)
    assert less is not None and add_watches(less, [record("w2")], BERLIN).days == {"2026-11-20": 7200.0}


def test_totals_of_another_time_zone_are_recounted() -> None:
    """After a change of TIMEZONE, the watch would be subtracted in another way than it was added."""
    late = record(started_at_s=at("2026-11-20T23:00"), ended_at_s=at("2026-11-21T01:00"))
    totals = add_watches(Totals(), [late, record("w2")], BERLIN)
    assert subtract_watches(totals, [late], ZoneInfo("Asia/Tokyo"), [late], lambda _day: True) is None
    assert subtract_watches(Totals(), [late], BERLIN, [late], lambda _day: True) is None
