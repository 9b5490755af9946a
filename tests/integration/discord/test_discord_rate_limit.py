"""Discord's global rate limit, at which discord.py holds all requests back."""

import asyncio

import discord
import pytest
from discord.http import Route

from actors.chat.discord.gateway.global_rate_limit import release_when_cancelled
from simulator.discord import SimulatedDiscord
from tests.deadlines import WITHIN_S


def test_a_request_that_is_cancelled_at_the_limit_holds_no_other_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is to wait for a minute, and is given up; the next one is answered."""

    async def run(served: SimulatedDiscord) -> None:
        async with discord.Client(intents=discord.Intents.default()) as client:
            release_when_cancelled(client.http)
            await client.login(served.token)
            served.faults.rate_limit("/channels", times=1, retry_after_s=60.0, is_global=True)
            waiting = asyncio.create_task(client.fetch_channel(served.channel("film-club").id))
            async with asyncio.timeout(WITHIN_S):
                while client.http._global_over.is_set():  # noqa: ASYNC110 - discord.py tells nobody of it
                    await asyncio.sleep(0.01)
            waiting.cancel()
            await asyncio.wait([waiting])
            assert waiting.cancelled()
            async with asyncio.timeout(WITHIN_S):
                assert (await client.application_info()).id == client.application_id

    with SimulatedDiscord() as served:
        monkeypatch.setattr(Route, "BASE", served.api_url)
        asyncio.run(run(served))
