"""Texts for people when a command fails: each says what to do."""

import contextlib
import logging
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

import aiohttp
import discord
import msgspec
from discord import app_commands
from discord.ext import commands

from actors.chat.discord.core.api_errors import ANSWERED_ELSEWHERE, API_ERRORS, GONE_OR_CLOSED
from actors.chat.discord.framework.actor_client import UnansweredError
from actors.chat.discord.ui import embeds, formatting
from actors.runtime.boot.memory_limit import end_if_out_of_memory
from wording.translation import N_, _

ADMINS_ONLY = N_("Only administrators of this server may do that.")
ASK_ADMIN = N_("An administrator can do it for you, or give you a role with Administrator.")
MANAGERS_ONLY = (
    N_("Only members with Manage Server may do that."),
    N_("An administrator can give you a role with it."),
)
CHANNEL_CURE = N_("In the channel's settings > Permissions, allow that to the bot's role.")
NO_CURE = ""
"""For an error whose text, which another actor wrote, contains the cure already."""
_log = logging.getLogger("discord")


class RefusedError(commands.CommandError):
    """A command cannot be carried out as asked; the text says why, and what to do."""

    def __init__(self, what: str, cure: str) -> None:
        super().__init__(what)
        self.what = what
        self.cure = cure


class ErrorReply(msgspec.Struct, frozen=True):
    """What to show and what to log; None for nothing."""

    embed: discord.Embed | None = None
    unexpected: BaseException | None = None
    forbidden: bool = False
    answered_elsewhere: bool = False
    """Whether another bot with the same token answered first, or it is too late to answer."""
    refusal: BaseException | None = None
    """A failure of Discord, to be logged in one line; None if the error was another."""


@contextlib.asynccontextmanager
async def report_errors(interaction: discord.Interaction[Any]) -> AsyncIterator[None]:
    """Report an error of the block privately to the person who pressed a button, after its acknowledgement."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever the error: whoever presses a button must get an answer
        reply = explain_error(error)
        log_failure(reply, str(dict(interaction.data or {}).get("custom_id", "")))
        if reply.embed is not None:
            with contextlib.suppress(*API_ERRORS, RuntimeError):  # aiohttp raises RuntimeError if the bot is stopping
                await interaction.followup.send(embed=reply.embed, ephemeral=True)


def log_failure(reply: ErrorReply, what: str) -> None:
    """Log what members cannot correct: a fault of Usher with its traceback, a refusal by Discord in one line."""
    if reply.unexpected is not None:
        _log.error("%s failed", what, exc_info=reply.unexpected)
    elif reply.answered_elsewhere:
        _log.warning("%s was answered by somebody else, or too late: does another bot use the same token?", what)
    elif reply.refusal is not None:
        _log.warning("%s was not answered: %s", what, reply.refusal or type(reply.refusal).__name__)


class LibraryErrorFilter(logging.Filter):
    """Replaces the traceback that discord.py logs for a refused answer with one line.

    discord.py itself logs failures in an autocompletion, and a refused acknowledgement of a button.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True to keep the record; log a failure of Discord in one line instead."""
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, discord.DiscordException | aiohttp.ClientError):
            return True
        reply = explain_error(error)
        if reply.unexpected is not None:
            return True
        log_failure(reply, record.getMessage())
        return False


_SHORTENER = LibraryErrorFilter()


def shorten_library_errors() -> None:
    """Make discord.py log a refusal by Discord in one line."""
    for name in ("discord.app_commands.tree", "discord.ui.view"):
        logging.getLogger(name).addFilter(_SHORTENER)


def explain_error(error: BaseException, ctx: commands.Context[Any] | None = None) -> ErrorReply:
    """Return the reply to an error of a command or a button; end the process if memory ran out."""
    end_if_out_of_memory(error, "discord")
    error = _unwrap(error)
    match error:
        case commands.CommandNotFound() | app_commands.CommandNotFound():
            return ErrorReply()
        case UnansweredError() | RefusedError():
            return ErrorReply(embeds.build_problem(error.what, error.cure))
        case commands.CommandOnCooldown():
            return _build_refusal(
                _("Slow down."), _("Try again in {seconds} s.").format(seconds=max(1, round(error.retry_after)))
            )
        case commands.MissingPermissions(missing_permissions=["manage_guild"]):
            return _build_refusal(*map(_, MANAGERS_ONLY))
        case commands.MissingPermissions():
            return _build_refusal(_(ADMINS_ONLY), _(ASK_ADMIN))
        case commands.NoPrivateMessage():
            return _build_refusal(
                _("I only answer in the server, not in direct messages."), _("Use the command there.")
            )
        case commands.MemberNotFound():
            nobody = _("Nobody here is called {name}.").format(name=formatting.escape(error.argument, 60))
            return _build_refusal(
                nobody if error.argument else _("That isn't a name."),
                _("Mention a member, or write a viewer's name: `{usage}`").format(usage=_format_usage(ctx)),
            )
        case commands.UserInputError() | commands.ConversionError() | app_commands.AppCommandError():
            # An unexpected error of a converter is logged too: it may be a fault of ours.
            fault = error.original if isinstance(error, commands.ConversionError) else None
            how = _("Write it like this: `{usage}`").format(usage=_format_usage(ctx))
            return ErrorReply(embeds.build_problem(_("I didn't understand that."), how), unexpected=fault)
        case commands.CheckFailure():
            return _build_refusal(_("That isn't allowed here."), _(ASK_ADMIN))
        case discord.HTTPException(code=code) if code in ANSWERED_ELSEWHERE:
            return ErrorReply(answered_elsewhere=True)  # the interaction cannot be answered any more
        case discord.Forbidden():
            return ErrorReply(
                embeds.build_problem(
                    _("Discord doesn't let me do that here."), _("An administrator can see why: `!health`")
                ),
                forbidden=True,
            )
        case discord.RateLimited() | discord.HTTPException(status=HTTPStatus.TOO_MANY_REQUESTS):
            return ErrorReply(
                embeds.build_problem(_("Discord is limiting me right now."), _("Try again in a minute.")),
                refusal=error,
            )
        case discord.DiscordServerError() | aiohttp.ClientError():
            return ErrorReply(
                embeds.build_problem(_("Discord isn't responding right now."), _("Try again in a few seconds.")),
                refusal=error,
            )
        case discord.HTTPException(code=code) if code in GONE_OR_CLOSED or isinstance(error, discord.NotFound):
            return ErrorReply(refusal=error)  # the channel or message to answer in is gone
        case _:
            return ErrorReply(
                embeds.build_problem(
                    _("Something went wrong inside Usher. No watch is lost."),
                    _("Try again; if it happens again, an administrator finds the reason in the log."),
                ),
                unexpected=error,
            )


def _unwrap(error: BaseException) -> BaseException:
    while isinstance(
        error, commands.CommandInvokeError | app_commands.CommandInvokeError | commands.HybridCommandError
    ):
        error = error.original
    return error


def _build_refusal(what: str, cure: str) -> ErrorReply:
    return ErrorReply(embeds.build_problem(what, cure))


def _format_usage(ctx: commands.Context[Any] | None) -> str:
    if ctx is None or ctx.command is None:
        return "!help"
    return f"!{ctx.command.qualified_name} {_(ctx.command.usage or ctx.command.signature)}".strip()
