"""Declares commands: one decorator gives name, help, cooldown, permission, pages and all the rest."""

import enum
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from typing import Any

import discord
import msgspec
from discord import app_commands
from discord.ext import commands

from actors.chat.discord.framework.pages import PageBuilder
from wording.text import shorten
from wording.translation import N_, _

DESCRIPTION = 100
"""Characters of the description of a / command, and of a parameter, at most."""
ADMINISTRATOR = "administrator"
"""The permission for commands that run the service."""

Function = Callable[..., Coroutine[Any, Any, None]]
Suggest = Callable[[discord.Interaction[Any], str], Awaitable[list[app_commands.Choice[str]]]]
"""Returns the choices for the text typed so far into a parameter of a / command."""
Button = type[discord.ui.DynamicItem[Any]]
SubmitForm = Callable[[discord.Interaction[Any], str], Awaitable[None]]
"""Handles a submitted form; takes its interaction and its custom id."""


class CommandGroup(enum.Enum):
    """The headings of `!help`, in their order."""

    NOW = N_("🎬 Films and film nights")
    YOU = N_("📊 Stats")
    PRIVACY = N_("🔒 Privacy")
    COMMUNITY = N_("🏆 Community")
    ADMINS = N_("🔧 Admins")


class Cooldown(msgspec.Struct, frozen=True):
    """How often a member (or with `per` the whole server) may use a command, on each Discord server.

    discord.py's own cooldown counts before it reads the arguments. This one counts when the command begins its work
    (`acknowledge_then`), so that a refused argument does not count.
    """

    times: int
    per_s: float
    per: commands.BucketType = commands.BucketType.user


class UsherCommand(commands.HybridCommand[Any, ..., None]):
    """A command that works as `!name` and as `/name`, with its whole declaration."""

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
        """Reset the cooldowns."""
        times, per_s, per = (
            (self._cooldown.times, self._cooldown.per_s, self._cooldown.per)
            if self._cooldown is not None
            else (0, 0.0, commands.BucketType.default)
        )

        def find_bucket(ctx: Any) -> Any:
            return ctx.guild.id if ctx.guild is not None else 0, per.get_key(ctx)

        self._uses = commands.CooldownMapping.from_cooldown(times, per_s, find_bucket)

    def count_use(self, ctx: commands.Context[Any]) -> None:
        """Count one use. Raises CommandOnCooldown if there were too many."""
        if self._cooldown is None:
            return
        bucket = self._uses.get_bucket(ctx)
        if bucket is not None and (left_s := bucket.update_rate_limit()):
            raise commands.CommandOnCooldown(bucket, left_s, self._cooldown.per)

    def localise(self) -> None:
        """Translate the description of the / command into the current language; names are the same in all."""
        if self.app_command is not None:
            self.app_command.description = shorten(_(self.description), DESCRIPTION)


class _LocalisedText(app_commands.locale_str):
    """A description that is translated when it is sent to Discord.

    Discord's own translations give each reader their own language; Usher uses one language for a whole server.
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
    """Declare a command; its function takes a `CommandContext` and what members type.

    help: one line, in English (marked with `N_`), for `!help` and for Discord's list of / commands.
    group: its heading in `!help`; without one it is not listed.
    usage: what `!help name` shows after the name.
    permission: name of the permission flag (discord.py's) that a member needs to use it.
    parameters: description of each parameter of the / command, in English.
    autocomplete: by parameter, the function that suggests values while somebody types.
    page: builds the pages that `show_page` answers with; their buttons work for years, even after a restart.
    buttons: further buttons and menus below its answers that work after a restart.
    forms: by the beginning of their custom ids, the functions that handle forms, even after a restart.
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
