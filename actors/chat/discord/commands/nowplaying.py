"""`nowplaying`: the films that are playing right now."""

from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.command import CommandGroup, command
from actors.chat.discord.framework.pages import refresh_button
from actors.chat.discord.framework.replies import CommandContext, show_page
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Reply, Section
from messages import ListActiveWatches, Moment, Screening
from wording.durations import format_duration, format_position
from wording.lanes import describe_hidden
from wording.numbers import format_number, format_percent
from wording.playback import player_state_icon
from wording.problems import translate_all
from wording.text import join_names
from wording.translation import N_, _

_NAMES = 12
NOTICE = 600
"""Characters of a notice at most: it names films, whose titles come from Plex servers."""


async def build_page(actors: ActorClient, arguments: str, page: int) -> Reply:
    """Build a page of the films that are playing."""
    now = await actors.ask(ListActiveWatches())
    sections = [Section(_format_heading(shown), _format_facts(shown, now.at)) for shown in now.screenings]
    pages = embeds.split_pages(sections, lines=12) if sections else [_("Nothing is playing right now.")]
    text, number = embeds.pick_page(pages, page)
    if now.notice:
        text = f"⚠️ {formatting.escape(translate_all(now.reasons, now.notice), NOTICE)}\n\n{text}"
    playing = len(now.screenings) + now.more_screenings
    heading = _("🎬 Now playing") + (f" · {format_number(playing)}" if playing > 1 else "")
    embed = embeds.build_embed(heading, text, colour=embeds.GREEN if now.screenings else embeds.GREY)
    return Reply(embed, number, len(pages), () if len(pages) > 1 else (refresh_button("nowplaying"),))


def _format_heading(shown: Screening) -> str:
    return f"**{formatting.escape_title(shown.item, 100)}**"


def _format_facts(shown: Screening, at: Moment) -> list[str]:
    length, position = shown.item.duration_ms, shown.estimate_position(at)
    lines = []
    if shown.item.live:
        lines.append(f"{player_state_icon(shown.state)} {_('live')}")
    elif length and position is not None:
        left = format_duration((length - position) / 1000)
        lines.append(f"{formatting.progress_bar(position / length)} {format_percent(position / length * 100)}")
        said = _("{position} of {length} · {time} left")
        said = said.format(position=format_position(position), length=format_position(length), time=left)
        lines.append(f"{player_state_icon(shown.state)} {said}")
    else:
        lines.append(f"{player_state_icon(shown.state)} {format_position(position)}")
    host, ago = formatting.escape_person(shown.host, 40), formatting.relative_time(shown.started_at_s)
    if shown.merged:
        lines.append(_("Watched together · started {ago}").format(ago=ago))
    else:
        lines.append(_("Played by {name} · started {ago}").format(name=host, ago=ago))
    there = [seat for seat in shown.seats if seat.present]
    names = [formatting.escape_person(seat.username, 40) for seat in there if seat.viewer_id]
    if said := " · ".join(
        each for each in (join_names(names, _NAMES), describe_hidden(len(there) - len(names))) if each
    ):
        lines.append(f"👥 {said}")
    return lines


def position_now(shown: Screening, at: Moment) -> int | None:
    """Return the film's position at `at`, ms, moved on since it was last seen if it plays; None if unknown."""
    if shown.position_ms is None:
        return None
    since_ms = int((at.steady_s - shown.seen.steady_s) * 1000) if shown.state == "playing" else 0
    moved = shown.position_ms + max(0, since_ms)
    return min(moved, shown.item.duration_ms) if shown.item.duration_ms else moved


@command("nowplaying", N_("What's playing right now"), group=CommandGroup.NOW, page=build_page)
async def nowplaying(ctx: CommandContext) -> None:
    """Answer with every film that is playing."""
    await show_page(ctx)
