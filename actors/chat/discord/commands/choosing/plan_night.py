"""The button below a vote's winner: asks when, and plans the night."""

import io
from typing import Any, Self

import discord

from actors.chat.discord.commands.night import plan_or_ask
from actors.chat.discord.features.film_night import (
    FilmAndTime,
    find_titled,
    put_film_into_event,
    read_night_time,
    upcoming_open_nights,
)
from actors.chat.discord.features.film_vote import VoteFilm
from actors.chat.discord.framework.autocompletion import actors_of
from actors.chat.discord.framework.command_errors import RefusedError, report_errors
from actors.chat.discord.framework.pages import build_buttons, refuse
from actors.chat.discord.framework.replies import viewer_id
from actors.chat.discord.guild_features import features_of
from actors.chat.discord.ui import embeds
from wording.text import shorten
from wording.times import Doubt, format_choice, local_time
from wording.translation import N_, _

LABEL = 45
"""Characters of a form's title, and of a field's label, at most."""
MOST_OFFERED = 3
"""Open nights that are offered at most."""


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
        """Plan the night, or ask back; the answer is for everybody."""
        await interaction.response.defer(thinking=True)
        async with report_errors(interaction):
            await _send_planned(interaction, await self._plan(interaction))

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
        return await plan_or_ask(actors, features_of(interaction), interaction.guild, interaction.user, [meaning])


_PLANNERS_ONLY = (
    N_("Only members with Manage Events can plan a film night."),
    N_("An administrator can give you a role with it."),
)


_CHOSEN = (N_("That night already has a film."), N_("Plan it with `!night`."))


class PlanNightButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=r"usher:plan-night:(?P<poll>\d{1,20})(?P<other>:other)?",
):
    """Plans a night with the film that won a vote: an open night, or a new one."""

    def __init__(self, poll_id: int, *, is_other: bool = False) -> None:
        """`is_other`: whether to ask for a time even if there is an open night."""
        self._poll_id, self._is_other = poll_id, is_other
        super().__init__(
            discord.ui.Button(
                label=_("Another time…") if is_other else _("Plan the night"),
                emoji="📅",
                style=discord.ButtonStyle.secondary if is_other else discord.ButtonStyle.primary,
                custom_id=f"usher:plan-night:{poll_id}{':other' if is_other else ''}",
            )
        )

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: Any, match: Any, /) -> Self:
        """Return the button from the poll's id."""
        return cls(int(match["poll"]), is_other=match["other"] is not None)

    async def callback(self, interaction: discord.Interaction[Any]) -> Any:
        """Ask a member who may manage events when the night is."""
        film = await _find_winner(interaction, self._poll_id)
        if film is None:
            return
        recurring = features_of(interaction).recurring_nights
        actors = actors_of(interaction)
        nights = upcoming_open_nights(recurring.nights, actors.clock.now().wall_s)[:MOST_OFFERED]
        if self._is_other or not nights or film.item is None:
            await interaction.response.send_modal(NightModal(film))
            return
        zone = actors.settings.timezone
        now = local_time(zone, actors.clock.now().wall_s)
        buttons = [
            OpenNightButton(self._poll_id, night.event_id, format_choice(local_time(zone, night.starts_s), now))
            for night in nights
        ]
        await interaction.response.send_message(
            embed=embeds.build_embed(_("When should it begin?"), _("No film chosen yet:"), colour=embeds.PURPLE),
            view=build_buttons([*buttons, PlanNightButton(self._poll_id, is_other=True)]),
            ephemeral=True,
        )


class OpenNightButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=r"usher:open-night:(?P<poll>\d{1,20}):(?P<event>\d{1,20})",
):
    """Gives an open night the film that won a vote."""

    def __init__(self, poll_id: int, event_id: int, label: str = "") -> None:
        self._poll_id, self._event_id = poll_id, event_id
        super().__init__(
            discord.ui.Button(
                label=label or _("Plan the night"),
                style=discord.ButtonStyle.primary,
                custom_id=f"usher:open-night:{poll_id}:{event_id}",
            )
        )

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: Any, match: Any, /) -> Self:
        """Return the button from the ids of the poll and the event."""
        return cls(int(match["poll"]), int(match["event"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> Any:
        """Plan the night for a member who may manage events; the answer is for everybody."""
        film = await _find_winner(interaction, self._poll_id)
        if film is None or interaction.guild is None:
            return
        recurring = features_of(interaction).recurring_nights
        night = recurring.nights.find(self._event_id)
        if night is None or not night.is_open or film.item is None:
            await refuse(interaction, *map(_, _CHOSEN))
            return
        await interaction.response.defer(thinking=True)
        async with report_errors(interaction), recurring.choosing:
            if not night.is_open:  # somebody else pressed at the same time
                raise RefusedError(*map(_, _CHOSEN))
            event = await interaction.guild.fetch_scheduled_event(self._event_id, with_counts=False)
            reply = await put_film_into_event(actors_of(interaction), event, film.item)
            recurring.nights.choose_film(night, film.item)
            await _send_planned(interaction, reply)


async def _find_winner(interaction: discord.Interaction[Any], poll_id: int) -> VoteFilm | None:
    """Return the film that won; if it is not known or may not be planned, reply why and return None."""
    if not interaction.permissions.manage_events:
        await refuse(interaction, *map(_, _PLANNERS_ONLY))
        return None
    votes = features_of(interaction).film_votes
    vote = votes.find(poll_id)
    film = vote.find_winner() if vote is not None else None
    if film is None:
        await refuse(interaction, _("I no longer know that vote."), _("Plan it with `!night`."))
    return film


async def _send_planned(interaction: discord.Interaction[Any], reply: embeds.Reply) -> None:
    options: dict[str, Any] = {}
    if reply.poster.content and interaction.app_permissions.attach_files:
        name = embeds.poster_file(reply.poster)
        options["file"] = discord.File(io.BytesIO(reply.poster.content), name)
        reply.embed.set_thumbnail(url=f"attachment://{name}")
    if reply.items:
        options["view"] = build_buttons(reply.items)
    await interaction.followup.send(embed=reply.embed, allowed_mentions=embeds.NOBODY, **options)
