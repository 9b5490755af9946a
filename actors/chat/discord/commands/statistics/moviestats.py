"""`moviestats`: figures of the films that the community watched."""

import datetime
import itertools

from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.autocompletion import suggest_titles
from actors.chat.discord.framework.command import CommandGroup, Cooldown, command
from actors.chat.discord.framework.pages import pack_arguments
from actors.chat.discord.framework.replies import CommandContext, show_page
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Field, Reply
from messages import GetMovieStats, MovieStats, TitleCount
from wording import chart_data, dates
from wording.dates import format_decade
from wording.durations import format_duration
from wording.numbers import format_count, format_number
from wording.text import clean_line, join_names, unquote
from wording.translation import N_, _, ngettext

_WEEKS = 8
_BY_WEEK, _GENRES = N_("📈 Week by week"), N_("🎭 Genres")
_DRAWN = {_BY_WEEK, _GENRES}
"""Fields that the picture shows instead of the text."""


async def build_page(actors: ActorClient, arguments: str, page: int) -> Reply:
    """Build the community's figures, or one title's."""
    stats = await actors.ask(GetMovieStats(arguments))
    heading = f"🎞️ {formatting.escape(arguments, 100)}" if arguments else _("🎞️ Film statistics")
    if not stats.watches:
        text = _("Nothing watched yet.")
        if arguments:
            text = _("Nobody has watched that yet. `!moviestats` shows everything.")
        return Reply(embeds.build_embed(heading, text, colour=embeds.GREY))
    fields = _build_details(stats, bool(arguments))
    drawn = {_(name) for name in _DRAWN}
    picture = chart_data.community_chart(stats, clean_line(arguments) if arguments else "")
    others = [part for part in fields if part.name not in drawn]
    if labels := chart_data.undrawn_labels(picture):
        others.append(Field(_(_GENRES), embeds.join_lines_within(formatting.numbered_lines(labels)), inline=True))
    beside = embeds.build_embed(heading, _format_totals(stats), fields=others)
    return Reply(embeds.build_embed(heading, _format_totals(stats), fields=fields), picture=picture, beside=beside)


def _format_totals(stats: MovieStats) -> str:
    lines = [
        ngettext(
            "**{count} watch** · {completed} finished", "**{count} watches** · {completed} finished", stats.watches
        ).format(count=format_number(stats.watches), completed=format_number(stats.completed)),
        f"**{format_count('{count} viewer', '{count} viewers', stats.viewers)}** · "
        f"**{format_count('{count} title', '{count} titles', stats.titles)}** · "
        f"**{format_duration(stats.watch_time_s)}**",
    ]
    if len(stats.most_watched) == 1 and (mark := stats.most_watched[0].rating) is not None:
        text = ngettext(
            "⭐ **{mark}** of 5 · {count} rating", "⭐ **{mark}** of 5 · {count} ratings", stats.most_watched[0].ratings
        )
        lines.append(text.format(mark=format_number(mark, 1), count=format_number(stats.most_watched[0].ratings)))
    if stats.running:
        names = join_names([formatting.escape_person(record.username, 30) for record in stats.running], 6)
        count = len(stats.running)
        said = ngettext("▶️ {count} running now: {names}", "▶️ {count} running now: {names}", count)
        lines.append(said.format(count=count, names=names))
    return "\n".join(lines)


def _build_details(stats: MovieStats, one_title: bool) -> list[Field]:
    fields = []
    if stats.most_watched and (len(stats.most_watched) > 1 or not one_title):
        lines = [_format_place(place, title) for place, title in enumerate(stats.most_watched, 1)]
        fields.append(Field(_("🏆 Most watched"), embeds.join_lines_within(lines)))
    weeks = list(itertools.dropwhile(lambda week: not week[1], stats.weeks))[-_WEEKS:]
    if any(seconds for _, seconds in weeks):
        rows = [(_format_week(monday), seconds, format_duration(seconds)) for monday, seconds in weeks]
        fields.append(Field(_(_BY_WEEK), formatting.text_chart(rows)))
    if stats.genres:
        fields.append(Field(_(_GENRES), _join_counts(stats.genres[:6]), inline=True))
    decades = tuple((format_decade(name), number) for name, number in stats.decades)
    if decades:
        fields.append(Field(_("📅 Decades"), _join_counts(decades), inline=True))
    if stats.recent:
        lines = [
            f"{formatting.escape_title(record.item, 50)} · {formatting.escape_person(record.username, 30)} · "
            f"{formatting.relative_time(record.ended_at_s)}"
            for record in stats.recent
        ]
        fields.append(Field(_("🕘 Recent"), embeds.join_lines_within(lines)))
    return fields


def _format_place(place: int, title: TitleCount) -> str:
    year = f" ({title.year})" if title.year else ""
    name = formatting.escape(f"{title.title}{year}", 60)
    return (
        f"{place}. **{name}** · {title.watches}× · "
        f"{format_count('{count} viewer', '{count} viewers', title.viewers)} · "
        f"{format_duration(title.watch_time_s)}{_format_mark(title)}"
    )


def _format_mark(title: TitleCount) -> str:
    """Return a film's rating by the community; "" if too few rated it."""
    return "" if title.rating is None else f" · ⭐ {format_number(title.rating, 1)} ({format_number(title.ratings)})"


def _format_week(monday: str) -> str:
    try:
        return dates.format_short_day(datetime.date.fromisoformat(monday))
    except ValueError:
        return formatting.escape_code(monday, 6)


def _join_counts(pairs: tuple[tuple[str, int], ...]) -> str:
    return embeds.join_lines_within(
        [f"{formatting.escape(name, 30)} · {format_number(number)}" for name, number in pairs]
    )


@command(
    "moviestats",
    N_("What this community watches"),
    group=CommandGroup.COMMUNITY,
    usage=N_("[title]"),
    cooldown=Cooldown(3, 10.0),
    parameters={"title": N_("One film only; part of its title is enough")},
    autocomplete={"title": suggest_titles},
    page=build_page,
)
async def moviestats(ctx: CommandContext, *, title: str = "") -> None:
    """Answer with the community's figures."""
    await show_page(ctx, pack_arguments(unquote(title)))
