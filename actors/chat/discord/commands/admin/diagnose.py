"""`diagnose`: what is missing, and what to do about it."""

import asyncio
from collections.abc import Iterator
from typing import Any, NamedTuple

import discord

from actors.chat.discord.core.hearsay import heard
from actors.chat.discord.framework.actor_client import ActorClient, UnansweredError
from actors.chat.discord.framework.command import ADMINISTRATOR, Group, command
from actors.chat.discord.framework.command_errors import CHANNEL_CURE
from actors.chat.discord.framework.replies import Context, acknowledge_then, send_reply
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Reply
from messages import GetHealth, GetSaveStatus, ListActiveWatches
from wording.numbers import format_count, format_number
from wording.translation import _, later, ngettext

_ANNOUNCE = {
    "view_channel": later("View Channel"),
    "send_messages": later("Send Messages"),
    "embed_links": later("Embed Links"),
    "attach_files": later("Attach Files"),
}
_NIGHTS = {"create_events": later("Create Events"), "manage_events": later("Manage Events")}
_NIGHTS_IN = {"connect": later("Connect")}
_NIGHTS_ON_STAGE = {
    **_NIGHTS_IN,
    "manage_channels": later("Manage Channels"),
    "mute_members": later("Mute Members"),
    "move_members": later("Move Members"),
}
"""Without these Discord makes no event in the channel."""
_ROLES = {"manage_roles": later("Manage Roles")}
_VOICE = {"view_channel": later("View Channel")}
_SIGNS = {"good": "✅", "note": "ℹ️", "bad": "❌"}
_TEXTUAL = (discord.ChannelType.text, discord.ChannelType.news)
_VOCAL = (discord.ChannelType.voice, discord.ChannelType.stage_voice)


class Found(NamedTuple):
    """One thing looked at; `text` and `cure` are safe to show."""

    verdict: str
    """good, note or bad."""
    text: str
    cure: str = ""


@command(
    "diagnose",
    later("What is missing, and what to do about it (admins)"),
    group=Group.ADMINS,
    permission=ADMINISTRATOR,
)
async def diagnose(ctx: Context) -> None:
    """Look at permissions, intent, voice channel, Plex and saves."""
    await send_reply(ctx, Reply(await acknowledge_then(ctx, diagnosis(ctx.actors, ctx.bot, ctx.guild))))


async def diagnosis(desk: ActorClient, bot: Any, guild: discord.Guild | None) -> discord.Embed:
    """Everything that an administrator can put right, each with its cure."""
    asked = await asyncio.gather(_parts(desk), _sessions(desk), _saves(desk))
    found = [_intent(bot), *_channels(desk, guild), *(one for part in asked for one in part)]
    lines = []
    for one in found:
        lines.append(f"{_SIGNS[one.verdict]} {one.text}")
        if one.cure:
            lines.append(f"-# → {one.cure}")
    wrong = sum(one.verdict == "bad" for one in found)
    heading = _("🔎 Nothing is missing")
    if wrong:
        heading = format_count("🔎 {count} thing to mend", "🔎 {count} things to mend", wrong)
    colour = embeds.RED if wrong else embeds.GREEN
    return embeds.build_embed(heading, embeds.join_lines_within(lines, embeds.DESCRIPTION), colour=colour)


def _intent(bot: Any) -> Found:
    if bot.intents.message_content:
        return Found("good", _("Message Content is on: commands with `!` work"))
    return Found(
        "bad",
        _("Message Content is off: only commands with `/` work"),
        _("Developer Portal > your application > Bot > Message Content Intent; then restart Usher."),
    )


def _channels(desk: ActorClient, guild: discord.Guild | None) -> Iterator[Found]:
    settings = desk.settings
    where = (_("Announcements"), "DISCORD_ANNOUNCE_CHANNEL_ID", settings.discord_announce_channel_id)
    yield _channel(guild, *where, _TEXTUAL, _ANNOUNCE)
    voice = settings.watch_party_voice_channel_id
    if voice:
        yield _channel(guild, _("Voice"), "WATCH_PARTY_VOICE_CHANNEL_ID", voice, _VOCAL, _VOICE)
    else:
        yield Found(
            "note",
            _("Voice: no channel is set, so watch parties are not followed"),
            _("Set `{setting}` to your voice or stage channel's id, and restart Usher.").format(
                setting="WATCH_PARTY_VOICE_CHANNEL_ID"
            ),
        )
    if guild is not None:
        yield from _server_wide(guild, _("Film nights"), _NIGHTS)
        yield from _nights_in(guild, guild.get_channel(voice))
        if settings.top_watchers_role_id:
            yield from _server_wide(guild, _("The role of the top watchers"), _ROLES)
    for role_id in settings.ignored_role_ids:
        if guild is None or guild.get_role(role_id) is None:
            yield Found(
                "bad",
                _("This server has no role {role}, whose members are to be ignored").format(role=role_id),
                _("Take it out of `{setting}`, or put another there, and restart Usher.").format(
                    setting="IGNORED_ROLE_IDS"
                ),
            )


