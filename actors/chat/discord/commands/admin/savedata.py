"""`savedata`: save statistics, badges and history now."""

import discord
from discord.ext import commands

from actors.chat.discord.framework.actor_client import SAVE_S
from actors.chat.discord.framework.command import ADMINISTRATOR, CommandGroup, Cooldown, command
from actors.chat.discord.framework.replies import CommandContext, acknowledge_then, send_reply
from actors.chat.discord.ui import embeds
from actors.chat.discord.ui.embeds import Reply
from messages import SaveNow, SaveReport
from wording.numbers import format_count
from wording.translation import N_, _


@command(
    "savedata",
    N_("Save statistics, badges and history now (admins)"),
    group=CommandGroup.ADMINS,
    permission=ADMINISTRATOR,
    cooldown=Cooldown(2, 10.0, commands.BucketType.guild),
)
async def savedata(ctx: CommandContext) -> None:
    """Save all three now, and answer with counts and how long it took."""
    question = SaveNow(requested_by=str(ctx.author))
    saved = await acknowledge_then(ctx, _save(ctx, question))
    await send_reply(ctx, Reply(_build_saved(saved)))


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
