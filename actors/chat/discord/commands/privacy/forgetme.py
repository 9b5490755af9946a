"""`forgetme`: removes everything that is stored about a viewer."""

import re
from typing import Any, Self

import discord

from actors.chat.discord.commands.privacy.everywhere import (
    PRESS_S,
    EverywhereButton,
    age_s,
    find_elsewhere,
    label_everywhere,
    name_server,
)
from actors.chat.discord.core.event_routes import mark_button
from actors.chat.discord.framework.actor_client import UnansweredError
from actors.chat.discord.framework.command import CommandGroup, Cooldown, command
from actors.chat.discord.framework.command_errors import report_errors
from actors.chat.discord.framework.pages import refuse
from actors.chat.discord.framework.replies import CommandContext, acknowledge_then, defer_privately, reply_privately
from actors.chat.discord.guild_features import GuildFeatures, features_of
from actors.chat.discord.ui import embeds, formatting
from messages import EraseViewer, GetViewerAccount, ViewerErased
from wording.numbers import format_count, format_number
from wording.text import join_names
from wording.translation import N_, _, ngettext

FORGET_S = 60.0
"""Deadline of an erasure; real seconds."""
_PREFIX = "usher:forget:"
_UNPROVEN = N_(
    "An administrator linked {names}: what it watched before that stays. To delete that too, sign in to it first with "
    "`/link`."
)
_STAYS = N_("What stays: my posts in the channel, older log lines, and copies that somebody made or set aside.")


class ForgetButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=re.compile(r"usher:forget:(?P<member>\d{1,20})(?:@(?P<guild>\d{1,20}))?"),
):
    """Erases the member who asked for it, if the same member presses it soon.

    It works in a direct message too: `guild_id` is the server of a further community, 0 for the environment's.
    """

    def __init__(self, member: int, guild_id: int = 0) -> None:
        self._member = member
        super().__init__(
            discord.ui.Button(
                label=_("Delete my data"),
                style=discord.ButtonStyle.danger,
                custom_id=mark_button(f"{_PREFIX}{member}", guild_id),
            )
        )

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: Any, match: re.Match[str], /) -> Self:
        """Return the button from its custom id."""
        return cls(int(match["member"]), int(match["guild"] or 0))

    async def callback(self, interaction: discord.Interaction[Any]) -> Any:
        """Do what the button says; acknowledge first."""
        if interaction.user.id != self._member:
            await refuse(interaction, _("This button isn't yours."), _("`/forgetme` gives you your own."))
            return
        if age_s(interaction) > PRESS_S:
            await refuse(interaction, _("This button has expired; nothing was deleted."), _("Try again: `/forgetme`"))
            return
        await interaction.response.defer()
        async with report_errors(interaction):
            lines = await _forget(features_of(interaction), str(self._member))
            await _show_forgotten(interaction, "\n".join([*lines, _(_STAYS)]))


async def _forget(features: GuildFeatures, who: str) -> list[str]:
    """Erase a member in one community; return the lines that say what was done."""
    actors = features.actors
    person = await actors.ask(GetViewerAccount(who))
    try:
        gone = await actors.ask(EraseViewer(who), FORGET_S)
    finally:  # the answer may come too late, when the links are no longer known
        actors.hide(person)
        features.forget(person)
    return _build_forgotten(gone, actors.clock.now().wall_s)


async def _forget_everywhere(
    interaction: discord.Interaction[Any], who: str, where: list[GuildFeatures], _choice: str
) -> None:
    lines: list[str] = []
    for features in where:
        lines.append(f"**{name_server(interaction.client, features)}**")
        try:
            lines += await _forget(features, who)
        except UnansweredError as error:  # the others are erased anyway
            lines.append(f"⚠️ {error.what} {error.cure}")
    await _show_forgotten(interaction, "\n".join([*lines, _(_STAYS)]))


