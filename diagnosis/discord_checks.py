"""Checks of Discord: intent, server, channels, permissions, roles."""

from __future__ import annotations

from collections.abc import Iterator

from config import Settings
from diagnosis.findings import Finding, error, note, ok
from diagnosis.permissions import (
    ANNOUNCEMENTS,
    EVENT_CHANNEL,
    EVENTS,
    MANAGE_ROLES,
    POLLS,
    STAGE_EVENT_CHANNEL,
    VOICE,
    invitation_url,
    list_missing,
)
from diagnosis.views import Absence, ChannelView, DiscordView, ServerView

_KINDS = {"announcements": ("text",), "voice": ("voice", "stage")}
_SETTINGS = {"announcements": "DISCORD_ANNOUNCE_CHANNEL_ID", "voice": "WATCH_PARTY_VOICE_CHANNEL_ID"}


def check_discord(view: DiscordView, settings: Settings) -> Iterator[Finding]:
    """Check everything that an administrator of the server can correct."""
    yield check_intent(reads_messages=view.reads_messages, application_id=view.application_id)
    if not settings.discord_guild_id:
        return
    server = view.server
    if server is None:
        yield error(
            "server",
            "server.absent",
            server=settings.discord_guild_id,
            setting="DISCORD_GUILD_ID",
            invitation=invitation_url(view.application_id),
        )
        return
    yield ok("server", "server.present", name=server.name)
    yield from _check_ignored_roles(server, settings)
    announce_id, voice_id = settings.discord_announce_channel_id, settings.watch_party_voice_channel_id
    if announce_id:
        channel = view.channels.get(announce_id, "missing")
        yield _check_channel("announcements", channel, announce_id, server, ANNOUNCEMENTS)
    voice = view.channels.get(voice_id, "missing")
    if voice_id:
        yield _check_channel("voice", voice, voice_id, server, VOICE)
    else:
        yield note("voice", "voice.unset", setting="WATCH_PARTY_VOICE_CHANNEL_ID")
    yield from _check_film_nights(server, voice if isinstance(voice, ChannelView) else None)
    if role_id := settings.top_watchers_role_id:
        yield from _check_given_role(server, role_id, "top_watchers", "TOP_WATCHERS_ROLE_ID")
    if role_id := settings.film_night_role_id:
        yield from _check_given_role(server, role_id, "night_role", "FILM_NIGHT_ROLE_ID")


def check_intent(*, reads_messages: bool, application_id: int | str) -> Finding:
    """Check whether the bot may read members' messages."""
    if reads_messages:
        return ok("intents", "intent.on")
    return error("intents", "intent.off", portal=f"https://discord.com/developers/applications/{application_id}/bot")


def _check_channel(
    topic: str, channel: ChannelView | Absence, channel_id: int, server: ServerView, needed: tuple[int, ...]
) -> Finding:
    setting = _SETTINGS[topic]
    if channel == "hidden":
        return error(topic, "channel.hidden", channel=channel_id)
    if channel == "missing":
        return error(topic, f"channel.missing.{topic}", channel=channel_id, setting=setting)
    if channel.server_id != server.id:
        return error(topic, "channel.foreign", channel=channel.name, setting=setting)
    if channel.kind not in _KINDS[topic]:
        return error(topic, f"channel.wrong_kind.{topic}", channel=channel.name, setting=setting)
    missing = list_missing(channel.permissions, needed)
    if missing:
        return error(topic, "channel.permissions", channel=channel.name, permissions=missing)
    if channel.members is None:
        return ok(topic, "channel.ok", channel=channel.name)
    return ok(topic, "channel.ok_members", channel=channel.name, members=channel.members)


def _check_film_nights(server: ServerView, channel: ChannelView | None) -> Iterator[Finding]:
    """Check whether events can be created: in the server, and in the watch party's channel if one is set."""
    if missing_polls := list_missing(server.permissions, POLLS):
        yield note("nights", "nights.polls", permissions=missing_polls)
    missing = list_missing(server.permissions, EVENTS)
    if missing:
        yield note("nights", "nights.server", permissions=missing)
    if channel is None or channel.kind not in _KINDS["voice"] or not _is_visible(channel):
        if not missing:
            yield ok("nights", "nights.ok")
        return
    needed: tuple[int, ...] = STAGE_EVENT_CHANNEL if channel.kind == "stage" else EVENT_CHANNEL
    # Permissions that are missing in the whole server have been reported; a channel may deny others.
    needed += tuple(bit for bit in EVENTS if server.permissions & bit)
    missing_there = list_missing(channel.permissions, needed)
    if missing_there:
        yield note("nights", "nights.channel", channel=channel.name, permissions=missing_there)
    if not missing and not missing_there:
        yield ok("nights", "nights.ok")


def _is_visible(channel: ChannelView) -> bool:
    """Tell whether the bot may see a channel."""
    return not list_missing(channel.permissions, VOICE)


def _check_ignored_roles(server: ServerView, settings: Settings) -> Iterator[Finding]:
    for role_id in settings.ignored_role_ids:
        if role_id not in server.roles:
            yield error(
                "ignored_roles", "role.ignored_missing", server=server.name, role=role_id, setting="IGNORED_ROLE_IDS"
            )


def _check_given_role(server: ServerView, role_id: int, topic: str, setting: str) -> Iterator[Finding]:
    """Check whether the bot can give a role: on Discord it must be below the bot's highest role."""
    may_manage = bool(server.permissions & MANAGE_ROLES)
    if not may_manage:
        yield error(topic, "role.permission", permissions=list_missing(0, (MANAGE_ROLES,)), setting=setting)
    role = server.roles.get(role_id)
    if role is None:
        yield error(topic, "role.missing", server=server.name, role=role_id, setting=setting)
    elif role.managed or role_id == server.id:
        yield error(topic, "role.managed", role=role.name, setting=setting)
    elif may_manage and server.top_role_position <= role.position:
        yield error(topic, "role.too_high", role=role.name)
    elif may_manage:
        yield ok(topic, "role.ok", role=role.name)
