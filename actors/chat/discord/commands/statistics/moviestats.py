"""What was watched: `moviestats` and `history`."""

import datetime
import itertools
import re
import zoneinfo
from typing import Annotated

import discord
from discord import app_commands
from discord.ext import commands

from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.command import (
    Context,
    UsherCog,
    acknowledge_then,
    build_choice,
    command,
    describe,
    send_reply,
    split_trailing_argument,
    viewer_id,
)
from actors.chat.discord.framework.command_errors import RefusedError
from actors.chat.discord.framework.member_converter import MemberMention, find_member_by_name
from actors.chat.discord.framework.pages import pack_arguments, read_slice, unpack_arguments
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Field, Reply, Section
from messages import GetHistory, GetMovieStats, HistoryPage, MovieStats, TitleCount, WatchRecord
from wording import chart_data, dates
from wording.dates import format_decade
from wording.durations import format_duration, format_position
from wording.numbers import format_count, format_number, format_percent
from wording.text import clean_line, join_names, unquote
from wording.translation import _, later, ngettext

MOVIE_STATS, HISTORY = "moviestats", "history"
ROWS = 8
_WEEKS = 8
_BY_WEEK, _GENRES = later("📈 Week by week"), later("🎭 Genres")
_DRAWN = {_BY_WEEK, _GENRES}
"""What the picture shows in place of the words."""
_SINCE = later("1d 1w 1m 1y")
"""A day, a week, a month, a year, as people shorten them."""
_DAYS = (1, 7, 30, 365)
_FARTHEST_YEARS = 50
"""Longer ago there was no film night: what is written so was mistyped."""
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_SUGGESTED = ((later("The last week"), "7d"), (later("The last month"), "1m"), (later("The last year"), "1y"))


