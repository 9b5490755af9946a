"""`suggest`: a film that a member wants to see with the others."""

from collections.abc import Sequence
from typing import Any, Self

import discord

from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.autocompletion import actors_of, label_film, name_film, suggest_films
from actors.chat.discord.framework.command import CommandGroup, Cooldown, command
from actors.chat.discord.framework.command_errors import RefusedError, report_errors
from actors.chat.discord.framework.media_servers import TypedTitle, fetch_poster, search_films
from actors.chat.discord.framework.pages import CUSTOM_ID, build_buttons
from actors.chat.discord.framework.replies import CommandContext, acknowledge_then, send_reply
from actors.chat.discord.ui import embeds, formatting, suggestion_lines
from actors.chat.discord.ui.embeds import Reply
from actors.chat.discord.ui.lasting_button import LastingButton
from messages import FilmSuggested, Item, SuggestFilm, WithdrawFilm
from wording.numbers import format_count
from wording.text import clean_line, shorten, unquote
from wording.translation import N_, _

LONGEST_TITLE = 80
"""Characters in the title of a film that is not in the library at most."""
MOST_OFFERED = 4
"""Films that are offered if none has the name that was typed."""
_LABEL = 80
_PREFIX = "usher:suggest:"
_SUGGESTION_ID = r"[0-9a-f]{16}"
_LIBRARY, _TYPED = "=", "~"
"""Kinds of buttons: one suggests a film of the library, the other the title as it was typed."""


async def suggest_title(actors: ActorClient, member: discord.Member | discord.User, title: str) -> Reply:
    """Suggest the film of this name; if the library has none or several, offer the matching ones. Never guess."""
    typed = TypedTitle.parse(title)
    found = await search_films(actors, title)
    named = _drop_copies([film for film in found if typed.is_name_of(film)])
    if len(named) == 1:
        return await suggest_item(actors, member, named[0])
    if not found:
        return await suggest_unknown(actors, member, title)
    return _offer_films(title, named or _drop_copies(found))


async def suggest_item(actors: ActorClient, member: discord.Member | discord.User, item: Item) -> Reply:
    """Suggest a film of the library."""
    return await _suggest(actors, member, item.title, item.year, item)


async def suggest_unknown(actors: ActorClient, member: discord.Member | discord.User, title: str) -> Reply:
    """Suggest a film that is not in the library."""
    typed = TypedTitle.parse(clean_line(title, LONGEST_TITLE))
    return await _suggest(actors, member, typed.title, typed.year, None)


async def second_film(actors: ActorClient, member: discord.Member | discord.User, suggestion_id: str) -> Reply:
    """Add a member to those who want a film of the list."""
    return await _suggest(actors, member, "", None, None, suggestion_id)


async def _suggest(
    actors: ActorClient,
    member: discord.Member | discord.User,
    title: str,
    year: int | None,
    item: Item | None,
    suggestion_id: str = "",
) -> Reply:
    settings = actors.settings
    question = SuggestFilm(
        viewer_id=str(member.id),
        username=member.display_name,
        title=title,
        year=year,
        item=item,
        limit=settings.suggestions_per_member,
        watched_percent=settings.watched_percent,
        members=await actors.ask_channel_members(),
        suggestion_id=suggestion_id,
    )
    return await _build_answer(actors, await actors.ask(question))


async def _build_answer(actors: ActorClient, answer: FilmSuggested) -> Reply:
    most = actors.settings.suggestions_per_member
    if answer.outcome == "limit_reached":
        what = format_count("You've suggested {count} film already.", "You've suggested {count} films already.", most)
        raise RefusedError(what, _("Remove one with `!suggestions`, or wait until one has been watched."))
    if answer.outcome == "untracked":
        raise RefusedError(_("You've chosen not to be tracked."), _("`!privacy open` changes that."))
    film = answer.film
    if film is None:
        raise RefusedError(_("That film isn't on the list any more."), _("Suggest it again: `!suggest`"))
    said = {
        "added": _("Added to the list."),
        "seconded": _("You want it too."),
        "wanted_already": _("You want that one already."),
    }
    lines = [said[answer.outcome], suggestion_lines.format_facts(film)]
    poster = await fetch_poster(actors, film.item) if film.item is not None and film.item.thumb else embeds.NO_POSTER
    name = formatting.escape(suggestion_lines.format_name(film), 200)
    embed = embeds.build_embed(f"🍿 {name}", "\n".join(lines), colour=embeds.GREEN)
    return Reply(embed, items=(WantButton(film.suggestion_id), WithdrawButton(film.suggestion_id)), poster=poster)


def _offer_films(title: str, films: Sequence[Item]) -> Reply:
    """Ask which film is meant; the title as it was typed can be suggested too."""
    buttons = [SuggestButton.for_film(film) for film in films[:MOST_OFFERED]]
    text = _("Which one do you mean?")
    heading = _('No film is called "{title}"').format(title=formatting.escape(title, 100))
    if any(TypedTitle.parse(title).is_name_of(film) for film in films):
        heading = _('Several films are called "{title}"').format(title=formatting.escape(title, 100))
    return Reply(
        embeds.build_embed(f"🔎 {heading}", text, colour=embeds.GREY), items=(*buttons, SuggestButton.for_title(title))
    )


