"""`help`: every command, on one phone screen."""

from typing import Any

from actors.chat.discord.commands import COGS
from actors.chat.discord.commands.help import GROUPS


async def test_help_fits_a_phone(room: Any) -> None:
    """Everybody's commands in few lines; admins see theirs too."""
    await room.ana.send(room.channel, "!help")
    assert "!savedata" not in room.text()
    assert len(room.text()) < 1_200
    await room.boss.send(room.channel, "!help")
    assert "!savedata" in room.text()
    await room.ana.send(room.channel, "!help history")
    assert "!history [@somebody] [title] [since]" in room.text()


def test_every_command_is_in_the_help() -> None:
    """Once; help itself needs no line."""
    named = [name for _, names in GROUPS for name in names]
    made = [command.name for cog in COGS for command in cog.__cog_commands__]
    assert sorted(named) == sorted(set(made) - {"help"})
