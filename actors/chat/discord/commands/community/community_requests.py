"""Requests of `setup` and `settings` to the environment's persistence, which keeps the list of communities."""

import contextlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import discord

from actors.chat.discord.core.api_errors import API_ERRORS
from actors.chat.discord.framework.actor_client import ActorClient, AnswerT, UnansweredError
from actors.chat.discord.framework.command_errors import MANAGERS_ONLY, NO_CURE, RefusedError
from actors.chat.discord.framework.pages import refuse
from actors.chat.discord.guild_directory import GuildDirectory
from actors.chat.discord.ui import formatting
from actors.registry import find_actor
from config import Settings, languages
from messages import (
    AuditSubject,
    Community,
    CommunityList,
    ListCommunities,
    Problem,
    Question,
    RemoveCommunity,
    SaveCommunity,
)
from wording.problems import translate
from wording.translation import _

MANAGER = "manage_guild"
"""The permission that is needed to set a server up."""


class ServerSettings(NamedTuple):
    """A Discord server's present settings."""

    guild: discord.Guild
    community: Community | None
    """None if it is the environment's server, or has no community."""
    settings: Settings
    is_own: bool
    """Whether it is the environment's server, whose settings belong to the operator."""

    @property
    def language(self) -> str:
        """The language of its messages; "" for the environment's server, which uses the current one."""
        return "" if self.is_own else self.settings.bot_language


def directory_of(interaction: discord.Interaction[Any]) -> GuildDirectory:
    """Return the communities that the bot serves."""
    directory: GuildDirectory = interaction.client.directory
    return directory


async def read_server(directory: GuildDirectory, guild: discord.Guild) -> ServerSettings:
    """Return a server's settings. Raises RefusedError and UnansweredError."""
    own = directory.own
    if guild.id == own.guild_id or not own.guild_id:
        return ServerSettings(guild, None, own.actors.settings, is_own=True)
    listed = await ask_own(own.actors, ListCommunities())
    return _find_server(directory, guild, listed)


async def save_choices(
    directory: GuildDirectory, guild: discord.Guild, member: discord.Member | discord.User, chosen: Mapping[str, str]
) -> ServerSettings:
    """Add a server's community, or change its choices; an empty text resets a setting to its default.

    Raises RefusedError and UnansweredError.
    """
    own = directory.own.actors
    question = SaveCommunity(str(guild.id), guild.name, dict(chosen), f"{member} ({member.id})")
    saved = await ask_own(own, question)
    server = _find_server(directory, guild, saved)
    directory.note_language(guild.id, server.language)
    if not saved.added:
        subjects = [AuditSubject(name, text[:60] if name != "PLEX_SERVERS" else "") for name, text in chosen.items()]
        running = directory.find(guild.id)
        starts_anew = running is None or running.actors.settings != server.settings
        directory.record_act(guild.id, own.build_entry(member, "settings", subjects), starts_anew=starts_anew)
    return server


async def remove_community(
    directory: GuildDirectory, guild: discord.Guild, member: discord.Member | discord.User
) -> None:
    """Stop serving a server; its data stay. Raises RefusedError and UnansweredError."""
    await ask_own(directory.own.actors, RemoveCommunity(str(guild.id), f"{member} ({member.id})"))


def choose_language(guild: discord.Guild) -> str:
    """Return the language of a new community: the server's own if Usher has it, or else English."""
    spoken = guild.preferred_locale.value.partition("-")[0]
    return spoken if spoken in languages() else "en"


def _find_server(directory: GuildDirectory, guild: discord.Guild, listed: CommunityList) -> ServerSettings:
    community = next((each for each in listed.communities if each.guild_id == str(guild.id)), None)
    chosen = community.settings if community is not None else {"BOT_LANGUAGE": choose_language(guild)}
    settings = find_actor("discord").community_settings(directory.own.actors.settings, str(guild.id), chosen)
    return ServerSettings(guild, community, settings, is_own=False)


async def ask_own(actors: ActorClient, question: Question[AnswerT], timeout_s: float = 5.0, *, to: str = "") -> AnswerT:
    """Ask an actor of the environment's community. Raises RefusedError with the reason if it declines."""
    try:
        return await actors.ask(question, timeout_s, target=to)
    except UnansweredError as error:
        reason = error.problem.parameters.get("reason")
        if error.problem.code == "actor.declined" and isinstance(reason, Problem):
            raise RefusedError(formatting.escape(translate(reason), 300), NO_CURE) from error
        raise


async def check_manager(interaction: discord.Interaction[Any]) -> discord.Guild | None:
    """Return the server if the member who pressed may manage it; otherwise refuse, and return None."""
    if interaction.guild is not None and interaction.permissions.manage_guild:
        return interaction.guild
    with contextlib.suppress(*API_ERRORS):
        await refuse(interaction, *map(_, MANAGERS_ONLY))
    return None
