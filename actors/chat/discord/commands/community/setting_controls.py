"""The menus, buttons and forms with which settings are chosen.

Their custom ids begin with `usher:setup:` and contain all that they need, so that they work after a restart.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Self

import discord

from actors.chat.discord.commands.community.community_requests import (
    ServerSettings,
    check_manager,
    directory_of,
    save_choices,
)
from actors.chat.discord.commands.community.setting_table import find_setting, label_setting, read_text
from actors.chat.discord.framework.command_errors import RefusedError, report_errors
from actors.chat.discord.framework.pages import build_buttons
from actors.chat.discord.ui import embeds, formatting
from config import Settings, check_value
from wording.text import shorten
from wording.translation import _, use_language

SHOW_HOME, SHOW_LIST = "home", "list"
"""The pages that can be shown after a choice."""
FORM_PREFIX = "usher:setup:form:"
_TEXT_TYPES = [discord.ChannelType.text, discord.ChannelType.news]
_VOICE_TYPES = [discord.ChannelType.voice, discord.ChannelType.stage_voice]
_MOST_ROLES = 25
_LONGEST_ID = 20
"""Digits of the id of a channel or role at most."""

PageOfServer = Callable[[ServerSettings], tuple[discord.Embed, list[discord.ui.Item[Any]]]]
PAGES: dict[str, PageOfServer] = {}
"""Functions that make the pages; the modules of the pages add them."""


async def show_page(interaction: discord.Interaction[Any], page: str, server: ServerSettings) -> None:
    """Replace the page whose control was used, in the language of the server."""
    with use_language(server.language):
        embed, items = PAGES[page](server)
        view = build_buttons(items)
    await interaction.edit_original_response(embed=embed, view=view, allowed_mentions=embeds.NOBODY)


async def save_and_show(interaction: discord.Interaction[Any], page: str, chosen: dict[str, str]) -> None:
    """Save the choice, and show a page with it."""
    guild = interaction.guild
    if guild is None:
        return
    server = await save_choices(directory_of(interaction), guild, interaction.user, chosen)
    await show_page(interaction, page, server)


def read_values(interaction: discord.Interaction[Any]) -> list[str]:
    """Return the values that were chosen in a menu."""
    data: Any = interaction.data or {}
    return [str(value) for value in data.get("values") or ()]


# -- menus ---------------------------------------------------------------------------------------------------


class SettingMenu(
    discord.ui.DynamicItem[discord.ui.Item[Any]],
    template=re.compile(r"usher:setup:set:(?P<page>[a-z]+):(?P<name>[A-Z_]+)"),
):
    """A menu of channels, roles or words; a choice takes effect at once."""

    def __init__(self, item: discord.ui.Item[Any], page: str, name: str) -> None:
        self._page, self._name = page, name
        super().__init__(item)

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: discord.ui.Item[Any], match: Any, /) -> Self:
        """Return the menu from its custom id."""
        return cls(item, match["page"], match["name"])

    async def callback(self, interaction: discord.Interaction[Any]) -> Any:
        """Save the choice; acknowledge first."""
        guild = await check_manager(interaction)
        if guild is None:
            return
        await interaction.response.defer()
        async with report_errors(interaction):
            values = read_values(interaction)
            _check_values(interaction, guild, self._name, values)
            await save_and_show(interaction, self._page, {self._name: ",".join(values)})


def build_menu(server: ServerSettings, name: str, page: str) -> SettingMenu:
    """Return the menu of a setting that is chosen from channels, roles or words."""
    shown, value = find_setting(name), getattr(server.settings, name.lower())
    options: dict[str, Any] = {"custom_id": f"usher:setup:set:{page}:{name}", "placeholder": label_setting(name)}
    item: discord.ui.Item[Any]
    if shown.kind in ("text_channel", "voice_channel"):
        types = _TEXT_TYPES if shown.kind == "text_channel" else _VOICE_TYPES
        chosen = [discord.Object(value)] if value and server.guild.get_channel(value) is not None else []
        item = discord.ui.ChannelSelect(channel_types=types, min_values=0, default_values=chosen, **options)
    elif shown.kind in ("role", "roles"):
        ids = value if isinstance(value, tuple) else (value,)
        chosen = [discord.Object(role_id) for role_id in ids if role_id and server.guild.get_role(role_id) is not None]
        most = _MOST_ROLES if shown.kind == "roles" else 1
        item = discord.ui.RoleSelect(min_values=0, max_values=most, default_values=chosen, **options)
    else:
        most = len(shown.choices()) if shown.kind == "choices" else 1
        item = discord.ui.Select(options=_list_options(server.settings, name), max_values=most, **options)
    return SettingMenu(item, page, name)


def _list_options(settings: Settings, name: str) -> list[discord.SelectOption]:
    current = {part.strip() for part in read_text(settings, name).split(",")}
    return [
        discord.SelectOption(label=shorten(_(label), 100), value=value, default=value in current)
        for value, label in find_setting(name).choices().items()
    ]


def _check_values(
    interaction: discord.Interaction[Any], guild: discord.Guild, name: str, values: Sequence[str]
) -> None:
    """Raise RefusedError if a channel or role is not this server's, or the member who chose a role may not give it.

    A client may send values that were not offered.
    """
    kind = find_setting(name).kind
    if kind in ("text", "servers"):
        raise _build_refusal(name, ",".join(values))
    for value in values:
        if kind in ("text_channel", "voice_channel") and guild.get_channel(_read_id(value)) is None:
            raise RefusedError(
                _("The bot can't see that channel."), _("Give its role View Channel there, then choose it again.")
            )
        if kind in ("role", "roles"):
            role = guild.get_role(_read_id(value))
            if role is None or role.is_default():
                raise RefusedError(_("That role can't be chosen."), _("Choose another."))
            if kind == "role":
                _check_given(interaction, guild, role)


def _check_given(interaction: discord.Interaction[Any], guild: discord.Guild, role: discord.Role) -> None:
    """Raise RefusedError if the bot cannot give a role, or the member who chose it could not: the bot acts for them."""
    if role.managed:
        raise RefusedError(_("Discord manages that role: no bot can give it."), _("Choose another."))
    member = interaction.user
    is_below = isinstance(member, discord.Member) and role < member.top_role
    if member.id != guild.owner_id and not (is_below and interaction.permissions.manage_roles):
        raise RefusedError(
            _("You can't give that role yourself."),
            _("You need Manage Roles, and a role above it."),
        )


def _read_id(value: str) -> int:
    return int(value) if value.isascii() and value.isdigit() and len(value) <= _LONGEST_ID else 0


def _build_refusal(name: str, text: str) -> RefusedError:
    what = _("{label} can't be {text}.").format(label=label_setting(name), text=f"“{formatting.escape(text, 60)}”")
    shown = find_setting(name)
    return RefusedError(what, _(shown.hint) if shown.hint else _("Choose another."))


# -- forms ---------------------------------------------------------------------------------------------------


class AskButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=re.compile(r"usher:setup:ask:(?P<page>[a-z]+):(?P<name>[A-Z_]+)"),
):
    """Opens the form in which a setting is typed."""

    def __init__(self, page: str, name: str) -> None:
        self._page, self._name = page, name
        label = shorten(f"{label_setting(name)}…", 80)
        super().__init__(discord.ui.Button(label=label, custom_id=f"usher:setup:ask:{page}:{name}"))

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: Any, match: Any, /) -> Self:
        """Return the button from its custom id."""
        return cls(match["page"], match["name"])

    async def callback(self, interaction: discord.Interaction[Any]) -> Any:
        """Ask for the text."""
        guild = await check_manager(interaction)
        if guild is not None:
            await open_form(interaction, self._page, self._name)


async def open_form(interaction: discord.Interaction[Any], page: str, name: str) -> None:
    """Ask for a setting's text in a form."""
    shown = find_setting(name)
    form = discord.ui.Modal(
        title=shorten(label_setting(name), 45), custom_id=f"{FORM_PREFIX}{page}:{name}", timeout=900
    )
    text: discord.ui.TextInput[Any] = discord.ui.TextInput(
        label=shorten(_(shown.hint) if shown.hint else label_setting(name), 45),
        placeholder=shorten(_("Leave empty for the default"), 100),
        required=False,
        max_length=400,
        custom_id="text",
    )
    form.add_item(text)
    await interaction.response.send_modal(form)


