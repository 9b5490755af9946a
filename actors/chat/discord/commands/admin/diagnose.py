"""`diagnose`: what is wrong or missing, and what to do about it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import discord
from msgspec.structs import replace

from actors.chat.discord.commands.admin.health import name_actors
from actors.chat.discord.framework.actor_client import ActorClient, UnansweredError
from actors.chat.discord.framework.command import ADMINISTRATOR, CommandGroup, command
from actors.chat.discord.framework.replies import CommandContext, acknowledge_then, send_reply
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Reply
from diagnosis.discord_checks import check_discord
from diagnosis.findings import Finding, Markup, error, render
from diagnosis.service_checks import check_actors, check_saves, check_tracking
from diagnosis.views import Absence, ChannelKind, ChannelView, DiscordView, RoleView, ServerView
from messages import GetHealth, GetSaveStatus, ListActiveWatches
from wording.numbers import format_count
from wording.problems import translate_all
from wording.translation import N_, _

_SIGNS = {"ok": "✅", "note": "ℹ️", "error": "❌"}
_KINDS: dict[discord.ChannelType, ChannelKind] = {
    discord.ChannelType.text: "text",
    discord.ChannelType.news: "text",
    discord.ChannelType.voice: "voice",
    discord.ChannelType.stage_voice: "stage",
}
_MARKUP = Markup(lambda text: formatting.escape(text, 300), lambda name: f"`{name}`", formatting.relative_time)


@command(
    "diagnose",
    N_("Find problems, and how to fix them (admins)"),
    group=CommandGroup.ADMINS,
    permission=ADMINISTRATOR,
)
async def diagnose(ctx: CommandContext) -> None:
    """Check permissions, intent, voice channel, Plex and saves."""
    await send_reply(ctx, Reply(await acknowledge_then(ctx, build_diagnosis(ctx.actors, ctx.bot, ctx.guild))))


async def build_diagnosis(actors: ActorClient, bot: discord.Client, guild: discord.Guild | None) -> discord.Embed:
    """Check everything that an administrator can correct, and say how."""
    answers = await asyncio.gather(_check_actors(actors), _check_tracking(actors), _check_saves(actors))
    findings = [
        *check_discord(read_view(actors, bot, guild), actors.settings),
        *(each for part in answers for each in part),
    ]
    lines = []
    for finding in findings:
        words = render(finding, _MARKUP)
        lines.append(f"{_SIGNS[finding.severity]} {words.topic}: {words.text}")
        if words.cure:
            lines.append(f"-# → {words.cure}")
    errors = sum(finding.severity == "error" for finding in findings)
    heading = _("🔎 All good")
    if errors:
        heading = format_count("🔎 {count} problem found", "🔎 {count} problems found", errors)
    colour = embeds.RED if errors else embeds.GREEN
    return embeds.build_embed(heading, embeds.join_lines_within(lines, embeds.DESCRIPTION), colour=colour)


def read_view(actors: ActorClient, bot: discord.Client, guild: discord.Guild | None) -> DiscordView:
    """Return what the bot's cache knows of its Discord server."""
    application_id = bot.application_id or 0
    if guild is None:
        return DiscordView(application_id, bot.intents.message_content, None)
    is_owner = guild.owner_id == guild.me.id
    server = ServerView(
        guild.id,
        guild.name,
        guild.me.guild_permissions.value,
        1 << 30 if is_owner else guild.me.top_role.position,
        {role.id: RoleView(role.name, role.position, role.managed) for role in guild.roles},
    )
    ids = (actors.settings.discord_announce_channel_id, actors.settings.watch_party_voice_channel_id)
    return DiscordView(
        application_id,
        bot.intents.message_content,
        server,
        {channel_id: _read_channel(bot, channel_id) for channel_id in ids if channel_id},
    )


def _read_channel(bot: discord.Client, channel_id: int) -> ChannelView | Absence:
    channel = bot.get_channel(channel_id)
    if not isinstance(channel, discord.abc.GuildChannel):
        return "missing"
    members = getattr(channel, "voice_states", None)
    return ChannelView(
        channel.name,
        _KINDS.get(channel.type, "other"),
        channel.guild.id,
        channel.permissions_for(channel.guild.me).value,
        None if members is None else len(members),
    )


async def _check_actors(actors: ActorClient) -> Iterable[Finding]:
    try:
        report = await actors.ask(GetHealth())
        shown = replace(report, actors=tuple(name_actors(actors.community, report)))
        return list(check_actors(shown, translate_all))
    except UnansweredError as failure:
        return [error("actors", "service.unanswered", text=failure.what, cure=failure.cure)]


async def _check_tracking(actors: ActorClient) -> Iterable[Finding]:
    try:
        return [check_tracking(await actors.ask(ListActiveWatches()), translate_all)]
    except UnansweredError as failure:
        return [error("tracking", "service.unanswered", text=failure.what, cure=failure.cure)]


async def _check_saves(actors: ActorClient) -> Iterable[Finding]:
    try:
        return [check_saves(await actors.ask(GetSaveStatus()), translate_all)]
    except UnansweredError as failure:
        return [error("saves", "service.unanswered", text=failure.what, cure=failure.cure)]
