"""Converts what members type: into a member, or one of a few words."""

import asyncio
import re
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from actors.chat.discord.core.api_errors import API_ERRORS
from actors.chat.discord.framework.command_errors import RefusedError
from actors.chat.discord.ui import formatting
from wording.translation import _

_LOOK_UP_S = 3.0
_MOST_NAMED = 20
"""Members with the same beginning of the name that are requested at most."""
_QUOTES = '"“”„«»‹›「」『』'


class MemberByName(app_commands.Transformer, commands.Converter[Any]):
    """Reads a member: in / commands from Discord's choice of people, in ! commands from a mention, an id or a name."""

    accepts_names = True

    @property
    def type(self) -> discord.AppCommandOptionType:
        """The option's type: a choice of people."""
        return discord.AppCommandOptionType.user

    async def transform(self, interaction: discord.Interaction[Any], value: Any, /) -> Any:
        """Return the member that Discord resolved. Raises ValueError if it sent no data about them."""
        if not isinstance(value, discord.Member | discord.User):
            raise ValueError(f"{value!r} is nobody")
        return value

    async def convert(self, ctx: commands.Context[Any], argument: str) -> Any:
        """Return the member. A name of several words may be in quotation marks. Raises MemberNotFound."""
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
    """Return the one member whose name this is, or begins with this; None if there are none or several."""
    wanted = name.strip()
    if ctx.guild is None or not wanted:
        return None
    try:
        async with asyncio.timeout(_LOOK_UP_S):
            members = await ctx.guild.query_members(wanted, limit=_MOST_NAMED)
    except API_ERRORS:
        return None
    people = [member for member in members if not member.bot]
    exact = [
        member
        for member in people
        if wanted.casefold() in {str(name).casefold() for name in (member.name, member.global_name, member.nick)}
    ]
    matching = exact or people
    return matching[0] if len(matching) == 1 else None


class MemberMention(MemberByName):
    """Reads a member from a mention or id alone, for commands in which a word may be part of a title."""

    accepts_names = False


class ChoiceConverter(app_commands.Transformer, commands.Converter[str]):
    """Reads one of several words: Discord's choices in / commands; in ! commands in upper or lower case.

    With `refuses=False` other words of a ! command are passed to the command.
    """

    def __init__(self, *words: str, refuses: bool = True) -> None:
        self._words = words
        self._refuses = refuses

    @property
    def choices(self) -> list[app_commands.Choice[str | int | float]]:
        """The choices that Discord offers."""
        return [app_commands.Choice(name=word, value=word) for word in self._words]

    async def transform(self, interaction: discord.Interaction[Any], value: Any, /) -> Any:
        """Return the choice: Discord allows no other value."""
        return value

    async def convert(self, ctx: commands.Context[Any], argument: str) -> str:
        """Return the word that is meant. Raises RefusedError if it is none of them."""
        word = argument.strip().lower()
        if word in self._words:
            return word
        if not self._refuses:
            return argument
        raise RefusedError(
            _('I don\'t know "{text}".').format(text=formatting.escape(argument, 60)),
            _("Use one of {choices}.").format(choices=", ".join(f"`{word}`" for word in self._words)),
        )
