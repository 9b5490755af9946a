"""The role that is mentioned before film nights: members take it themselves with a button."""

from typing import Any

import discord

from actors.chat.discord.framework.autocompletion import actors_of
from actors.chat.discord.framework.command_errors import RefusedError, report_errors
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.lasting_button import LastingButton
from config import Settings
from wording.translation import _


class NightRoleButton(LastingButton, custom_id="usher:night-role"):
    """Gives the role to the member who presses it, or takes it away."""

    def __init__(self) -> None:
        super().__init__(label=_("Remind me"), emoji="🔔")

    async def callback(self, interaction: discord.Interaction[Any]) -> Any:
        """Change the role, and answer privately."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        async with report_errors(interaction):
            embed = await _change_role(interaction, actors_of(interaction).settings)
            await interaction.followup.send(embed=embed, ephemeral=True)


def list_role_buttons(settings: Settings) -> list[discord.ui.Item[Any]]:
    """Return the button, if a role is set."""
    return [NightRoleButton()] if settings.film_night_role_id else []


async def _change_role(interaction: discord.Interaction[Any], settings: Settings) -> discord.Embed:
    guild, member = interaction.guild, interaction.user
    role = guild.get_role(settings.film_night_role_id) if guild is not None else None
    if role is None or not isinstance(member, discord.Member):
        raise RefusedError(
            _("This server has no role {role}.").format(role=settings.film_night_role_id),
            _("Check {setting}.").format(setting="FILM_NIGHT_ROLE_ID"),
        )
    has_it = role in member.roles
    reason = _("chosen by the member, for film night reminders")
    try:
        await (member.remove_roles(role, reason=reason) if has_it else member.add_roles(role, reason=reason))
    except discord.Forbidden as error:
        raise RefusedError(
            _("Discord does not let the bot give that role."),
            _("Give the bot Manage Roles, and in Server Settings > Roles drag the bot's role above it."),
        ) from error
    name = formatting.escape(role.name, 60)
    if has_it:
        return embeds.build_embed(_("🔕 No more reminders: {role}").format(role=name), colour=embeds.GREY)
    text = _("You'll be mentioned half an hour before each film night. Press again to stop that.")
    return embeds.build_embed(_("🔔 You have {role} now").format(role=name), text, colour=embeds.GREEN)
