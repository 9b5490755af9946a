"""Pages with buttons that work after a restart: each button's custom id contains all that its page needs."""

import hashlib
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Generic, NamedTuple, Self, TypeVar

import discord

from actors.chat.discord.core.state import FeatureState, ViewerIdentity
from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.command_errors import ASK_ADMIN, report_errors
from actors.chat.discord.ui import embeds
from actors.chat.discord.ui.embeds import Reply
from wording.text import utf16_length
from wording.translation import _

Got = TypeVar("Got")
PageBuilder = Callable[[ActorClient, str, int], Awaitable[Reply]]
"""Makes a page: from the actors, the arguments in one string, and the page's number from 0."""

CUSTOM_ID = 100
_PREFIX = "usher:page:"
ARGUMENTS = 64
"""Characters of arguments in a button's custom id at most. Longer ones are stored, and it contains their key."""
_KEPT = "~"
"""Marks the key of stored arguments."""
MOST_STORED = 200
"""Arguments that are stored at most; the buttons of older answers stop working."""


def pack_arguments(*parts: str) -> str:
    """Return arguments in one string; the last may contain any character."""
    *fixed, last = parts
    return "".join(f"{part.replace('|', ' ')}|" for part in fixed) + last


def unpack_arguments(arguments: str, count: int) -> list[str]:
    """Return the `count` parts that `pack_arguments` packed."""
    parts = arguments.split("|", count - 1)
    return parts + [""] * (count - len(parts))


class PageSlice(NamedTuple, Generic[Got]):
    """One page of a list."""

    content: Got
    page: int
    """Number of the page, from 0."""
    pages: int
    """How many pages there are, at least one."""


async def read_slice(
    read: Callable[[int], Awaitable[Got]], total: Callable[[Got], int], page: int, rows: int
) -> PageSlice[Got]:
    """Return the requested page, or the last one if the list has become shorter: buttons stay for years.

    `read` takes the number of rows before a page, and returns the page; `total` returns how many rows there are in all.
    """
    while True:
        content = await read(page * rows)
        pages = max(1, -(-total(content) // rows))
        if page < pages:
            return PageSlice(content, page, pages)
        page = pages - 1


def build_view(name: str, arguments: str, reply: Reply) -> discord.ui.View | None:
    """Return a page's buttons: back, refresh (with the page's number) and forward; None if it needs none."""
    view = build_buttons(reply.items)
    if reply.pages > 1:
        page, last = reply.page, reply.pages - 1
        view.add_item(PageButton("-", name, max(page - 1, 0), arguments, emoji="◀️", disabled=page == 0))
        view.add_item(PageButton("=", name, page, arguments, label=_position_label(page + 1, reply.pages)))
        view.add_item(PageButton("+", name, min(page + 1, last), arguments, emoji="▶️", disabled=page == last))
    return view if view.children else None


def build_buttons(items: Iterable[discord.ui.Item[Any]]) -> discord.ui.View:
    """Return buttons and menus that work for years."""
    view = discord.ui.View(timeout=None)
    for item in items:
        view.add_item(item)
    return view


def _position_label(page: int, pages: int) -> str:
    return _("{page} of {pages}").format(page=page, pages=pages)


def refresh_button(name: str, arguments: str = "") -> "PageButton":
    """Return a button that refreshes a page."""
    return PageButton("=", name, 0, arguments, label=_("Refresh"), emoji="🔄")


class PageButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=re.compile(r"usher:page:(?P<step>[-=+]):(?P<name>[a-z]+):(?P<page>\d{1,4}):(?P<arguments>.*)", re.DOTALL),
):
    """Shows a page instead of the one above it."""

    def __init__(
        self,
        step: str,
        name: str,
        page: int,
        arguments: str,
        *,
        label: str | None = None,
        emoji: str | None = None,
        disabled: bool = False,
    ) -> None:
        self._name, self._page, self._arguments = name, page, arguments
        super().__init__(
            discord.ui.Button(
                label=label,
                emoji=emoji,
                disabled=disabled,
                style=discord.ButtonStyle.secondary,
                custom_id=f"{_PREFIX}{step}:{name}:{page}:{arguments}",
            )
        )

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],
        item: discord.ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        """Return the button from its custom id."""
        return cls(match["step"], match["name"], int(match["page"]), match["arguments"])

    async def callback(self, interaction: discord.Interaction[Any]) -> Any:
        """Acknowledge first, then ask the actors, then edit the message."""
        pages: PageRegistry = interaction.client.features_of(interaction).pages
        await pages.show_page(interaction, self._name, self._arguments, self._page)


class PageRegistry:
    """All kinds of pages, and who may see them."""

    def __init__(
        self,
        actors: ActorClient,
        builders: Mapping[str, PageBuilder],
        permissions: Mapping[str, str],
        state: FeatureState[str],
    ) -> None:
        """Take `builders` and `permissions` by the command's name; a permission is the name of discord.py's flag."""
        self.actors = actors
        self._state = state
        self._builders = builders
        self._permissions = permissions

    async def build(
        self, name: str, arguments: str = "", page: int = 0, asker: str = ""
    ) -> tuple[Reply, discord.ui.View | None]:
        """Build a page and its buttons, as the asker (a Discord id) may see it. Raises UnansweredError."""
        reply = await self._builders[name](self.actors.for_asker(asker), arguments, page)
        return reply, build_view(name, self._button_arguments(arguments) if reply.pages > 1 else arguments, reply)

    def _button_arguments(self, arguments: str) -> str:
        """Return the arguments for a button, or the key of stored ones: a cut title would find other films."""
        if utf16_length(arguments) <= ARGUMENTS and not arguments.startswith(_KEPT):
            return arguments
        key = _KEPT + hashlib.blake2s(arguments.encode(), digest_size=12).hexdigest()
        oldest_first = [each for each in self._state.records if each != key]
        self._state.update({key: arguments}, removed=oldest_first[: max(0, len(oldest_first) + 1 - MOST_STORED)])
        return key

    def forget(self, viewer: ViewerIdentity) -> None:
        """Forget stored arguments about a viewer: the buttons of such answers then say that they are out of date."""
        about = [key for key, arguments in self._state.records.items() if any(each in arguments for each in viewer.ids)]
        self._state.remove(*about)

    async def show_page(self, interaction: discord.Interaction[Any], name: str, arguments: str, page: int) -> None:
        """Answer a press: replace the present page with the requested one."""
        if name not in self._builders:
            await refuse(interaction, _("This button is from an older version of Usher."), _("Run the command again."))
            return
        permission = self._permissions.get(name)
        if permission and not getattr(interaction.permissions, permission):
            await refuse(interaction, _("Only administrators of this server may see this."), _(ASK_ADMIN))
            return
        stored = self._state.records.get(arguments) if arguments.startswith(_KEPT) else arguments
        if stored is None:
            await refuse(interaction, _("I no longer remember what you asked for."), _("Run the command again."))
            return
        arguments = stored
        await interaction.response.defer()
        async with report_errors(interaction):
            reply, view = await self.build(name, arguments, page, str(interaction.user.id))
            if reply.hidden:
                await interaction.followup.send(embed=reply.embed, ephemeral=True)
                return
            await interaction.edit_original_response(embed=reply.embed, view=view, allowed_mentions=embeds.NOBODY)


async def refuse(interaction: discord.Interaction[Any], what: str, cure: str) -> None:
    """Tell the member privately why their request is refused."""
    await interaction.response.send_message(embed=embeds.build_problem(what, cure), ephemeral=True)
