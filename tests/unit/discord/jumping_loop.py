"""An event loop whose clock jumps to the next timer: a day of waits passes in the time that its steps take."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class _JumpingSelector(selectors.SelectSelector):
    """Passes the time that it would have waited at once."""

    now_s = 1_000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Look what is ready; wait for nothing."""
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("Nothing will ever happen any more")
        if not ready and timeout:
            self.now_s += timeout
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    """Its `time()` goes on with its timers alone."""

    def __init__(self) -> None:
        self.jumping = _JumpingSelector()
        super().__init__(self.jumping)

    def time(self) -> float:
        """Return the loop's time, seconds."""
        return self.jumping.now_s


def run_jumping(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end on a loop of its own."""
    loop = JumpingLoop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()
