"""The queue of announcements: posted once, bounded, acknowledged, through every failure of Discord."""

import asyncio
import concurrent.futures
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import discord
import pytest

from actors.chat.discord.features.announcements import AnnouncementRecord, PostedAnnouncements, announcement_queue
from actors.chat.discord.features.announcements.announcement_queue import AnnouncementQueue, QueuedAnnouncement
from actors.runtime import Clock
from messages import BadgesAwarded, ScreeningEnded, ScreeningStarted
from tests.unit.discord import samples
from tests.unit.discord.memory_store import MemoryStore

LOG = logging.getLogger("discord")


def failure(status: int, code: int = 0) -> discord.HTTPException:
    """An answer of Discord that is an error."""
    kind = discord.Forbidden if status == 403 else discord.HTTPException
    return kind(SimpleNamespace(status=status, reason="no"), {"code": code, "message": "no"})  # type: ignore[arg-type]  # as much of a response as discord.py reads


class Channel:
    """An announce channel that fails as often as it is told to, and knows nonces as Discord does."""

    def __init__(self) -> None:
        self.failures: list[Exception] = []
        self.poison = ""
        self.posted: dict[str, list[discord.Embed]] = {}
        self.tries = 0

    async def send(self, *, embeds: list[discord.Embed], nonce: str, **more: Any) -> Any:
        """As discord.py's."""
        self.tries += 1
        assert len(nonce) <= 25
        if self.failures:
            raise self.failures.pop(0)
        if self.poison and any(self.poison in f"{embed.title}{embed.description}" for embed in embeds):
            raise failure(400, 50035)
        self.posted.setdefault(nonce, embeds)
        return SimpleNamespace(id=self.tries)

    def text(self) -> str:
        """All that was posted."""
        return "\n".join(f"{embed.title}\n{embed.description}" for embeds in self.posted.values() for embed in embeds)


class Bench:
    """An announcer at work."""

    def __init__(self, health: Any, channel_id: int = 5, memory: MemoryStore | None = None) -> None:
        self.channel = Channel()
        self.there = True
        self.health = health
        self.memory = memory or MemoryStore()
        posted = PostedAnnouncements(self.memory.open("announcements", AnnouncementRecord), Clock())
        self.announcer = AnnouncementQueue(channel_id, self._where, posted, health.degraded, LOG)

    def _where(self) -> Any:
        return self.channel if self.there else None

    def put(self, number: int, title: str = "") -> "concurrent.futures.Future[None]":
        """An announcement; the future is its acknowledgement."""
        done: concurrent.futures.Future[None] = concurrent.futures.Future()
        notice = ScreeningStarted(samples.NOW, samples.screening(number, title or f"Film {number}."))
        self.announcer.put(QueuedAnnouncement(f"id-{number}", notice, done))
        return done


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Back-off in hundredths of a second."""
    monkeypatch.setattr(announcement_queue, "GATHER_S", 0.01)
    monkeypatch.setattr(announcement_queue, "REUNITE_S", 0.2)
    monkeypatch.setattr("actors.chat.discord.core.api_errors.LONGEST_S", 0.02)
    monkeypatch.setattr("actors.chat.discord.core.api_errors.backoff", lambda tries, longest_s=0.02: 0.02)


@contextlib.asynccontextmanager
async def working(bench: Bench) -> AsyncIterator[Bench]:
    """Run the announcer's task."""
    task = asyncio.ensure_future(bench.announcer.run())
    try:
        yield bench
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def wait_acknowledged(*futures: "concurrent.futures.Future[None]") -> None:
    """All are acknowledged in time."""
    async with asyncio.timeout(5):
        await asyncio.gather(*(asyncio.wrap_future(future) for future in futures))


async def test_it_is_acknowledged_when_it_is_posted(health: Any) -> None:
    """Not before."""
    async with working(Bench(health)) as bench:
        bench.there = False
        waiting = bench.put(1)
        await asyncio.sleep(0.05)
        assert not waiting.done()
        bench.there = True
        bench.announcer.retry_now()
        await wait_acknowledged(waiting)
        assert "Film 1." in bench.channel.text()


