"""Plans a film night: creates a scheduled event on Discord, with poster, place and length."""

import contextlib
import datetime
import logging
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

import discord

from actors.chat.discord.features.film_night.night_role import list_role_buttons
from actors.chat.discord.features.film_night.scheduled_events import ALLOW_EVENTS, EVENT_DESCRIPTION, event_name
from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.command_errors import RefusedError
from actors.chat.discord.framework.media_servers import fetch_poster
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Reply
from messages import Item, Poster
from wording.durations import format_duration
from wording.problems import translate
from wording.text import clean_line, join_names, shorten
from wording.translation import N_, _

HOW = N_("Write it like this: `!night Metropolis friday 20:30`")
_USUAL_S = 2 * 3600.0
"""A night's length in seconds if Plex does not know its film's."""
_AROUND_S = 900.0
"""Seconds that a night lasts longer than its film."""
_FARTHEST = datetime.timedelta(days=5 * 365)
"""Discord accepts no event that is farther in the future."""
_TOO_MANY = 30038
"""Discord's error code if a server has the greatest number of events already."""
_MAY_BE_THE_COVER = (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
_log = logging.getLogger("discord")
OnPlanned = Callable[[discord.ScheduledEvent, Item], None]


async def plan_night(
    actors: ActorClient, guild: discord.Guild, film: Item, start: datetime.datetime, by: str, on_planned: OnPlanned
) -> Reply:
    """Create the event, and return the answer that shows it. Raises RefusedError if Discord refuses it.

    `by`: name of the member who plans it. `on_planned` is called with the new event.
    """
    length = datetime.timedelta(seconds=_film_length_s(film) + _AROUND_S)
    poster = await fetch_poster(actors, film)
    with explain_refused_events():
        event = await _create_event(
            guild,
            poster.content,
            name=event_name(film),
            description=shorten(_describe_film(film), EVENT_DESCRIPTION) or discord.utils.MISSING,
            start_time=start,
            end_time=start.astimezone(datetime.UTC) + length,  # the clock may be put forward or back meanwhile
            privacy_level=discord.PrivacyLevel.guild_only,
            reason=clean_line(_("planned by {name}").format(name=by), 200),
            **_event_place(actors, guild),
        )
    on_planned(event, film)
    return build_planned(actors, event, film, start, poster)


def build_planned(
    actors: ActorClient, event: discord.ScheduledEvent, film: Item, start: datetime.datetime, poster: Poster
) -> Reply:
    """Build the answer that shows a planned night."""
    lines = [
        formatting.date_and_time(start.timestamp()) + f" ({formatting.relative_time(start.timestamp())})",
        _describe_film(film),
    ]
    interested = _("I'm interested")
    lines += [f"[{interested}]({event.url})"]
    lines += [f"-# {_('Starts and ends automatically with the film.')}"]
    text = "\n".join(line for line in lines if line)
    return Reply(
        embeds.build_embed(f"📅 {formatting.escape_title(film, 200)}", text, colour=embeds.PURPLE),
        items=list_role_buttons(actors.settings),
        poster=poster,
    )


async def plan_open_night(
    actors: ActorClient, guild: discord.Guild, start: datetime.datetime, by: str = "Usher"
) -> discord.ScheduledEvent:
    """Create the event of a night whose film is chosen later. Raises RefusedError if Discord refuses it."""
    length = datetime.timedelta(seconds=_USUAL_S + _AROUND_S)
    with explain_refused_events():
        return await guild.create_scheduled_event(
            name=clean_line(f"🎬 {_('Film night')}"),
            description=_("Which film? Suggest one with /suggest; a vote chooses."),
            start_time=start,
            end_time=start.astimezone(datetime.UTC) + length,
            privacy_level=discord.PrivacyLevel.guild_only,
            reason=clean_line(_("planned by {name}").format(name=by), 200),
            **_event_place(actors, guild),
        )


async def put_film_into_event(actors: ActorClient, event: discord.ScheduledEvent, film: Item) -> Reply:
    """Put the film into the event of an open night; return the answer that shows it. Raises RefusedError."""
    poster = await fetch_poster(actors, film)
    length = datetime.timedelta(seconds=_film_length_s(film) + _AROUND_S)
    with explain_refused_events():
        await event.edit(
            name=event_name(film),
            description=shorten(_describe_film(film), EVENT_DESCRIPTION),
            end_time=event.start_time.astimezone(datetime.UTC) + length,
            image=poster.content or discord.utils.MISSING,
        )
    return build_planned(actors, event, film, event.start_time, poster)


async def _create_event(guild: discord.Guild, cover: bytes, **event: Any) -> discord.ScheduledEvent:
    """Create an event; if Discord refuses it with its cover, without the cover. Raises HTTPException."""
    if cover:
        try:
            return await guild.create_scheduled_event(image=cover, **event)
        except discord.HTTPException as error:
            if error.status not in _MAY_BE_THE_COVER or error.code == _TOO_MANY:
                raise
            _log.info("Discord refuses the event with its cover (%s): it is made without", error)
    return await guild.create_scheduled_event(**event)


@contextlib.contextmanager
def explain_refused_events() -> Iterator[None]:
    """Turn Discord's refusal of an event into a RefusedError that says what to do."""
    try:
        yield
    except discord.Forbidden as error:
        raise RefusedError(
            _("Discord doesn't let me create events."),
            _("An administrator can fix that: {cure}.").format(cure=translate(ALLOW_EVENTS)),
        ) from error
    except discord.HTTPException as error:
        if error.status != HTTPStatus.BAD_REQUEST:
            raise
        if error.code == _TOO_MANY:
            raise RefusedError(
                _("This server has reached Discord's event limit."), _("End or delete some of them first.")
            ) from error
        raise RefusedError(
            _("Discord refused: {reason}").format(reason=formatting.escape(error.text, 300)),
            _("Another time may work."),
        ) from error


def require_future(when: str, start: datetime.datetime | None, now: datetime.datetime) -> datetime.datetime:
    """Return the time. Raises RefusedError if it cannot be read or is not in the future."""
    if start is None:
        what = _("I didn't understand that time.") if when else _("When should it begin?")
        raise RefusedError(what, _(HOW))
    if start > now + _FARTHEST:
        raise RefusedError(_("That's more than five years away."), _("Pick an earlier date."))
    if start.timestamp() <= now.timestamp():  # the hour that comes twice a year looks the same both times
        raise RefusedError(
            _("{when} is in the past.").format(when=formatting.date_and_time(start.timestamp())),
            _("Pick a time in the future."),
        )
    return start


def _event_place(actors: ActorClient, guild: discord.Guild) -> dict[str, Any]:
    """Return the event's place: the watch party's channel, or words if there is none."""
    channel = guild.get_channel(actors.settings.watch_party_voice_channel_id)
    if isinstance(channel, discord.VoiceChannel):
        return {"channel": channel, "entity_type": discord.EntityType.voice}
    if isinstance(channel, discord.StageChannel):
        return {"channel": channel, "entity_type": discord.EntityType.stage_instance}
    return {"location": "Plex", "entity_type": discord.EntityType.external}


def _film_length_s(film: Item) -> float:
    return film.duration_ms / 1000 if film.duration_ms else _USUAL_S


def _film_facts(film: Item) -> list[str]:
    length = [format_duration(_film_length_s(film))] if film.duration_ms else []
    names = join_names(list(film.directors[:3]))
    directors = [_("by {names}").format(names=names)] if names else []
    return [*length, *film.genres[:3], *directors]


def _describe_film(film: Item) -> str:
    """Return facts in a line, escaped for the event and the reply: Discord reads Markdown in both."""
    return " · ".join(formatting.escape(fact, 100) for fact in _film_facts(film))
