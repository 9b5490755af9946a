"""A few cases of each trial; `python -m tests.fuzz` plays as many as are asked for."""

import sys
from multiprocessing import get_context

import pytest

from tests.fuzz.plex.trials import HEAVY_KINDS
from tests.fuzz.trials import TRIALS, play_trial

CASES = {
    "plex": 120,
    "heavy": len(HEAVY_KINDS),
    "alerts": 60,
    "imports": 24,
    "tautulli": 24,
    "backups": 40,
    "badges": 60,
}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="measures memory as Linux has it")
@pytest.mark.parametrize("name", list(TRIALS))
def test_damaged_input_neither_ends_usher_nor_fills_its_memory(name: str) -> None:
    """Each case is refused with its place, or read into a store that works; memory stays within 64 MB above idle."""
    with get_context("spawn").Pool(1) as pool:
        result = pool.apply(play_trial, (name, range(CASES[name])))
    assert result.cases == CASES[name]
    assert result.faults == []
    assert len(result.outcomes) > 1, "the damage is always the same"
    if name == "heavy":
        assert result.outcomes["read full-house"] == 1, "two thousand real sessions are as many as may come"
