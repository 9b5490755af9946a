"""`settings`: all settings that a community chooses, with their present values."""

from typing import Any

import discord

from actors.chat.discord.commands.community.community_requests import (
    MANAGER,
    ServerSettings,
    directory_of,
    read_server,
)
from actors.chat.discord.commands.community.plex_connection import ServerMenu
from actors.chat.discord.commands.community.setting_controls import (
    ACTS,
    PAGES,
    SHOW_HOME,
    SHOW_LIST,
    PickMenu,
    SetupButton,
    build_menu,
    save_and_show,
    show_page,
)
from actors.chat.discord.commands.community.setting_table import (
    find_setting,
    format_value,
    label_setting,
    list_settings,
)
from actors.chat.discord.commands.community.setup import require_private
from actors.chat.discord.framework.command import CommandGroup, command
from actors.chat.discord.framework.pages import build_buttons
from actors.chat.discord.framework.replies import CommandContext, acknowledge_then, defer_privately, reply_privately
from actors.chat.discord.ui import embeds
from wording.text import shorten
from wording.translation import N_, _, use_language

_MOST_OPTIONS = 25


@command(
    "settings",
    N_("Settings of this server (Manage Server)"),
    group=CommandGroup.ADMINS,
    permission=MANAGER,
    buttons=(PickMenu, ServerMenu),
)
async def settings(ctx: CommandContext) -> None:
    """Show every setting privately; a community's own settings can be changed."""
    guild = require_private(ctx)
    await defer_privately(ctx)
    server = await acknowledge_then(ctx, read_server(ctx.bot.directory, guild))
    page = SHOW_LIST if server.is_own or server.community is not None else SHOW_HOME
    with use_language(server.language):
        embed, items = PAGES[page](server)
        view = build_buttons(items)
    await reply_privately(ctx, embed, view=view if items else None)


def build_list(server: ServerSettings) -> tuple[discord.Embed, list[discord.ui.Item[Any]]]:
    """Build the page of all settings."""
    lines = [f"**{label_setting(name)}**: {format_value(server.settings, name) or '–'}" for name in list_settings()]
    text = embeds.join_lines_within(lines, embeds.DESCRIPTION)
    if server.is_own:
        footer = _("Whoever runs Usher sets these in .env (docs/settings.md).")
        return embeds.build_embed(_("⚙️ Settings"), text, colour=embeds.BLUE, footer=footer), []
    options = [
        discord.SelectOption(label=shorten(label_setting(name), 100), value=name)
        for name in list_settings()[:_MOST_OPTIONS]
    ]
    embed = embeds.build_embed(_("⚙️ Settings"), text, colour=embeds.BLUE)
    return embed, [PickMenu(options), SetupButton("home", _("Setup"))]


async def _show_list(interaction: discord.Interaction[Any], guild: discord.Guild, _about: str) -> None:
    await show_page(interaction, SHOW_LIST, await read_server(directory_of(interaction), guild))


async def _show_setting(interaction: discord.Interaction[Any], guild: discord.Guild, name: str) -> None:
    """Show the menu of one setting."""
    server = await read_server(directory_of(interaction), guild)
    if find_setting(name).kind == "servers":
        await ACTS["plex"](interaction, guild, "")
        return
    with use_language(server.language):
        now = format_value(server.settings, name) or "–"
        embed = embeds.build_embed(f"⚙️ {label_setting(name)}", now, colour=embeds.BLUE)
        items: list[discord.ui.Item[Any]] = [build_menu(server, name, SHOW_LIST)]
        items += [SetupButton("clear", _("Use the default"), about=name), SetupButton("list", _("Back"))]
        view = build_buttons(items)
    await interaction.edit_original_response(embed=embed, view=view, allowed_mentions=embeds.NOBODY)


async def _clear(interaction: discord.Interaction[Any], _guild: discord.Guild, name: str) -> None:
    await save_and_show(interaction, SHOW_LIST, {name: ""})


PAGES[SHOW_LIST] = build_list
ACTS |= {"list": _show_list, "pick": _show_setting, "clear": _clear}