class Films(UsherCog):
    """What was watched."""

    @command(MOVIE_STATS, later("What this community watches"), usage=later("[title]"))
    @describe(title=later("One film only; part of its title is enough"))
    @commands.cooldown(3, 10, commands.BucketType.user)
    async def moviestats(self, ctx: Context, *, title: str = "") -> None:
        """The community's figures."""
        await self.answer(ctx, MOVIE_STATS, pack_arguments(unquote(title)))

    @command(HISTORY, later("What was watched, the newest first"), usage=later("[@somebody] [title] [since]"))
    @describe(
        member=later("Whose; leave out for everybody's"),
        title=later("Part of a title"),
        since=later("7d, 2w, 3m, 1y or a date like 2026-10-31"),
    )
    @commands.cooldown(3, 10, commands.BucketType.user)
    async def history(
        self,
        ctx: Context,
        member: Annotated[discord.Member, MemberMention] | None = None,
        title: str = "",
        since: str = "",
    ) -> None:
        """Finished watches."""
        title, since = split_trailing_argument(ctx, title, since, lambda word: since_s(word, self.desk) is not None)
        from_s = since_s(since, self.desk)
        if since and from_s is None:
            raise RefusedError(
                _("{text} is no time.").format(text=formatting.escape(since, 40)),
                _("Use 7d, 2w, 3m, 1y or a date like 2026-10-31."),
            )
        now_s = self.desk.clock.now().wall_s
        if from_s is not None and from_s < now_s - _FARTHEST_YEARS * _DAYS[-1] * 86_400:
            raise RefusedError(
                _("{text} is too long ago.").format(text=formatting.escape(since, 40)),
                _("The farthest is {years} years.").format(years=_FARTHEST_YEARS),
            )
        reply, view = await acknowledge_then(ctx, self._history(ctx, member, title, from_s))
        await send_reply(ctx, reply, view)

    async def _history(
        self, ctx: Context, member: discord.Member | None, title: str, from_s: float | None
    ) -> tuple[Reply, discord.ui.View | None]:
        """Where nothing fits a title, it may be a member's name: people write it without a mention."""
        since, asker = f"{from_s:.0f}" if from_s is not None else "", viewer_id(ctx.author)
        whose = viewer_id(member) if member is not None else ""
        made = await self.pages.build(HISTORY, pack_arguments(whose, since, title), asker=asker)
        if (
            made[0].nothing
            and title
            and member is None
            and (meant := await find_member_by_name(ctx, title)) is not None
        ):
            made = await self.pages.build(HISTORY, pack_arguments(viewer_id(meant), since, ""), asker=asker)
        return made

    @moviestats.autocomplete("title")
    @history.autocomplete("title")
    async def titles(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        """Titles that were watched."""
        return await self.suggest_titles(current)

    @history.autocomplete("since")
    async def times(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        """Usual times."""
        return [build_choice(_(name), value) for name, value in _SUGGESTED]


def since_s(text: str, desk: ActorClient) -> float | None:
    """What people type for "since", in seconds since 1970; None where it is no time."""
    clean = text.strip().lower()
    if found := re.fullmatch(r"(\d{1,4})\s*([^\W\d])(?:(?<=[dwmy])(?:ays?|eeks?|onths?|ears?))?", clean):
        for known in (_SINCE, _(_SINCE)):
            if found[2] in (letters := re.findall(r"1(\w)", known)):
                return desk.clock.now().wall_s - int(found[1]) * _DAYS[letters.index(found[2])] * 86_400
    try:
        dotted = _DOTTED.fullmatch(clean)
        day = datetime.date(*map(int, dotted.groups()[::-1])) if dotted else datetime.date.fromisoformat(clean)
    except ValueError:
        return None
    zone = zoneinfo.ZoneInfo(desk.settings.timezone)
    return datetime.datetime.combine(day, datetime.time(), zone).timestamp()


async def movie_stats(desk: ActorClient, arguments: str, page: int) -> Reply:
    """The community's figures, or one title's."""
    found = await desk.ask(GetMovieStats(arguments))
    heading = f"🎞️ {formatting.escape(arguments, 100)}" if arguments else _("🎞️ Film statistics")
    if not found.watches:
        text = _("Nothing watched yet.")
        if arguments:
            text = _("Nobody watched that yet. `!moviestats` alone shows everything.")
        return Reply(embeds.build_embed(heading, text, colour=embeds.GREY))
    fields = _details(found, bool(arguments))
    drawn = {_(name) for name in _DRAWN}
    picture = chart_data.community_chart(found, clean_line(arguments) if arguments else "")
    others = [part for part in fields if part.name not in drawn]
    if labels := chart_data.undrawn_labels(picture):
        others.append(Field(_(_GENRES), embeds.join_lines_within(formatting.numbered_lines(labels)), inline=True))
    beside = embeds.build_embed(heading, _totals(found), fields=others)
    return Reply(embeds.build_embed(heading, _totals(found), fields=fields), picture=picture, beside=beside)


def _totals(found: MovieStats) -> str:
    lines = [
        ngettext(
            "**{count} watch**, {completed} to the end", "**{count} watches**, {completed} to the end", found.watches
        ).format(count=format_number(found.watches), completed=format_number(found.completed)),
        f"**{format_count('{count} viewer', '{count} viewers', found.viewers)}** · "
        f"**{format_count('{count} title', '{count} titles', found.titles)}** · "
        f"**{format_duration(found.watch_time_s)}**",
    ]
    if found.running:
        names = join_names([formatting.escape_person(record.username, 30) for record in found.running], 6)
        count = len(found.running)
        said = ngettext("▶️ {count} running now: {names}", "▶️ {count} running now: {names}", count)
        lines.append(said.format(count=count, names=names))
    return "\n".join(lines)


def _details(found: MovieStats, one_title: bool) -> list[Field]:
    fields = []
    if found.most_watched and (len(found.most_watched) > 1 or not one_title):
        lines = [_ranked(place, title) for place, title in enumerate(found.most_watched, 1)]
        fields.append(Field(_("🏆 Most watched"), embeds.join_lines_within(lines)))
    weeks = list(itertools.dropwhile(lambda week: not week[1], found.weeks))[-_WEEKS:]
    if any(seconds for _, seconds in weeks):
        rows = [(_week(monday), seconds, format_duration(seconds)) for monday, seconds in weeks]
        fields.append(Field(_(_BY_WEEK), formatting.text_chart(rows)))
    if found.genres:
        fields.append(Field(_(_GENRES), _counted(found.genres[:6]), inline=True))
    decades = tuple((format_decade(name), number) for name, number in found.decades)
    if decades:
        fields.append(Field(_("📅 Decades"), _counted(decades), inline=True))
    if found.recent:
        lines = [
            f"{formatting.escape_title(record.item, 50)} · {formatting.escape_person(record.username, 30)} · "
            f"{formatting.relative_time(record.ended_at_s)}"
            for record in found.recent
        ]
        fields.append(Field(_("🕘 Recent"), embeds.join_lines_within(lines)))
    return fields


def _ranked(place: int, title: TitleCount) -> str:
    year = f" ({title.year})" if title.year else ""
    name = formatting.escape(f"{title.title}{year}", 60)
    return (
        f"{place}. **{name}** · {title.watches}× · "
        f"{format_count('{count} viewer', '{count} viewers', title.viewers)} · "
        f"{format_duration(title.watch_time_s)}"
    )


def _week(monday: str) -> str:
    try:
        return dates.format_short_day(datetime.date.fromisoformat(monday))
    except ValueError:
        return formatting.escape_code(monday, 6)


def _counted(pairs: tuple[tuple[str, int], ...]) -> str:
    return embeds.join_lines_within(
        [f"{formatting.escape(name, 30)} · {format_number(number)}" for name, number in pairs]
    )


async def history(desk: ActorClient, arguments: str, page: int) -> Reply:
    """A page of finished watches."""
    whose, since, title = unpack_arguments(arguments, 3)
    from_s = float(since) if since.lstrip("-").isdigit() else None

    async def read(offset: int) -> HistoryPage:
        question = GetHistory(whose, title, from_s, ROWS, offset, desk.asker)
        return await desk.ask(question)

    found, page, pages = await read_slice(read, lambda part: part.total, page, ROWS)
    if found.hidden:
        return embeds.private_notice(_("📜 History"))
    lines = [_entry(record, bool(whose)) for record in found.records]
    asked = [_("“{title}”").format(title=formatting.escape(title, 60))] if title else []
    if from_s is not None:
        asked.append(_("since {date}").format(date=f"<t:{int(from_s)}:d>"))
    if whose and found.records:
        asked.insert(0, formatting.escape(found.records[0].username, 40))
    top = f"{' · '.join(asked)}\n\n" if asked else ""
    none = _("No watch fits that. `!history` alone shows every watch.") if whose or asked else _("Nothing watched yet.")
    if title and not whose:
        none += " " + _("For what a member watched, mention them.")
    text = embeds.split_pages([Section("", lines)], lines=ROWS, units=3500)[0] if lines else none
    heading = format_count("📜 History · {count} watch", "📜 History · {count} watches", found.total)
    colour = embeds.GOLD if lines else embeds.GREY
    return Reply(embeds.build_embed(heading, top + text, colour=colour), page, pages, nothing=not lines)


def _entry(record: WatchRecord, one_viewer: bool) -> str:
    facts = [] if one_viewer else [formatting.escape_person(record.username, 40)]
    facts.append(format_duration(record.playing_s))
    if record.completion_percent is not None:
        saw = _("saw {percent}").format(percent=format_percent(record.completion_percent))
        facts.append(f"{saw} ✅" if record.completed else saw)
    if record.join_position_ms is not None and record.join_position_ms >= 60_000:
        facts.append(_("from {position}").format(position=format_position(record.join_position_ms)))
    if record.brief:
        facts.append(_("brief"))
    title, ago = formatting.escape_title(record.item, 70), formatting.relative_time(record.ended_at_s)
    return f"**{title}** · {ago}\n{' · '.join(facts)}"
