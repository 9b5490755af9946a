"""A viewer's figures and badges, and how viewers compare."""

import datetime
import zoneinfo
from typing import Annotated

import discord

from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.choice_converter import ChoiceConverter
from actors.chat.discord.framework.command import Context, UsherCog, command, describe, viewer_id
from actors.chat.discord.framework.member_converter import MemberByName
from actors.chat.discord.framework.pages import PageSlice, pack_arguments, read_slice, unpack_arguments
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Field, Reply, Section
from messages import (
    BadgeProgress,
    EarnedBadge,
    GetBadgeCatalogue,
    GetLeaderboard,
    GetViewerStats,
    Leaderboard,
    LeaderboardKind,
    ViewerProfile,
    ViewerStats,
)
from wording import chart_data, dates
from wording.dates import format_decade
from wording.durations import format_duration
from wording.numbers import format_count, format_number
from wording.translation import _, later, of_badge

STATS, BADGES, ALL_BADGES, PROGRESS = "stats", "badges", "allbadges", "progress"
LEADERBOARD, TOP = "leaderboard", "topwatchers"
ROWS = 10
TOP_DAYS = 30
_PLACES = {1: "🥇", 2: "🥈", 3: "🥉"}
_BOARDS: dict[LeaderboardKind, str] = {
    "movies": later("🎬 Most films"),
    "time": later("⏱️ Most time"),
    "streak": later("🔥 Longest streaks"),
    "badges": later("🏅 Most badges"),
}


class People(UsherCog):
    """Viewers."""

    @command(STATS, later("Films, hours and streaks of a viewer"), usage=later("[@somebody]"))
    @describe(member=later("Whose; leave out for your own"))
    async def stats(self, ctx: Context, *, member: Annotated[discord.Member | None, MemberByName] = None) -> None:
        """A viewer's figures."""
        await self._of(ctx, STATS, member)

    @command(BADGES, later("The badges a viewer has earned"), usage=later("[@somebody]"))
    @describe(member=later("Whose; leave out for your own"))
    async def badges(self, ctx: Context, *, member: Annotated[discord.Member | None, MemberByName] = None) -> None:
        """A viewer's badges."""
        await self._of(ctx, BADGES, member)

    @command(PROGRESS, later("How far you are on the way to each badge"), usage=later("[@somebody]"))
    @describe(member=later("Whose; leave out for your own"))
    async def progress(self, ctx: Context, *, member: Annotated[discord.Member | None, MemberByName] = None) -> None:
        """A viewer's way to the badges that are still to be earned."""
        await self._of(ctx, PROGRESS, member)

    @command(ALL_BADGES, later("Every badge there is, and how many have it"))
    async def allbadges(self, ctx: Context) -> None:
        """Every badge there is."""
        await self.answer(ctx, ALL_BADGES)

    @command(LEADERBOARD, later("Who leads"), usage="[movies|time|streak|badges]")
    @describe(by=later("What to rank by"))
    async def leaderboard(
        self, ctx: Context, by: Annotated[LeaderboardKind, ChoiceConverter(*_BOARDS)] = "movies"
    ) -> None:
        """The order of viewers."""
        await self.answer(ctx, LEADERBOARD, by)

    @command(TOP, later("Who watched most in the last 30 days"))
    async def topwatchers(self, ctx: Context) -> None:
        """Who watched most of late."""
        await self.answer(ctx, TOP)

    async def _of(self, ctx: Context, name: str, member: discord.Member | None) -> None:
        who = member or ctx.author
        await self.answer(ctx, name, pack_arguments(viewer_id(who), who.display_name[:40]))


async def stats(desk: ActorClient, arguments: str, page: int) -> Reply:
    """A viewer's figures."""
    who, name = unpack_arguments(arguments, 2)
    profile = await _profile(desk, who)
    if profile.hidden:
        return embeds.private_notice(f"📊 {formatting.escape(name, 60)}", name)
    if profile.stats is None:
        return _unknown(name)
    today = local_date(desk.clock.now().wall_s, desk.settings.timezone)
    picture = chart_data.viewer_chart(profile, today)
    beside = _figures(profile, profile.stats, drawn=True)
    if labels := chart_data.undrawn_labels(picture):
        beside.add_field(name=_("🎭 Genres"), value=embeds.join_lines_within(formatting.numbered_lines(labels)))
    return Reply(_figures(profile, profile.stats), picture=picture, beside=beside)


def local_date(wall_s: float, timezone: str) -> datetime.date:
    """The day at that time, in TIMEZONE."""
    return datetime.datetime.fromtimestamp(wall_s, zoneinfo.ZoneInfo(timezone)).date()


