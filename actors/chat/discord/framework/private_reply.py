"""Answers for the asker alone: shown to nobody else below a / command, and as a direct message to a ! command."""

from typing import Any

import discord

from actors.chat.discord.framework.command_errors import RefusedError
from actors.chat.discord.framework.replies import Context, send_reply
from actors.chat.discord.ui import embeds
from actors.chat.discord.ui.embeds import Reply
from wording.translation import _


async def defer_privately(ctx: Context) -> None:
    """Acknowledge a / command so that its answer is for the asker alone. First of all: it cannot be changed later."""
    if ctx.interaction is not None and not ctx.interaction.response.is_done():
        await ctx.defer(ephemeral=True)


async def reply_privately(
    ctx: Context,
    embed: discord.Embed,
    *,
    view: discord.ui.View | None = None,
    file: discord.File | None = None,
    aside: bool = True,
) -> discord.Message:
    """Say it to the asker alone; with `aside`, the channel of a ! command reads that there is a direct message.

    RefusedError where the asker takes no direct messages.
    """
    parts: dict[str, Any] = {"embed": embed, "allowed_mentions": embeds.NOBODY}
    parts |= {name: part for name, part in (("view", view), ("file", file)) if part is not None}
    if ctx.interaction is not None:
        return await ctx.send(ephemeral=True, **parts)
    try:
        message = await ctx.author.send(**parts)
    except discord.Forbidden as error:
        raise RefusedError(
            _("That is for you alone, and you take no direct messages from this server."),
            _("Use `/{command}` instead: only you see its answer.").format(command=ctx.command),
        ) from error
    if aside:
        await send_reply(ctx, Reply(embeds.build_embed(_("📬 Look at your direct messages"), colour=embeds.GREY)))
    return message
