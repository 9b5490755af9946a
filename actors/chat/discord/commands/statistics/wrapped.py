"""`wrapped`: the figures of a year."""

import datetime
from typing import Annotated

from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.command import CommandGroup, Cooldown, command
from actors.chat.discord.framework.command_errors import RefusedError
from actors.chat.discord.framework.converters import ChoiceConverter
from actors.chat.discord.framework.pages import pack_arguments, unpack_arguments
from actors.chat.discord.framework.replies import CommandContext, show_page
from actors.chat.discord.framework.viewer_choice import ViewerMention, find_viewer, suggest_viewers
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Field, Reply
from charts.picture import WrappedCard
from messages import FIRST_YEAR, LAST_YEAR, CommunityYear, GetCommunityYear, GetYear, Item, YearFigures, YearOfViewer
from wording import cards, dates
from wording.dates import format_decade
from wording.durations import format_duration
from wording.numbers import format_count, format_number
from wording.text import clean_line
from wording.times import local_time
from wording.translation import N_, _, gettext_badge, ngettext

SERVER = "server"
_BADGES = 12


def default_year(today: datetime.date) -> int:
    """Return the year to use if none is named: this year, or in January the last one."""
    return today.year - 1 if today.month == 1 else today.year


async def build_page(actors: ActorClient, arguments: str, page: int) -> Reply:
    """Build a viewer's year, or everybody's if no viewer is named."""
    when, who, name = unpack_arguments(arguments, 3)
    year = int(when)
    if not who:
        return _build_everybody(await actors.ask(GetCommunityYear(year)))
    answer = await actors.ask(GetYear(who, year, actors.asker))
    if answer.hidden or answer.figures_hidden:
        return embeds.private_notice(f"🎁 {year} · {formatting.escape(name, 60)}", name)
    return _build_viewer(answer, clean_line(answer.username or name, 60))


def _build_viewer(answer: YearOfViewer, name: str) -> Reply:
    figures = answer.figures
    heading = f"🎁 {figures.year} · {formatting.escape(name, 60)}"
    if not figures.days and not answer.badges:
        text = _("Nothing watched in {year}. There's always the next film night!").format(year=figures.year)
        return Reply(embeds.build_embed(heading, text, colour=embeds.GREY))
    fields = _build_fields(figures)
    if figures.companion:
        times = format_count("{count} watch party", "{count} watch parties", round(figures.companion[1]))
        fields.append(
            Field(_("🤝 Most often with"), f"{formatting.escape(figures.companion[0], 40)} · {times}", inline=True)
        )
    if answer.badges:
        said = [
            f"{badge.emoji} {formatting.escape(gettext_badge(badge.name), 60)}" for badge in answer.badges[:_BADGES]
        ]
        more = len(answer.badges) - _BADGES
        if more > 0:
            said.append(ngettext("… and {count} more", "… and {count} more", more).format(count=more))
        earned = format_count("🏅 {count} badge earned", "🏅 {count} badges earned", len(answer.badges))
        fields.append(Field(earned, embeds.join_lines_within(said)))
    return _build_reply(heading, fields, figures, cards.viewer_card(answer, name), answer.posters)


def _build_everybody(answer: CommunityYear) -> Reply:
    figures = answer.figures
    heading = _("🎁 {year} · everybody").format(year=figures.year)
    if not figures.days:
        text = _("Nothing watched in {year}. There's always the next film night!").format(year=figures.year)
        return Reply(embeds.build_embed(heading, text, colour=embeds.GREY))
    fields = [Field(_("👥 Viewers"), format_number(answer.viewers), inline=True), *_build_fields(figures)]
    if answer.films:
        lines = [
            f"{place}. **{formatting.escape(f'{film.title} ({film.year})' if film.year else film.title, 60)}** · "
            f"{film.watches}× · {format_count('{count} viewer', '{count} viewers', film.viewers)}"
            for place, film in enumerate(answer.films, 1)
        ]
        fields.append(Field(_("🏆 Most seen"), embeds.join_lines_within(lines)))
    if answer.top:
        lines = [f"{row.rank}. {formatting.ranked_person(row, format_duration(row.value))}" for row in answer.top]
        fields.append(Field(_("🍿 Top viewers"), embeds.join_lines_within(lines)))
    if answer.night:
        viewers = format_count("{count} viewer", "{count} viewers", answer.night.viewers)
        night = f"**{formatting.escape(answer.night.title, 80)}** · {viewers} · <t:{int(answer.night.started_at_s)}:D>"
        fields.append(Field(_("🎉 Biggest night"), night))
    return _build_reply(heading, fields, figures, cards.community_card(answer), answer.posters)


