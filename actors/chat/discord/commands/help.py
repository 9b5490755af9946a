"""`help`: every command on one phone screen, or one command with its arguments."""

from collections.abc import Iterable

import discord

from actors.chat.discord.framework.command import CommandGroup, UsherCommand, command
from actors.chat.discord.framework.replies import CommandContext, send_reply
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Field, Reply
from wording.translation import N_, _


@command(
    "help",
    N_("What Usher can do"),
    usage=N_("[command]"),
    parameters={"command": N_("One command only")},
)
async def help_(ctx: CommandContext, command: str = "") -> None:
    """Answer with all commands, or with the one that is named."""
    wanted = ctx.bot.get_command(command.lstrip("!/").lower()) if command else None
    if wanted is not None:
        await send_reply(ctx, Reply(_build_one(wanted)))
    else:
        await send_reply(ctx, Reply(_build_all(ctx, command)))


def _build_all(ctx: CommandContext, unknown: str) -> discord.Embed:
    usable = [listed for listed in ctx.bot.commands if _may_use(ctx, listed)]
    fields = [
        Field(_(group.value), "\n".join(lines))
        for group in CommandGroup
        if (lines := _format_lines(listed for listed in usable if listed.group is group))
    ]
    text = _("Use `!` or `/`. `!help stats` for details.")
    if unknown:
        missing = _("There is no command {name}.").format(name=formatting.escape(unknown, 40))
        text = f"{missing}\n{text}"
    return embeds.build_embed("🎟️ Usher", text, fields=fields)


def _may_use(ctx: CommandContext, listed: UsherCommand) -> bool:
    return not listed.permission or getattr(ctx.permissions, listed.permission)


def _format_lines(members: Iterable[UsherCommand]) -> list[str]:
    ordered = sorted(members, key=lambda member: member.name)
    return [f"`!{member.name}` {_format_summary(member)}" for member in ordered]


def _build_one(wanted: UsherCommand) -> discord.Embed:
    usage = f"!{wanted.name} {_(wanted.usage or '')}".strip()
    parameters = wanted.app_command.parameters if wanted.app_command is not None else []
    lines = [_format_summary(wanted), *(f"`{each.name}` {each.description}" for each in parameters)]
    return embeds.build_embed(f"🎟️ {usage}", "\n".join(lines))


def _format_summary(described: UsherCommand) -> str:
    return _(described.description).removesuffix(_(" (admins)"))
