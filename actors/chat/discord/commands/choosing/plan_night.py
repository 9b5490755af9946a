"""The button below a vote's winner: asks when, and plans the night."""

import io
from typing import Any, Self

import discord

from actors.chat.discord.commands.night import plan_or_ask
from actors.chat.discord.features.film_night import FilmAndTime, find_titled, read_night_time
from actors.chat.discord.features.film_vote import FilmVotes, VoteFilm
from actors.chat.discord.framework.autocompletion import actors_of
from actors.chat.discord.framework.command_errors import report_errors
from actors.chat.discord.framework.pages import build_buttons, refuse
from actors.chat.discord.framework.replies import viewer_id
from actors.chat.discord.ui import embeds
from wording.text import shorten
from wording.times import Doubt, local_time
from wording.translation import _

LABEL = 45
"""Longest title of a form, and of a field in it."""


class NightModal(discord.ui.Modal):
    """Asks when a film is to be watched, and plans it."""

    def __init__(self, film: VoteFilm) -> None:
        super().__init__(title=shorten(_("Plan the night"), LABEL))
        self._film = film
        self.when: discord.ui.TextInput[Any] = discord.ui.TextInput(
            label=shorten(_("When should it begin?"), LABEL), placeholder=_("friday 20:30"), max_length=80
        )
        self.add_item(self.when)

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        """Plan it, or ask back; the answer is for everybody."""
        await interaction.response.defer(thinking=True)
        async with report_errors(interaction):
            reply = await self._plan(interaction)
            options: dict[str, Any] = {}
            if reply.poster.content and interaction.app_permissions.attach_files:
                name = embeds.poster_file(reply.poster)
                options["file"] = discord.File(io.BytesIO(reply.poster.content), name)
                reply.embed.set_thumbnail(url=f"attachment://{name}")
            if reply.items:
                options["view"] = build_buttons(reply.items)
            await interaction.followup.send(embed=reply.embed, allowed_mentions=embeds.NOBODY, **options)

    async def _plan(self, interaction: discord.Interaction[Any]) -> embeds.Reply:
        if interaction.guild is None:
            raise TypeError("a night is planned in a server")
        actors = actors_of(interaction).for_asker(viewer_id(interaction.user))
        settings, film = actors.settings, self._film
        time = read_night_time(settings, self.when.value, local_time(settings.timezone, actors.clock.now().wall_s))
        if film.item is not None and time.doubt is not Doubt.UNREADABLE:
            meaning = FilmAndTime(film.title, time, (film.item,), is_exact=True)
        else:
            meaning = await find_titled(actors, film.title, time)
        return await plan_or_ask(actors, interaction.client, interaction.guild, interaction.user, [meaning])


class PlanNightButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=r"usher:plan-night:(?P<poll>\d{1,20})"
):
    """Plans a night with the film that won a vote."""

    def __init__(self, poll_id: int) -> None:
        self._poll_id = poll_id
        super().__init__(
            discord.ui.Button(
                label=_("Plan the night"),
                emoji="📅",
                style=discord.ButtonStyle.primary,
                custom_id=f"usher:plan-night:{poll_id}",
            )
        )

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: Any, match: Any, /) -> Self:
        """Return the button from the poll's id."""
        return cls(int(match["poll"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> Any:
        """Ask when, whoever may manage events."""
        if not interaction.permissions.manage_events:
            await refuse(
                interaction,
                _("Only members with Manage Events can plan a film night."),
                _("An administrator can give you a role with it."),
            )
            return
        votes: FilmVotes = interaction.client.film_votes
        vote = votes.find(self._poll_id)
        film = vote.find_winner() if vote is not None else None
        if film is None:
            await refuse(interaction, _("I no longer know that vote."), _("Plan it with `!night`."))
            return
        await interaction.response.send_modal(NightModal(film))
