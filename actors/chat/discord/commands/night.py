"""`night`: shows coming film nights, or plans one."""

import datetime
import io
from collections.abc import Sequence
from typing import Any, Self

import discord
from discord import app_commands

from actors.chat.discord.commands.recurring_night import StopRepeatingButton, list_stop_buttons, plan_recurring
from actors.chat.discord.features.film_night import (
    HOW,
    FilmAndTime,
    NightChoice,
    RecurringNights,
    check_found,
    find_meanings,
    find_titled,
    list_role_buttons,
    plan_night,
    read_most,
    read_night_time,
    require_future,
)
from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.autocompletion import MOST_CHOICES, actors_of, build_choice, suggest_films
from actors.chat.discord.framework.command import CommandGroup, command
from actors.chat.discord.framework.command_errors import RefusedError, report_errors
from actors.chat.discord.framework.pages import build_buttons, refuse
from actors.chat.discord.framework.replies import CommandContext, acknowledge_then, send_reply, viewer_id
from actors.chat.discord.guild_features import GuildFeatures, features_of
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Reply
from config import Settings
from messages import AuditSubject, Item
from wording.numbers import format_count
from wording.recurrence import split_recurrence
from wording.text import clean_line, shorten, utf16_length
from wording.times import Doubt, TimeReading, format_choice, local_time
from wording.titles import display_title
from wording.translation import N_, _

_QUOTES = '"“„«‹「『'
_LABEL = 80
"""Characters of a button's label at most."""
_MOST_BUTTONS = 10
_OPEN = (discord.EventStatus.scheduled, discord.EventStatus.active)
_PLANNERS_ONLY = (
    N_("Only members with Manage Events can plan a film night."),
    N_("An administrator can give you a role with it."),
)
_QUESTIONS = {
    Doubt.NO_CLOCK: N_("What time?"),
    Doubt.HALF_OF_DAY: N_("Morning or evening?"),
    Doubt.WHICH_DAY: N_("Which day?"),
    Doubt.CLOCK_CHANGE: N_("The clocks change that night. Which time?"),
    Doubt.SEVERAL: N_("Which one?"),
}


class NightButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=r"usher:night:(?P<key>[0-9a-f]{16}):(?P<number>\d{1,2})",
):
    """Plans one of the films and times in a question."""

    def __init__(self, key: str, number: int, label: str | None = None) -> None:
        self._key, self._number = key, number
        super().__init__(
            discord.ui.Button(label=label, style=discord.ButtonStyle.primary, custom_id=f"usher:night:{key}:{number}")
        )

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: Any, match: Any, /) -> Self:
        """Return the button from its custom id."""
        return cls(match["key"], int(match["number"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> Any:
        """Plan the night once, for the first member who presses and may plan; acknowledge first."""
        if not interaction.permissions.manage_events or interaction.guild is None:
            await refuse(interaction, *map(_, _PLANNERS_ONLY))
            return
        questions = features_of(interaction).night_questions
        question = questions.take(self._key)
        if question is None or self._number >= len(question.choices):
            await refuse(interaction, _("That question was already answered."), _("Run the command again."))
            return
        await interaction.response.defer()
        async with report_errors(interaction):
            try:
                reply = await _plan_choice(interaction, interaction.guild, question.choices[self._number])
            except BaseException:
                questions.put_back(self._key, question)
                raise
            await _show_planned(interaction, reply)


async def _plan_choice(interaction: discord.Interaction[Any], guild: discord.Guild, choice: NightChoice) -> Reply:
    actors = actors_of(interaction).for_asker(viewer_id(interaction.user))
    now = _local_now(actors.settings, actors.clock.now().wall_s)
    start = local_time(actors.settings.timezone, choice.start_s)
    require_future("", start, now)
    async with actors.record_act(interaction.user, "night", _film_subject(choice.film)):
        by, on_planned = str(interaction.user), features_of(interaction).night_planned
        return await plan_night(actors, guild, choice.film, start, by, on_planned)


def _film_subject(film: Item) -> AuditSubject:
    return AuditSubject(film.rating_key, display_title(film))


async def _show_planned(interaction: discord.Interaction[Any], reply: Reply) -> None:
    """Replace the question with the planned night."""
    parts: dict[str, Any] = {}
    if reply.poster.content and interaction.app_permissions.attach_files:
        name = embeds.poster_file(reply.poster)
        parts["attachments"] = [discord.File(io.BytesIO(reply.poster.content), name)]
        reply.embed.set_thumbnail(url=f"attachment://{name}")
    view = build_buttons(reply.items) if reply.items else None
    await interaction.edit_original_response(embed=reply.embed, view=view, allowed_mentions=embeds.NOBODY, **parts)


async def suggest_times(interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
    """Return the meanings of the time typed so far, in words."""
    actors = actors_of(interaction)
    now = _local_now(actors.settings, actors.clock.now().wall_s)
    labels = [format_choice(start, now) for start in read_night_time(actors.settings, current, now).choices]
    return [build_choice(label, label) for label in labels[:MOST_CHOICES]]


@command(
    "night",
    N_("Plan a film night, or see what is planned"),
    group=CommandGroup.NOW,
    usage=N_("[title] [when]"),
    parameters={
        "title": N_("Which film on Plex"),
        "when": N_("Like friday 20:30, tomorrow 8pm, 2026-12-24 18:00 or every friday 20:30"),
    },
    autocomplete={"title": suggest_films, "when": suggest_times},
    buttons=(NightButton, StopRepeatingButton),
)
async def night(ctx: CommandContext, title: str = "", *, when: str = "") -> None:
    """Plan an event with poster and length; without a title, show the planned ones."""
    if ctx.guild is None:
        return
    repeated = split_recurrence(when if ctx.interaction is not None else f"{title} {when}")
    if when and not title and repeated is None:
        raise RefusedError(_("Which film?"), _(HOW))
    if not title and repeated is None:
        await _show_nights(ctx, ctx.guild)
        return
    if not ctx.permissions.manage_events:
        raise RefusedError(*map(_, _PLANNERS_ONLY))
    if repeated is not None:
        film = title if ctx.interaction is not None else repeated.before
        work = plan_recurring(ctx, ctx.guild, film, repeated)
    else:
        work = _understand_and_plan(ctx, ctx.guild, title, when)
    reply = await acknowledge_then(ctx, work)
    await send_reply(ctx, reply, build_buttons(reply.items) if reply.items else None)


async def _show_nights(ctx: CommandContext, guild: discord.Guild) -> None:
    embed = await acknowledge_then(ctx, _build_planned(guild, ctx.bot.user.id, ctx.features.recurring_nights))
    recurring: RecurringNights = ctx.features.recurring_nights
    buttons = [*list_stop_buttons(recurring), *list_role_buttons(ctx.actors.settings)]
    await send_reply(ctx, Reply(embed), build_buttons(buttons) if buttons else None)


async def _understand_and_plan(ctx: CommandContext, guild: discord.Guild, title: str, when: str) -> Reply:
    """Plan the film at the time, or ask which are meant if there is any doubt."""
    settings = ctx.actors.settings
    now = _local_now(settings, ctx.actors.clock.now().wall_s)
    if ctx.interaction is not None or _is_quoted(ctx):
        if not when:
            raise RefusedError(_("When should it begin?"), _(HOW))
        time, left_over = read_most(when, lambda text: read_night_time(settings, text, now))
        meanings = [(await find_titled(ctx.actors, title, time))._replace(left_over=left_over)]
    else:
        words = f"{title} {when}".split()
        meanings = await find_meanings(ctx.actors, words, lambda text: read_night_time(settings, text, now))
    return await plan_or_ask(ctx.actors, ctx.features, guild, ctx.author, meanings)


async def plan_or_ask(
    actors: ActorClient,
    features: GuildFeatures,
    guild: discord.Guild,
    member: discord.Member | discord.User,
    meanings: Sequence[FilmAndTime],
) -> Reply:
    """Plan the film at the time, or ask with buttons if there is any doubt. Raises RefusedError."""
    settings = actors.settings
    now = _local_now(settings, actors.clock.now().wall_s)
    choices = _list_choices(meanings)
    is_clear = len(choices) == 1 and all(
        each.is_exact and each.time.start is not None and not each.left_over for each in meanings
    )
    if is_clear:
        (choice,) = choices
        start = local_time(settings.timezone, choice.start_s)
        require_future("", start, now)
        async with actors.record_act(member, "night", _film_subject(choice.film)):
            return await plan_night(actors, guild, choice.film, start, str(member), features.night_planned)
    key = features.night_questions.ask(viewer_id(member), choices)
    labels = _label_choices(choices, settings, now)
    buttons = [NightButton(key, number, label) for number, label in enumerate(labels)]
    return Reply(_build_question(meanings, choices), items=buttons)


def _list_choices(meanings: Sequence[FilmAndTime]) -> list[NightChoice]:
    """Return every film and time that may be meant. Raises RefusedError if there is none."""
    for meaning in meanings:
        check_found(meaning)
        if meaning.time.past is not None and not meaning.time.choices:
            raise RefusedError(_describe_past(meaning.time), _("Pick a time in the future."))
    pairs = {
        (film.server_id, film.rating_key, start.timestamp()): NightChoice(film, start.timestamp())
        for meaning in meanings
        for film in meaning.films
        for start in meaning.time.choices
    }
    return list(pairs.values())[:_MOST_BUTTONS]


def _build_question(meanings: Sequence[FilmAndTime], choices: Sequence[NightChoice]) -> discord.Embed:
    """Build the embed that says what is not clear, and that nothing is planned yet."""
    lines = []
    guess = next((meaning for meaning in meanings if not meaning.is_exact), None)
    films = {choice.film for choice in choices}
    if guess is not None:
        typed = formatting.escape(guess.title, 60)
        lines.append(_('No film on Plex is called "{title}". Did you mean this?').format(title=typed))
    elif len(films) > 1:
        lines.append(_("Which film?"))
    if left_over := meanings[0].left_over:
        lines.append(_("I didn't understand “{words}”.").format(words=formatting.escape(left_over, 60)))
    time = meanings[0].time
    if time.doubt is Doubt.PAST:
        lines.append(f"{_describe_past(time)} {_('The next time?')}")
    elif len({choice.start_s for choice in choices}) > 1 or (time.doubt is not None and guess is None):
        lines.append(_(_QUESTIONS[time.doubt or Doubt.SEVERAL]))
    elif left_over and guess is None:
        lines.append(_("Did you mean this?"))
    lines.append(f"-# {_('Nothing is planned until you press a button.')}")
    heading = formatting.escape_title(choices[0].film, 200) if len(films) == 1 else _("Film nights")
    return embeds.build_embed(f"📅 {heading}", "\n".join(lines), colour=embeds.GREY)


def _describe_past(time: TimeReading) -> str:
    at_s = time.past.timestamp() if time.past is not None else 0.0
    return _("{when} is in the past.").format(when=formatting.date_and_time(at_s))


def _label_choices(choices: Sequence[NightChoice], settings: Settings, now: datetime.datetime) -> list[str]:
    """Return the buttons' labels: the time, and the film unless several buttons have the same one."""
    is_one_film = len({choice.film for choice in choices}) == 1 and len(choices) > 1
    labels = []
    for choice in choices:
        label = format_choice(local_time(settings.timezone, choice.start_s), now)
        if not is_one_film:
            room = _LABEL - utf16_length(label) - 3
            label = f"{clean_line(display_title(choice.film), room)} · {label}"
        labels.append(shorten(label, _LABEL))
    return labels


def _local_now(settings: Settings, wall_s: float) -> datetime.datetime:
    return local_time(settings.timezone, wall_s)


def _is_quoted(ctx: CommandContext) -> bool:
    """Tell whether the title of a `!` command stands in quotation marks."""
    said = ctx.message.content.split(maxsplit=1)
    return len(said) > 1 and said[1][0] in _QUOTES


async def _build_planned(guild: discord.Guild, bot_id: int, recurring: RecurringNights) -> discord.Embed:
    """Return the coming and running nights that the bot planned."""
    events = await guild.fetch_scheduled_events(with_counts=True)
    ours = [event for event in events if event.creator_id == bot_id and event.status in _OPEN]
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
    lines += [f"🔁 {when}" for _key, when in recurring.list_recurring()]
    text = embeds.join_lines_within(lines, embeds.DESCRIPTION) or f"{_('No film night is planned.')}\n{_(HOW)}"
    return embeds.build_embed(_("📅 Film nights"), text, colour=embeds.PURPLE if lines else embeds.GREY)
