"""What of a delay was the machine's."""

import asyncio
import time

import pytest

from simulator.machine_stalls import LOOK_EVERY_S, StallWatch


def test_a_machine_that_stands_still_is_no_delay_of_the_bot() -> None:
    """What the process computed itself counts for it, however long it took; a stall counts where it overlaps."""
    watch = StallWatch()
    watch.look(50.0, 0.0)
    assert watch.sum_stalls(0.0, 50.0) == 0.0, "it has not begun"
    watch.begin(100.0, 1.0)
    watch.look(100.0 + LOOK_EVERY_S, 1.0)
    watch.look(100.0 + LOOK_EVERY_S / 2 + LOOK_EVERY_S, 1.0)
    assert watch.sum_stalls(0.0, 200.0) == 0.0, "it looks when it is due, or earlier"
    watch.begin(200.0, 1.0)
    watch.look(204.0 + LOOK_EVERY_S, 4.0)
    assert watch.sum_stalls(100.0, 300.0) == pytest.approx(1.0), "of four seconds it computed for three"
    assert watch.sum_stalls(100.0, 203.55 + LOOK_EVERY_S) == pytest.approx(0.55)
    assert watch.sum_stalls(204.55, 300.0) == 0.0


async def test_a_process_that_is_busy_itself_is_not_stalled() -> None:
    """The same delay by work of its own, and by standing still."""
    watch = StallWatch()
    looking = asyncio.create_task(watch.run())
    await asyncio.sleep(LOOK_EVERY_S * 2)
    began_s, computed_s = time.monotonic(), time.process_time()
    while time.process_time() < computed_s + 0.5:
        pass
    busy_s = time.monotonic()
    await asyncio.sleep(LOOK_EVERY_S * 2)
    own = (busy_s - began_s) - watch.sum_stalls(began_s, busy_s)
    assert own > 0.5 - 2 * LOOK_EVERY_S
    time.sleep(0.5)  # noqa: ASYNC251 - the process stands still
    await asyncio.sleep(LOOK_EVERY_S * 2)
    assert watch.sum_stalls(busy_s, time.monotonic()) > 0.5 - 2 * LOOK_EVERY_S
    looking.cancel()