def _drop_copies(films: Sequence[Item]) -> list[Item]:
    """Return films without further copies in other libraries."""
    by_name: dict[tuple[str, int | None], Item] = {}
    for film in films:
        by_name.setdefault((film.title.casefold(), film.year), film)
    return list(by_name.values())


class SuggestButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=rf"{_PREFIX}(?P<kind>[{_LIBRARY}{_TYPED}])(?P<title>.+)",
):
    """Suggests one of the films that were offered."""

    def __init__(self, kind: str, title: str, label: str = "") -> None:
        self._kind, self._title = kind, title
        style = discord.ButtonStyle.primary if kind == _LIBRARY else discord.ButtonStyle.secondary
        super().__init__(
            discord.ui.Button(label=label or title[:_LABEL], style=style, custom_id=f"{_PREFIX}{kind}{title}")
        )

    @classmethod
    def for_film(cls, film: Item) -> Self:
        """Return the button of a film of the library."""
        return cls(_LIBRARY, name_film(film, CUSTOM_ID - len(_PREFIX) - 1), shorten(label_film(film), _LABEL))

    @classmethod
    def for_title(cls, title: str) -> Self:
        """Return the button of a title as it was typed."""
        return cls(_TYPED, clean_line(title, LONGEST_TITLE), _("None of these: not in the library"))

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: Any, match: Any, /) -> Self:
        """Return the button from its custom id."""
        return cls(match["kind"], match["title"])

    async def callback(self, interaction: discord.Interaction[Any]) -> Any:
        """Suggest the film for the member who pressed; the answer replaces the offer."""
        await interaction.response.defer()
        async with report_errors(interaction):
            actors, member = actors_of(interaction), interaction.user
            if self._kind == _TYPED:
                reply = await suggest_unknown(actors, member, self._title)
            else:
                typed = TypedTitle.parse(self._title)
                named = [film for film in await search_films(actors, self._title) if typed.is_name_of(film)]
                if not named:
                    raise RefusedError(
                        _('I couldn\'t find "{title}" on Plex.').format(title=formatting.escape(self._title, 60)),
                        _("Check the title."),
                    )
                reply = await suggest_item(actors, member, named[0])
            await interaction.edit_original_response(
                embed=reply.embed, view=build_buttons(reply.items), allowed_mentions=embeds.NOBODY
            )


class WantButton(LastingButton, custom_id="usher:want", key=_SUGGESTION_ID):
    """Adds the member who presses it to those who want a film of the list."""

    def __init__(self, suggestion_id: str) -> None:
        super().__init__(suggestion_id, label=_("I want it too"), emoji="👍")

    async def callback(self, interaction: discord.Interaction[Any]) -> Any:
        """Add the member's wish, and answer privately."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        async with report_errors(interaction):
            reply = await second_film(actors_of(interaction), interaction.user, self.key)
            await interaction.followup.send(embed=reply.embed, ephemeral=True)


class WithdrawButton(LastingButton, custom_id="usher:withdraw", key=_SUGGESTION_ID):
    """Withdraws the member's own wish to see a film."""

    def __init__(self, suggestion_id: str) -> None:
        super().__init__(suggestion_id, label=_("Remove"))

    async def callback(self, interaction: discord.Interaction[Any]) -> Any:
        """Withdraw the wish, and answer privately."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        async with report_errors(interaction):
            embed = await withdraw_film(actors_of(interaction), interaction.user, self.key)
            await interaction.followup.send(embed=embed, ephemeral=True)


async def withdraw_film(
    actors: ActorClient, member: discord.Member | discord.User, suggestion_id: str, *, everybody: bool = False
) -> discord.Embed:
    """Withdraw a member's wish, or with `everybody` the whole suggestion; return the answer."""
    gone = await actors.ask(WithdrawFilm(suggestion_id, str(member.id), everybody))
    if not gone.title:
        raise RefusedError(
            _("That film isn't on the list any more.") if gone.is_gone else _("You didn't ask for that film."),
            _("`!suggestions` shows the list."),
        )
    name = formatting.escape(gone.title, 100)
    text = _("It's off the list.") if gone.is_gone else _("Others still want it, so it stays on the list.")
    return embeds.build_embed(_("Removed: {title}").format(title=name), text, colour=embeds.GREY)


@command(
    "suggest",
    N_("Suggest a film to watch together"),
    group=CommandGroup.NOW,
    usage=N_("<title>"),
    cooldown=Cooldown(5, 30.0),
    parameters={"title": N_("A film on Plex, or any other")},
    autocomplete={"title": suggest_films},
    buttons=(SuggestButton, WantButton, WithdrawButton),
)
async def suggest(ctx: CommandContext, *, title: str = "") -> None:
    """Add a film to the list, or the member to those who want one that is on it."""
    title = unquote(title)
    if not title:
        raise RefusedError(_("Which film?"), _("Add its title: `!suggest Metropolis`."))
    reply = await acknowledge_then(ctx, suggest_title(ctx.actors, ctx.author, title))
    await send_reply(ctx, reply, build_buttons(reply.items))
