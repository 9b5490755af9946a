"""Ends asyncio tasks, for the actors that run an event loop beside their mailbox."""

import asyncio
from collections.abc import Collection
from typing import Any

CLEAN_UP_S = 3.5
"""How long a cancelled task may clean up before it is cancelled again, real seconds."""


async def end_tasks(tasks: Collection[asyncio.Task[Any]], *, clean_up_s: float = CLEAN_UP_S) -> None:
    """Cancel tasks and wait until all have ended; their results and errors are left to the caller.

    A task that lost its cancellation is cancelled again: Python 3.11's `asyncio.wait_for`, with which discord.py
    connects, loses one that comes together with the result.
    """
    running = set(tasks)
    while running:
        for task in running:
            task.cancel()
        _ended, running = await asyncio.wait(running, timeout=clean_up_s)
    await asyncio.gather(*tasks, return_exceptions=True)  # otherwise asyncio logs each error that nobody reads
