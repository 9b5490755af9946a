"""Tasks end even if a library loses their cancellation."""

import asyncio
import gc

import pytest

from actors.asyncio_tasks import end_tasks


def test_a_task_that_loses_its_cancellation_is_cancelled_again() -> None:
    """A library took the first one for an error of its own, and continued."""
    lost: list[str] = []

    async def live_on(began: asyncio.Event) -> None:
        began.set()
        while len(lost) < 2:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                lost.append("cancellation")
        await asyncio.Event().wait()

    async def play() -> asyncio.Task[None]:
        began = asyncio.Event()
        task = asyncio.create_task(live_on(began))
        await began.wait()
        async with asyncio.timeout(20.0):
            await end_tasks({task}, clean_up_s=0.01)
        return task

    assert asyncio.run(play()).cancelled()
    assert lost == ["cancellation"] * 2


def test_a_task_may_clean_up_before_it_ends() -> None:
    """It is not cancelled again meanwhile."""
    steps: list[str] = []

    async def clean_up(began: asyncio.Event) -> None:
        try:
            began.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            steps.append("cleaned up")

    async def play() -> None:
        began = asyncio.Event()
        task = asyncio.create_task(clean_up(began))
        await began.wait()
        await end_tasks({task}, clean_up_s=20.0)
        steps.append("ended")

    asyncio.run(play())
    assert steps == ["cleaned up", "ended"]


def test_an_error_at_the_end_is_not_logged_as_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    """The caller may read it, and need not."""

    async def fail(began: asyncio.Event) -> None:
        try:
            began.set()
            await asyncio.Event().wait()
        finally:
            raise ZeroDivisionError

    async def play() -> BaseException | None:
        began = asyncio.Event()
        task = asyncio.create_task(fail(began))
        await began.wait()
        await end_tasks({task})
        return task.exception() if not task.cancelled() else None

    assert isinstance(asyncio.run(play()), ZeroDivisionError)
    gc.collect()
    assert not caplog.records


def test_nothing_to_end_is_no_error() -> None:
    """An actor that stops before it began has no tasks."""
    asyncio.run(end_tasks([]))
