"""For administrators: `diagnose`, what is missing and what to do about it."""

import asyncio
from collections.abc import Iterator
from typing import Any, NamedTuple

import discord

from actors.discord import look, words
from actors.discord.commands.base import Context, UsherCog, command, send, waited
from actors.discord.desk import Desk, UnansweredError
from actors.discord.look import Reply
from messages import ActiveWatches, GetHealth, GetSaveStatus, HealthReport, ListActiveWatches, SaveStatus

_ANNOUNCE = {
    "view_channel": "View Channel",
    "send_messages": "Send Messages",
    "embed_links": "Embed Links",
    "attach_files": "Attach Files",
}
_VOICE = {"view_channel": "View Channel"}
_ROLE = "In the channel's settings > Permissions, allow that to the bot's role."
_SIGNS = {"good": "✅", "note": "ℹ️", "bad": "❌"}
_TEXTUAL = (discord.ChannelType.text, discord.ChannelType.news)
_VOCAL = (discord.ChannelType.voice, discord.ChannelType.stage_voice)


class Found(NamedTuple):
    """One thing looked at; `text` and `cure` are safe to show."""

    verdict: str
    """good, note or bad."""
    text: str
    cure: str = ""


class Diagnosing(UsherCog):
    """What is missing."""

    @command("diagnose", "What is missing, and what to do about it (admins)", admin=True)
    async def diagnose(self, ctx: Context) -> None:
        """Permissions, intent, voice channel, Plex, saves."""
        await send(ctx, Reply(await waited(ctx, diagnosis(self.desk, ctx.bot, ctx.guild))))


async def diagnosis(desk: Desk, bot: Any, guild: discord.Guild | None) -> discord.Embed:
    """Everything that an administrator can put right, each with its cure."""
    asked = await asyncio.gather(_parts(desk), _sessions(desk), _saves(desk))
    found = [_intent(bot), *_channels(desk, guild), *(one for part in asked for one in part)]
    lines = []
    for one in found:
        lines.append(f"{_SIGNS[one.verdict]} {one.text}")
        if one.cure:
            lines.append(f"-# → {one.cure}")
    wrong = sum(one.verdict == "bad" for one in found)
    heading = f"🔎 {words.count(wrong, 'thing')} to mend" if wrong else "🔎 Nothing is missing"
    colour = look.RED if wrong else look.GREEN
    return look.card(heading, look.lines_within(lines, look.DESCRIPTION), colour=colour)


def _intent(bot: Any) -> Found:
    if bot.intents.message_content:
        return Found("good", "Message Content is on: commands with `!` work")
    return Found(
        "bad",
        "Message Content is off: only commands with `/` work",
        "Developer Portal > your application > Bot > Message Content Intent; then restart Usher.",
    )


def _channels(desk: Desk, guild: discord.Guild | None) -> Iterator[Found]:
    settings = desk.settings
    where = ("Announcements", "DISCORD_ANNOUNCE_CHANNEL_ID", settings.discord_announce_channel_id)
    yield _channel(guild, *where, _TEXTUAL, _ANNOUNCE)
    voice = settings.watch_party_voice_channel_id
    if voice:
        yield _channel(guild, "Voice", "WATCH_PARTY_VOICE_CHANNEL_ID", voice, _VOCAL, _VOICE)
    else:
        yield Found(
            "note",
            "Voice: no channel is set, so watch parties are not followed",
            "Set `WATCH_PARTY_VOICE_CHANNEL_ID` to your voice or stage channel's id, and restart Usher.",
        )


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
            f"{what}: this server has no channel {channel_id} that the bot knows",
            f"Set `{setting}` to the id of one (right click > Copy Channel ID), and restart Usher.",
        )
    name = words.safe(channel.name, 60)
    if channel.type not in kinds:
        return Found("bad", f"{what}: {name} is of the wrong kind", f"Set `{setting}` to another, and restart Usher.")
    has = channel.permissions_for(guild.me)
    missing = [label for bit, label in needed.items() if not getattr(has, bit)]
    if missing:
        return Found("bad", f"{what}: in {name} the bot lacks {', '.join(missing)}", _ROLE)
    members = getattr(channel, "voice_states", None)
    seen = f", and sees {words.count(len(members), 'person', 'people')} in it" if members is not None else ""
    return Found("good", f"{what}: the bot may do all it needs in {name}{seen}")


async def _parts(desk: Desk) -> list[Found]:
    """Every part that is not well, and whether Plex is reached."""
    try:
        report = await desk.ask("launcher", GetHealth(), HealthReport)
    except UnansweredError as error:
        return [Found("bad", words.safe(error.what, 200), error.cure)]
    found = []
    for part in report.actors:
        name = "Plex" if part.actor == "plex" else f"Part {words.safe(part.actor, 30)}"
        if part.state != "running":
            why = words.safe(part.last_error, 300) or "no reason is known yet"
            found.append(
                Found("bad", f"{name} is {part.state}: {why}", "`!health` shows it in full; the log says what to do.")
            )
        elif part.actor == "plex":
            found.append(Found("good", "Plex is reached and accepts the token"))
    return found


async def _sessions(desk: Desk) -> list[Found]:
    """What the tracker has to say about itself."""
    try:
        now = await desk.ask("tracker", ListActiveWatches(), ActiveWatches)
    except UnansweredError as error:
        return [Found("bad", words.safe(error.what, 200), error.cure)]
    running = words.count(len(now.watches), "active watch", "active watches")
    if now.notice:
        return [Found("note", f"Tracking: {running}. {words.safe(now.notice, 300)}")]
    return [Found("good", f"Tracking: {running}")]


async def _saves(desk: Desk) -> list[Found]:
    """When it last saved."""
    try:
        status = await desk.ask("persistence", GetSaveStatus(), SaveStatus)
    except UnansweredError as error:
        return [Found("bad", words.safe(error.what, 200), error.cure)]
    if status.last_error:
        cure = "Nothing is lost while Usher runs. Free the disk or give it its folder, then `!savedata`."
        return [Found("bad", f"The last save failed: {words.safe(status.last_error, 300)}", cure)]
    if status.last_saved_s is None:
        return [Found("note", "Nothing was saved yet", "It saves while anybody watches; `!savedata` does it now.")]
    return [Found("good", f"Last save {words.ago(status.last_saved_s)}")]
