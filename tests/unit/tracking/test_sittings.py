"""When a watch was played: its sittings on the wall clock."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from messages import Moment, PlayerState, Sitting, Sittings, WatchState, sittings
from tests.unit.tracking.builders import WALL_S, moment, watch
from tracking.rules import Rules
from tracking.watches.progress import advance
from tracking.watches.watch import (
    finish,
    finish_from_history,
    mark_unobserved,
    played_since,
    restore_watch,
    resume,
    sittings_so_far,
)

RULES = Rules()


def play(state: WatchState, from_s: float, to_s: float, player: PlayerState = "playing") -> WatchState:
    """Poll every ten seconds; the film goes on while it plays."""
    at_s, position_ms = from_s, int(state.position_ms or 0)
    while at_s < to_s:
        at_s += 10
        position_ms += 10_000 if player == "playing" else 0
        state = advance(state, moment(at_s), position_ms, player, RULES)
    return state


def round_sittings(found: Sittings) -> list[tuple[float, float, float]]:
    """Return (start, end, playing) in seconds of the test."""
    return [(round(s.start_s - WALL_S, 3), round(s.end_s - WALL_S, 3), round(s.playing_s, 3)) for s in found]


def test_play_without_a_break_is_one_sitting() -> None:
    """From the first poll to the last; what is still pending is in it."""
    state = play(watch(0), 0, 600)
    assert round_sittings(state.sittings) == [(0, 600, 600)]
    state = advance(state, moment(610), 600_000, "playing", RULES)
    assert round_sittings(state.sittings) == [(0, 600, 600)]
    assert round_sittings(finish(state, WALL_S + 610, "left", RULES).sittings) == [(0, 610, 610)]


def test_a_pause_ends_a_sitting() -> None:
    """An hour of pause lies between two sittings; in neither."""
    state = play(play(play(watch(0), 0, 600), 600, 4200, "paused"), 4200, 4800)
    assert round_sittings(state.sittings) == [(0, 600, 600), (4200, 4800, 600)]


def test_a_short_pause_stays_in_its_sitting() -> None:
    """Twenty seconds of pause are in the sitting and not in its playing time."""
    state = play(play(play(watch(0), 0, 600), 600, 620, "paused"), 620, 1200)
    assert round_sittings(state.sittings) == [(0, 1200, 1180)]
    assert state.playing_s == 1180


def test_a_killed_app_is_not_played() -> None:
    """Two minutes of "playing" at the same position do not count."""
    state = play(watch(0), 0, 600)
    for at_s in range(610, 721, 10):
        state = advance(state, moment(at_s), 600_000, "playing", RULES)
    assert round_sittings(sittings_so_far(state)) == [(0, 600, 600)]
    assert round_sittings(play(state, 720, 1200).sittings) == [(0, 600, 600), (720, 1200, 480)]


def test_an_outage_in_which_the_film_stood_ends_a_sitting() -> None:
    """And one in which it went on does not."""
    state = play(watch(0), 0, 600)
    stood = advance(mark_unobserved(state), moment(1800), 600_000, "playing", RULES)
    assert round_sittings(play(stood, 1800, 2400).sittings) == [(0, 600, 600), (1800, 2400, 600)]
    ran = advance(mark_unobserved(state), moment(1800), 1_800_000, "playing", RULES)
    assert round_sittings(play(ran, 1800, 2400).sittings) == [(0, 2400, 2400)]


def test_a_watch_resumed_the_next_day_has_another_sitting() -> None:
    """It keeps the sittings of its record, also over a restart."""
    record = finish(play(watch(0), 0, 600), WALL_S + 600, "left", RULES)
    fresh = replace(watch(600), started_at_s=WALL_S + 86_400, seen=moment(86_400), advanced=moment(86_400))
    state = play(resume(record, fresh), 86_400, 87_000)
    assert round_sittings(state.sittings) == [(0, 600, 600), (86_400, 87_000, 600)]
    again = play(restore_watch(state, moment(87_000)), 87_000, 87_600)
    assert round_sittings(again.sittings) == [(0, 600, 600), (86_400, 87_600, 1200)]


def test_a_record_of_an_older_version_is_one_sitting() -> None:
    """From its start; when it is resumed it keeps its playing time."""
    old = replace(play(watch(0), 0, 600), sittings=())
    assert round_sittings(play(restore_watch(old, moment(600)), 600, 1200).sittings) == [(0, 1200, 1200)]
    record = replace(finish(old, WALL_S + 3000, "left", RULES), sittings=(), paused_s=60.0)
    assert round_sittings(resume(record, replace(watch(600), seen=moment(86_400))).sittings) == [(0, 660, 600)]


def test_time_added_by_plexs_history_is_in_a_sitting() -> None:
    """A watch closed by the server's history was played from its last position on."""
    record = finish_from_history(play(watch(6600), 0, 300), WALL_S + 900, moment(900), RULES)
    assert round_sittings(record.sittings) == [(0, 600, 600)]
    assert record.playing_s == 600


