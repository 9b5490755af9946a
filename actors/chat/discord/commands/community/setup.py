"""`setup`: makes a Discord server a community of its own, step by step; each choice takes effect at once."""

from typing import Any

import discord

from actors.chat.discord.commands.community.community_requests import (
    MANAGER,
    ServerSettings,
    choose_language,
    directory_of,
    read_server,
    remove_community,
    save_choices,
)
from actors.chat.discord.commands.community.setting_controls import (
    ACTS,
    FORM_PREFIX,
    PAGES,
    SHOW_HOME,
    AskButton,
    SettingMenu,
    SetupButton,
    build_menu,
    show_page,
    submit_form,
)
from actors.chat.discord.commands.community.setting_table import format_value, label_setting
from actors.chat.discord.framework.command import CommandGroup, command
from actors.chat.discord.framework.command_errors import CHANNEL_CURE, RefusedError
from actors.chat.discord.framework.pages import build_buttons
from actors.chat.discord.framework.replies import CommandContext, acknowledge_then, defer_privately, reply_privately
from actors.chat.discord.ui import embeds, formatting
from wording.times.zones import local_time
from wording.translation import N_, _, use_language

_STEPS = {
    "DISCORD_ANNOUNCE_CHANNEL_ID": ("📣", N_("choose the channel in which films and badges are announced")),
    "WATCH_PARTY_VOICE_CHANNEL_ID": ("🔊", N_("optional: a channel in which you watch together")),
    "PLEX_SERVERS": ("📺", N_("connect Plex, to see who watches what")),
    "BOT_LANGUAGE": ("🌐", ""),
    "TIMEZONE": ("🕰️", ""),
    "WATCH_PARTY_PLEX_USER": ("🎬", N_("optional: the Plex account that plays in the channel")),
}
"""By setting: its emoji, and what to do if nothing is chosen."""
_NEEDED = ("DISCORD_ANNOUNCE_CHANNEL_ID", "PLEX_SERVERS")
_POSTING = discord.Permissions(view_channel=True, send_messages=True, embed_links=True)


@command(
    "setup",
    N_("Set Usher up on this server (Manage Server)"),
    group=CommandGroup.ADMINS,
    permission=MANAGER,
    buttons=(SetupButton, SettingMenu, AskButton),
    forms={FORM_PREFIX: submit_form},
)
async def setup(ctx: CommandContext) -> None:
    """Show privately what is set and what is missing; `!setup` says how to get there."""
    guild = require_private(ctx)
    await defer_privately(ctx)
    server = await acknowledge_then(ctx, read_server(ctx.bot.directory, guild))
    with use_language(server.language):
        embed, items = PAGES[SHOW_HOME](server)
        view = build_buttons(items)
    await reply_privately(ctx, embed, view=view if items else None)


def require_private(ctx: CommandContext) -> discord.Guild:
    """Return the Discord server. Raises RefusedError for a `!` command, whose answer everybody would see."""
    if ctx.interaction is None or ctx.guild is None:
        raise RefusedError(
            _("That answer is only for you."),
            _("Use `/{command}` instead: only you see its answer.").format(command=ctx.command),
        )
    return ctx.guild


def build_home(server: ServerSettings) -> tuple[discord.Embed, list[discord.ui.Item[Any]]]:
    """Build the page of all steps."""
    if server.is_own:
        text = _("Whoever runs Usher has already set it up for this server. `/settings` shows the values.")
        return embeds.build_embed(_("🛠️ Set up Usher"), text, colour=embeds.GREY), []
    if server.community is None:
        return _build_welcome(server), [SetupButton("create", _("Set it up here"), discord.ButtonStyle.success)]
    lines = [_build_line(server, name) for name in _STEPS]
    missing = [label_setting(name) for name in _NEEDED if not format_value(server.settings, name)]
    if missing:
        lines.append(f"\n{_('Still to do: {steps}.').format(steps=', '.join(missing))}")
    else:
        lines.append(f"\n{_('✅ All set. `/help` shows what Usher can do.')}")
    lines += [f"⚠️ {warning}" for warning in _list_warnings(server)]
    colour = embeds.GOLD if missing else embeds.GREEN
    return embeds.build_embed(_("🛠️ Set up Usher"), "\n".join(lines), colour=colour), [
        build_menu(server, "DISCORD_ANNOUNCE_CHANNEL_ID", SHOW_HOME),
        build_menu(server, "WATCH_PARTY_VOICE_CHANNEL_ID", SHOW_HOME),
        build_menu(server, "BOT_LANGUAGE", SHOW_HOME),
        SetupButton("plex", _("Connect Plex"), discord.ButtonStyle.primary, emoji="📺"),
        AskButton(SHOW_HOME, "TIMEZONE"),
        AskButton(SHOW_HOME, "WATCH_PARTY_PLEX_USER"),
        SetupButton("list", _("All settings"), emoji="⚙️"),
        SetupButton("leave", _("Stop Usher here…"), discord.ButtonStyle.danger),
    ]


