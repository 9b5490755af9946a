"""A role for those who watched most of late: `toproles` shows who would get it, and gives it at a press."""

import asyncio
from dataclasses import dataclass
from typing import Any, Self

import discord

from actors.chat.discord.commands.statistics.stats import TOP_DAYS
from actors.chat.discord.core.state import Keepsake
from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.command import Context, UsherCog, acknowledge_then, command, send_reply
from actors.chat.discord.framework.command_errors import ADMINS_ONLY, ASK_ADMIN, RefusedError, report_errors
from actors.chat.discord.framework.pages import refuse
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Reply
from messages import GetLeaderboard
from wording.translation import _, later

_LOOKED_AT = 4
"""Places looked at for each that is given: those of Plex viewers, and of members who left, have no role."""
_SETTING = "TOP_WATCHERS_ROLE_ID"
_FORBIDDEN = (
    later("Discord does not let the bot give that role."),
    later("Give the bot Manage Roles, and in Server Settings > Roles drag the bot's role above it."),
)


@dataclass(frozen=True)
class Change:
    """Who has the role afterwards, and what must be done for it."""

    give: tuple[discord.Member, ...]
    keep: tuple[discord.Member, ...]
    take: tuple[discord.Member, ...]

    def __bool__(self) -> bool:
        return bool(self.give or self.take)


class Roles(UsherCog):
    """Roles that are earned by watching."""

    @command(
        "toproles", later("Give the top watchers their role, after a look at who it would be (admins)"), admin=True
    )
    async def toproles(self, ctx: Context) -> None:
        """Show what would change; nothing does before the button is pressed."""
        if ctx.guild is None:
            return
        role = _role(self.desk, ctx.guild)
        change = await acknowledge_then(ctx, planned(self.desk, ctx.bot.keepsake, ctx.guild, role))
        view = None
        if change:
            view = discord.ui.View(timeout=None)
            view.add_item(ApplyButton())
        await send_reply(ctx, Reply(_shown(change, role, _("{name} would get it"), _("{name} would lose it"))), view)


class ApplyButton(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=r"usher:toproles"):
    """Gives and takes the role, by the figures of the moment in which it is pressed."""

    def __init__(self) -> None:
        super().__init__(
            discord.ui.Button(label=_("Do it"), style=discord.ButtonStyle.primary, custom_id="usher:toproles")
        )

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: Any, match: Any, /) -> Self:
        """It carries nothing."""
        return cls()

    async def callback(self, interaction: discord.Interaction[Any]) -> Any:
        """Administrators only; acknowledged first."""
        if not interaction.permissions.administrator or interaction.guild is None:
            await refuse(interaction, _(ADMINS_ONLY), _(ASK_ADMIN))
            return
        await interaction.response.defer()
        bot: Any = interaction.client
        async with report_errors(interaction):
            role = _role(bot.desk, interaction.guild)
            change = await planned(bot.desk, bot.keepsake, interaction.guild, role)
            await apply(change, role, bot.keepsake)
            embed = _shown(change, role, _("{name} has it now"), _("{name} lost it"))
            await interaction.edit_original_response(embed=embed, view=None, allowed_mentions=embeds.NOBODY)


def _role(desk: ActorClient, guild: discord.Guild) -> discord.Role:
    """The role that is set; RefusedError where none is, or where it is gone."""
    role_id = desk.settings.top_watchers_role_id
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


async def planned(desk: ActorClient, keepsake: Keepsake, guild: discord.Guild, role: discord.Role) -> Change:
    """Who should have the role by the figures of the last days. It is taken only from whom Usher gave it."""
    since_s = desk.clock.now().wall_s - TOP_DAYS * 86_400
    wanted = desk.settings.top_watchers
    question = GetLeaderboard("time", since_s, wanted * _LOOKED_AT)
    best = await desk.ask(question)
    top: list[discord.Member] = []
    for row in best.rows:
        if len(top) < wanted and row.viewer_id.isdigit() and (member := await _member(guild, int(row.viewer_id))):
            top.append(member)
    chosen = {member.id for member in top}
    had = await asyncio.gather(*(_member(guild, number) for number in keepsake.given(role.id) if number not in chosen))
    return Change(
        give=tuple(member for member in top if role not in member.roles),
        keep=tuple(member for member in top if role in member.roles),
        take=tuple(member for member in had if member is not None and role in member.roles),
    )


async def apply(change: Change, role: discord.Role, keepsake: Keepsake) -> None:
    """Give and take; what was given is remembered at once, so that it can be taken again. RefusedError if forbidden."""
    given = set(keepsake.given(role.id))
    why = _("top watchers of the last {days} days").format(days=TOP_DAYS)
    try:
        for member in change.give:
            await member.add_roles(role, reason=why)
            given.add(member.id)
            keepsake.gave(role.id, sorted(given))
        for member in change.take:
            await member.remove_roles(role, reason=why)
            given.discard(member.id)
            keepsake.gave(role.id, sorted(given))
    except discord.Forbidden as error:
        raise RefusedError(*(_(text) for text in _FORBIDDEN)) from error


async def _member(guild: discord.Guild, number: int) -> discord.Member | None:
    """A member of the server; None for one who left."""
    try:
        return guild.get_member(number) or await guild.fetch_member(number)
    except discord.NotFound:
        return None


def _shown(change: Change, role: discord.Role, gets: str, loses: str) -> discord.Embed:
    name = formatting.escape(role.name, 60)
    groups = (("🏅", gets, change.give), ("✅", _("{name} keeps it"), change.keep), ("▫️", loses, change.take))
    lines = [
        f"{mark} {said.format(name=f'**{formatting.escape(member.display_name, 40)}**')}"
        for mark, said, members in groups
        for member in members
    ]
    text = embeds.join_lines_within(lines, embeds.DESCRIPTION) or _(
        "Nobody of this server watched anything. Members count in the voice channel, or with a Plex account: `/link`"
    )
    footer = _("By time watched in the last {days} days").format(days=TOP_DAYS)
    return embeds.build_embed(f"🎖️ {name}", text, colour=embeds.GOLD if change else embeds.GREY, footer=footer)
