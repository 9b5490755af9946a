"""`help`: every command on one phone screen, or one command in a few lines."""

from typing import Any

from discord import app_commands
from discord.ext import commands

from actors.discord import look, words
from actors.discord.commands.base import Context, UsherCog, command, send
from actors.discord.look import Field, Reply

GROUPS = (
    ("🎬 Now", ("nowplaying", "activewatches", "night", "whosaw")),
    ("👤 You", ("stats", "badges", "progress", "history", "wrapped")),
    ("🏆 Everybody", ("leaderboard", "topwatchers", "moviestats", "allbadges")),
    ("🔧 Admins", ("savedata", "starttracking", "health", "diagnose", "backup", "toproles")),
)


class Helping(UsherCog):
    """Help."""

    @command("help", "What Usher can do", usage="[command]")
    @app_commands.describe(command="One command only")
    async def help(self, ctx: Context, command: str = "") -> None:
        """All commands, or one."""
        found = ctx.bot.get_command(command.lstrip("!/").lower()) if command else None
        embed = _one(found) if found is not None else _all(ctx, command)
        await send(ctx, Reply(embed))


def _all(ctx: Context, unknown: str) -> Any:
    admin = ctx.permissions.administrator
    fields = []
    for heading, names in GROUPS:
        known = [found for name in names if (found := ctx.bot.get_command(name)) is not None]
        if "Admins" in heading and not admin:
            continue
        lines = [f"`!{found.name}` {_short(found)}" for found in known]
        fields.append(Field(heading, "\n".join(lines)))
    top = f"There is no command {words.safe(unknown, 40)}.\n" if unknown else ""
    text = f"{top}All of them work with `!` and with `/`. `!help stats` tells more of one."
    return look.card("🎟️ Usher", text, fields=fields)


def _one(command: commands.Command[Any, ..., Any]) -> Any:
    usage = f"!{command.name} {command.usage or ''}".strip()
    return look.card(f"🎟️ {usage}", _short(command))


def _short(command: commands.Command[Any, ..., Any]) -> str:
    return command.description.removesuffix(" (admins)")
