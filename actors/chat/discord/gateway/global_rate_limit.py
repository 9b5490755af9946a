"""Keeps a cancelled request from blocking all others."""

import asyncio
from typing import Any

from discord.http import HTTPClient


def release_when_cancelled(http: HTTPClient) -> None:
    """Release the other requests when the one that waits for Discord's global rate limit is cancelled.

    discord.py holds all requests back until that one has waited: if it is cancelled, they would wait for ever. If they
    continue too early, Discord tells them to wait, and they do.
    """
    request = http.request

    async def send(*arguments: Any, **options: Any) -> Any:
        try:
            return await request(*arguments, **options)
        except asyncio.CancelledError:
            gate = http._global_over
            if isinstance(gate, asyncio.Event):  # it is created at the log-in
                gate.set()
            raise

    http.request = send  # type: ignore[method-assign]  # discord.py makes its client itself, of this class