async def submit_form(interaction: discord.Interaction[Any], custom_id: str) -> None:
    """Save the text of a form, which may have been opened before a restart."""
    guild = await check_manager(interaction)
    page, _colon, name = custom_id.removeprefix(FORM_PREFIX).partition(":")
    if guild is None or page not in PAGES:
        return
    await interaction.response.defer()
    async with report_errors(interaction):
        data: Any = interaction.data or {}
        text = _read_typed(data.get("components", [])).strip()
        if text:
            _check_text(name, text)
        await save_and_show(interaction, page, {name: text})


def _read_typed(components: Any) -> str:
    """Return the text of a form's one field."""
    for part in components if isinstance(components, list) else []:
        inner = [part.get("component")] if "component" in part else part.get("components", [])
        for field in inner:
            if isinstance(field, dict) and field.get("custom_id") == "text":
                return str(field.get("value") or "")
    return ""


def _check_text(name: str, text: str) -> None:
    """Raise RefusedError if a text is not valid, or the setting is chosen in a menu, which checks its choices."""
    if find_setting(name).kind != "text":
        raise _build_refusal(name, text)
    try:
        check_value(name, text)
    except (ValueError, KeyError) as error:
        raise _build_refusal(name, text) from error


# -- buttons that lead to a page -----------------------------------------------------------------------------

