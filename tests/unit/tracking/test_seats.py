"""Several seats of one viewer become one: nothing counts twice, and nothing is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from messages import (
    Attendee,
)
from messages.base import DurationMs, PositionMs
from viewers.merge import merge_attendees


def seat(
    viewer: str, from_s: float, for_s: float, share: float, seen: tuple[tuple[int, int], ...], here: bool
) -> Attendee:
    """A seat, `share` of whose time the film played."""
    ended = None if here else from_s + for_s
    playing_s = share * (1000 - from_s if here else for_s)
    covered = sum(end - start for start, end in seen)
    return Attendee(
        viewer, viewer, from_s, PositionMs(0), playing_s, DurationMs(covered), covered / 1000, here, ended, spans=seen
    )


SPANS = st.lists(st.integers(0, 100_000), min_size=4, max_size=4, unique=True).map(
    lambda ends: ((min(ends), sorted(ends)[1]), (sorted(ends)[2], max(ends)))
)


SEATS = st.lists(
    st.builds(
        seat, st.sampled_from("abc"), st.floats(0, 900), st.floats(0, 100), st.floats(0, 1), SPANS, st.booleans()
    ),
    min_size=1,
    max_size=5,
)


@given(SEATS, st.randoms())
def test_united_seats_count_nothing_twice_and_lose_nothing(several: list[Attendee], random: st.DataObject) -> None:
    """Not below any of them, not above their sum, the film or the time there; in any order the same."""
    one = merge_attendees(several, 1000.0, 100_000)
    longest = max(seat.playing_s for seat in several)
    assert longest <= one.playing_s <= sum(seat.playing_s for seat in several) + 1e-6
    ends_s = max(1000.0 if seat.left_at_s is None else seat.left_at_s for seat in several)
    assert one.playing_s <= ends_s - min(seat.joined_at_s for seat in several) + 0.01
    assert max(seat.coverage_ms for seat in several) <= one.coverage_ms <= 100_000
    assert one.present == any(seat.present for seat in several)
    shuffled = list(several)
    random.shuffle(shuffled)  # type: ignore[attr-defined] # Hypothesis's own Random
    again = merge_attendees(shuffled, 1000.0, 100_000)
    assert again.playing_s == pytest.approx(one.playing_s)
    assert replace(again, playing_s=0.0, viewer_id="", username="", join_position_ms=None) == replace(
        one, playing_s=0.0, viewer_id="", username="", join_position_ms=None
    )
