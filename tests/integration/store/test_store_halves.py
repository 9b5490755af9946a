"""A linked viewer who sees one half of a film at home and the other in the channel has seen one film."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from messages import GetHistory, GetMovieStats, GetWhoSaw, UnlinkAccount
from tests.integration.store.film_parts import HOUR, MEMBER, PLEX, find_figures, link_account, watch_part
from tests.integration.store.persistence_fixture import House
from tests.nights.evidence import load, sql
from tests.unit.persistence.record_builders import DAY, EVENING


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A persistence actor."""
    made = House(tmp_path)
    made.clock.at_s = EVENING + 3 * DAY
    yield made
    made.close()


HALVES = [
    pytest.param(first, away_s, id=f"{'home' if first == PLEX else 'channel'} first, {away_s / HOUR:g} h between")
    for first in (PLEX, MEMBER)
    for away_s in (0.0, 1200.0, 20 * HOUR)
]


@pytest.mark.parametrize("linked_before", (True, False))
@pytest.mark.parametrize(("first", "away_s"), HALVES)
def test_two_halves_are_one_film(house: House, first: str, away_s: float, linked_before: bool) -> None:
    """One watch, completed, of two hours; linked before or afterwards; unlinked they are two halves again."""
    second = MEMBER if first == PLEX else PLEX
    if linked_before:
        link_account(house)
    house.finish(watch_part("one", first, 0, 60, EVENING))
    house.finish(watch_part("two", second, 60, 120, EVENING + HOUR + away_s))
    if not linked_before:
        link_account(house)
    assert find_figures(house) == (1, 1, 2.0)
    (entry,) = house.ask(GetHistory(viewer_id=MEMBER)).records
    assert (entry.completed, entry.completion_percent, entry.playing_s) == (True, 100.0, 7200.0)
    assert (entry.started_at_s, entry.ended_at_s) == (EVENING, EVENING + 2 * HOUR + away_s)
    movies = house.ask(GetMovieStats())
    assert (movies.watches, movies.completed, movies.watch_time_s) == (1, 1, 7200.0)
    who = house.ask(GetWhoSaw("Alien", 80.0))
    assert (who.not_yet, who.in_part, who.seen) == (0, 0, 1)
    assert len(load(house.folder, "watch_history.json")) == 1
    house.ask(UnlinkAccount(PLEX, MEMBER, "1"))
    assert find_figures(house) == (1, 0, 1.0)
    assert [row["watch_id"] for row in sql(house.folder, "SELECT * FROM watches ORDER BY watch_id")] == ["one", "two"]
    assert not sql(house.folder, "SELECT * FROM watch_parts")


def test_a_running_second_half_counts_with_the_first(house: House) -> None:
    """As it will once it is stored."""
    link_account(house)
    house.finish(watch_part("one", PLEX, 0, 60, EVENING))
    house.clock.at_s = EVENING + 3 * HOUR
    house.report(watch_part("two", MEMBER, 60, 120, EVENING + 2 * HOUR))
    house.tick()
    assert find_figures(house) == (1, 1, 2.0)
    stats = load(house.folder, "user_stats.json")[MEMBER]
    assert (stats["total_movies"], stats["total_watch_time_seconds"]) == (1, 7200.0)


@pytest.mark.parametrize(("again_from_min", "away_s"), [(0, HOUR), (30, HOUR), (60, 25 * HOUR)])
def test_parts_that_would_not_be_resumed_are_two_watches(house: House, again_from_min: int, away_s: float) -> None:
    """A completed film that is begun again, a part already seen, or half a film after the resume window."""
    link_account(house)
    first = watch_part("one", PLEX, 0, 60 if again_from_min == 60 else 120, EVENING)
    house.finish(first)
    house.finish(watch_part("two", MEMBER, again_from_min, 120, first.ended_at_s + away_s))
    assert house.ask(GetHistory(viewer_id=MEMBER)).total == 2


def test_three_parts_are_one_film(house: House) -> None:
    """On three evenings, each part within the window after the one before."""
    pieces = [
        watch_part("one", PLEX, 0, 40, EVENING),
        watch_part("two", MEMBER, 40, 80, EVENING + 20 * HOUR),
        watch_part("three", PLEX, 80, 120, EVENING + 40 * HOUR),
    ]
    for piece in (pieces[2], pieces[0], pieces[1]):
        house.finish(piece)
    link_account(house)
    (entry,) = house.ask(GetHistory(viewer_id=MEMBER)).records
    assert (entry.completed, entry.playing_s, len(entry.sittings)) == (True, 7200.0, 0)
    house.finish(watch_part("four", MEMBER, 0, 120, EVENING + 50 * HOUR))
    assert house.ask(GetHistory(viewer_id=MEMBER)).total == 2
