"""The kill matrix in short: four nights of fixed seeds. `make faults ROUNDS=200` plays as many as one likes."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import pytest

from simulator.nights.kill_matrix import round
from simulator.nights.kill_matrix.__main__ import SIDE_BY_SIDE
from simulator.nights.verdict import NightVerdict

pytestmark = pytest.mark.slow

SEEDS = {25: "tracker", 35: "all", 40: "launcher", 50: "persistence"}
"""With who is killed in it, first of all."""


@pytest.fixture(scope="module")
def verdicts() -> dict[int, NightVerdict]:
    """The nights, played side by side."""
    with ProcessPoolExecutor(SIDE_BY_SIDE, multiprocessing.get_context("spawn")) as pool:
        return {verdict.seed: verdict for verdict in pool.map(round.play, SEEDS)}


@pytest.mark.parametrize("seed", SEEDS)
def test_no_watch_is_missing_or_double(seed: int, verdicts: dict[int, NightVerdict]) -> None:
    """Somebody was killed, somebody watched, and each watch that could be known is there once and rightly long."""
    verdict = verdicts[seed]
    assert (verdict.missing, verdict.double, verdict.problems) == (0, 0, [])
    assert verdict.found == verdict.expected > 0
    assert any(kill.startswith(SEEDS[seed]) for kill in verdict.kills)
