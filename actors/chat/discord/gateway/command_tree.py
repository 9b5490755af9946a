"""discord.py's command tree, safe against interactions that no Discord client would send."""

import contextlib
import logging
from typing import Any

import discord
from discord import app_commands

from actors.chat.discord.core.api_errors import API_ERRORS
from actors.chat.discord.framework.command_errors import explain_error, log_failure
from actors.chat.discord.ui import embeds
from wording.translation import N_, _

STALE_COMMAND = (N_("This command is from an older version of Usher."), N_("`/help` lists what there is."))
_VALUES: dict[int, type | tuple[type, ...]] = {4: int, 5: bool, 10: (int, float)}
"""Type of an option's value, by Discord's number of the option's type; text for all others."""
_log = logging.getLogger("discord")


class GuardedTree(app_commands.CommandTree[Any]):
    """Logs an unreadable interaction in one line; discord.py would log a traceback."""

    async def _call(self, interaction: discord.Interaction[Any]) -> None:
        """Run the command or the autocompletion."""
        try:
            self._check_options(interaction.data)
            await super()._call(interaction)
        except (LookupError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            _log.warning("An interaction could not be read and is dropped: %r", error)
            await self._answer(interaction, explain_error(app_commands.AppCommandError()).embed)

    def _check_options(self, data: Any) -> None:
        """Raise an error if an option is not one of the command's, or its value is of another type."""
        command = self.get_command(data["name"])
        if not isinstance(command, app_commands.Command):
            return
        declared = {parameter.name: parameter.type.value for parameter in command.parameters}
        for option in data.get("options") or ():
            kind, value = declared[option["name"]], option["value"]
            is_typed = option.get("focused") is True  # the value is the text typed so far
            if option["type"] != kind or not isinstance(value, str if is_typed else _VALUES.get(kind, str)):
                raise TypeError(f"option {option['name']} is of type {option['type']}, with {type(value).__name__}")

    async def on_error(self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError, /) -> None:
        """Tell the asker that the interaction was not understood, or that the command is of an earlier version."""
        reply = explain_error(error)
        log_failure(reply, str(interaction.command.name if interaction.command is not None else ""))
        is_unknown = isinstance(error, app_commands.CommandNotFound)
        await self._answer(interaction, embeds.build_problem(*map(_, STALE_COMMAND)) if is_unknown else reply.embed)

    async def _answer(self, interaction: discord.Interaction[Any], embed: discord.Embed | None) -> None:
        """Answer privately; an autocompletion gets no choices."""
        if interaction.response.is_done():
            return
        with contextlib.suppress(*API_ERRORS):
            if interaction.type is discord.InteractionType.autocomplete:
                await interaction.response.autocomplete([])
            elif embed is not None:
                await interaction.response.send_message(embed=embed, ephemeral=True)
