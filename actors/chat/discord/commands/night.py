"""`night`: film nights to come."""

import datetime
import re
from http import HTTPStatus
from typing import Any

import discord
from discord import app_commands

from actors.chat.discord.features.film_night import ALLOW_EVENTS, EVENT_DESCRIPTION, event_name
from actors.chat.discord.framework.actor_client import SUGGEST_S, ActorClient
from actors.chat.discord.framework.autocompletion import CHOICE, MOST_CHOICES, actors_of, build_choice
from actors.chat.discord.framework.command import CommandGroup, command
from actors.chat.discord.framework.command_errors import RefusedError
from actors.chat.discord.framework.media_servers import fetch_poster, find_films
from actors.chat.discord.framework.replies import CommandContext, acknowledge_then, send_reply
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Reply
from messages import Item
from wording.durations import format_duration
from wording.numbers import format_count
from wording.problems import translate, translate_or
from wording.text import clean_line, join_names, shorten, utf16_length
from wording.time_parser import ambiguous_hours, is_hour_word, local_time, parse_when
from wording.titles import display_title
from wording.translation import N_, _

_HOW = N_("Write it like this: `!night Metropolis friday 20:30`")
_USUAL_S = 2 * 3600.0
"""A night's length where Plex knows none of its film."""
_AROUND_S = 900.0
"""What a night lasts longer than its film."""
_FARTHEST = datetime.timedelta(days=5 * 365)
"""Discord plans nothing that lies farther away."""
_TOO_MANY = 30038
"""Discord's code where a server has as many events as it may."""
_QUOTES = '"“„«‹「『'
_LONGEST_TIME = 6
"""Words of the longest time that is understood: "on friday at 8:30 pm"."""
_YEAR = re.compile(r"(?P<title>.+?)\s*\((?P<year>\d{4})\)")
_CUT = re.compile(r"(?P<title>.+)… #(?P<key>\S+)")
"""What a choice carries of a name that is too long for it: how the title begins, and the film's rating key."""
_OPEN = (discord.EventStatus.scheduled, discord.EventStatus.active)


