"""`help`: every command, on one phone screen."""

from typing import Any

from actors.chat.discord.commands import load_commands


async def test_help_fits_a_phone(room: Any) -> None:
    """Everybody's commands in few lines; admins see theirs too."""
    await room.ana.send(room.channel, "!help")
    assert "!savedata" not in room.text()
    assert len(room.text()) < 1_200
    await room.boss.send(room.channel, "!help")
    assert "!savedata" in room.text()
    await room.ana.send(room.channel, "!help history")
    assert "!history [@somebody or a name] [title] [since]" in room.text()
    assert "`since` 7d, 2w, 3m, 1y or a date like 2026-10-31" in room.text()


async def test_every_command_is_in_the_help(room: Any) -> None:
    """Once, below the heading of its group; help itself needs no line."""
    await room.boss.send(room.channel, "!help")
    for declared in load_commands():
        assert room.text().count(f"`!{declared.name}`") == (declared.name != "help"), declared.name