async def test_a_single_start_is_announced_at_once(health: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not wait for others; starts soon after it are put together."""
    monkeypatch.setattr(announcement_queue, "GATHER_S", 4.0)
    async with working(Bench(health)) as bench:
        began = time.monotonic()
        await wait_acknowledged(bench.put(1))
        assert time.monotonic() - began < 4.0
        second = bench.put(2)
        await asyncio.sleep(0.1)
        await wait_acknowledged(second, bench.put(3))
        assert time.monotonic() - began >= 4.0
        assert bench.channel.tries == 2


async def test_an_end_waits_for_its_badges(health: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Persistence sends them a moment later, and they go into the same message."""
    monkeypatch.setattr(announcement_queue, "GATHER_S", 0.3)
    async with working(Bench(health)) as bench:
        ended, badges = concurrent.futures.Future[None](), concurrent.futures.Future[None]()
        bench.announcer.put(
            QueuedAnnouncement("end", ScreeningEnded(samples.NOW, samples.screening(1, "Metropolis")), ended)
        )
        await asyncio.sleep(0.05)
        bench.announcer.put(
            QueuedAnnouncement("badges", BadgesAwarded("discord:1", "Ana", (samples.make_badge(),), "one"), badges)
        )
        await wait_acknowledged(ended, badges)
        assert bench.channel.tries == 1


async def test_many_starts_at_once_are_one_message(health: Any) -> None:
    """Forty films."""
    async with working(Bench(health)) as bench:
        await wait_acknowledged(*(bench.put(number) for number in range(40)))
        assert bench.channel.tries == 1
        assert all(f"Film {number}." in bench.channel.text() for number in range(40))


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (failure(500), "HTTP 500"),
        (failure(429), "limits the rate"),
        (failure(403, 50013), "give the bot View Channel, Send Messages, Embed Links and Attach Files"),
        (failure(403, 50001), "give the bot View Channel, Send Messages, Embed Links and Attach Files"),
        (failure(404, 10003), "DISCORD_ANNOUNCE_CHANNEL_ID"),
        (failure(401), "DISCORD_TOKEN"),
        (ConnectionRefusedError(), "cannot be reached"),
        (TimeoutError(), "cannot be reached"),
    ],
)
async def test_a_failure_is_named_and_tried_again(tmp_path: Path, health: Any, error: Exception, named: str) -> None:
    """Health names the cause with its cure while it lasts, and clears afterwards."""
    async with working(Bench(health)) as bench:
        bench.channel.failures = [error] * 3
        reasons = []
        waiting = bench.put(1)
        while not waiting.done():
            reasons.append(health.reason)
            await asyncio.sleep(0.005)
        assert any(named in reason and "announcements wait" in reason for reason in reasons)
        assert bench.channel.tries == 4
        assert health.reason == ""


async def test_a_refused_announcement_delays_no_other(
    tmp_path: Path, health: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """One that Discord will never accept is dropped with a log line; the others are posted."""
    async with working(Bench(health)) as bench:
        bench.channel.poison = "Poison"
        await wait_acknowledged(bench.put(1), bench.put(2, "Poison"), bench.put(3))
        assert "Film 1." in bench.channel.text()
        assert "Film 3." in bench.channel.text()
        assert "Announcement dropped" in caplog.text


async def test_the_queue_is_bounded(tmp_path: Path, health: Any, caplog: pytest.LogCaptureFixture) -> None:
    """While Discord is away, the oldest make room and are acknowledged as dropped."""
    bench = Bench(health)
    futures = [bench.put(number) for number in range(announcement_queue.MOST_WAITING + 7)]
    assert bench.announcer.waiting == announcement_queue.MOST_WAITING
    assert [future.done() for future in futures[:8]] == [True] * 7 + [False]
    assert caplog.text.count("Announcement dropped") == 7


async def test_a_full_queue_may_push_out_what_is_being_posted(health: Any) -> None:
    """The announcer outlives it."""
    async with working(Bench(health)) as bench:
        begun, go = asyncio.Event(), asyncio.Event()
        send = bench.channel.send

        async def slow(**more: Any) -> Any:
            begun.set()
            await go.wait()
            return await send(**more)

        bench.channel.send = slow  # type: ignore[method-assign]  # a slow Discord
        first = bench.put(0)
        await begun.wait()
        futures = [bench.put(number) for number in range(1, announcement_queue.MOST_WAITING + 5)]
        assert first.done()
        go.set()
        await wait_acknowledged(*futures)


async def test_old_announcements_are_dropped(
    health: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody wants to read about last week's film."""
    monkeypatch.setattr(announcement_queue, "OLDEST_S", 0.0)
    async with working(Bench(health)) as bench:
        await wait_acknowledged(bench.put(1))
        assert bench.channel.tries == 0
        assert "Announcement dropped" in caplog.text


async def test_a_redelivery_is_not_posted_twice(health: Any) -> None:
    """Neither while it waits, nor after it was posted, nor after a restart."""
    async with working(Bench(health)) as bench:
        await wait_acknowledged(bench.put(1), bench.put(1))
        await wait_acknowledged(bench.put(1))
        assert bench.channel.tries == 1
    async with working(Bench(health, memory=bench.memory)) as restarted:
        await wait_acknowledged(restarted.put(1))
        assert restarted.channel.tries == 0


async def test_a_crash_while_posting_does_not_post_twice(health: Any) -> None:
    """Discord has the post, Usher died before it knew: the same batch comes again under the same nonce."""
    async with working(Bench(health)) as first:
        posted = asyncio.Event()

        async def die(**more: Any) -> None:
            first.channel.posted[more["nonce"]] = more["embeds"]
            posted.set()
            await asyncio.Event().wait()

        first.channel.send = die  # type: ignore[method-assign]  # the process ends inside it
        first.put(1)
        first.put(2)
        await posted.wait()
    second = Bench(health, memory=first.memory)
    second.channel.posted = first.channel.posted
    async with working(second):
        futures = [second.put(1)]
        await asyncio.sleep(0.05)
        futures += [second.put(2), second.put(3)]
        await wait_acknowledged(*futures)
    assert second.channel.text().count("Film 1.") == 1
    assert second.channel.text().count("Film 2.") == 1
    assert second.channel.text().count("Film 3.") == 1


async def test_without_a_channel_announcements_are_acknowledged_at_once(health: Any) -> None:
    """Announcements are off."""
    bench = Bench(health, channel_id=0)
    assert bench.put(1).done()
