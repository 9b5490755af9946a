"""`help`: every command on one phone screen, or one command in a few lines."""

from typing import Any

from discord.ext import commands

from actors.chat.discord.framework.command import Context, UsherCog, command, describe, send_reply
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Field, Reply
from wording.translation import _, later

_ADMINS = later("🔧 Admins")
GROUPS = (
    (later("🎬 Now"), ("nowplaying", "activewatches", "night", "whosaw")),
    (later("👤 You"), ("stats", "badges", "progress", "history", "wrapped")),
    (later("🔒 Yours"), ("link", "unlink", "privacy", "mydata", "forgetme")),
    (later("🏆 Everybody"), ("leaderboard", "topwatchers", "moviestats", "allbadges")),
    (_ADMINS, ("savedata", "starttracking", "health", "diagnose", "backup", "toproles")),
)


class Helping(UsherCog):
    """Help."""

    @command("help", later("What Usher can do"), usage=later("[command]"))
    @describe(command=later("One command only"))
    async def help(self, ctx: Context, command: str = "") -> None:
        """All commands, or one."""
        found = ctx.bot.get_command(command.lstrip("!/").lower()) if command else None
        embed = _one(found) if found is not None else _all(ctx, command)
        await send_reply(ctx, Reply(embed))


def _all(ctx: Context, unknown: str) -> Any:
    admin = ctx.permissions.administrator
    fields = []
    for heading, names in GROUPS:
        known = [found for name in names if (found := ctx.bot.get_command(name)) is not None]
        if heading == _ADMINS and not admin:
            continue
        lines = [f"`!{found.name}` {_short(found)}" for found in known]
        fields.append(Field(_(heading), "\n".join(lines)))
    text = _("All of them work with `!` and with `/`. `!help stats` tells more of one.")
    if unknown:
        missing = _("There is no command {name}.").format(name=formatting.escape(unknown, 40))
        text = f"{missing}\n{text}"
    return embeds.build_embed("🎟️ Usher", text, fields=fields)


def _one(command: commands.Command[Any, ..., Any]) -> Any:
    usage = f"!{command.name} {_(command.usage or '')}".strip()
    return embeds.build_embed(f"🎟️ {usage}", _short(command))


def _short(command: commands.Command[Any, ..., Any]) -> str:
    return _(command.description).removesuffix(_(" (admins)"))
