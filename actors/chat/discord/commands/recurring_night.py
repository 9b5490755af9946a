"""Repeated film nights: `!night every friday 20:30`, and the buttons that stop them."""

import datetime
from typing import Any

import discord

from actors.chat.discord.features.film_night import (
    RecurringNights,
    find_titled,
    list_role_buttons,
    plan_night,
    plan_open_night,
    read_night_time,
)
from actors.chat.discord.framework.command_errors import RefusedError
from actors.chat.discord.framework.pages import refuse
from actors.chat.discord.framework.replies import CommandContext
from actors.chat.discord.guild_features import features_of
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Reply
from actors.chat.discord.ui.lasting_button import LastingButton
from messages import Item
from wording.recurrence import Recurrence
from wording.text import shorten
from wording.times import local_time
from wording.translation import N_, _

_HOW = N_("Write it like this: `!night every friday 20:30`")
_OPEN_FILM = N_("Film night")
"""The title that people write if the film is not chosen yet, in English or the bot's language."""
_LABEL = 80


class StopRepeatingButton(LastingButton, custom_id="usher:stop-repeating", key=r"\d{1,20}"):
    """Stops repeating a night."""

    def __init__(self, key: str, label: str = "") -> None:
        super().__init__(key, label=shorten(label or _("Stop repeating"), _LABEL))

    async def callback(self, interaction: discord.Interaction[Any]) -> Any:
        """Stop it for a member who may manage events; a planned night stays. The answer is for everybody."""
        if not interaction.permissions.manage_events:
            await refuse(
                interaction,
                _("Only members with Manage Events can plan a film night."),
                _("An administrator can give you a role with it."),
            )
            return
        recurring = features_of(interaction).recurring_nights
        stopped = recurring.stop(self.key)
        if not stopped:
            await refuse(interaction, _("That night isn't repeated any more."), _("`!night` shows what is planned."))
            return
        text = _("The next one stays planned; delete its event if you don't want it.")
        embed = embeds.build_embed(_("No longer repeated: {when}").format(when=stopped), text, colour=embeds.GREY)
        await interaction.response.send_message(embed=embed, allowed_mentions=embeds.NOBODY)


def list_stop_buttons(recurring: RecurringNights) -> list[StopRepeatingButton]:
    """Return a button for each night that is repeated."""
    return [StopRepeatingButton(key, _("Stop: {when}").format(when=when)) for key, when in recurring.list_recurring()]


async def plan_recurring(ctx: CommandContext, guild: discord.Guild, title: str, repeated: Recurrence) -> Reply:
    """Plan the first of the nights, with this film or none. Raises RefusedError if something is not clear."""
    recurring: RecurringNights = ctx.features.recurring_nights
    settings, actors = ctx.actors.settings, ctx.actors
    time = read_night_time(settings, repeated.when, local_time(settings.timezone, actors.clock.now().wall_s))
    if time.start is None:
        raise RefusedError(_("I didn't understand that time."), _(_HOW))
    if recurring.is_full:
        raise RefusedError(_("There can't be more repeated nights."), _("Stop one of them: `!night`"))
    if title and title.casefold() not in (_OPEN_FILM.casefold(), _(_OPEN_FILM).casefold()):
        meaning = await find_titled(actors, title, time)
        if not meaning.is_exact or len(meaning.films) != 1:
            what = _('Plex has no single film called "{title}".').format(title=formatting.escape(title, 60))
            raise RefusedError(what, _("Choose it from the list of `/night`, or leave the film open."))
        event, reply = await _plan_with_film(ctx, guild, meaning.films[0], time.start)
    else:
        event = await plan_open_night(actors, guild, time.start, str(ctx.author))
        recurring.nights.on_open_planned(event)
        reply = _build_open(event, time.start)
    when = recurring.add(event.id, time.start, repeated.weeks)
    lines = [reply.embed.description or "", f"🔁 {when}"]
    reply.embed.description = "\n".join(line for line in lines if line)
    buttons = [StopRepeatingButton(str(event.id)), *list_role_buttons(settings)]
    return Reply(reply.embed, items=buttons, poster=reply.poster)


async def _plan_with_film(
    ctx: CommandContext, guild: discord.Guild, film: Item, start: datetime.datetime
) -> tuple[discord.ScheduledEvent, Reply]:
    made: list[discord.ScheduledEvent] = []

    def on_planned(event: discord.ScheduledEvent, item: Item) -> None:
        made.append(event)
        ctx.features.night_planned(event, item)

    reply = await plan_night(ctx.actors, guild, film, start, str(ctx.author), on_planned)
    return made[0], reply


def _build_open(event: discord.ScheduledEvent, start: datetime.datetime) -> Reply:
    start_s, interested = start.timestamp(), _("I'm interested")
    lines = [
        f"{formatting.date_and_time(start_s)} ({formatting.relative_time(start_s)})",
        f"[{interested}]({event.url})",
        f"-# {_('No film yet: choose one with `!suggest` and `!vote`.')}",
    ]
    return Reply(embeds.build_embed(f"📅 {_('Film night')}", "\n".join(lines), colour=embeds.PURPLE))
