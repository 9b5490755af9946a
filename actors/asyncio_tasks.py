"""Ends what runs on an event loop, for the actors that have one beside their mailbox, and the simulated servers."""

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


async def abort_connections() -> None:
    """Close every connection of this event loop at once, even one whose peer does not read what was sent to it.

    A connection that is closed as usual first waits until everything is sent, and is left open if its loop ends before.
    """
    loop = asyncio.get_running_loop()
    for transport in list(getattr(loop, "_transports", {}).values()):  # asyncio has no public list of them
        transport.abort()
    await asyncio.sleep(0)  # an aborted transport is closed in the next iteration