def _build_welcome(server: ServerSettings) -> discord.Embed:
    text = _(
        "Usher keeps a record of who watched what, on Plex and in a voice channel, and shows it here. "
        "Nothing is stored before you press the button. Then you choose a channel and connect Plex at plex.tv."
    )
    return embeds.build_embed(_("🛠️ Set up Usher"), text, colour=embeds.BLUE)


def _build_line(server: ServerSettings, name: str) -> str:
    sign, todo = _STEPS[name]
    value = format_value(server.settings, name)
    if name == "TIMEZONE":
        now = local_time(server.settings.timezone, discord.utils.utcnow().timestamp())
        value = f"{value} ({now:%H:%M})"
    if name == "BOT_LANGUAGE" or value:
        return f"{sign} **{label_setting(name)}**: {value}"
    return f"{sign} **{label_setting(name)}**: *{_(todo)}*"


def _list_warnings(server: ServerSettings) -> list[str]:
    """Return what the bot lacks in the chosen channels."""
    warnings = []
    announce = server.guild.get_channel(server.settings.discord_announce_channel_id)
    if announce is not None and not announce.permissions_for(server.guild.me) >= _POSTING:
        lacks = _("The bot may not post in {channel}: it needs View Channel, Send Messages and Embed Links.")
        warnings.append(f"{lacks.format(channel=announce.mention)} {_(CHANNEL_CURE)}")
    voice = server.guild.get_channel(server.settings.watch_party_voice_channel_id)
    if server.settings.watch_party_voice_channel_id and (
        voice is None or not voice.permissions_for(server.guild.me).view_channel
    ):
        unseen = _("The bot can't see the watch party's channel.")
        warnings.append(f"{unseen} {_(CHANNEL_CURE)}")
    return warnings


async def _create(interaction: discord.Interaction[Any], guild: discord.Guild, _about: str) -> None:
    chosen = {"BOT_LANGUAGE": choose_language(guild)}
    await show_page(
        interaction, SHOW_HOME, await save_choices(directory_of(interaction), guild, interaction.user, chosen)
    )


async def _show_home(interaction: discord.Interaction[Any], guild: discord.Guild, _about: str) -> None:
    await show_page(interaction, SHOW_HOME, await read_server(directory_of(interaction), guild))


async def _ask_leave(interaction: discord.Interaction[Any], guild: discord.Guild, _about: str) -> None:
    lines = [
        _("Usher will stop tracking and answering on **{server}**.").format(server=formatting.escape(guild.name)),
        _("What was recorded stays with whoever runs Usher, and comes back with `/setup`."),
        _("Members who want their data deleted should use `/forgetme` first."),
    ]
    embed = embeds.build_embed(_("Stop Usher here?"), "\n".join(lines), colour=embeds.RED)
    buttons = [
        SetupButton("leaving", _("Stop it"), discord.ButtonStyle.danger),
        SetupButton("home", _("Back")),
    ]
    await interaction.edit_original_response(embed=embed, view=build_buttons(buttons), allowed_mentions=embeds.NOBODY)


async def _leave(interaction: discord.Interaction[Any], guild: discord.Guild, _about: str) -> None:
    await remove_community(directory_of(interaction), guild, interaction.user)
    text = _("Usher is no longer set up here. `/setup` brings it back, with everything it had recorded.")
    embed = embeds.build_embed(_("🛠️ Set up Usher"), text, colour=embeds.GREY)
    await interaction.edit_original_response(embed=embed, view=None, allowed_mentions=embeds.NOBODY)


PAGES[SHOW_HOME] = build_home
ACTS |= {"create": _create, "home": _show_home, "leave": _ask_leave, "leaving": _leave}
