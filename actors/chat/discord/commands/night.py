"""`night`: film nights to come."""

import datetime
from typing import Any

import discord

from actors.chat.discord.features.film_night import HOW, plan_night, require_future
from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.autocompletion import suggest_films
from actors.chat.discord.framework.command import CommandGroup, command
from actors.chat.discord.framework.command_errors import RefusedError
from actors.chat.discord.framework.media_servers import MOST_FOUND, choose_film, find_films
from actors.chat.discord.framework.replies import CommandContext, acknowledge_then, send_reply
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Reply
from wording.numbers import format_count
from wording.time_parser import is_hour_word, local_time, parse_when
from wording.translation import N_, _

_QUOTES = '"“„«‹「『'
_LONGEST_TIME = 6
"""Words of the longest time that is understood: "on friday at 8:30 pm"."""
_OPEN = (discord.EventStatus.scheduled, discord.EventStatus.active)


@command(
    "night",
    N_("Plan a film night, or see what is planned"),
    group=CommandGroup.NOW,
    usage=N_("[title] [when]"),
    parameters={
        "title": N_("Which film on Plex"),
        "when": N_("Like friday 20:30, tomorrow 8pm or 2026-12-24 18:00"),
    },
    autocomplete={"title": suggest_films},
)
async def night(ctx: CommandContext, title: str = "", *, when: str = "") -> None:
    """Make an event of the server, with poster and length; without a title show those there are."""
    if ctx.guild is None:
        return
    if when and not title:
        raise RefusedError(_("Which film?"), _(HOW))
    if not title:
        await send_reply(ctx, Reply(await acknowledge_then(ctx, _build_planned(ctx.guild, ctx.bot))))
        return
    if not ctx.permissions.manage_events:
        raise RefusedError(
            _("Only members with Manage Events can plan a film night."),
            _("An administrator can give you a role with it."),
        )
    now = local_time(ctx.actors.settings.timezone, ctx.actors.clock.now().wall_s)
    await send_reply(ctx, await acknowledge_then(ctx, _understand_and_plan(ctx, ctx.guild, title, when, now)))


async def _understand_and_plan(
    ctx: CommandContext, guild: discord.Guild, title: str, when: str, now: datetime.datetime
) -> Reply:
    """Plan the film and the time that are meant: `!night black sunday 20:30` may be either of two."""
    if ctx.interaction is not None or _is_quoted(ctx):
        meant = [(title, parse_when(when, now))]
    else:
        words = f"{title} {when}".split()
        meant = _read_title_and_time(words, now)
        await _refuse_without_time(ctx.actors, words, meant)
    for reading, start in reversed(meant[1:]):  # the longest title first, if Plex has a film of that very name
        if await _is_on_plex(ctx.actors, reading):
            return await _plan(ctx, guild, reading, require_future(when, start, now))
    title, start = meant[0] if meant else (title, None)
    return await _plan(ctx, guild, title, require_future(when, start, now))


async def _plan(ctx: CommandContext, guild: discord.Guild, title: str, start: datetime.datetime) -> Reply:
    film = await choose_film(ctx.actors, title)
    return await plan_night(ctx.actors, guild, film, start, str(ctx.author), ctx.bot.night_planned)


async def _refuse_without_time(
    actors: ActorClient, words: list[str], meant: list[tuple[str, datetime.datetime | None]]
) -> None:
    """Raise RefusedError where the words are a film's name and no time: `!night high noon`."""
    for at, word in enumerate(words[1:], 1):
        name = " ".join(words[: at + 1])
        if meant and is_hour_word(word) and name not in dict(meant) and await _is_on_plex(actors, name):
            raise RefusedError(_("When should it begin?"), _(HOW))


async def _is_on_plex(actors: ActorClient, name: str) -> bool:
    """Return whether Plex has a film of that very name."""
    films = (await find_films(actors, name, MOST_FOUND)).films
    return any(film.title.casefold() == name.casefold() for film in films)


def _is_quoted(ctx: CommandContext) -> bool:
    """Whether the title of a `!` command stands in quotation marks."""
    said = ctx.message.content.split(maxsplit=1)
    return len(said) > 1 and said[1][0] in _QUOTES


def _read_title_and_time(words: list[str], now: datetime.datetime) -> list[tuple[str, datetime.datetime | None]]:
    """Titles and times as which words can be read, the longest time first."""
    counts = range(min(_LONGEST_TIME, len(words) - 1), 0, -1)
    readings = [(" ".join(words[:-count]), parse_when(" ".join(words[-count:]), now)) for count in counts]
    return [(title, start) for title, start in readings if start is not None]


async def _build_planned(guild: discord.Guild, bot: Any) -> discord.Embed:
    """Every night that the bot planned and that is still to come, or runs."""
    events = await guild.fetch_scheduled_events(with_counts=True)
    ours = [event for event in events if event.creator_id == bot.user.id and event.status in _OPEN]
    lines = []
    for event in sorted(ours, key=lambda event: event.start_time):
        start_s = event.start_time.timestamp()
        going = event.user_count or 0
        coming = f" · {format_count('{count} interested', '{count} interested', going)}" if going else ""
        runs = "▶️ " if event.status is discord.EventStatus.active else ""
        lines.append(
            f"{runs}[{formatting.escape(event.name)}]({event.url})\n"
            f"{formatting.date_and_time(start_s)} ({formatting.relative_time(start_s)}){coming}"
        )
    text = embeds.join_lines_within(lines, embeds.DESCRIPTION) or f"{_('No film night is planned.')}\n{_(HOW)}"
    return embeds.build_embed(_("📅 Film nights"), text, colour=embeds.PURPLE if lines else embeds.GREY)
