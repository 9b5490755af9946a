"""`savedata`: save statistics, badges and history now."""

import asyncio
import contextlib

import discord
from discord.ext import commands

from actors.chat.discord.core.api_errors import API_ERRORS
from actors.chat.discord.framework.actor_client import SAVE_S
from actors.chat.discord.framework.command import ADMINISTRATOR, CommandGroup, Cooldown, command
from actors.chat.discord.framework.replies import CommandContext, acknowledge_then, send_reply
from actors.chat.discord.ui import embeds
from actors.chat.discord.ui.embeds import Reply
from messages import SaveNow, SaveReport
from wording.numbers import format_count
from wording.translation import N_, _

_LONG_S = 1.0
"""A save that takes longer gets a first answer that it is under way."""


@command(
    "savedata",
    N_("Save statistics, badges and history now (admins)"),
    group=CommandGroup.ADMINS,
    permission=ADMINISTRATOR,
    cooldown=Cooldown(2, 10.0, commands.BucketType.guild),
)
async def savedata(ctx: CommandContext) -> None:
    """Save all three now, and answer with counts and duration. If it takes long, send a first answer that says so."""
    saving = await acknowledge_then(ctx, _begin_saving(ctx))
    if saving.done():
        await send_reply(ctx, Reply(_build_saved(saving.result())))
        return
    text = _("Writing a long history takes up to half a minute. Films are recorded meanwhile.")
    message = await send_reply(ctx, Reply(embeds.build_embed(_("💾 Saving …"), text)))
    try:
        saved = _build_saved(await saving)
    except Exception:
        with contextlib.suppress(*API_ERRORS):  # the save is over: the error is the answer
            await message.delete()
        raise
    try:
        await message.edit(embed=saved)
    except API_ERRORS:  # it was deleted meanwhile
        await send_reply(ctx, Reply(saved))


async def _begin_saving(ctx: CommandContext) -> asyncio.Future[SaveReport]:
    """Begin a save; return a Future of its report, done already unless the save takes long."""
    saving = asyncio.ensure_future(_save(ctx, SaveNow(requested_by=str(ctx.author))))
    await asyncio.wait({saving}, timeout=_LONG_S)
    return saving


async def _save(ctx: CommandContext, question: SaveNow) -> SaveReport:
    async with ctx.actors.record_act(ctx.author, "savedata"):
        return await ctx.actors.ask(question, SAVE_S)


def _build_saved(saved: SaveReport) -> discord.Embed:
    counts = (
        format_count("**{count}** user", "**{count}** users", saved.users),
        format_count("**{count}** watch record", "**{count}** watch records", saved.watches),
        format_count("**{count}** badge", "**{count}** badges", saved.badges),
    )
    lines = (
        " · ".join(counts),
        format_count(
            "{count} active watch in the checkpoint", "{count} active watches in the checkpoint", saved.active
        ),
        embeds.took_line(saved.took_ms),
    )
    return embeds.build_embed(_("💾 Saved"), "\n".join(lines), colour=embeds.GREEN)
