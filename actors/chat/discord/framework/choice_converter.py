"""One of a few words, as people type it."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from actors.chat.discord.framework.command_errors import RefusedError
from actors.chat.discord.ui import formatting
from wording.translation import _


class ChoiceConverter(app_commands.Transformer, commands.Converter[str]):
    """In / commands Discord's own choice, in ! commands the word in any case: phones begin it with a capital."""

    def __init__(self, *known: str) -> None:
        self._words = known

    @property
    def choices(self) -> list[app_commands.Choice[str | int | float]]:
        """What Discord offers."""
        return [app_commands.Choice(name=word, value=word) for word in self._words]

    async def transform(self, interaction: discord.Interaction[Any], value: Any, /) -> Any:
        """Discord let nothing else be chosen."""
        return value

    async def convert(self, ctx: commands.Context[Any], argument: str) -> str:
        """RefusedError where it is none of them."""
        word = argument.strip().lower()
        if word in self._words:
            return word
        raise RefusedError(
            _("{text} is not known there.").format(text=formatting.escape(argument, 60)),
            _("Use one of {choices}.").format(choices=", ".join(f"`{known}`" for known in self._words)),
        )
