"""Spans: a union that is the same in whatever order it is made."""

from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from messages import Spans, spans

STRETCHES = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), max_size=30)


def build_spans(stretches: list[tuple[int, int]]) -> Spans:
    """Add stretches one by one, as a watch does."""
    whole: Spans = ()
    for start, end in stretches:
        whole = spans.add(whole, start, end)
    return whole


@given(STRETCHES)
def test_spans_hold_exactly_the_milliseconds_that_were_added(stretches: list[tuple[int, int]]) -> None:
    """Coverage is the number of different milliseconds, however they overlap."""
    seen = {ms for start, end in stretches for ms in range(start, end)}
    whole = build_spans(stretches)
    assert {ms for start, end in whole for ms in range(start, end)} == seen
    assert spans.coverage(whole) == len(seen)


@given(STRETCHES)
def test_spans_ascend_and_do_not_touch(stretches: list[tuple[int, int]]) -> None:
    """Between any two spans is something that was not seen."""
    whole = build_spans(stretches)
    assert all(start < end for start, end in whole)
    assert all(first[1] < second[0] for first, second in pairwise(whole))


@given(STRETCHES, st.randoms())
def test_the_order_does_not_matter(stretches: list[tuple[int, int]], random: Random) -> None:
    """One by one in any order gives the same as all at once."""
    shuffled = stretches.copy()
    random.shuffle(shuffled)
    assert build_spans(stretches) == build_spans(shuffled) == spans.union(stretches)


def test_a_stretch_that_is_empty_or_backward_adds_nothing() -> None:
    """Nothing was seen in no time."""
    assert spans.add(((0, 5),), 7, 7) == ((0, 5),)
    assert spans.add(((0, 5),), 9, 7) == ((0, 5),)


@given(STRETCHES, STRETCHES)
def test_what_is_subtracted_is_in_neither(stretches: list[tuple[int, int]], less: list[tuple[int, int]]) -> None:
    """Millisecond for millisecond; and the rest are proper spans."""
    left = spans.subtract(build_spans(stretches), build_spans(less))
    held = {ms for start, end in stretches for ms in range(start, end)}
    assert {ms for start, end in left for ms in range(start, end)} == held - {
        ms for start, end in less for ms in range(start, end)
    }
    assert left == spans.union(left)
