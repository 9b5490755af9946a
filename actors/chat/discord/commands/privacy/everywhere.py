"""Lets a member of several communities act in all of them at once: choose their privacy, get or delete their data.

A command concerns the server in which it is used. A member whom other servers know gets one more button for all.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any, Self

import discord

from actors.chat.discord.core.event_routes import mark_button
from actors.chat.discord.framework.actor_client import UnansweredError
from actors.chat.discord.framework.command_errors import report_errors
from actors.chat.discord.framework.pages import refuse
from actors.chat.discord.guild_features import GuildFeatures, features_of
from actors.chat.discord.ui import formatting
from messages import GetViewerAccount
from wording.translation import _, ngettext

PRESS_S = 120
"""How long such a button is valid; seconds."""
_KNOWN_S = 3.0
"""How long to wait for a community's answer whether it knows a member; seconds."""
Act = Callable[[discord.Interaction[Any], str, list[GuildFeatures], str], Awaitable[None]]
"""Performs an act: takes the acknowledged interaction, the member, the communities, and the choice."""


async def find_elsewhere(bot: Any, own: GuildFeatures, who: str) -> list[GuildFeatures]:
    """Return the other communities that know a member: by a record, a link or a choice of privacy."""
    others = [features for features in bot.directory if features is not own]

    async def is_known(features: GuildFeatures) -> bool:
        try:
            person = await features.actors.ask(GetViewerAccount(who), _KNOWN_S)
        except UnansweredError:
            return False
        return bool(person.watches or person.links or person.privacy != "open")

    known = await asyncio.gather(*map(is_known, others))
    return [features for features, is_there in zip(others, known, strict=True) if is_there]


def label_everywhere(count: int) -> str:
    """Return the label of a button for all of `count` servers."""
    return ngettext("On {count} server", "On all {count} servers", count).format(count=count)


def name_server(bot: Any, features: GuildFeatures) -> str:
    """Return the name of a community's Discord server, escaped."""
    guild = bot.get_guild(features.guild_id)
    return formatting.escape(guild.name if guild is not None else str(features.guild_id), 100)


class EverywhereButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=re.compile(
        r"usher:everywhere:(?P<act>[a-z]{1,10}):(?P<choice>[a-z]{0,10}):(?P<member>\d{1,20})(?:@(?P<guild>\d{1,20}))?"
    ),
):
    """Repeats a member's act on every server, if the same member presses it soon."""

    acts: dict[str, Act] = {}  # noqa: RUF012 - filled by the commands that have such a button
    """The acts, by the word in the button's custom id."""

    def __init__(self, act: str, choice: str, member: int, guild_id: int = 0, label: str = "") -> None:
        """Make the button of `member`. `guild_id`: the further community's server, or 0; needed in a direct message."""
        self._act, self._choice, self._member = act, choice, member
        super().__init__(
            discord.ui.Button(
                label=label,
                style=discord.ButtonStyle.danger if act == "forget" else discord.ButtonStyle.secondary,
                custom_id=mark_button(f"usher:everywhere:{act}:{choice}:{member}", guild_id),
            )
        )

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: Any, match: re.Match[str], /) -> Self:
        """Return the button from its custom id."""
        return cls(match["act"], match["choice"], int(match["member"]), int(match["guild"] or 0), item.label or "")

    async def callback(self, interaction: discord.Interaction[Any]) -> Any:
        """Do what the button says; acknowledge first."""
        own = features_of(interaction)
        if interaction.user.id != self._member or self._act not in self.acts:
            await refuse(interaction, _("This button isn't yours."), _("Use the command to get your own."))
            return
        if age_s(interaction) > PRESS_S:
            await refuse(interaction, _("This button has expired; nothing was done."), _("Use the command again."))
            return
        await interaction.response.defer()
        async with report_errors(interaction):
            who = str(self._member)
            elsewhere = await find_elsewhere(interaction.client, own, who)
            await self.acts[self._act](interaction, who, [own, *elsewhere], self._choice)


def age_s(interaction: discord.Interaction[Any]) -> float:
    """Return how long after its message a button was pressed, by Discord's clock; seconds."""
    if interaction.message is None:
        return 0.0
    return (interaction.created_at - interaction.message.created_at).total_seconds()