def _server_wide(guild: discord.Guild, what: str, needed: dict[str, str]) -> Iterator[Found]:
    """What the bot lacks in the whole server for something; nothing where it lacks nothing."""
    missing = [_(label) for bit, label in needed.items() if not getattr(guild.me.guild_permissions, bit)]
    if missing:
        said = _("{what}: the bot lacks {permissions}").format(what=what, permissions=", ".join(missing))
        yield Found("bad", said, _("In Server Settings > Roles, allow that to the bot's role."))


def _nights_in(guild: discord.Guild, channel: Any) -> Iterator[Found]:
    """What the bot lacks for events in the watch party's channel; one that it cannot see is told of already."""
    needed = _NIGHTS_ON_STAGE if isinstance(channel, discord.StageChannel) else _NIGHTS_IN
    if not isinstance(channel, discord.VoiceChannel | discord.StageChannel):
        return
    has = channel.permissions_for(guild.me)
    in_server = guild.me.guild_permissions  # what it lacks there is told of already
    needed = needed | {bit: label for bit, label in _NIGHTS.items() if getattr(in_server, bit)}
    missing = [_(label) for bit, label in needed.items() if not getattr(has, bit)]
    if has.view_channel and missing:
        said = _("{what}: in {channel} the bot lacks {permissions}").format(
            what=_("Film nights"), channel=formatting.escape(channel.name, 60), permissions=", ".join(missing)
        )
        yield Found("bad", said, _(CHANNEL_CURE))


def _channel(
    guild: discord.Guild | None,
    what: str,
    setting: str,
    channel_id: int,
    kinds: tuple[discord.ChannelType, ...],
    needed: dict[str, str],
) -> Found:
    channel = guild.get_channel(channel_id) if guild is not None else None
    if guild is None or channel is None:
        return Found(
            "bad",
            _("{what}: this server has no channel {channel} that the bot knows").format(what=what, channel=channel_id),
            _("Set `{setting}` to the id of one (right click > Copy Channel ID), and restart Usher.").format(
                setting=setting
            ),
        )
    name = formatting.escape(channel.name, 60)
    if channel.type not in kinds:
        return Found(
            "bad",
            _("{what}: {channel} is of the wrong kind").format(what=what, channel=name),
            _("Set `{setting}` to another, and restart Usher.").format(setting=setting),
        )
    has = channel.permissions_for(guild.me)
    missing = [_(label) for bit, label in needed.items() if not getattr(has, bit)]
    if missing:
        said = _("{what}: in {channel} the bot lacks {permissions}")
        return Found("bad", said.format(what=what, channel=name, permissions=", ".join(missing)), _(CHANNEL_CURE))
    members = getattr(channel, "voice_states", None)
    if members is None:
        return Found("good", _("{what}: the bot may do all it needs in {channel}").format(what=what, channel=name))
    seen = ngettext(
        "{what}: the bot may do all it needs in {channel}, and sees {count} person in it",
        "{what}: the bot may do all it needs in {channel}, and sees {count} people in it",
        len(members),
    )
    return Found("good", seen.format(what=what, channel=name, count=format_number(len(members))))


async def _parts(desk: ActorClient) -> list[Found]:
    """Every part that is not well, and whether Plex is reached."""
    try:
        report = await desk.ask(GetHealth())
    except UnansweredError as error:
        return [Found("bad", formatting.escape(error.what, 200), error.cure)]
    found = []
    for part in report.actors:
        name = "Plex" if part.actor == "plex" else _("Part {name}").format(name=formatting.escape(part.actor, 30))
        if part.state != "running":
            why = formatting.escape(heard(part.last_error), 300) if part.last_error else _("no reason is known yet")
            said = _("{part} is {state}: {reason}").format(part=name, state=_(part.state), reason=why)
            found.append(Found("bad", said, _("`!health` shows it in full; the log says what to do.")))
        elif part.actor == "plex":
            found.append(Found("good", _("Plex is reached and accepts the token")))
    return found


async def _sessions(desk: ActorClient) -> list[Found]:
    """What the tracker has to say about itself."""
    try:
        now = await desk.ask(ListActiveWatches())
    except UnansweredError as error:
        return [Found("bad", formatting.escape(error.what, 200), error.cure)]
    running = format_count("Tracking: {count} active watch", "Tracking: {count} active watches", len(now.watches))
    if now.notice:
        return [Found("note", f"{running}. {formatting.escape(heard(now.notice), 300)}")]
    return [Found("good", running)]


async def _saves(desk: ActorClient) -> list[Found]:
    """When it last saved."""
    try:
        status = await desk.ask(GetSaveStatus())
    except UnansweredError as error:
        return [Found("bad", formatting.escape(error.what, 200), error.cure)]
    if status.last_error:
        cure = _("Nothing is lost while Usher runs. Free the disk or give it its folder, then `!savedata`.")
        why = formatting.escape(heard(status.last_error), 300)
        return [Found("bad", _("The last save failed: {reason}").format(reason=why), cure)]
    if status.last_saved_s is None:
        return [
            Found("note", _("Nothing was saved yet"), _("It saves while anybody watches; `!savedata` does it now."))
        ]
    return [Found("good", _("Last save {ago}").format(ago=formatting.relative_time(status.last_saved_s)))]
