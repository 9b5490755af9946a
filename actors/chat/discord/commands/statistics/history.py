"""`history`: finished watches, the newest first."""

import datetime
import re
import zoneinfo
from typing import Annotated

import discord
from discord import app_commands

from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.autocompletion import build_choice, suggest_titles
from actors.chat.discord.framework.command import CommandGroup, Cooldown, command
from actors.chat.discord.framework.command_errors import RefusedError
from actors.chat.discord.framework.pages import pack_arguments, read_slice, unpack_arguments
from actors.chat.discord.framework.replies import (
    CommandContext,
    acknowledge_then,
    send_reply,
    split_trailing_argument,
)
from actors.chat.discord.framework.viewer_choice import (
    ViewerMention,
    find_viewer,
    split_viewer,
    suggest_viewers,
)
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Reply, Section
from messages import GetHistory, HistoryPage, WatchRecord
from wording.durations import format_duration, format_position
from wording.numbers import format_count, format_share_seen
from wording.translation import N_, _

ROWS = 8
_SINCE = N_("1d 1w 1m 1y")
"""A day, a week, a month and a year in short form."""
_DAYS = (1, 7, 30, 365)
_FARTHEST_YEARS = 50
"""A time longer ago is treated as a typing error."""
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_SUGGESTED = ((N_("The last week"), "7d"), (N_("The last month"), "1m"), (N_("The last year"), "1y"))


def parse_since(text: str, actors: ActorClient) -> float | None:
    """Return the time that a text for "since" means, seconds since 1970; None if it is not a time."""
    clean = text.strip().lower()
    if match := re.fullmatch(r"(\d{1,4})\s*([^\W\d])(?:(?<=[dwmy])(?:ays?|eeks?|onths?|ears?))?", clean):
        for units in (_SINCE, _(_SINCE)):
            if match[2] in (letters := re.findall(r"1(\w)", units)):
                return actors.clock.now().wall_s - int(match[1]) * _DAYS[letters.index(match[2])] * 86_400
    try:
        dotted = _DOTTED.fullmatch(clean)
        day = datetime.date(*map(int, dotted.groups()[::-1])) if dotted else datetime.date.fromisoformat(clean)
    except ValueError:
        return None
    zone = zoneinfo.ZoneInfo(actors.settings.timezone)
    return datetime.datetime.combine(day, datetime.time(), zone).timestamp()


async def build_page(actors: ActorClient, arguments: str, page: int) -> Reply:
    """Build a page of finished watches."""
    whose, since, title = unpack_arguments(arguments, 3)
    from_s = float(since) if since.lstrip("-").isdigit() else None

    async def read(offset: int) -> HistoryPage:
        question = GetHistory(whose, title, from_s, ROWS, offset, actors.asker)
        return await actors.ask(question)

    history_page, page, pages = await read_slice(read, lambda part: part.total, page, ROWS)
    if history_page.hidden:
        return embeds.private_notice(_("📜 History"))
    lines = [_format_watch(record, bool(whose)) for record in history_page.records]
    asked = [_("“{title}”").format(title=formatting.escape(title, 60))] if title else []
    if from_s is not None:
        asked.append(_("since {date}").format(date=f"<t:{int(from_s)}:d>"))
    if whose and history_page.records:
        asked.insert(0, formatting.escape(history_page.records[0].username, 40))
    top = f"{' · '.join(asked)}\n\n" if asked else ""
    none = _("No watches match that. `!history` shows them all.") if whose or asked else _("Nothing watched yet.")
    if title and not whose:
        none += " " + _("To see what a member watched, mention them.")
    text = embeds.split_pages([Section("", lines)], lines=ROWS, units=3500)[0] if lines else none
    heading = format_count("📜 History · {count} watch", "📜 History · {count} watches", history_page.total)
    colour = embeds.GOLD if lines else embeds.GREY
    return Reply(embeds.build_embed(heading, top + text, colour=colour), page, pages, nothing=not lines)


def _format_watch(record: WatchRecord, one_viewer: bool) -> str:
    facts = [] if one_viewer else [formatting.escape_person(record.username, 40)]
    facts.append(format_duration(record.playing_s))
    if record.completion_percent is not None:
        saw = format_share_seen(record.completion_percent)
        facts.append(f"{saw} ✅" if record.completed else saw)
    if record.join_position_ms is not None and record.join_position_ms >= 60_000:
        facts.append(_("from {position}").format(position=format_position(record.join_position_ms)))
    if record.brief:
        facts.append(_("brief"))
    title, ago = formatting.escape_title(record.item, 70), formatting.relative_time(record.ended_at_s)
    return f"**{title}** · {ago}\n{' · '.join(facts)}"


async def suggest_times(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
    """Return usual times."""
    return [build_choice(_(name), value) for name, value in _SUGGESTED]


@command(
    "history",
    N_("Watch history, newest first"),
    group=CommandGroup.YOU,
    usage=N_("[@somebody or a name] [title] [since]"),
    cooldown=Cooldown(3, 10.0),
    parameters={
        "who": N_("Whose: a member, or a viewer's name; leave out for everybody's"),
        "title": N_("Part of a title"),
        "since": N_("7d, 2w, 3m, 1y or a date like 2026-10-31"),
    },
    autocomplete={"who": suggest_viewers, "title": suggest_titles, "since": suggest_times},
    page=build_page,
)
async def history(
    ctx: CommandContext,
    who: Annotated[str, ViewerMention] | None = None,
    title: str = "",
    since: str = "",
) -> None:
    """Answer with finished watches."""
    title, since = split_trailing_argument(ctx, title, since, lambda word: parse_since(word, ctx.actors) is not None)
    since_s = parse_since(since, ctx.actors)
    if since and since_s is None:
        raise RefusedError(
            _("{text} isn't a time.").format(text=formatting.escape(since, 40)),
            _("Use 7d, 2w, 3m, 1y or a date like 2026-10-31."),
        )
    now_s = ctx.actors.clock.now().wall_s
    if since_s is not None and since_s < now_s - _FARTHEST_YEARS * _DAYS[-1] * 86_400:
        raise RefusedError(
            _("{text} is too far back.").format(text=formatting.escape(since, 40)),
            _("I can look back {years} years at most.").format(years=_FARTHEST_YEARS),
        )
    await send_reply(ctx, *await acknowledge_then(ctx, _build_first_page(ctx, who or "", title, since_s)))


async def _build_first_page(
    ctx: CommandContext, who: str, title: str, since_s: float | None
) -> tuple[Reply, discord.ui.View | None]:
    """Build the first page.

    If no title matches, the text may be a viewer's name, or begin with one: people write it without a mention.
    """
    since = f"{since_s:.0f}" if since_s is not None else ""
    whose = (await find_viewer(ctx, who)).viewer_id if who else ""
    reply, view = await ctx.pages.build("history", pack_arguments(whose, since, title), asker=ctx.asker)
    if reply.nothing and title and not who:
        viewer, part = await split_viewer(ctx, title)
        if viewer is not None:
            return await ctx.pages.build("history", pack_arguments(viewer.viewer_id, since, part), asker=ctx.asker)
    return reply, view
