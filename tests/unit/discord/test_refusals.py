"""When the bot refuses something, it says what to do next."""

import ast
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import discord
import pytest

import actors.chat.discord
from actors.chat.discord.framework.command_errors import explain_error
from messages import GetHistory, GetWhoSaw, HistoryPage, WhoSaw

CODE = sorted(Path(actors.chat.discord.__file__).parent.rglob("*.py"))
SAYS_NO = {"RefusedError", "UnansweredError", "build_problem", "refuse", "_build_refusal"}
fails = pytest.mark.simcord(check_errors=False)


@pytest.mark.parametrize("file", CODE, ids=lambda file: file.stem)
def test_every_refusal_says_what_to_do(file: Path) -> None:
    """At its end. Sentences of other actors (SAID) name their own cure."""
    for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        name = getattr(call.func, "attr", getattr(call.func, "id", "")) if isinstance(call, ast.Call) else ""
        if isinstance(call, ast.Call) and name in SAYS_NO:
            given = [argument for argument in call.args if not isinstance(argument, ast.Constant) or argument.value]
            is_whole = any(isinstance(argument, ast.Starred) for argument in given)  # a pair of texts
            assert is_whole or len(given) >= (3 if name == "refuse" else 2), f"{file.name}:{call.lineno}"


@fails
async def test_a_refused_member_is_told_whom_to_ask(room: Any) -> None:
    """For example about somebody else's account."""
    await room.ana.send(room.channel, f"!link Anton {room.boss.mention}")
    assert "Only administrators of this server may do that for others." in room.text()
    assert "An administrator can do it for you" in room.text()


async def test_an_empty_answer_says_where_to_look(room: Any, actors: Any) -> None:
    """A title that nobody watched, and a history that is empty, altogether or for these arguments."""
    actors.answers[GetWhoSaw] = WhoSaw(None, (), (), 0, 0, 0)
    await room.ana.send(room.channel, "!whosaw metropoliss")
    assert "`!moviestats` lists what was watched." in room.text()
    actors.answers[GetHistory] = HistoryPage((), 0)
    await room.ana.send(room.channel, "!history metropoliss")
    assert "`!history` shows them all." in room.text()
    await room.ana.send(room.channel, "!history")
    assert "Nothing watched yet." in room.text()


@pytest.mark.parametrize("code", [40060, 10062])
def test_an_interaction_that_another_bot_answered_is_no_fault_of_ours(code: int) -> None:
    """Two instances on one token: one line in the log, and nothing to say to anybody."""
    response = SimpleNamespace(status=400, reason="Bad Request", headers={})
    error = discord.HTTPException(response, {"code": code, "message": "answered"})  # type: ignore[arg-type]  # all it reads
    reply = explain_error(error)
    assert reply.answered_elsewhere and reply.embed is None and reply.unexpected is None


async def test_only_people_s_messages_are_commands(bot: Any) -> None:
    """A thread or channel that is called `!savedata` saves nothing; discord.py is not even asked."""
    for kind in set(discord.MessageType) - {discord.MessageType.default, discord.MessageType.reply}:
        message = SimpleNamespace(type=kind, content="!moviestats Schindler’s List")
        await bot.process_commands(message)
        assert "’" in message.content, kind
