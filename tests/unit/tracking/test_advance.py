"""One step of a watch: every row of the table in tracking/watches/progress.py."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from messages import PlayerState, WatchState, sittings, spans
from tests.unit.tracking.builders import moment, watch
from tracking.rules import Rules
from tracking.watches.progress import advance
from tracking.watches.watch import mark_unobserved, watched_s

RULES = Rules()


def take_step(state: WatchState, at_s: float, position_s: float | None, player: PlayerState) -> WatchState:
    """Take one step."""
    position = None if position_s is None else round(position_s * 1000)
    return advance(state, moment(at_s), position, player, RULES)


@pytest.mark.parametrize(
    ("began", "ended", "step_s", "playing_s", "pending_s", "paused_s", "seen_s"),
    [
        ("playing", "playing", 0, 0, 10, 0, 0),
        ("playing", "playing", 10, 10, 0, 0, 10),
        ("playing", "playing", 4, 10, 0, 0, 4),
        ("playing", "playing", 29, 10, 0, 0, 29),
        ("playing", "playing", 31, 10, 0, 0, 0),
        ("playing", "playing", -60, 10, 0, 0, 0),
        ("playing", "playing", -1, 0, 10, 0, 0),
        ("playing", "paused", 0, 0, 0, 10, 0),
        ("playing", "paused", -1, 0, 0, 10, 0),
        ("playing", "paused", 4, 4, 0, 6, 4),
        ("playing", "paused", 600, 10, 0, 0, 0),
        ("paused", "paused", 0, 0, 0, 10, 0),
        ("paused", "paused", 8, 0, 0, 10, 0),
        ("paused", "playing", 0, 0, 0, 10, 0),
        ("paused", "playing", 3, 3, 0, 7, 3),
        ("paused", "playing", 600, 0, 0, 10, 0),
        ("paused", "playing", -60, 0, 0, 10, 0),
        ("playing", "playing", 19, 10, 0, 0, 19),
        ("playing", "buffering", 0, 0, 10, 0, 0),
        ("playing", "buffering", 5, 5, 0, 0, 5),
        ("playing", "buffering", 13, 10, 0, 0, 13),
        ("playing", "buffering", 31, 0, 10, 0, 0),
        ("playing", "buffering", -5, 0, 10, 0, 0),
        ("playing", "error", 5, 0, 10, 0, 0),
        ("buffering", "buffering", 0, 0, 0, 0, 0),
        ("buffering", "buffering", 5, 5, 0, 0, 5),
        ("buffering", "buffering", 60, 0, 0, 0, 0),
        ("buffering", "playing", 6, 6, 0, 0, 6),
        ("paused", "buffering", 5, 5, 0, 5, 5),
        ("paused", "buffering", 60, 0, 0, 10, 0),
        ("buffering", "paused", 0, 0, 0, 0, 0),
    ],
)
def test_what_ten_seconds_count_as(
    began: PlayerState,
    ended: PlayerState,
    step_s: float,
    playing_s: float,
    pending_s: float,
    paused_s: float,
    seen_s: float,
) -> None:
    """Ten seconds between two observations count as the table says."""
    state = take_step(watch(1000, began), 10, 1000 + step_s, ended)
    counted = (state.playing_s, state.pending_s, state.paused_s, spans.coverage(state.spans) / 1000)
    assert counted == (playing_s, pending_s, paused_s, seen_s)
    assert state.state == ("playing" if ended == "buffering" and playing_s else ended)
    assert state.seen == moment(10)
    assert sittings.playing_s(state.sittings) == playing_s


@pytest.mark.parametrize(
    ("began", "ended", "step_s", "playing_s", "seen_s"),
    [
        ("playing", "playing", 0, 0, 0),
        ("playing", "playing", 300, 300, 300),
        ("playing", "playing", 610, 600, 610),
        ("playing", "playing", 900, 600, 600),
        ("playing", "playing", -300, 0, 0),
        ("paused", "paused", 0, 0, 0),
        ("paused", "paused", 120, 120, 120),
        ("playing", "paused", 200, 200, 200),
    ],
)
def test_what_an_outage_of_ten_minutes_counts_as(
    began: PlayerState, ended: PlayerState, step_s: float, playing_s: float, seen_s: float
) -> None:
    """What the position advanced, at most the elapsed time; otherwise nothing, and nothing is paused."""
    state = take_step(mark_unobserved(watch(1000, began)), 600, 1000 + step_s, ended)
    assert (state.playing_s, state.pending_s, state.paused_s) == (playing_s, 0, 0)
    assert spans.coverage(state.spans) == seen_s * 1000
    assert sittings.playing_s(state.sittings) == playing_s
    assert not state.outage


def test_time_is_held_back_until_the_position_moves() -> None:
    """Repeated positions are settled by the next report, which may have come late."""
    state = take_step(take_step(watch(0), 10, 0, "playing"), 20, 19, "playing")
    assert (state.playing_s, state.pending_s) == (20, 0)
    assert state.spans == ((0, 19_000),)


def test_the_slack_is_not_renewed_by_every_step() -> None:
    """What is faster than the player's speed is seen until twice the slack is used up; a late report gives it back."""
    state = watch(0)
    for step in range(1, 7):
        state = take_step(state, step * 10, step * 30, "playing")
    assert spans.coverage(state.spans) == 60_000
    assert state.lead_ms == 40_000
    state = take_step(take_step(state, 70, 180, "playing"), 80, 190, "playing")
    assert state.lead_ms == 30_000
    assert take_step(state, 90, 200, "playing").lead_ms == 30_000