Act = Callable[[discord.Interaction[Any], discord.Guild, str], Awaitable[None]]
ACTS: dict[str, Act] = {}
"""Functions of the buttons, by name; the modules of the functions add them."""


class SetupButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=re.compile(r"usher:setup:do:(?P<act>[a-z]+)(?::(?P<about>[A-Za-z0-9_]*))?"),
):
    """Calls a function of ACTS, which changes something or shows another page; `about` is the function's argument."""

    def __init__(
        self,
        act: str,
        label: str | None = None,
        style: discord.ButtonStyle = discord.ButtonStyle.secondary,
        *,
        about: str = "",
        emoji: str | None = None,
    ) -> None:
        self._act, self.about = act, about
        custom_id = f"usher:setup:do:{act}:{about}" if about else f"usher:setup:do:{act}"
        super().__init__(discord.ui.Button(label=label or act, style=style, emoji=emoji, custom_id=custom_id))

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: Any, match: Any, /) -> Self:
        """Return the button from its custom id."""
        return cls(match["act"], about=match["about"] or "")

    async def callback(self, interaction: discord.Interaction[Any]) -> Any:
        """Act for a member who may manage the server; acknowledge first."""
        guild = await check_manager(interaction)
        if guild is None:
            return
        await interaction.response.defer()
        async with report_errors(interaction):
            await ACTS[self._act](interaction, guild, self.about)


class PickMenu(discord.ui.DynamicItem[discord.ui.Select[discord.ui.View]], template=re.compile(r"usher:setup:pick")):
    """Chooses a setting to be changed."""

    def __init__(self, options: Sequence[discord.SelectOption] = ()) -> None:
        super().__init__(
            discord.ui.Select(custom_id="usher:setup:pick", placeholder=_("Change…"), options=list(options))
        )

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: Any, match: Any, /) -> Self:
        """Return the control from its custom id."""
        return cls()

    async def callback(self, interaction: discord.Interaction[Any]) -> Any:
        """Open the form of a setting that is typed, or show its menu."""
        guild = await check_manager(interaction)
        if guild is None:
            return
        name = next(iter(read_values(interaction)), "")
        if find_setting(name).kind == "text":
            await open_form(interaction, SHOW_LIST, name)
            return
        await interaction.response.defer()
        async with report_errors(interaction):
            await ACTS["pick"](interaction, guild, name)
