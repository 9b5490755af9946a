"""How a command is declared: one decorator says its name, help, cooldown, permission, pages and all the rest."""

import enum
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from actors.chat.discord.framework.pages import PageBuilder
from wording.text import shorten
from wording.translation import N_, _

DESCRIPTION = 100
"""Longest description of a / command and of what it takes."""
ADMINISTRATOR = "administrator"
"""The permission of the commands that run the service."""

Function = Callable[..., Coroutine[Any, Any, None]]
Suggest = Callable[[discord.Interaction[Any], str], Awaitable[list[app_commands.Choice[str]]]]
"""Returns the choices for what somebody has typed so far into a parameter of a / command."""
Button = type[discord.ui.DynamicItem[Any]]
SubmitForm = Callable[[discord.Interaction[Any], str], Awaitable[None]]
"""Takes a form that was filled in, and its custom id."""


class CommandGroup(enum.Enum):
    """The headings of `!help`, in their order."""

    NOW = N_("🎬 Films and film nights")
    YOU = N_("📊 Stats")
    PRIVACY = N_("🔒 Privacy")
    COMMUNITY = N_("🏆 Community")
    ADMINS = N_("🔧 Admins")


@dataclass(frozen=True)
class Cooldown:
    """How often a member (or with `per` the whole server) may use a command, on each server.

    discord.py's own cooldown counts before it looks at what was written. This one counts when the command begins its
    work (`acknowledge_then`), so that a refused argument costs nothing.
    """

    times: int
    per_s: float
    per: commands.BucketType = commands.BucketType.user


class UsherCommand(commands.HybridCommand[Any, ..., None]):
    """A command that works as `!name` and as `/name`, with all that its declaration says about it."""

    def __init__(
        self,
        function: Function,
        /,
        *,
        group: CommandGroup | None = None,
        permission: str = "",
        cooldown: Cooldown | None = None,
        page: PageBuilder | None = None,
        buttons: tuple[Button, ...] = (),
        forms: Mapping[str, SubmitForm] | None = None,
        **attributes: Any,
    ) -> None:
        super().__init__(function, **attributes)
        self.group = group
        self.permission = permission
        self.page = page
        self.buttons = buttons
        self.forms = dict(forms or {})
        self._cooldown = cooldown
        self._uses: commands.CooldownMapping[commands.Context[Any]]
        self.reset_uses()

    def reset_uses(self) -> None:
        """Forget who has used it."""
        times, per_s, per = (
            (self._cooldown.times, self._cooldown.per_s, self._cooldown.per)
            if self._cooldown is not None
            else (0, 0.0, commands.BucketType.default)
        )

        def find_bucket(ctx: Any) -> Any:
            return ctx.guild.id if ctx.guild is not None else 0, per.get_key(ctx)

        self._uses = commands.CooldownMapping.from_cooldown(times, per_s, find_bucket)

    def count_use(self, ctx: commands.Context[Any]) -> None:
        """Count one use. Raises CommandOnCooldown where it is one too many."""
        if self._cooldown is None:
            return
        bucket = self._uses.get_bucket(ctx)
        if bucket is not None and (left_s := bucket.update_rate_limit()):
            raise commands.CommandOnCooldown(bucket, left_s, self._cooldown.per)

    def localise(self) -> None:
        """Put the description of the / command into the language of the bot; names are the same in all."""
        if self.app_command is not None:
            self.app_command.description = shorten(_(self.description), DESCRIPTION)


class _LocalisedText(app_commands.locale_str):
    """A description that is translated when Discord is told of it.

    Discord's own translations are for one language for each reader; Usher speaks one with the whole server.
    """

    def __str__(self) -> str:
        return shorten(_(self.message), DESCRIPTION)


def command(
    name: str,
    help: str,
    *,
    group: CommandGroup | None = None,
    usage: str = "",
    permission: str = "",
    cooldown: Cooldown | None = None,
    parameters: Mapping[str, str] | None = None,
    autocomplete: Mapping[str, Suggest] | None = None,
    page: PageBuilder | None = None,
    buttons: Iterable[Button] = (),
    forms: Mapping[str, SubmitForm] | None = None,
) -> Callable[[Function], UsherCommand]:
    """Declare a command of the server; its function takes a `Context` and what members type.

    help: one line, in English (marked with `N_`), for `!help` and for Discord's list of / commands.
    group: the heading in `!help` below which it stands; without one it is not listed.
    usage: what `!help name` shows after the name.
    permission: name of discord.py's permission flag that whoever uses it must have.
    parameters: what each parameter of the / command is, in English.
    autocomplete: by parameter, what is suggested while somebody types.
    page: builds the pages that `show_page` answers with; their buttons work for years, also after a restart.
    buttons: further buttons and menus below its answers that work after a restart.
    forms: what takes the forms whose custom ids begin so, also after a restart.
    """

    def declare(function: Function) -> UsherCommand:
        described = app_commands.describe(
            **{parameter: _LocalisedText(text) for parameter, text in (parameters or {}).items()}
        )(commands.guild_only()(function))
        if permission:
            described = app_commands.default_permissions(**{permission: True})(described)
            described = commands.has_permissions(**{permission: True})(described)
        declared = UsherCommand(
            described,
            name=name,
            description=help,
            usage=usage or None,
            group=group,
            permission=permission,
            cooldown=cooldown,
            page=page,
            buttons=tuple(buttons),
            forms=forms,
        )
        for parameter, suggest in (autocomplete or {}).items():
            declared.autocomplete(parameter)(suggest)  # type: ignore[arg-type]  # discord.py wants a coroutine function
        return declared

    return declare
