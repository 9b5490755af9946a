"""What every group of commands shares: an acknowledgement in time, one way to answer, one way to fail."""

import asyncio
import contextlib
import io
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

import discord
from discord import app_commands
from discord.ext import commands

from actors.chat.discord.core.api_errors import API_ERRORS
from actors.chat.discord.framework.actor_client import SUGGEST_S, ActorClient, UnansweredError
from actors.chat.discord.framework.pages import PageRegistry
from actors.chat.discord.ui import embeds
from actors.chat.discord.ui.embeds import Reply
from messages import SuggestTitles
from wording.text import clean_line, shorten
from wording.translation import _

Context = commands.Context[Any]
Got = TypeVar("Got")
Declared = TypeVar("Declared", bound=Callable[..., Any])
CHOICE = 100
"""Longest name and value of a choice."""
DESCRIPTION = 100
"""Longest description of a / command and of what it takes."""
MOST_CHOICES = 25
_TYPING_AFTER_S = 0.4


def command(
    name: str, description: str, *, usage: str = "", admin: bool = False
) -> Callable[[Callable[..., Coroutine[Any, Any, None]]], commands.HybridCommand[Any, ..., None]]:
    """A command that works as `!name` and as `/name`, in the server only; `admin` asks for Administrator.

    discord.py's own decorator says its types in a way that only pyright can follow; this says them once.
    """

    def declare(function: Callable[..., Coroutine[Any, Any, None]]) -> commands.HybridCommand[Any, ..., None]:
        made: commands.HybridCommand[Any, ..., None] = commands.hybrid_command(
            name=name, description=description, usage=usage or None
        )(guard(function))
        return made

    def guard(function: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., Coroutine[Any, Any, None]]:
        guarded = commands.guild_only()(function)
        if admin:
            guarded = app_commands.default_permissions(administrator=True)(guarded)
            guarded = commands.has_permissions(administrator=True)(guarded)
        return guarded

    return declare


class _LocalisedText(app_commands.locale_str):
    """A description that is put into the language when Discord is told of it. (Discord's own way of translating is
    for one language for each reader; Usher speaks one with the whole server.)"""

    def __str__(self) -> str:
        return shorten(_(self.message), DESCRIPTION)


def describe(**parameters: str) -> Callable[[Declared], Declared]:
    """What each of a / command's parameters is, in English; it is shown in the language that is spoken."""
    return app_commands.describe(**{name: _LocalisedText(text) for name, text in parameters.items()})


def localise_descriptions(known: Iterable[commands.Command[Any, ..., Any]]) -> None:
    """Put the descriptions of the / commands into the language that is spoken; their names are the same in all."""
    for one in known:
        if isinstance(one, commands.HybridCommand) and one.app_command is not None:
            one.app_command.description = shorten(_(one.description), DESCRIPTION)


class PerUserCooldown:
    """How often each member may ask for what costs the store much.

    discord.py's own cooldown counts before it looks at what was said; this one counts what is really asked.
    """

    def __init__(self, times: int, per_s: float) -> None:
        self._held = commands.CooldownMapping[Context].from_cooldown(times, per_s, commands.BucketType.user)

    def check(self, ctx: Context) -> None:
        """One more. CommandOnCooldown where it is one too many."""
        held = self._held.get_bucket(ctx)
        if held is not None and (left_s := held.update_rate_limit()):
            raise commands.CommandOnCooldown(held, left_s, commands.BucketType.user)


class UsherCog(commands.Cog):
    """A group of commands with a desk to ask at and a book of pages to answer from."""

    def __init__(self, desk: ActorClient, pages: PageRegistry) -> None:
        self.desk = desk
        self.pages = pages

    async def answer(self, ctx: Context, name: str, arguments: str = "") -> None:
        """Answer with the first page of this name."""
        reply, view = await acknowledge_then(ctx, self.pages.build(name, arguments, asker=viewer_id(ctx.author)))
        message = await send_reply(ctx, reply, view)
        if self.desk.painter is not None and reply.picture is not None and reply.beside is not None:
            await self.desk.painter.show(message, reply.picture, reply.beside)

    async def suggest_titles(self, part: str) -> list[app_commands.Choice[str]]:
        """Titles for autocompletion; none rather than too late."""
        question = SuggestTitles(part[:CHOICE])
        with contextlib.suppress(UnansweredError):
            found = await self.desk.ask(question, SUGGEST_S)
            return [build_choice(title, title) for title in found.titles[:MOST_CHOICES]]
        return []


def build_choice(name: str, value: str) -> app_commands.Choice[str]:
    """A choice of an autocompletion or menu, within Discord's limits."""
    return app_commands.Choice(name=shorten(clean_line(name), CHOICE), value=value[:CHOICE])


async def acknowledge_then(ctx: Context, work: Coroutine[Any, Any, Got]) -> Got:
    """The result of `work`; a slash command is acknowledged first, a `!` command shows typing if it takes long.

    Discord forgets a slash command that is not acknowledged within three seconds, whatever the actors do.
    """
    if ctx.interaction is not None:
        if not ctx.interaction.response.is_done():
            try:
                await ctx.defer()
            except BaseException:
                work.close()
                raise
        return await work
    task = asyncio.ensure_future(work)
    done, _ = await asyncio.wait({task}, timeout=_TYPING_AFTER_S)
    if not done:
        with contextlib.suppress(*API_ERRORS):
            await ctx.typing()
    return await task


async def send_reply(ctx: Context, reply: Reply, view: discord.ui.View | None = None) -> discord.Message:
    """Send an answer to where the command was given."""
    beside: dict[str, Any] = {} if view is None else {"view": view}
    if reply.poster.content and ctx.bot_permissions.attach_files:
        name = embeds.poster_file(reply.poster)
        beside["file"] = discord.File(io.BytesIO(reply.poster.content), name)
        reply.embed.set_thumbnail(url=f"attachment://{name}")
    return await ctx.send(embed=reply.embed, **beside, **reply_options(ctx))


def reply_options(ctx: Context) -> dict[str, Any]:
    """How every answer is sent: it mentions nobody, and to a ! command it is a reply.

    Above the answer to a / command Discord shows the command by itself. It lets a bot reply only where it may read the
    message history. An asker who has deleted the question still gets the answer.
    """
    if ctx.interaction is not None or not ctx.bot_permissions.read_message_history:
        return {"allowed_mentions": embeds.NOBODY}
    return {"allowed_mentions": embeds.NOBODY, "reference": ctx.message.to_reference(fail_if_not_exists=False)}


def viewer_id(member: discord.Member | discord.User) -> str:
    """A Discord member as the store knows it."""
    return str(member.id)


def split_trailing_argument(ctx: Context, text: str, last: str, is_last: Callable[[str], bool]) -> tuple[str, str]:
    """A `!` command's text of several words and the argument after it, told apart.

    `!history the big sleep 7d` means what /history has as title and since. What is typed into the
    options of a / command stays as it is.
    """
    if ctx.interaction is not None:
        return text, last
    said = [word for word in (text, last, *ctx.view.read_rest().split()) if word]
    if said and is_last(said[-1]):
        return " ".join(said[:-1]), said[-1]
    return " ".join(said), ""
