"""When the community watches, asked of a real store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from messages import CommunityTimes, GetCommunityTimes, SetPrivacy
from persistence.records.viewers import set_privacy
from persistence.store import Store
from tests.unit.persistence.record_builders import DAY, EVENING, ask, finish, open_store, record

FRIDAY_EVENING = 4 * 24 + 20


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Fifteen parties, of one viewer up to five; the smallest first."""
    opened = open_store(tmp_path)
    for number in range(15):
        at_s = EVENING - 7 * number * DAY
        viewers = range(1 + number % 5)
        finish(
            opened,
            *(
                record(
                    f"w{number}-{viewer}",
                    str(501 + viewer),
                    screening_id=f"party{number}",
                    party=True,
                    started_at_s=at_s,
                    ended_at_s=at_s + 7200,
                )
                for viewer in viewers
            ),
        )
    yield opened
    opened.close()


def read(store: Store, year: int = 0) -> CommunityTimes:
    """Return the answer."""
    return ask(store, GetCommunityTimes(year), at_s=EVENING + DAY)


def test_hours_and_months_add_up(store: Store) -> None:
    """To what was watched: 45 watches of two hours, all on Friday evenings."""
    found = read(store)
    assert sum(found.hours) == 45 * 7200
    assert found.hours[FRIDAY_EVENING] == found.hours[FRIDAY_EVENING + 1] == 45 * 3600
    assert sum(seconds for _month, seconds in found.months) == 45 * 7200
    assert [month for month, _seconds in found.months] == sorted(month for month, _seconds in found.months)
    assert found.years == (2026,)
    assert read(store, 2026).hours == found.hours
    assert sum(read(store, 2025).hours) == 0


def test_the_largest_nights_come_first(store: Store) -> None:
    """Ten of them at most; of equal ones the first."""
    nights = read(store, 2026).nights
    assert [night.viewers for night in nights] == [5, 5, 5, 4, 4, 4, 3, 3, 3, 2]
    assert nights == read(store).nights
    assert nights[0].started_at_s < nights[1].started_at_s


def test_hidden_viewers_are_in_no_night(store: Store) -> None:
    """They count neither in its size nor for its place; a night of theirs alone is none."""
    with store.change(EVENING) as change:
        set_privacy(change, SetPrivacy("501", "x", "private"), EVENING)
    nights = read(store).nights
    assert [night.viewers for night in nights] == [4, 4, 4, 3, 3, 3, 2, 2, 2, 1]
    assert sum(read(store).hours) == 45 * 7200