def test_sittings_do_not_overlap_when_the_clock_is_set_back() -> None:
    """What is played after it follows at once; a clock set forward leaves a gap."""
    state = play(watch(0), 0, 600)
    back = advance(state, Moment(WALL_S + 610 - 3600, 1610), 610_000, "playing", RULES)
    assert round_sittings(back.sittings) == [(0, 610, 610)]
    on = advance(state, Moment(WALL_S + 610 + 3600, 1610), 610_000, "playing", RULES)
    assert round_sittings(on.sittings) == [(0, 600, 600), (4200, 4210, 10)]


@pytest.mark.parametrize("set_s", [-3600, -600, -35, 0, 35, 600, 3600])
@pytest.mark.parametrize("since", [0, 200, 400, 500])
def test_a_clock_that_is_set_changes_nothing_of_what_was_played_since_a_moment(set_s: int, since: int) -> None:
    """A moment before the clock was set, or after it; the film ran all the while, five minutes and then four."""
    state = play(watch(), 0, 300)
    moments = {at_s: moment(at_s) for at_s in range(0, 300, 10)}
    for at_s in range(300, 541, 10):
        moments[at_s] = Moment(WALL_S + at_s + set_s, moment(at_s).steady_s)
        state = advance(state, moments[at_s], at_s * 1000, "playing", RULES)
    assert played_since(state, moments[since]) == pytest.approx(540 - since, abs=0.001)


def test_what_ran_before_the_clock_was_set_back_was_not_played_since() -> None:
    """The film went on half an hour later as the same watch, at times of day that it had before already."""
    earlier = finish(play(watch(), 0, 600), WALL_S + 600, "left", RULES)
    back = [Moment(WALL_S + at_s - 1800, moment(at_s).steady_s) for at_s in (2000, 2010, 2020)]
    fresh = replace(watch(600), seen=back[0], advanced=back[0], started_at_s=back[0].wall_s)
    state = resume(earlier, fresh)
    for number, at in enumerate(back[1:], 1):
        state = advance(state, at, (600 + 10 * number) * 1000, "playing", RULES)
    assert [round(played_since(state, at), 3) for at in back] == [20, 10, 0]


def test_the_number_of_sittings_is_limited() -> None:
    """The two nearest are joined; the playing time stays."""
    found: Sittings = ()
    for number in range(200):
        found = sittings.add(found, number * 1000.0, number * 1000.0 + 60, 60.0)
    assert len(found) == sittings.MAX_SITTINGS
    assert sittings.playing_s(found) == 200 * 60
    assert (found[0].start_s, found[-1].end_s) == (0, 199_060)


STRETCHES = st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 1000), st.floats(0.1, 1)), max_size=12)


def build(stretches: list[tuple[int, int, float]]) -> Sittings:
    """Return sittings from (gap, length, share played)."""
    found: Sittings = ()
    at_s = 0.0
    for gap_s, length_s, share in stretches:
        at_s += gap_s
        found = sittings.add(found, at_s, at_s + length_s, length_s * share)
        at_s += length_s
    return found


@given(STRETCHES, STRETCHES)
def test_merging_counts_no_second_twice(one: list[tuple[int, int, float]], other: list[tuple[int, int, float]]) -> None:
    """Together they are at least the longer, at most both, and never more than the wall clock."""
    first, second = build(one), build(other)
    both = sittings.merge([first, second])
    played_s = sittings.playing_s(both)
    parts = sittings.playing_s(first), sittings.playing_s(second)
    assert max(parts) - 1e-6 <= played_s <= sum(parts) + 1e-6
    assert all(each.playing_s <= each.end_s - each.start_s + 1e-6 for each in both)
    assert all(before.end_s < after.start_s for before, after in pairwise(both))
    assert sittings.playing_s(sittings.merge([first, first])) == pytest.approx(parts[0])
    assert sittings.merge([second, first]) == both


def test_merging_takes_the_fuller_of_two() -> None:
    """Half played in one and all of it in the other: all of it counts where both were there."""
    half, whole = (Sitting(0, 100, 50),), (Sitting(50, 150, 100),)
    assert sittings.merge([half, whole]) == (Sitting(0, 150, 125),)


def test_play_that_was_missing_in_a_sitting_is_all_included() -> None:
    """What an outage hid lies within a sitting that seemed full: its playing time grows by all of it."""
    told = (Sitting(0, 400, 390),)
    assert sittings.include(told, 100, 107, 7) == (Sitting(0, 400, 397),)
    assert sittings.include(told, 100, 150, 50) == (Sitting(0, 400, 400),)
    assert sittings.include(told, 900, 950, 50) == (Sitting(0, 400, 390), Sitting(900, 950, 50))
