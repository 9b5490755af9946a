"""Sends a command's answer: acknowledged in time, publicly or privately."""

import asyncio
import contextlib
import io
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, TypeVar

import discord
from discord.ext import commands

from actors.chat.discord.core.api_errors import API_ERRORS
from actors.chat.discord.core.event_routes import find_button_guild
from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.command import UsherCommand
from actors.chat.discord.framework.command_errors import RefusedError
from actors.chat.discord.framework.media_servers import fetch_posters
from actors.chat.discord.framework.pages import PageRegistry
from actors.chat.discord.ui import embeds
from actors.chat.discord.ui.embeds import Reply
from charts.picture import AnyDrawing, WrappedCard, with_posters
from messages import Item
from wording.translation import _

Result = TypeVar("Result")
_TYPING_AFTER_S = 0.4


class CommandContext(commands.Context[Any]):
    """A use of a command, with a client for the other actors."""

    @property
    def features(self) -> Any:
        """The features of the Discord server in which the command is used."""
        return self.bot.features_of(self)

    @property
    def actors(self) -> ActorClient:
        """The client for the other actors."""
        actors: ActorClient = self.features.actors
        return actors

    @property
    def pages(self) -> PageRegistry:
        """All pages."""
        pages: PageRegistry = self.features.pages
        return pages

    @property
    def asker(self) -> str:
        """The viewer id of the member who uses the command."""
        return viewer_id(self.author)


def viewer_id(member: discord.Member | discord.User) -> str:
    """Return a Discord member's viewer id."""
    return str(member.id)


async def acknowledge_then(ctx: CommandContext, work: Coroutine[Any, Any, Result]) -> Result:
    """Return the result of `work`; a slash command is acknowledged first, a `!` command shows typing if it takes long.

    Discord drops a slash command that is not acknowledged within three seconds. The use is counted here: raises
    CommandOnCooldown if there were too many.
    """
    try:
        if isinstance(ctx.command, UsherCommand):
            ctx.command.count_use(ctx)
        if ctx.interaction is not None and not ctx.interaction.response.is_done():
            await ctx.defer()
    except BaseException:
        work.close()
        raise
    if ctx.interaction is not None:
        return await work
    task = asyncio.ensure_future(work)
    done, _pending = await asyncio.wait({task}, timeout=_TYPING_AFTER_S)
    if not done:
        with contextlib.suppress(*API_ERRORS):
            await ctx.typing()
    return await task


async def show_page(ctx: CommandContext, arguments: str = "") -> None:
    """Answer with the first of the command's pages; the picture follows when it is drawn."""
    if ctx.command is None:
        raise TypeError("show_page answers a command")
    reply, view = await acknowledge_then(ctx, ctx.pages.build(ctx.command.name, arguments, asker=ctx.asker))
    message = await send_reply(ctx, reply, view)
    if reply.picture is not None and reply.beside is not None:
        await _show_picture(ctx.actors, message, reply.picture, reply.beside, reply.posters)


async def _show_picture(
    actors: ActorClient,
    message: discord.Message,
    picture: AnyDrawing,
    beside: discord.Embed,
    films: Iterable[Item | None],
) -> None:
    """Add the picture to a message that shows its figures in words; if that fails, the words stay."""
    if actors.chart_renderer is None:
        return
    if isinstance(picture, WrappedCard):
        picture = with_posters(picture, await fetch_posters(actors, films))
    drawn = await actors.chart_renderer.draw(picture)
    if drawn:
        name = f"wrapped-{picture.year}.png" if isinstance(picture, WrappedCard) else "chart.png"
        beside.set_image(url=f"attachment://{name}")
        file = discord.File(io.BytesIO(drawn), name, description=picture.alt)
        with contextlib.suppress(*API_ERRORS):
            await message.edit(embed=beside, attachments=[file], allowed_mentions=embeds.NOBODY)


async def send_reply(ctx: CommandContext, reply: Reply, view: discord.ui.View | None = None) -> discord.Message:
    """Send an answer to the place where the command was given."""
    parts: dict[str, Any] = {} if view is None else {"view": view}
    if reply.poster.content and ctx.bot_permissions.attach_files:
        name = embeds.poster_file(reply.poster)
        parts["file"] = discord.File(io.BytesIO(reply.poster.content), name)
        reply.embed.set_thumbnail(url=f"attachment://{name}")
    return await ctx.send(embed=reply.embed, **parts, **reply_options(ctx))


def reply_options(ctx: commands.Context[Any]) -> dict[str, Any]:
    """Return the options of every answer: it mentions nobody, and to a ! command it is a reply.

    Above the answer to a / command Discord itself shows the command. A bot may reply only if it may read the message
    history. An asker who has deleted the question still gets the answer.
    """
    if ctx.interaction is not None or not ctx.bot_permissions.read_message_history:
        return {"allowed_mentions": embeds.NOBODY}
    return {"allowed_mentions": embeds.NOBODY, "reference": ctx.message.to_reference(fail_if_not_exists=False)}


def split_trailing_argument(
    ctx: CommandContext, text: str, last: str, is_last: Callable[[str], bool]
) -> tuple[str, str]:
    """Separate a `!` command's text of several words from the argument after it.

    `!history the big sleep 7d` has a title and a "since", like /history. The options of a / command are not changed.
    """
    if ctx.interaction is not None:
        return text, last
    words = [word for word in (text, last, *ctx.view.read_rest().split()) if word]
    if words and is_last(words[-1]):
        return " ".join(words[:-1]), words[-1]
    return " ".join(words), ""


async def defer_privately(ctx: CommandContext) -> None:
    """Acknowledge a / command so that its answer is private. Call it first: this cannot be changed later."""
    if ctx.interaction is not None and not ctx.interaction.response.is_done():
        await ctx.defer(ephemeral=True)


async def reply_privately(
    ctx: CommandContext,
    embed: discord.Embed,
    *,
    view: discord.ui.View | None = None,
    files: Sequence[discord.File] = (),
    aside: bool = True,
) -> discord.Message:
    """Send an embed privately; with `aside`, the channel of a ! command is told that there is a direct message.

    Raises RefusedError if the asker accepts no direct messages.
    """
    parts: dict[str, Any] = {"embed": embed, "allowed_mentions": embeds.NOBODY}
    parts |= {name: part for name, part in (("view", view), ("files", files or None)) if part is not None}
    if ctx.interaction is not None:
        return await ctx.send(ephemeral=True, **parts)
    _check_marked(view)
    try:
        message = await ctx.author.send(**parts)
    except discord.Forbidden as error:
        raise RefusedError(
            _("That's only for you, and you don't accept direct messages from this server."),
            _("Use `/{command}` instead: only you see its answer.").format(command=ctx.command),
        ) from error
    if aside:
        await send_reply(ctx, Reply(embeds.build_embed(_("📬 Check your direct messages"), colour=embeds.GREY)))
    return message


def _check_marked(view: discord.ui.View | None) -> None:
    """Raise ValueError if a button for a direct message does not name its community: a press would do nothing."""
    ids = [str(getattr(item, "custom_id", None) or "") for item in (view.children if view is not None else ())]
    if unmarked := [custom_id for custom_id in ids if custom_id and find_button_guild(custom_id) is None]:
        raise ValueError(f"mark_button marks what works in a direct message: {', '.join(unmarked)}")