def _figures(profile: ViewerProfile, shown: ViewerStats, *, drawn: bool = False) -> discord.Embed:
    streak = format_count("{count} day", "{count} days", shown.current_streak_days)
    if shown.longest_streak_days > shown.current_streak_days:
        streak = _("{streak} (best {days})").format(streak=streak, days=shown.longest_streak_days)
    films = format_number(shown.total_movies)
    if shown.total_movies:
        films = _("{films} ({completed} to the end)").format(
            films=films, completed=format_number(shown.completed_movies)
        )
    held = _("{count} of {all}").format(count=shown.badges, all=max(len(profile.progress), shown.badges))
    fields = [
        Field(_("🎬 Films"), films, inline=True),
        Field(_("⏱️ Time"), format_duration(shown.total_watch_time_s), inline=True),
        Field(_("🔥 Streak"), streak, inline=True),
        Field(_("🏅 Badges"), held, inline=True),
    ]
    if shown.total_episodes:
        fields.append(Field(_("📺 Episodes"), format_number(shown.total_episodes), inline=True))
    if profile.rank_by_time:
        fields.append(Field(_("🏆 Rank by time"), f"#{profile.rank_by_time}", inline=True))
    for heading, counted in (
        (_("🎭 Genres"), shown.genres),
        (_("📅 Decades"), {format_decade(name): number for name, number in shown.decades.items()}),
        (_("🎥 Directors"), shown.directors),
    ):
        if counted and not (drawn and counted is shown.genres):
            fields.append(Field(heading, _most(counted)))
    lines = []
    if shown.watching_now:
        lines.append(_("▶️ Watching **{title}** now").format(title=formatting.escape(shown.watching_now, 100)))
    if shown.last_watch_date:
        lines.append(
            _("Last watched on {date}").format(date=formatting.escape(dates.format_date(shown.last_watch_date), 20))
        )
    return embeds.build_embed(f"📊 {formatting.escape(shown.username, 60)}", "\n".join(lines), fields=fields)


def _most(counted: dict[str, int], most: int = 5) -> str:
    order = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
    return " · ".join(f"{formatting.escape(name, 40)} {number}" for name, number in order[:most])


async def badges(desk: ActorClient, arguments: str, page: int) -> Reply:
    """The badges a viewer has."""
    who, name = unpack_arguments(arguments, 2)
    profile = await _profile(desk, who)
    if profile.hidden:
        return embeds.private_notice(f"🏅 {formatting.escape(name, 60)}", name)
    name = profile.stats.username if profile.stats is not None else name
    if not profile.badges:
        text = _("None yet. `!progress` shows how near they are.")
        return Reply(embeds.build_embed(f"🏅 {formatting.escape(name, 60)}", text, colour=embeds.GREY))
    pages = embeds.split_pages([Section("", [_earned(badge) for badge in profile.badges])], lines=8)
    text, number = embeds.pick_page(pages, page)
    count = format_count("{count} badge", "{count} badges", len(profile.badges))
    heading = f"🏅 {formatting.escape(name, 60)} · {count}"
    return Reply(embeds.build_embed(heading, text), number, len(pages))


def _earned(badge: EarnedBadge) -> str:
    described = f"\n{formatting.escape(of_badge(badge.description), 150)}" if badge.description else ""
    earned = formatting.relative_time(badge.earned_at_s)
    return f"{badge.emoji} **{formatting.escape(of_badge(badge.name), 60)}** · {_(badge.rarity)} · {earned}{described}"


async def progress(desk: ActorClient, arguments: str, page: int) -> Reply:
    """What is still to be earned, the nearest first."""
    who, name = unpack_arguments(arguments, 2)
    profile = await _profile(desk, who)
    if profile.hidden:
        return embeds.private_notice(f"🎯 {formatting.escape(name, 60)}", name)
    name = profile.stats.username if profile.stats is not None else name
    open_ones = sorted((badge for badge in profile.progress if badge.earned_at_s is None), key=_share, reverse=True)
    earned = len(profile.progress) - len(open_ones)
    held = _("{count} of {all} badges").format(count=earned, all=len(profile.progress))
    heading = f"🎯 {formatting.escape(name, 60)} · {held}"
    if not open_ones:
        text = (
            _("Every badge there is. Well watched!")
            if profile.progress
            else _("No badges are declared. An administrator declares them in a file: badges.toml.")
        )
        return Reply(embeds.build_embed(heading, text))
    pages = embeds.split_pages([Section("", [_on_the_way(badge) for badge in open_ones])], lines=8)
    text, number = embeds.pick_page(pages, page)
    return Reply(embeds.build_embed(heading, text, colour=embeds.BLUE), number, len(pages))


