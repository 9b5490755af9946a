"""`activewatches`: who is watching what right now, and for how long."""

import asyncio

from actors.chat.discord.framework.actor_client import ActorClient, UnansweredError
from actors.chat.discord.framework.command import CommandGroup, command
from actors.chat.discord.framework.pages import refresh_button
from actors.chat.discord.framework.replies import CommandContext, show_page
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Reply, Section
from messages import ActiveWatch, ActiveWatches, GetSaveStatus, ListActiveWatches
from wording.durations import format_duration, format_position
from wording.lanes import describe_hidden
from wording.numbers import format_number, format_share_seen
from wording.playback import player_state_icon, player_state_name
from wording.problems import translate_all
from wording.translation import N_, _, ngettext

NOTICE = 600
"""Characters of a notice at most: it names films, whose titles come from Plex servers."""


async def build_page(actors: ActorClient, arguments: str, page: int) -> Reply:
    """Build a page of active watches."""
    now, saving = await asyncio.gather(actors.ask(ListActiveWatches()), _describe_saving(actors))
    if not now.watches:
        text = _("Nobody is watching right now.")
        shown, pages = 0, 1
    else:
        made = embeds.split_pages(_group_by_screening(now))
        text, shown = embeds.pick_page(made, page)
        pages = len(made)
    lines = [text, "", saving]
    if now.notice:
        lines.insert(0, f"⚠️ {formatting.escape(translate_all(now.reasons, now.notice), NOTICE)}\n")
    heading = _("🎟️ Active watches") + (
        f" · {format_number(len(now.watches) + now.more_watches)}" if now.watches else ""
    )
    embed = embeds.build_embed(heading, "\n".join(lines), colour=embeds.GREEN if now.watches else embeds.GREY)
    return Reply(embed, shown, pages, () if pages > 1 else (refresh_button("activewatches"),))


async def _describe_saving(actors: ActorClient) -> str:
    """Return the line about saves; if the store does not answer, without its figures."""
    try:
        status = await actors.ask(GetSaveStatus(), 2.5)
    except UnansweredError:
        unknown = _("last save unknown: the store is restarting")
        return f"{_describe_interval(actors.settings.auto_save_interval_minutes)} · {unknown}"
    last = _("nothing saved yet")
    if status.last_saved_s:
        last = _("last save {ago}").format(ago=formatting.relative_time(status.last_saved_s))
    line = f"{_describe_interval(status.auto_save_minutes)} · {last}"
    if status.last_error:
        line += "\n❌ " + _("The last save failed: {reason}").format(reason=formatting.escape(status.last_error, 200))
    return line


def _describe_interval(every_minutes: float) -> str:
    decimals = len(f"{every_minutes:g}".partition(".")[2])
    figure = every_minutes if every_minutes == int(every_minutes) else 2
    said = ngettext("💾 Auto-saves every {count} minute", "💾 Auto-saves every {count} minutes", figure)
    return said.format(count=format_number(every_minutes, decimals))


def _group_by_screening(now: ActiveWatches) -> list[Section]:
    """Return the watches grouped by screening, in the order of the longest watch of each."""
    screenings = {shown.screening_id: shown for shown in now.screenings}
    watches: dict[str, list[ActiveWatch]] = {}
    for watch in now.watches:
        watches.setdefault(watch.screening_id, []).append(watch)
    sections = []
    for screening_id, members in watches.items():
        first = next((watch for watch in members if watch.viewer_id), members[0])
        screening = screenings.get(screening_id)
        length = first.item.duration_ms
        at = _("live") if first.item.live else format_position(first.position_ms)
        whole = _("{position} of {length}").format(position=at, length=format_position(length)) if length else at
        party = " 🍿" if screening is not None and (screening.party or screening.merged) else ""
        state = f"{player_state_icon(first.state)} {player_state_name(first.state)} · {whole}"
        heading = f"**{formatting.escape_title(first.item, 80)}**{party}\n{state}"
        if length and first.position_ms is not None:
            heading += f" {formatting.progress_bar(first.position_ms / length)}"
        shown = [watch for watch in members if watch.viewer_id]
        hidden = describe_hidden(len(members) - len(shown))
        lines = [_format_watch(watch, first) for watch in shown]
        sections.append(Section(heading, [*lines, hidden] if hidden else lines))
    return sections


def _format_watch(watch: ActiveWatch, first: ActiveWatch) -> str:
    """Return a viewer's line; the position is shown once above all lines, unless the viewer's differs."""
    facts = [_("watching {time}").format(time=format_duration(watch.watched_s))]
    if not watch.item.live:  # live TV has no positions
        facts.append(_("joined at {position}").format(position=format_position(watch.join_position_ms)))
    if (watch.state, watch.position_ms) != (first.state, first.position_ms):
        where = _("{state} at {position}")
        facts.insert(
            0,
            where.format(
                state=player_state_name(watch.state),
                position=format_position(watch.position_ms),
            ),
        )
    if watch.completion_percent is not None:
        facts.append(format_share_seen(watch.completion_percent))
    mark = {"voice": "🔊 ", "manual": "✍️ "}.get(watch.source, "")
    return f"{mark}**{formatting.escape_person(watch.username, 40)}** · {' · '.join(facts)}"


@command("activewatches", N_("Who is watching what right now"), group=CommandGroup.NOW, page=build_page)
async def activewatches(ctx: CommandContext) -> None:
    """Answer with every active watch, by film."""
    await show_page(ctx)
