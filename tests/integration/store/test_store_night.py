"""A night that is over, asked of a real store."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from messages import SOMEBODY, GetNight, ListNights, SetPrivacy
from persistence.queries import night as night_queries
from persistence.records.viewers import set_privacy
from persistence.store import Store
from tests.unit.persistence.record_builders import DAY, EVENING, ask, finish, open_store, record


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    opened = open_store(tmp_path)
    yield opened
    opened.close()


def hide(store: Store, viewer_id: str) -> None:
    """Make a viewer private."""
    with store.change(EVENING) as change:
        set_privacy(change, SetPrivacy(viewer_id, "x", "private"), EVENING)


def test_a_night_has_everybody_whose_watch_counts(store: Store) -> None:
    """The first to come first; who was there for a moment only is not in it."""
    finish(
        store,
        record("w1", "501", screening_id="s1", party=True),
        record("w2", "502", screening_id="s1", party=True, started_at_s=EVENING + 60),
        record("w3", "503", screening_id="s1", party=True, brief=True),
        record("w4", "504", screening_id="s2", party=True),
    )
    night = ask(store, GetNight("s1"))
    assert night.screening is not None
    assert [seat.viewer_id for seat in night.screening.seats] == ["501", "502"]
    assert night.screening.party
    assert night.screening.seen.wall_s == record("w1", "501").ended_at_s
    assert night.badges
    assert {each.viewer_id for each in night.badges} <= {"501", "502"}


def test_a_private_viewer_is_somebody(store: Store) -> None:
    """Without an id and without badges; they see themselves by name."""
    finish(store, record("w1", "501", screening_id="s1"), record("w2", "502", screening_id="s1"))
    hide(store, "502")
    night = ask(store, GetNight("s1"))
    assert night.screening is not None
    assert [(seat.viewer_id, seat.username) for seat in night.screening.seats][1] == ("", SOMEBODY)
    assert {each.viewer_id for each in night.badges} == {"501"}
    own = ask(store, GetNight("s1", asker="502"))
    assert own.screening is not None
    assert "502" in {seat.viewer_id for seat in own.screening.seats}


def test_a_night_of_hidden_viewers_alone_is_not_there(store: Store) -> None:
    """As if it had never been; the last night is the last one that may be seen."""
    finish(
        store,
        record("w1", "501", screening_id="s1", party=True, started_at_s=EVENING - 9000, ended_at_s=EVENING - 100),
        record("w2", "502", screening_id="s2", party=True),
    )
    hide(store, "502")
    assert ask(store, GetNight("s2")) == ask(store, GetNight("never"))
    last = ask(store, GetNight())
    assert last.screening is not None
    assert last.screening.screening_id == "s1"


def test_nights_of_hidden_viewers_alone_are_not_told_of_as_earlier(store: Store) -> None:
    """A month that leads back to one with nothing in it would say when they watched."""
    finish(
        store,
        record("w1", "501", screening_id="s1", party=True, started_at_s=EVENING - DAY, ended_at_s=EVENING - DAY + 5000),
        record("w2", "502", screening_id="s2", party=True),
    )
    asked = ListNights(EVENING - 60, EVENING + 60)
    assert ask(store, asked).earlier
    hide(store, "501")
    found = ask(store, asked)
    assert [night.screening_id for night in found.nights] == ["s2"]
    assert not found.earlier


def test_of_a_day_with_many_nights_the_first_are_listed_and_all_counted(store: Store) -> None:
    """Those that only hidden viewers saw are not counted; one that a hidden viewer began is on the day of the next."""
    for number in range(5):
        at_s = EVENING + 60 * number
        finish(store, record(f"w{number}", "501", screening_id=f"s{number}", party=True, started_at_s=at_s))
    midnight_s = EVENING + 4 * 3600
    both: dict[str, Any] = {"screening_id": "both", "party": True, "ended_at_s": midnight_s + 3600}
    finish(
        store,
        record("alone", "502", screening_id="alone", party=True, started_at_s=EVENING - 60),
        record("first", "502", started_at_s=midnight_s - 600, **both),
        record("second", "501", started_at_s=midnight_s + 600, **both),
    )
    asked = ListNights(EVENING - DAY, EVENING + DAY, most_a_day=2)
    found = ask(store, asked)
    assert [night.screening_id for night in found.nights] == ["alone", "s0"]
    assert [(day.nights, day.listed) for day in found.days] == [(7, 2)]
    hide(store, "502")
    found = ask(store, asked)
    assert [night.screening_id for night in found.nights] == ["s0", "s1", "both"]
    assert [(day.nights, day.listed) for day in found.days] == [(5, 2), (1, 1)]
    evening = ask(store, ListNights(EVENING - DAY, midnight_s, most_a_day=9))
    assert [night.screening_id for night in evening.nights] == ["s0", "s1", "s2", "s3", "s4"]
    later = ask(store, ListNights(midnight_s, EVENING + DAY, most_a_day=9))
    assert [night.screening_id for night in later.nights] == ["both"]


def test_of_more_nights_than_a_list_has_the_newest_are_there(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first of these to begin first: who reads a feed looks for what is new."""
    finish(
        store,
        *(record(f"w{n}", screening_id=f"s{n}", party=True, started_at_s=EVENING + n) for n in range(5)),
    )
    monkeypatch.setattr(night_queries, "MOST_NIGHTS", 2)
    assert [each.screening_id for each in ask(store, ListNights(0.0, 2e10)).nights] == ["s3", "s4"]
