"""The kill matrix in short: four nights of fixed seeds. `make faults ROUNDS=200` plays as many as one likes."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import pytest

from simulator.nights.kill_matrix.__main__ import SIDE_BY_SIDE
from simulator.nights.kill_matrix.kill_round import RoundResult, play_round

pytestmark = pytest.mark.slow

SEEDS = {25: "tracker", 35: "all", 40: "launcher", 50: "persistence"}
"""With who is killed in it, first of all."""


@pytest.fixture(scope="module")
def results() -> dict[int, RoundResult]:
    """The nights, played side by side."""
    with ProcessPoolExecutor(SIDE_BY_SIDE, multiprocessing.get_context("spawn")) as pool:
        return {result.seed: result for result in pool.map(play, SEEDS)}


def play(seed: int) -> RoundResult:
    """Play a night; once more if the machine was too busy for any watch of it to be known."""
    result = play_round(seed)
    return result if result.judgement.expected else play_round(seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_watch_is_missing_or_double(seed: int, results: dict[int, RoundResult]) -> None:
    """Somebody was killed, somebody watched, and each watch that could be known is there once and rightly long."""
    result = results[seed]
    assert (result.judgement.missing, result.judgement.double, result.problems) == (0, 0, [])
    assert result.judgement.found == result.judgement.expected > 0
    assert any(kill.startswith(SEEDS[seed]) for kill in result.kills)
