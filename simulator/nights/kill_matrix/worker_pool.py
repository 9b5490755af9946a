"""The processes that play rounds, and their orderly end on SIGTERM."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from simulator.nights.kill_matrix.kill_round import RoundResult, play_round

_ended: list[int] = []
"""The signal that ended this process, if any."""


@contextlib.contextmanager
def open_pool(count: int) -> Iterator[ProcessPoolExecutor]:
    """Yield processes that play rounds. On SIGTERM they end their nights, then this one ends with exit status 143."""
    _end_in_order()
    with ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), _end_in_order) as pool:
        try:
            yield pool
        except BaseException:
            for worker in multiprocessing.active_children():
                worker.terminate()
            pool.shutdown(cancel_futures=True)
            raise


def play_in_worker(seed: int, keep: Path | None) -> RoundResult:
    """Play a round, unless the process was told to end: the pool assigns one round in advance."""
    if _ended:
        raise SystemExit(128 + _ended[0])
    return play_round(seed, keep)


def _end_in_order() -> None:
    """Turn SIGTERM into an exception, so that a night stops its service."""
    signal.signal(signal.SIGTERM, _end)


def _end(number: int, _frame: object) -> None:
    _ended.append(number)
    raise SystemExit(128 + number)
