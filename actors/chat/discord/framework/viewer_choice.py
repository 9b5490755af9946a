"""Finds the viewer that a command names: a member, or a viewer without Discord by their Plex name. Suggests names."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import discord
from discord import app_commands
from discord.ext import commands

from actors.chat.discord.framework.actor_client import SUGGEST_S, ActorClient, UnansweredError
from actors.chat.discord.framework.autocompletion import CHOICE, MOST_CHOICES, actors_of, build_choice
from actors.chat.discord.framework.converters import MemberByName, find_member_by_name
from actors.chat.discord.framework.pages import pack_arguments
from actors.chat.discord.framework.replies import CommandContext, viewer_id
from messages import GetViewerStats, ListViewers, ViewerEntry
from messages.ids import PLEX_PREFIX

_MENTION = re.compile(r"<@!?\d{15,20}>|\d{15,20}")
_QUOTES = '"“”„«»‹›「」『』'
_NAME = 40
"""Characters of a name in a page's heading at most."""
_MOST_WORDS = 4
"""Words of a name that is followed by a title at most."""


class ChosenViewer(NamedTuple):
    """A viewer whom somebody asks about."""

    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>."""
    name: str


class ViewerMention(app_commands.Transformer, commands.Converter[str]):
    """Reads a viewer: in / commands any text, in ! commands only a mention or an id: a word may be in a title."""

    async def transform(self, interaction: discord.Interaction[Any], value: Any, /) -> str:
        """Return the text that was typed or chosen."""
        return str(value)

    async def convert(self, ctx: commands.Context[Any], argument: str) -> str:
        """Return a mention or an id. Raises MemberNotFound."""
        if not _MENTION.fullmatch(argument) and not argument.startswith(PLEX_PREFIX):
            raise commands.MemberNotFound(argument)
        return argument


async def find_viewer(ctx: CommandContext, text: str) -> ChosenViewer:
    """Return the viewer of a mention, an id, a member's name or a viewer's name; the asker if the text is empty.

    Raises MemberNotFound.
    """
    wanted = text.strip().strip(_QUOTES).removeprefix("@").strip()  # "@Cem" is plain text if Discord knows no Cem
    if ctx.interaction is not None and not ctx.interaction.response.is_done():
        await ctx.defer()  # not counted as a use yet: there may be no such viewer
    if not text.strip():
        return _from_member(ctx.author)
    if not wanted:
        raise commands.MemberNotFound("")
    if wanted.startswith(PLEX_PREFIX):
        return await _find_by_id(ctx.actors, wanted)
    try:
        member = await MemberByName().convert(ctx, wanted)
        return _from_member(member) if _MENTION.fullmatch(wanted) else await _choose_namesake(ctx, member, wanted)
    except commands.MemberNotFound:
        if _MENTION.fullmatch(wanted):  # a member who has left may have watched
            return await _find_by_id(ctx.actors, wanted.strip("<@!>"))
    found = await find_viewer_by_name(ctx, wanted)
    if found is None:
        raise commands.MemberNotFound(wanted)
    return found


async def find_viewer_by_name(ctx: CommandContext, name: str, *, is_whole: bool = False) -> ChosenViewer | None:
    """Return the one member or viewer of this name, or None if there are none or several.

    Unless `is_whole`, a name that only begins with this counts too, if it is the only one.
    """
    member = await find_member_by_name(ctx, name)
    if member is not None and name.casefold() in {str(each).casefold() for each in (member.name, member.display_name)}:
        return await _choose_namesake(ctx, member, name)
    entries = await _list_viewers(ctx.actors, name)
    if named := [entry for entry in entries if entry.username.casefold() == name.casefold()]:
        return _from_entry(named[0]) if len(named) == 1 else None
    if is_whole:
        return None
    if member is not None:
        return _from_member(member)
    begun = [entry for entry in entries if entry.username.casefold().startswith(name.casefold())]
    return _from_entry(begun[0]) if len(begun) == 1 else None


async def _choose_namesake(ctx: CommandContext, member: discord.Member | discord.User, name: str) -> ChosenViewer:
    """Return the member of this name, or the one Plex account of the same name, if only that has watched.

    Often it is the member's own account, which is not linked.
    """
    chosen = _from_member(member)
    if member == ctx.author:
        return chosen
    entries = await _list_viewers(ctx.actors, name)
    named = [entry for entry in entries if entry.username.casefold() == name.casefold()]
    if len(named) != 1 or named[0].viewer_id == chosen.viewer_id:
        return chosen
    profile = await ctx.actors.ask(GetViewerStats(chosen.viewer_id, ctx.asker))
    return _from_entry(named[0]) if profile.stats is None and not profile.hidden else chosen


async def split_viewer(ctx: CommandContext, text: str) -> tuple[ChosenViewer | None, str]:
    """Return the viewer whose name a text is, or begins with, and what comes after the name."""
    viewer = await find_viewer_by_name(ctx, text)
    words = text.split()
    count = min(len(words) - 1, _MOST_WORDS)
    while viewer is None and count > 0:
        viewer = await find_viewer_by_name(ctx, " ".join(words[:count]), is_whole=True)
        if viewer is not None:
            return viewer, " ".join(words[count:])
        count -= 1
    return viewer, ""


async def pack_viewer(ctx: CommandContext, text: str) -> str:
    """Return the viewer that a text means, as the arguments of a page. Raises MemberNotFound."""
    return pack_arguments(*await find_viewer(ctx, text))


async def suggest_viewers(interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
    """Return viewers whose names contain the text, with and without Discord, but no hidden ones."""
    question = ListViewers(current[:CHOICE], limit=MOST_CHOICES)
    try:
        entries = (await actors_of(interaction).ask(question, SUGGEST_S)).viewers
    except UnansweredError:
        return []
    return [build_choice(entry.username, entry.viewer_id) for entry in entries if len(entry.viewer_id) <= CHOICE]


def _from_member(member: discord.Member | discord.User) -> ChosenViewer:
    return ChosenViewer(viewer_id(member), member.display_name[:_NAME])


def _from_entry(entry: ViewerEntry) -> ChosenViewer:
    return ChosenViewer(entry.viewer_id, entry.username[:_NAME])


async def _list_viewers(actors: ActorClient, part: str) -> tuple[ViewerEntry, ...]:
    return (await actors.ask(ListViewers(part[:CHOICE], "name", limit=100))).viewers


async def _find_by_id(actors: ActorClient, who: str) -> ChosenViewer:
    """Return the viewer of an id. Raises MemberNotFound if there is none, or they are hidden."""
    profile = await actors.ask(GetViewerStats(who, actors.asker))
    if profile.hidden or profile.stats is None:
        raise commands.MemberNotFound(who)
    return ChosenViewer(who, profile.stats.username[:_NAME])
