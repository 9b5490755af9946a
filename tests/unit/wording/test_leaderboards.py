"""Ranks go by what is shown."""

from __future__ import annotations

import pytest

from wording.leaderboards import format_ranked_value, round_as_shown


@pytest.mark.parametrize("kind", ["movies", "time", "streak", "badges"])
def test_equal_figures_are_shown_alike_and_unequal_ones_are_not(kind: str) -> None:
    """For every second of some hours, and around the changes of unit."""
    values = [number / 2 for number in range(20_000)]
    shown: dict[float, set[str]] = {}
    for value in values:
        shown.setdefault(round_as_shown(kind, value), set()).add(format_ranked_value(kind, value))  # type: ignore[arg-type]
    assert all(len(texts) == 1 for texts in shown.values())
    assert len({next(iter(texts)) for texts in shown.values()}) == len(shown)
