"""`toproles`: shows who gets the role of the top watchers; a button gives it."""

from typing import Any

import discord

from actors.chat.discord.features.top_roles import TOP_DAYS, RoleChange, TopRoles
from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.autocompletion import actors_of
from actors.chat.discord.framework.command import ADMINISTRATOR, CommandGroup, command
from actors.chat.discord.framework.command_errors import ADMINS_ONLY, ASK_ADMIN, RefusedError, report_errors
from actors.chat.discord.framework.pages import refuse
from actors.chat.discord.framework.replies import CommandContext, acknowledge_then, send_reply
from actors.chat.discord.guild_features import features_of
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Reply
from actors.chat.discord.ui.lasting_button import LastingButton
from messages import AuditSubject
from wording.translation import N_, _

_SETTING = "TOP_WATCHERS_ROLE_ID"


class ApplyButton(LastingButton, custom_id="usher:toproles"):
    """Gives and removes the role, by the figures at the moment when it is pressed."""

    def __init__(self) -> None:
        super().__init__(label=_("Confirm"), style=discord.ButtonStyle.primary)

    async def callback(self, interaction: discord.Interaction[Any]) -> Any:
        """Act for administrators only; acknowledge first."""
        if not interaction.permissions.administrator or interaction.guild is None:
            await refuse(interaction, _(ADMINS_ONLY), _(ASK_ADMIN))
            return
        await interaction.response.defer()
        roles = features_of(interaction).top_roles
        async with report_errors(interaction):
            role = _role(actors_of(interaction), interaction.guild)
            change = await roles.plan(interaction.guild, role)
            changed = [AuditSubject(str(each.id), each.display_name) for each in (*change.give, *change.take)]
            target = AuditSubject(str(role.id), role.name)
            async with actors_of(interaction).record_act(interaction.user, "toproles", target, *changed):
                await roles.apply(change, role)
            embed = _build_change(change, role, _("{name} has it now"), _("{name} lost it"))
            await interaction.edit_original_response(embed=embed, view=None, allowed_mentions=embeds.NOBODY)


def _role(actors: ActorClient, guild: discord.Guild) -> discord.Role:
    """Return the role in the settings. Raises RefusedError if none is set, or if it was deleted."""
    role_id = actors.settings.top_watchers_role_id
    if not role_id:
        raise RefusedError(
            _("No role is set for the top watchers."),
            _("Make one in Server Settings > Roles, copy its id into {setting}, and restart Usher.").format(
                setting=_SETTING
            ),
        )
    role = guild.get_role(role_id)
    if role is None:
        raise RefusedError(
            _("This server has no role {role}.").format(role=role_id), _("Check {setting}.").format(setting=_SETTING)
        )
    return role


def _build_change(change: RoleChange, role: discord.Role, gets: str, loses: str) -> discord.Embed:
    name = formatting.escape(role.name, 60)
    groups = (("🏅", gets, change.give), ("✅", _("{name} keeps it"), change.keep), ("▫️", loses, change.take))
    lines = [
        f"{mark} {said.format(name=f'**{formatting.escape(member.display_name, 40)}**')}"
        for mark, said, members in groups
        for member in members
    ]
    text = embeds.join_lines_within(lines, embeds.DESCRIPTION) or _(
        "Nobody on this server has watched anything yet. Members count in the voice channel, or with a "
        "linked Plex account: `/link`"
    )
    footer = _("By time watched in the last {days} days").format(days=TOP_DAYS)
    return embeds.build_embed(f"🎖️ {name}", text, colour=embeds.GOLD if change else embeds.GREY, footer=footer)


@command(
    "toproles",
    N_("Give the top watchers their role; shows first who would get it (admins)"),
    group=CommandGroup.ADMINS,
    permission=ADMINISTRATOR,
    buttons=(ApplyButton,),
)
async def toproles(ctx: CommandContext) -> None:
    """Show what would change; nothing changes before the button is pressed."""
    if ctx.guild is None:
        return
    role = _role(ctx.actors, ctx.guild)
    roles: TopRoles = ctx.features.top_roles
    change = await acknowledge_then(ctx, roles.plan(ctx.guild, role))
    view = None
    if change:
        view = discord.ui.View(timeout=None)
        view.add_item(ApplyButton())
    embed = _build_change(change, role, _("{name} would get it"), _("{name} would lose it"))
    await send_reply(ctx, Reply(embed), view)