def _share(badge: BadgeProgress) -> float:
    return min(1.0, badge.progress / badge.threshold) if badge.threshold > 0 else 0.0


def _on_the_way(badge: BadgeProgress) -> str:
    figures = _("{count} of {all}").format(count=_figure(badge.progress), all=_figure(badge.threshold))
    name, description = formatting.escape(of_badge(badge.name), 60), formatting.escape(of_badge(badge.description), 150)
    return f"{badge.emoji} **{name}** · {description}\n{formatting.progress_bar(_share(badge))} {figures}"


def _figure(value: float) -> str:
    return format_number(value, 0 if round(value, 1) == round(value) else 1)


async def all_badges(desk: ActorClient, arguments: str, page: int) -> Reply:
    """Every badge, the common first."""
    found = await desk.ask(GetBadgeCatalogue())
    sections = []
    rarities = [*embeds.RARITY_ORDER, *{b.rarity for b in found.badges if b.rarity not in embeds.RARITY_ORDER}]
    for rarity in rarities:
        lines = [_declared(badge) for badge in found.badges if badge.rarity == rarity]
        if lines:
            sections.append(Section(f"__{formatting.escape(_(rarity).capitalize(), 20)}__", lines))
    pages = (
        embeds.split_pages(sections, lines=10)
        if sections
        else [_("No badges are declared. An administrator declares them in a file: badges.toml.")]
    )
    text, number = embeds.pick_page(pages, page)
    return Reply(
        embeds.build_embed(_("🏅 All badges · {count}").format(count=len(found.badges)), text), number, len(pages)
    )


def _declared(badge: BadgeProgress) -> str:
    held = f" · {_('held by {count}').format(count=badge.holders)}" if badge.holders else ""
    return (
        f"{badge.emoji} **{formatting.escape(of_badge(badge.name), 60)}**{held}\n"
        f"{formatting.escape(of_badge(badge.description), 150)}"
    )


async def leaderboard(desk: ActorClient, arguments: str, page: int) -> Reply:
    """A page of a leaderboard; the argument is what it ranks by."""
    kind: LeaderboardKind = next((known for known in _BOARDS if known == arguments), "movies")
    return _board(await _ranked(desk, kind, page, None), _(_BOARDS[kind]))


async def top(desk: ActorClient, arguments: str, page: int) -> Reply:
    """Who watched most of late."""
    ranked = await _ranked(desk, "time", page, _now(desk) - TOP_DAYS * 86_400)
    return _board(ranked, _("🍿 Top watchers of the last {days} days").format(days=TOP_DAYS))


async def _ranked(desk: ActorClient, kind: LeaderboardKind, page: int, since_s: float | None) -> PageSlice[Leaderboard]:
    async def read(offset: int) -> Leaderboard:
        return await desk.ask(GetLeaderboard(kind, since_s, ROWS, offset))

    return await read_slice(read, lambda part: part.total, page, ROWS)


def _board(ranked: PageSlice[Leaderboard], heading: str) -> Reply:
    found, page, pages = ranked
    if not found.rows:
        text = _("Nobody yet. Watch something!")
        return Reply(embeds.build_embed(heading, text, colour=embeds.GREY), page, pages)
    lines = [
        f"{_PLACES.get(row.rank, f'**{row.rank}.**')} **{formatting.escape_person(row.username, 40)}** · "
        f"{_value(found.kind, row.value)}"
        for row in found.rows
    ]
    return Reply(embeds.build_embed(heading, "\n".join(lines)), page, pages)


def _value(kind: LeaderboardKind, value: float) -> str:
    match kind:
        case "movies":
            return format_count("{count} film", "{count} films", round(value))
        case "time":
            return format_duration(value)
        case "streak":
            return format_count("{count} day", "{count} days", round(value))
        case "badges":
            return format_count("{count} badge", "{count} badges", round(value))


async def _profile(desk: ActorClient, who: str) -> ViewerProfile:
    return await desk.ask(GetViewerStats(who, desk.asker))


def _unknown(name: str) -> Reply:
    text = _("Nothing watched yet. Join the voice channel while a film plays, and this fills by itself.")
    return Reply(embeds.build_embed(f"📊 {formatting.escape(name, 60)}", text, colour=embeds.GREY))


def _now(desk: ActorClient) -> float:
    return desk.clock.now().wall_s