def _build_reply(
    heading: str,
    fields: list[Field],
    figures: YearFigures,
    card: WrappedCard | None,
    posters: tuple[Item | None, ...],
) -> Reply:
    """Return the year in words, and the card to share beside it."""
    text = _format_totals(figures)
    embed = embeds.build_embed(heading, text, fields=fields)
    beside = embeds.build_embed(heading, text, fields=fields)
    return Reply(embed, picture=card, posters=posters[: cards.MOST_FILMS], beside=beside)


def _format_totals(figures: YearFigures) -> str:
    completed = format_number(figures.completed)
    if figures.titles in (0, figures.films):
        films = ngettext(
            "**{count} film** · {completed} finished", "**{count} films** · {completed} finished", figures.films
        ).format(count=format_number(figures.films), completed=completed)
    else:  # several viewers watched the same film, or one did twice
        films = ngettext(
            "**{count} watch** · {films} · {completed} finished",
            "**{count} watches** · {films} · {completed} finished",
            figures.films,
        ).format(
            count=format_number(figures.films),
            films=format_count("**{count} film**", "**{count} films**", figures.titles),
            completed=completed,
        )
    if figures.episodes:
        films += f" · {format_count('**{count} episode**', '**{count} episodes**', figures.episodes)}"
    return f"{films} · **{format_duration(figures.watch_time_s)}**"


def _build_fields(figures: YearFigures) -> list[Field]:
    fields = [
        Field(
            _("🔥 Longest streak"),
            format_count("{count} day", "{count} days", figures.longest_streak_days),
            inline=True,
        )
    ]
    for heading, most in (
        (_("🎭 Genre"), figures.genre),
        (_("📅 Decade"), figures.decade),
        (_("🎥 Director"), figures.director),
    ):
        if most:
            name = formatting.escape(format_decade(most[0]), 60)
            fields.append(Field(heading, f"{name} · {format_number(most[1])}×", inline=True))
    if figures.busiest_month:
        month = datetime.date.fromisoformat(f"{figures.busiest_month[0]}-01")
        said = f"{dates.month_name(month)} · {format_duration(figures.busiest_month[1])}"
        fields.append(Field(_("🗓️ Busiest month"), said, inline=True))
    if figures.busiest_day:
        day = datetime.date.fromisoformat(figures.busiest_day[0])
        said = f"{dates.format_weekday(day)} · {format_duration(figures.busiest_day[1])}"
        fields.append(Field(_("☀️ Busiest day"), said, inline=True))
    if figures.longest_film:
        title, length_s = figures.longest_film
        fields.append(
            Field(
                _("📏 Longest film"),
                f"{formatting.escape(title, 80)} · {format_duration(length_s)}",
                inline=True,
            )
        )
    return fields


@command(
    "wrapped",
    N_("A year of films: yours, somebody's or the whole server's"),
    group=CommandGroup.YOU,
    usage=N_("[year] [@somebody or a name|server]"),
    cooldown=Cooldown(3, 10.0),
    parameters={
        "year": N_("Which year; leave out for this one"),
        "who": N_("Whose: a member, or a viewer's name; leave out for your own"),
        "whole": N_("server: everybody's year together"),
    },
    autocomplete={"who": suggest_viewers},
    page=build_page,
)
async def wrapped(
    ctx: CommandContext,
    year: int | None = None,
    who: Annotated[str, ViewerMention] | None = None,
    whole: Annotated[str, ChoiceConverter(SERVER, refuses=False)] = "",
) -> None:
    """Answer with a year as a card."""
    words = [whole] if ctx.interaction is not None else [whole, *ctx.view.read_rest().split()]
    named: list[str] = [who] if who else []
    for word in filter(None, words):
        if word.lower() == SERVER and not named:
            whole = SERVER
        elif year is None and word.isdecimal():
            year = int(word)
        else:
            named.append(word)
    if year is not None and not FIRST_YEAR <= year <= LAST_YEAR:
        raise RefusedError(_("I can't look back at {year}.").format(year=year), _("Try `!wrapped 2025`."))
    today = local_time(ctx.actors.settings.timezone, ctx.actors.clock.now().wall_s).date()
    when = str(year or default_year(today))
    if whole == SERVER and not named:
        await show_page(ctx, pack_arguments(when, "", ""))
    else:
        viewer = await find_viewer(ctx, " ".join(named))
        await show_page(ctx, pack_arguments(when, viewer.viewer_id, viewer.name[:30]))