async def _show_forgotten(interaction: discord.Interaction[Any], said: str) -> None:
    embed = embeds.build_embed(_("🗑️ Data deleted"), said, colour=embeds.GREY)
    await interaction.edit_original_response(embed=embed, view=None, allowed_mentions=embeds.NOBODY)


EverywhereButton.acts["forget"] = _forget_everywhere


def _build_forgotten(gone: ViewerErased, now_s: float) -> list[str]:
    lines = [
        _("Deleted: {watches} and {badges}.").format(
            watches=format_count("**{count} watch**", "**{count} watches**", gone.watches),
            badges=format_count("**{count} badge**", "**{count} badges**", gone.badges),
        )
    ]
    if gone.backups and gone.oldest_backup_s is not None and gone.newest_backup_s is not None:
        said = ngettext(
            "{count} backup still has it, made between {oldest} and {newest}.",
            "{count} backups still have it, made between {oldest} and {newest}.",
            gone.backups,
        )
        oldest, newest = formatting.date_and_time(gone.oldest_backup_s), formatting.date_and_time(gone.newest_backup_s)
        lines.append(said.format(count=format_number(gone.backups), oldest=oldest, newest=newest))
        lines.append(_describe_backups_end(gone, now_s))
    if gone.kept_accounts:
        names = join_names([formatting.escape(name, 60) for name in gone.kept_accounts])
        lines.append(_("What {names} watched before it was linked is still there.").format(names=names))
    return lines


def _describe_backups_end(gone: ViewerErased, now_s: float) -> str:
    """Return when the last backup with the viewer is deleted."""
    if gone.backup_interval_hours <= 0 or gone.backup_keep <= 0:
        return _("No newer ones replace them here: somebody has to delete them.")
    over_s = now_s + gone.backup_interval_hours * 3600 * gone.backup_keep
    said = _(
        "Newer ones replace them, by {when} at the earliest. Those that somebody asked for, or that an "
        "update made, have to be deleted by hand."
    )
    return said.format(when=formatting.date_and_time(over_s))


@command(
    "forgetme",
    N_("Delete my data"),
    group=CommandGroup.PRIVACY,
    cooldown=Cooldown(2, 60.0),
    buttons=(ForgetButton, EverywhereButton),
)
async def forgetme(ctx: CommandContext) -> None:
    """Ask for confirmation, privately, with a button."""
    await defer_privately(ctx)
    person = await acknowledge_then(ctx, ctx.actors.ask(GetViewerAccount(ctx.asker)))
    lines = [
        _("This deletes {watches}, your stats, badges, links and settings.").format(
            watches=format_count("**{count} watch**", "**{count} watches**", person.watches)
        ),
        _("This can't be undone. `/mydata` gives you a copy first."),
        _(_STAYS),
        _("Backups keep it until newer ones replace them; I'll tell you when that is."),
    ]
    if person.links:
        names = join_names([formatting.escape(link.plex_name, 60) for link in person.links])
        lines.insert(1, _("This includes your Plex account: {names}.").format(names=names))
    unproven = [link.plex_name for link in person.links if link.plex_id in person.unproven]
    if unproven:
        lines.insert(2, _(_UNPROVEN).format(names=join_names([formatting.escape(name, 60) for name in unproven])))
    elsewhere = await find_elsewhere(ctx.bot, ctx.features, ctx.asker)
    if elsewhere:
        lines.append(_("The first button is for this server only."))
    until = f"<t:{int(ctx.actors.clock.now().wall_s + PRESS_S)}:T>"
    lines.append(f"-# {_('This button works until {when}.').format(when=until)}")
    view = discord.ui.View(timeout=None)
    view.add_item(ForgetButton(ctx.author.id, ctx.features.community_id))
    if elsewhere:
        label = label_everywhere(len(elsewhere) + 1)
        view.add_item(EverywhereButton("forget", "", ctx.author.id, ctx.features.community_id, label))
    await reply_privately(
        ctx, embeds.build_embed(_("🗑️ Delete your data?"), "\n".join(lines), colour=embeds.RED), view=view
    )
