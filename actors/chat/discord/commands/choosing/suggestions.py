"""`suggestions`: the films that people want to see."""

from typing import Any, Self

import discord

from actors.chat.discord.commands.choosing.suggest import second_film, withdraw_film
from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.autocompletion import CHOICE, MOST_CHOICES, actors_of
from actors.chat.discord.framework.command import CommandGroup, Cooldown, command
from actors.chat.discord.framework.command_errors import report_errors
from actors.chat.discord.framework.pages import build_buttons, read_slice
from actors.chat.discord.framework.replies import CommandContext, show_page
from actors.chat.discord.ui import embeds, formatting, suggestion_lines
from actors.chat.discord.ui.embeds import Reply
from actors.chat.discord.ui.lasting_button import LastingButton
from messages import GetSuggestions, SuggestedFilm, SuggestionsPage
from wording.numbers import format_count
from wording.translation import N_, _

ROWS = 8


async def build_page(actors: ActorClient, arguments: str, page: int) -> Reply:
    """Build a page of the list, the most wanted first."""
    members = await actors.ask_channel_members()

    async def read(offset: int) -> SuggestionsPage:
        return await actors.ask(GetSuggestions(actors.settings.watched_percent, members, ROWS, offset, actors.asker))

    answer, page, pages = await read_slice(read, lambda found: found.total, page, ROWS)
    heading = _("🍿 Suggested films")
    if not answer.films:
        text = _("Nobody has suggested a film yet. `!suggest Metropolis` puts one on the list.")
        return Reply(embeds.build_embed(heading, text, colour=embeds.GREY))
    lines = [_format_film(page * ROWS + number, film) for number, film in enumerate(answer.films, 1)]
    footer = format_count("{count} film", "{count} films", answer.total)
    embed = embeds.build_embed(heading, "\n".join(lines), colour=embeds.GREEN, footer=footer)
    return Reply(embed, page, pages, items=(WantMenu.for_films(answer.films), TakeBackButton()))


def _format_film(place: int, film: SuggestedFilm) -> str:
    name = formatting.escape(suggestion_lines.format_name(film, 80), 100)
    lines = [f"{place}. **{name}** · {suggestion_lines.format_facts(film)}"]
    if names := suggestion_lines.format_names(film):
        lines.append(f"-# {names}")
    return "\n".join(lines)


def _build_option(film: SuggestedFilm) -> discord.SelectOption:
    return discord.SelectOption(label=suggestion_lines.format_name(film, CHOICE), value=film.suggestion_id)


class WantMenu(discord.ui.DynamicItem[discord.ui.Select[discord.ui.View]], template=r"usher:want-menu"):
    """Adds the member to those who want the chosen film."""

    @classmethod
    def for_films(cls, films: tuple[SuggestedFilm, ...]) -> Self:
        """Return the menu of some films."""
        return cls(
            discord.ui.Select(
                custom_id="usher:want-menu",
                placeholder=_("I want to see…"),
                options=[_build_option(film) for film in films],
            )
        )

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: Any, match: Any, /) -> Self:
        """Return the control as the message shows it."""
        return cls(item)

    async def callback(self, interaction: discord.Interaction[Any]) -> Any:
        """Add the member's wish, and answer privately."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        async with report_errors(interaction):
            reply = await second_film(actors_of(interaction), interaction.user, self.item.values[0])
            await interaction.followup.send(embed=reply.embed, ephemeral=True)


class TakeBackButton(LastingButton, custom_id="usher:take-back"):
    """Offers the films that may be withdrawn: the member's own, or all with the permission Manage Events."""

    def __init__(self) -> None:
        super().__init__(label=_("Remove…"))

    async def callback(self, interaction: discord.Interaction[Any]) -> Any:
        """Offer the films privately."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        async with report_errors(interaction):
            actors, asker = actors_of(interaction), str(interaction.user.id)
            may_remove = interaction.permissions.manage_events
            found = await actors.ask(
                GetSuggestions(
                    actors.settings.watched_percent, limit=MOST_CHOICES, asker=asker, mine_only=not may_remove
                )
            )
            if not found.films:
                embed = embeds.build_embed(_("You have no film on the list."), colour=embeds.GREY)
                await interaction.followup.send(embed=embed, ephemeral=True)
                return
            text = _("With Manage Events you can remove any film.") if may_remove else ""
            await interaction.followup.send(
                embed=embeds.build_embed(_("Which film goes off the list?"), text, colour=embeds.GREY),
                view=build_buttons([TakeBackMenu.for_films(found.films)]),
                ephemeral=True,
            )


class TakeBackMenu(discord.ui.DynamicItem[discord.ui.Select[discord.ui.View]], template=r"usher:take-back-menu"):
    """Withdraws the chosen film."""

    @classmethod
    def for_films(cls, films: tuple[SuggestedFilm, ...]) -> Self:
        """Return the menu of some films."""
        return cls(discord.ui.Select(custom_id="usher:take-back-menu", options=[_build_option(film) for film in films]))

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: Any, match: Any, /) -> Self:
        """Return the control as the message shows it."""
        return cls(item)

    async def callback(self, interaction: discord.Interaction[Any]) -> Any:
        """Withdraw the member's own wish, or with Manage Events the suggestion; the answer replaces the menu."""
        await interaction.response.defer()
        async with report_errors(interaction):
            everybody = interaction.permissions.manage_events
            embed = await withdraw_film(
                actors_of(interaction), interaction.user, self.item.values[0], everybody=everybody
            )
            await interaction.edit_original_response(embed=embed, view=None)


@command(
    "suggestions",
    N_("Films that people want to watch, the most wanted first"),
    group=CommandGroup.NOW,
    cooldown=Cooldown(3, 10.0),
    page=build_page,
    buttons=(WantMenu, TakeBackButton, TakeBackMenu),
)
async def suggestions(ctx: CommandContext) -> None:
    """Answer with the list."""
    await show_page(ctx)
