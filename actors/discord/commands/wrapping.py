"""A year of films: `wrapped`."""

import datetime
from typing import Annotated

import discord
from discord import app_commands
from discord.ext import commands

from actors.discord import charting, look, words
from actors.discord.commands.base import Context, UsherCog, command, viewer_id
from actors.discord.commands.errors import RefusedError
from actors.discord.commands.people import local_date
from actors.discord.commands.whom import Mentioned
from actors.discord.desk import Desk
from actors.discord.look import Field, Reply
from actors.discord.pages import pack, unpack
from messages import CommunityYear, GetCommunityYear, GetYear, YearFigures, YearOfViewer

WRAPPED = "wrapped"
SERVER = "server"
FIRST_YEAR, LAST_YEAR = 1970, 2999
_BADGES = 12


class Wrapping(UsherCog):
    """A year of films."""

    @command(WRAPPED, "A year of films: yours, somebody's or the whole server's", usage="[year] [@somebody|server]")
    @app_commands.describe(
        year="Which year; leave out for this one",
        member="Whose; leave out for your own",
        whole="server: everybody's year together",
    )
    @app_commands.choices(whole=[app_commands.Choice(name=SERVER, value=SERVER)])
    @commands.cooldown(3, 10, commands.BucketType.user)
    async def wrapped(
        self,
        ctx: Context,
        year: int | None = None,
        member: Annotated[discord.Member, Mentioned] | None = None,
        whole: str = "",
    ) -> None:
        """A year as a card."""
        said = [whole] if ctx.interaction is not None else [whole, *ctx.view.read_rest().split()]
        for word in filter(None, said):
            if word.lower() == SERVER and member is None:
                whole = SERVER
            elif year is None and word.isdecimal():
                year = int(word)
            else:
                raise RefusedError(f"{words.safe(word, 40)} says nothing here.", "Use `!wrapped 2025 @somebody`.")
        if year is not None and not FIRST_YEAR <= year <= LAST_YEAR:
            raise RefusedError(f"{year} is no year to look back at.", "Use one like `!wrapped 2025`.")
        when = str(year or usual_year(local_date(self.desk.clock.now().wall_s, self.desk.settings.timezone)))
        if whole == SERVER:
            await self.answer(ctx, WRAPPED, pack(when, "", ""))
        else:
            who = member or ctx.author
            await self.answer(ctx, WRAPPED, pack(when, viewer_id(who), who.display_name[:30]))


def usual_year(today: datetime.date) -> int:
    """The year that is meant where none is named: in January the one that has just ended."""
    return today.year - 1 if today.month == 1 else today.year


async def wrapped(desk: Desk, arguments: str, page: int) -> Reply:
    """A viewer's year, or everybody's where no viewer is named."""
    when, who, name = unpack(arguments, 3)
    year = int(when)
    if not who:
        return _everybody(await desk.ask("persistence", GetCommunityYear(year), CommunityYear))
    found = await desk.ask("persistence", GetYear(who, year), YearOfViewer)
    return _viewer(found, words.plain(found.username or name, 60))


def _viewer(found: YearOfViewer, name: str) -> Reply:
    figures = found.figures
    heading = f"🎁 {figures.year} · {words.safe(name, 60)}"
    if not figures.days and not found.badges:
        text = f"Nothing watched in {figures.year}. There is always a next film night!"
        return Reply(look.card(heading, text, colour=look.GREY))
    fields = _figures(figures)
    if figures.companion:
        times = words.count(round(figures.companion[1]), "watch party", "watch parties")
        fields.append(Field("🤝 Most often with", f"{words.safe(figures.companion[0], 40)} · {times}", inline=True))
    if found.badges:
        said = [f"{badge.emoji} {words.safe(badge.name, 60)}" for badge in found.badges[:_BADGES]]
        if len(found.badges) > _BADGES:
            said.append(f"… and {len(found.badges) - _BADGES} more")
        fields.append(Field(f"🏅 {words.count(len(found.badges), 'badge')} earned", look.lines_within(said)))
    return _drawn(heading, _top(figures), fields, figures, f"{figures.year} of {name}")


def _everybody(found: CommunityYear) -> Reply:
    figures = found.figures
    heading = f"🎁 {figures.year} · everybody"
    if not figures.days:
        text = f"Nothing watched in {figures.year}. There is always a next film night!"
        return Reply(look.card(heading, text, colour=look.GREY))
    fields = [Field("👥 Viewers", f"{found.viewers:,}", inline=True), *_figures(figures)]
    if found.films:
        lines = [
            f"{place}. **{words.safe(f'{film.title} ({film.year})' if film.year else film.title, 60)}** · "
            f"{film.watches}× · {words.count(film.viewers, 'viewer')}"
            for place, film in enumerate(found.films, 1)
        ]
        fields.append(Field("🏆 Most seen", look.lines_within(lines)))
    if found.top:
        lines = [f"{row.rank}. **{words.safe(row.username, 40)}** · {words.duration(row.value)}" for row in found.top]
        fields.append(Field("🍿 Top viewers", look.lines_within(lines)))
    if found.night:
        night = f"**{words.safe(found.night.title, 80)}** · {words.count(found.night.viewers, 'viewer')}"
        fields.append(Field("🎉 Biggest night", f"{night} · <t:{int(found.night.started_at_s)}:D>"))
    return _drawn(heading, _top(figures), fields, figures, f"The {figures.year} of everybody")


def _drawn(heading: str, text: str, fields: list[Field], figures: YearFigures, title: str) -> Reply:
    """The card, and the calendar picture beside it."""
    embed = look.card(heading, text, fields=fields)
    beside = look.card(heading, text, fields=fields)
    return Reply(embed, picture=charting.calendar(title, figures.days, figures.year), beside=beside)


def _top(figures: YearFigures) -> str:
    films = f"**{words.count(figures.films, 'film')}**, {figures.completed:,} to the end"
    if figures.episodes:
        films += f" · **{words.count(figures.episodes, 'episode')}**"
    return f"{films} · **{words.duration(figures.watch_time_s)}**"


def _figures(figures: YearFigures) -> list[Field]:
    fields = [Field("🔥 Longest streak", words.count(figures.longest_streak_days, "day"), inline=True)]
    for heading, most in (
        ("🎭 Genre", figures.genre),
        ("📅 Decade", figures.decade),
        ("🎥 Director", figures.director),
    ):
        if most:
            fields.append(Field(heading, f"{words.safe(most[0], 60)} · {most[1]:,.0f}×", inline=True))
    if figures.busiest_month:
        month = datetime.date.fromisoformat(f"{figures.busiest_month[0]}-01")
        fields.append(Field("🗓️ Busiest month", f"{month:%B} · {words.duration(figures.busiest_month[1])}", inline=True))
    if figures.busiest_day:
        day = datetime.date.fromisoformat(figures.busiest_day[0])
        said = f"{day:%A}, {day.day} {day:%B} · {words.duration(figures.busiest_day[1])}"
        fields.append(Field("☀️ Busiest day", said, inline=True))
    if figures.longest_film:
        title, length_s = figures.longest_film
        fields.append(Field("📏 Longest film", f"{words.safe(title, 80)} · {words.duration(length_s)}", inline=True))
    return fields
