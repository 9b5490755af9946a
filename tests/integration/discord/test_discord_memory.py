"""When memory runs out in the Discord actor, the process ends and is restarted."""

import asyncio
import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.chat.discord.features.voice_presence import VoiceReporter
from actors.chat.discord.ui import embeds
from actors.runtime.boot import memory_limit
from tests.deadlines import WITHIN_S
from tests.integration.discord.discord_stage import Stage, open_stage, until


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A Discord, and the other actors."""
    with open_stage(tmp_path) as made:
        yield made


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the processes that end; this one goes on."""
    ended: list[str] = []
    monkeypatch.setattr(memory_limit, "end_out_of_memory", ended.append)
    return ended


def fail(*_: Any, **__: Any) -> Any:
    """Want more than there is."""
    raise MemoryError


def test_a_command_that_wants_too_much_ends_the_process(
    stage: Stage, ends: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """discord.py wraps what a command raises, and there is a word for whoever gave it."""
    with stage.acting():
        monkeypatch.setattr(embeds, "build_embed", fail)
        stage.discord.say("Chiara", "film-club", "!help")
        until(lambda: ends, "the end")


def test_an_event_that_wants_too_much_ends_the_process(
    stage: Stage, ends: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """discord.py logs what the handler of an event raises, and goes on."""
    monkeypatch.setattr(VoiceReporter, "on_voice_change", fail)
    with stage.acting():
        stage.discord.join_voice(stage.discord.member("Chiara"), "Cinema")
        until(lambda: ends, "the end")


def test_a_task_that_wants_too_much_ends_the_process(stage: Stage, ends: list[str]) -> None:
    """Nobody waits for it."""

    async def leave_behind() -> None:
        task = asyncio.ensure_future(asyncio.to_thread(fail))
        await asyncio.sleep(0)
        del task

    with stage.acting():
        stage.main.runner.begin(leave_behind()).result(WITHIN_S)
        until(lambda: gc.collect() >= 0 and ends, "the end")


def test_a_wrapped_memory_error_is_recognised() -> None:
    """Whatever it was wrapped in; other errors are not taken for one."""
    ended: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory_limit, "end_out_of_memory", ended.append)
        try:
            try:
                fail()
            except MemoryError as error:
                raise RuntimeError("wrapped") from error
        except RuntimeError as error:
            memory_limit.end_if_out_of_memory(error, "discord")
        memory_limit.end_if_out_of_memory(RuntimeError("another"), "discord")
        memory_limit.end_if_out_of_memory(None, "discord")
    assert ended == ["discord"]
