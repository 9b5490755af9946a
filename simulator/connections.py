"""Ends the connections of a simulated server that stops."""

import asyncio


async def abort_connections() -> None:
    """Close every connection of this event loop at once, even one whose peer does not read what was sent to it.

    A connection that is closed as usual first waits until everything is sent, and is left open if its loop ends before.
    """
    loop = asyncio.get_running_loop()
    for transport in list(getattr(loop, "_transports", {}).values()):  # asyncio has no public list of them
        transport.abort()
    await asyncio.sleep(0)  # an aborted transport is closed in the next iteration
