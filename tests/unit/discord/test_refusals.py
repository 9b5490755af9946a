"""Where the bot says no, it says what to do next."""

import ast
from pathlib import Path
from typing import Any

import pytest

import actors.chat.discord
from messages import GetHistory, GetWhoSaw, HistoryPage, WhoSaw

CODE = sorted(Path(actors.chat.discord.__file__).parent.rglob("*.py"))
SAYS_NO = {"RefusedError", "UnansweredError", "problem", "refuse", "_refused"}
fails = pytest.mark.simcord(check_errors=False)


@pytest.mark.parametrize("file", CODE, ids=lambda file: file.stem)
def test_no_refusal_is_without_a_cure(file: Path) -> None:
    """It is the last thing said. Another actor's sentence names its own: that is written as SAID."""
    for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        name = getattr(call.func, "attr", getattr(call.func, "id", "")) if isinstance(call, ast.Call) else ""
        if isinstance(call, ast.Call) and name in SAYS_NO:
            given = [argument for argument in call.args if not isinstance(argument, ast.Constant) or argument.value]
            is_whole = any(isinstance(argument, ast.Starred) for argument in given)  # a pair of texts
            assert is_whole or len(given) >= (3 if name == "refuse" else 2), f"{file.name}:{call.lineno}"


@fails
async def test_what_others_may_do_is_said_with_whom_to_ask(room: Any) -> None:
    """For somebody else's account, say."""
    await room.ana.send(room.channel, f"!link Anton {room.boss.mention}")
    assert "Only administrators of this server may do that for others." in room.text()
    assert "An administrator can do it for you" in room.text()


async def test_what_is_not_found_is_said_with_where_to_look(room: Any, actors: Any) -> None:
    """A title that nobody watched, and a history that is empty for what was asked of it, or altogether."""
    actors.answers[GetWhoSaw] = WhoSaw(None, (), (), 0, 0, 0)
    await room.ana.send(room.channel, "!whosaw metropoliss")
    assert "`!moviestats` lists what was watched." in room.text()
    actors.answers[GetHistory] = HistoryPage((), 0)
    await room.ana.send(room.channel, "!history metropoliss")
    assert "`!history` shows them all." in room.text()
    await room.ana.send(room.channel, "!history")
    assert "Nothing watched yet." in room.text()
