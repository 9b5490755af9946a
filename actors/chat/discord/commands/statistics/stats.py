"""`stats`: a viewer's films, hours and streaks."""

import discord

from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.command import CommandGroup, command
from actors.chat.discord.framework.pages import unpack_arguments
from actors.chat.discord.framework.replies import CommandContext, show_page
from actors.chat.discord.framework.viewer_choice import pack_viewer, suggest_viewers
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Field, Reply
from messages import GetViewerStats, ViewerProfile, ViewerStats
from wording import chart_data, dates
from wording.dates import format_decade
from wording.durations import format_duration
from wording.numbers import format_count, format_number
from wording.times import local_time
from wording.translation import N_, _


async def build_page(actors: ActorClient, arguments: str, page: int) -> Reply:
    """Build a viewer's figures."""
    who, name = unpack_arguments(arguments, 2)
    profile = await actors.ask(GetViewerStats(who, actors.asker))
    if profile.hidden or profile.figures_hidden:
        return embeds.private_notice(f"📊 {formatting.escape(name, 60)}", name)
    if profile.stats is None:
        return _build_unknown(name)
    today = local_time(actors.settings.timezone, actors.clock.now().wall_s).date()
    picture = chart_data.viewer_chart(profile, today)
    beside = _build_figures(profile, profile.stats, drawn=True)
    if labels := chart_data.undrawn_labels(picture):
        beside.add_field(name=_("🎭 Genres"), value=embeds.join_lines_within(formatting.numbered_lines(labels)))
    return Reply(_build_figures(profile, profile.stats), picture=picture, beside=beside)


def _build_figures(profile: ViewerProfile, shown: ViewerStats, *, drawn: bool = False) -> discord.Embed:
    streak = format_count("{count} day", "{count} days", shown.current_streak_days)
    if shown.longest_streak_days > shown.current_streak_days:
        streak = _("{streak} (best {days})").format(streak=streak, days=shown.longest_streak_days)
    films = format_number(shown.total_movies)
    if shown.total_movies:
        films = _("{films} ({completed} finished)").format(films=films, completed=format_number(shown.completed_movies))
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
            fields.append(Field(heading, _join_most(counted)))
    lines = []
    if shown.watching_now:
        lines.append(_("▶️ Watching **{title}** now").format(title=formatting.escape(shown.watching_now, 100)))
    if shown.last_watch_date:
        lines.append(
            _("Last watched on {date}").format(date=formatting.escape(dates.format_date(shown.last_watch_date), 20))
        )
    return embeds.build_embed(f"📊 {formatting.escape(shown.username, 60)}", "\n".join(lines), fields=fields)


def _join_most(counted: dict[str, int], most: int = 5) -> str:
    order = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
    return " · ".join(f"{formatting.escape(name, 40)} {number}" for name, number in order[:most])


def _build_unknown(name: str) -> Reply:
    text = _("Nothing watched yet. Join the voice channel while a film is playing, and your stats start counting.")
    return Reply(embeds.build_embed(f"📊 {formatting.escape(name, 60)}", text, colour=embeds.GREY))


@command(
    "stats",
    N_("Films, hours and streaks of a viewer"),
    group=CommandGroup.YOU,
    usage=N_("[@somebody or a name]"),
    parameters={"who": N_("Whose: a member, or a viewer's name; leave out for your own")},
    autocomplete={"who": suggest_viewers},
    page=build_page,
)
async def stats(ctx: CommandContext, *, who: str = "") -> None:
    """Answer with a viewer's figures."""
    await show_page(ctx, await pack_viewer(ctx, who))