def test_a_ghost_counts_back_to_its_last_advance() -> None:
    """After a minute of standing still nothing since the last advance counts."""
    state = take_step(watch(0), 10, 10, "playing")
    for at_s in range(20, 80, 10):
        state = take_step(state, at_s, 10, "playing")
    assert state.ghost
    assert watched_s(state) == 10
    assert state.advanced == moment(10)


def test_a_ghost_that_moves_counts_what_it_moved() -> None:
    """A ghost that moves on is an ordinary watch; its standing still was no playing."""
    state = take_step(watch(0), 60, 0, "playing")
    assert state.ghost
    state = take_step(state, 70, 8, "playing")
    assert not state.ghost
    assert (state.playing_s, state.spans) == (8, ((0, 8000),))


def test_a_ghost_that_pauses_is_alive() -> None:
    """A player that reports a pause still runs."""
    state = take_step(take_step(watch(0), 60, 0, "playing"), 70, 0, "paused")
    assert not state.ghost
    assert (watched_s(state), state.paused_s) == (0, 10)


def test_a_position_past_the_end_is_the_end() -> None:
    """101.7 % of a film is the whole film."""
    state = take_step(watch(7195), 10, 7322, "playing")
    assert state.position_ms == 7_200_000
    assert spans.coverage(state.spans) == 5000


def test_an_observation_from_the_past_takes_no_time_back() -> None:
    """Observations may come in the wrong order: time stands still."""
    state = take_step(take_step(watch(0), 10, 10, "playing"), 5, 10, "playing")
    assert state.seen == moment(10)
    assert watched_s(state) == 10


def test_without_positions_the_wall_clock_counts() -> None:
    """Where no position is told, time counts by the state that the interval began with."""
    state = take_step(watch(None), 10, None, "playing")
    state = take_step(state, 20, None, "paused")
    state = take_step(state, 30, None, "playing")
    assert (state.playing_s, state.paused_s, state.spans) == (20, 10, ())


PLAYERS = st.sampled_from(["playing", "paused", "buffering", "error", "unknown"])
STEPS = st.lists(
    st.tuples(st.floats(0, 120), st.floats(-600, 600) | st.floats(0, 30), PLAYERS, st.booleans()),
    max_size=40,
)


@given(STEPS)
@example([(2.0, 1.0, "buffering", True), (50.0, 1.0, "playing", False)])  # a slow film, and an outage played at its end
def test_no_sequence_counts_more_than_the_time_it_took(
    steps: list[tuple[float, float, PlayerState, bool]],
) -> None:
    """Playing and paused time never exceed the wall; coverage never exceeds double the wall and twice the slack.

    Nothing is seen beyond where the film was furthest.
    """
    state, at_s, position_s, furthest_s = watch(3000), 0.0, 3000.0, 3000.0
    for elapsed_s, moved_s, player, away in steps:
        at_s += elapsed_s
        position_s = min(7200.0, max(0.0, position_s + moved_s))
        furthest_s = max(furthest_s, position_s)
        state = take_step(mark_unobserved(state) if away else state, at_s, position_s, player)
        covered_s = spans.coverage(state.spans) / 1000
        assert watched_s(state) + state.paused_s <= at_s + 1e-6
        assert covered_s <= 2.1 * at_s + 4 * RULES.slack_s + 0.01
        assert abs(state.lead_ms) <= 2 * RULES.slack_ms * max(1.0, state.speed)
        assert sittings.playing_s(state.sittings) == pytest.approx(state.playing_s)
        assert all(sitting.playing_s <= sitting.end_s - sitting.start_s + 1e-6 for sitting in state.sittings)
        assert all(0 <= start < end <= furthest_s * 1000 + 1 for start, end in state.spans)
