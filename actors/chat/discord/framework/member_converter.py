"""How a command understands whom it is asked about."""

import asyncio
import re
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from actors.chat.discord.core.api_errors import API_ERRORS

_LOOK_UP_S = 3.0
_MOST_NAMED = 20
"""Members whose names begin alike."""
_QUOTES = '"“”„«»‹›「」『』'


class MemberByName(app_commands.Transformer, commands.Converter[Any]):
    """A member: in / commands Discord's own choice of people, in ! commands a mention, an id or a name."""

    accepts_names = True

    @property
    def type(self) -> discord.AppCommandOptionType:
        """Shown as a choice of people."""
        return discord.AppCommandOptionType.user

    async def transform(self, interaction: discord.Interaction[Any], value: Any, /) -> Any:
        """Discord resolved it already."""
        return value

    async def convert(self, ctx: commands.Context[Any], argument: str) -> Any:
        """MemberNotFound where nobody is meant by it. A name of several words may stand in quotation marks."""
        argument = argument.strip().strip(_QUOTES).strip()
        if not argument:
            raise commands.MemberNotFound("")
        if not self.accepts_names and not re.fullmatch(r"<@!?\d{15,20}>|\d{15,20}", argument):
            raise commands.MemberNotFound(argument)
        try:
            async with asyncio.timeout(_LOOK_UP_S):
                return await commands.MemberConverter().convert(ctx, argument)
        except API_ERRORS as error:
            raise commands.MemberNotFound(argument) from error


async def find_member_by_name(ctx: commands.Context[Any], name: str) -> discord.Member | None:
    """The one member who is called so, or whose name begins so; None where that is nobody, or not clear."""
    wanted = name.strip()
    if ctx.guild is None or not wanted:
        return None
    try:
        async with asyncio.timeout(_LOOK_UP_S):
            found = await ctx.guild.query_members(wanted, limit=_MOST_NAMED)
    except API_ERRORS:
        return None
    people = [member for member in found if not member.bot]
    called = [
        member
        for member in people
        if wanted.casefold() in {str(name).casefold() for name in (member.name, member.global_name, member.nick)}
    ]
    meant = called or people
    return meant[0] if len(meant) == 1 else None


class MemberMention(MemberByName):
    """As `MemberByName`, but not by name: where the word may as well be part of a title."""

    accepts_names = False