async def suggest_films(interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
    """Return films on Plex."""
    films = (await find_films(actors_of(interaction), current, MOST_CHOICES, SUGGEST_S)).films
    by_name: dict[str, Item] = {}
    for film in films:
        by_name.setdefault(display_title(film), film)
    return [build_choice(_film_label(film), _film_choice(film)) for film in list(by_name.values())[:MOST_CHOICES]]


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
        raise RefusedError(_("Which film?"), _(_HOW))
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
            return await _plan(ctx, guild, reading, _require_future(when, start, now))
    title, start = meant[0] if meant else (title, None)
    return await _plan(ctx, guild, title, _require_future(when, start, now))


async def _refuse_without_time(
    actors: ActorClient, words: list[str], meant: list[tuple[str, datetime.datetime | None]]
) -> None:
    """Raise RefusedError where the words are a film's name and no time: `!night high noon`."""
    for at, word in enumerate(words[1:], 1):
        name = " ".join(words[: at + 1])
        if meant and is_hour_word(word) and name not in dict(meant) and await _is_on_plex(actors, name):
            raise RefusedError(_("When should it begin?"), _(_HOW))


async def _is_on_plex(actors: ActorClient, name: str) -> bool:
    """Return whether Plex has a film of that very name."""
    films = (await find_films(actors, name, MOST_CHOICES)).films
    return any(film.title.casefold() == name.casefold() for film in films)


async def _plan(ctx: CommandContext, guild: discord.Guild, title: str, start: datetime.datetime) -> Reply:
    film = await _choose_film(ctx.actors, title)
    length = datetime.timedelta(seconds=_film_length_s(film) + _AROUND_S)
    poster = await fetch_poster(ctx.actors, film)
    try:
        event = await guild.create_scheduled_event(
            name=event_name(film),
            description=shorten(_describe_film(film), EVENT_DESCRIPTION) or discord.utils.MISSING,
            start_time=start,
            end_time=start.astimezone(datetime.UTC) + length,  # the clock may be put forward or back meanwhile
            privacy_level=discord.PrivacyLevel.guild_only,
            image=poster.content or discord.utils.MISSING,
            reason=clean_line(_("planned by {name}").format(name=ctx.author), 200),
            **_event_place(ctx.actors, guild),
        )
    except discord.Forbidden as error:
        raise RefusedError(
            _("Discord doesn't let me create events."),
            _("An administrator: {cure}.").format(cure=translate(ALLOW_EVENTS)),
        ) from error
    except discord.HTTPException as error:
        if error.status != HTTPStatus.BAD_REQUEST:
            raise
        if error.code == _TOO_MANY:
            raise RefusedError(
                _("This server has reached Discord's event limit."), _("End or delete some of them first.")
            ) from error
        raise RefusedError(
            _("Discord refuses: {reason}").format(reason=formatting.escape(error.text, 300)),
            _("Another time may work."),
        ) from error
    ctx.bot.night_planned(event, film)
    lines = [
        formatting.date_and_time(start.timestamp()) + f" ({formatting.relative_time(start.timestamp())})",
        _describe_film(film),
    ]
    interested = _("I'm interested")
    lines += [f"[{interested}]({event.url})"]
    lines += [f"-# {_('Starts and ends automatically with the film.')}"]
    text = "\n".join(line for line in lines if line)
    return Reply(
        embeds.build_embed(f"📅 {formatting.escape_title(film, 200)}", text, colour=embeds.PURPLE), poster=poster
    )


def _film_label(film: Item) -> str:
    """A film as a choice shows it: of a long title the end is cut, not the year."""
    year = f" ({film.year})" if film.year else ""
    return clean_line(film.title, CHOICE - len(year)) + year


def _film_choice(film: Item) -> str:
    """What a choice says of a film: its name, or else enough of it to look it up, and which of those found it is."""
    name = display_title(film)
    if utf16_length(name) <= CHOICE:
        return name
    key = f"… #{film.rating_key}"
    begun = shorten(film.title, CHOICE - len(key)).removesuffix("…")
    return f"{begun.rpartition(' ')[0] or begun}{key}"  # whole words: half a one may find nothing


def _is_quoted(ctx: CommandContext) -> bool:
    """Whether the title of a `!` command stands in quotation marks."""
    said = ctx.message.content.split(maxsplit=1)
    return len(said) > 1 and said[1][0] in _QUOTES


def _read_title_and_time(words: list[str], now: datetime.datetime) -> list[tuple[str, datetime.datetime | None]]:
    """Titles and times as which words can be read, the longest time first."""
    counts = range(min(_LONGEST_TIME, len(words) - 1), 0, -1)
    readings = [(" ".join(words[:-count]), parse_when(" ".join(words[-count:]), now)) for count in counts]
    return [(title, start) for title, start in readings if start is not None]


def _require_future(when: str, start: datetime.datetime | None, now: datetime.datetime) -> datetime.datetime:
    """The time, if it can be read and lies ahead. Raises RefusedError."""
    if start is None and (either := ambiguous_hours(when)) is not None:
        raise RefusedError(
            _("Morning or evening: {early} or {late}?").format(early=either[0], late=either[1]),
            _("Write it like `{example}`.").format(example=either[1]),
        )
    if start is None:
        what = _("I didn't understand that time.") if when else _("When should it begin?")
        raise RefusedError(what, _(_HOW))
    if start > now + _FARTHEST:
        raise RefusedError(_("That's more than five years away."), _("Pick an earlier date."))
    if start.timestamp() <= now.timestamp():  # an hour that comes twice a year is not told apart by its figures
        raise RefusedError(
            _("{when} is in the past.").format(when=formatting.date_and_time(start.timestamp())),
            _("Pick a time in the future."),
        )
    return start


async def _choose_film(actors: ActorClient, title: str) -> Item:
    """The film that is meant: the one of this name (and year), or else the one that fits best."""
    named, chosen = _YEAR.fullmatch(title), _CUT.fullmatch(title)
    bare, year = (named["title"], int(named["year"])) if named else (title, None)
    bare, key = (chosen["title"], chosen["key"]) if chosen else (bare, "")
    answer = await find_films(actors, bare, MOST_CHOICES)
    if not answer.films:
        shown = formatting.escape(title, 60)
        if answer.problem:
            why = formatting.escape(translate_or(answer.reason, answer.problem), 200)
            raise RefusedError(
                _("I couldn't look up {title}: {reason}").format(title=shown, reason=why), _("Try again later.")
            )
        raise RefusedError(_('I couldn\'t find "{title}" on Plex.').format(title=shown), _("Check the title."))

    def fit(film: Item) -> tuple[bool, bool, bool]:
        name = film.title.casefold()
        is_chosen = film.rating_key == key and name.startswith(bare.casefold())
        return (is_chosen, year is None or film.year == year, name == bare.casefold())

    return max(answer.films, key=fit)


def _event_place(actors: ActorClient, guild: discord.Guild) -> dict[str, Any]:
    """Where: the watch party's channel, or in words where there is none."""
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
    """Facts in a line, safe for the event and the reply: Discord reads markdown in both."""
    return " · ".join(formatting.escape(fact, 100) for fact in _film_facts(film))


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
    text = embeds.join_lines_within(lines, embeds.DESCRIPTION) or f"{_('No film night is planned.')}\n{_(_HOW)}"
    return embeds.build_embed(_("📅 Film nights"), text, colour=embeds.PURPLE if lines else embeds.GREY)
