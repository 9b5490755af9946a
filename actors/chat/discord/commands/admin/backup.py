"""`backup`: make a verified copy of the store."""

import discord
from discord.ext import commands

from actors.chat.discord.framework.actor_client import BACKUP_S
from actors.chat.discord.framework.command import ADMINISTRATOR, CommandGroup, Cooldown, command
from actors.chat.discord.framework.replies import CommandContext, acknowledge_then, send_reply
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Reply
from messages import BackUpNow, BackupReport
from wording.numbers import format_count, format_number
from wording.translation import N_, _


@command(
    "backup",
    N_("Make a verified copy of the store (admins)"),
    group=CommandGroup.ADMINS,
    permission=ADMINISTRATOR,
    cooldown=Cooldown(1, 30.0, commands.BucketType.guild),
)
async def backup(ctx: CommandContext) -> None:
    """Make a consistent copy, verify it, and answer with its path."""
    made = await acknowledge_then(ctx, _back_up(ctx))
    await send_reply(ctx, Reply(_build_backed_up(made)))


async def _back_up(ctx: CommandContext) -> BackupReport:
    async with ctx.actors.record_act(ctx.author, "backup"):
        return await ctx.actors.ask(BackUpNow(), BACKUP_S)


def _build_backed_up(made: BackupReport) -> discord.Embed:
    read = _("{size} MB · read back: {records}, {viewers}").format(
        size=format_number(made.size_bytes / 1e6, 1),
        records=format_count("{count} watch record", "{count} watch records", made.watches),
        viewers=format_count("{count} viewer", "{count} viewers", made.viewers),
    )
    text = f"`{formatting.escape_code(made.file, 300)}`\n{read}\n{embeds.took_line(made.took_ms)}"
    return embeds.build_embed(_("🗄️ Backed up and verified"), text, colour=embeds.GREEN)
