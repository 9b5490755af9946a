"""Builds the embeds of a card: the film while it is playing, and the night's record afterwards.

Hidden viewers are counted in one line, which does not say when they came or how much they saw.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import discord

from actors.chat.discord.features.film_night import event_attendance
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Field
from messages import Attendee, Moment, PositionMs, Screening, ScreeningEnded
from wording.durations import format_duration, format_position
from wording.lanes import describe_hidden
from wording.numbers import format_count, format_percent, format_share_seen
from wording.playback import player_state_icon, player_state_name
from wording.text import join_names
from wording.translation import _

BAR_CELLS = 18
LATE_MS = 60_000
"""A viewer who joined before this position, ms, saw the film from the start."""
_TABLE_UNITS = 1500
_SEATS_UNITS = 900


def build_playing(shown: Screening, at: Moment) -> discord.Embed:
    """Return the card of a film that is playing, as of `at`."""
    lines = [*_format_progress(shown, at), _format_facts(shown)]
    if shown.item.genres:
        lines.append(", ".join(formatting.escape(genre, 30) for genre in shown.item.genres[:4]))
    here = [seat for seat in shown.seats if seat.present]
    still_here = {seat.viewer_id for seat in here}
    gone = {
        seat.viewer_id: seat.username for seat in shown.seats if seat.viewer_id not in still_here and seat.viewer_id
    }
    gone_hidden = sum(not seat.present and not seat.viewer_id for seat in shown.seats)
    fields = []
    if here:
        watching = _("🍿 Watching · {count}") if shown.party else _("👤 Watching · {count}")
        if shown.merged and len(here) > 1:
            watching = _("🍿 Watching together · {count}")
        fields.append(
            Field(watching.format(count=len(here)), embeds.join_lines_within(_list_attendees(here, _format_attendee)))
        )
    if gone or gone_hidden:
        names = join_names([formatting.escape_person(name, 40) for name in sorted(gone.values())])
        left = " · ".join(part for part in (names, describe_hidden(gone_hidden)) if part)
        fields.append(Field(_("👋 Left"), left))
    colour = embeds.GREY if shown.state == "paused" else embeds.GREEN
    return embeds.build_embed(
        f"🎬 {formatting.escape_title(shown.item, 200)}", "\n".join(lines), colour=colour, fields=fields
    )


def build_deserted(shown: Screening) -> discord.Embed:
    """Return the card of a film whose viewers have all left or are hidden: it names nobody."""
    return embeds.build_embed(
        f"🎬 {formatting.escape_title(shown.item, 200)}", _("Nobody is watching right now."), colour=embeds.GREY
    )


def build_record(
    ended: ScreeningEnded, badges: Sequence[tuple[str, str, str]] = (), said: Sequence[str] = ()
) -> discord.Embed:
    """Build the night's record: how much each viewer saw, the most first; badges; and who of the `said` came.

    `badges`: viewer id, viewer's name and badge. `said`: ids of those who had said that they would come.
    """
    shown = ended.screening
    staying = sorted((seat for seat in shown.seats if not seat.brief), key=_most_seen_first)
    ran = max(0.0, ended.at.wall_s - shown.started_at_s)
    viewers = format_count("{count} viewer", "{count} viewers", len(staying))
    ran_line = _("Ran {time} · {viewers} · {when}")
    if shown.merged and len(staying) > 1:
        ran_line = _("Ran {time} · {viewers} together · {when}")
    lines = [
        ran_line.format(time=format_duration(ran), viewers=viewers, when=formatting.date_and_time(shown.started_at_s))
    ]
    if staying:
        seen = _list_attendees(staying, lambda seat: _format_record(seat, shown))
        lines += ["", embeds.join_lines_within(seen, _TABLE_UNITS)]
    fields = [Field(_("🏅 Badges"), embeds.join_lines_within(_format_badges(badges), _SEATS_UNITS))] if badges else []
    if (promised := event_attendance.build_field(said, shown)) is not None:
        fields.append(promised)
    return embeds.build_embed(
        f"🏁 {formatting.escape_title(shown.item, 200)}", "\n".join(lines), colour=embeds.BLUE, fields=fields
    )


def signature(shown: Screening) -> tuple[Any, ...]:
    """Return the state whose changes people want to see soon: who is watching, and whether the film is playing."""
    return (
        shown.state == "paused",
        shown.item,
        shown.party,
        tuple((seat.viewer_id, seat.present) for seat in shown.seats),
    )


def _format_progress(shown: Screening, at: Moment) -> list[str]:
    position, length = shown.estimate_position(at), shown.item.duration_ms
    paused = shown.state == "paused"
    word = _("Paused") if paused else _("Live") if shown.item.live else player_state_name(shown.state).capitalize()
    mark = player_state_icon(shown.state)
    if position is None or not length:
        if position is not None:
            word = _("{state} at {position}").format(state=word, position=format_position(PositionMs(position)))
        return [f"{mark} {word}"]
    left_s = (length - position) / 1000
    share = f"{formatting.progress_bar(position / length, BAR_CELLS)} **{format_percent(100 * position / length)}**"
    end = int(at.wall_s + left_s)
    until = _("{time} left") if paused else _("{time} left, until {clock} ({ago})")
    return [
        f"{mark} {share}",
        _("{state} · **{position}** of {length}").format(
            state=word,
            position=format_position(PositionMs(position)),
            length=format_position(length),
        ),
        until.format(time=format_duration(left_s), clock=f"<t:{end}:t>", ago=formatting.relative_time(end)),
    ]


def _format_facts(shown: Screening) -> str:
    if shown.merged:
        return _("Started {ago} · watched together").format(ago=formatting.relative_time(shown.started_at_s))
    return _("Started {ago} · played by {name}").format(
        ago=formatting.relative_time(shown.started_at_s), name=formatting.escape_person(shown.host, 40)
    )


def _list_attendees(seats: Sequence[Attendee], describe: Callable[[Attendee], str]) -> list[str]:
    """Return a line for each attendee, and one for all hidden ones, who have no id."""
    shown = [seat for seat in seats if seat.viewer_id]
    hidden = describe_hidden(len(seats) - len(shown))
    return [*map(describe, shown), *([hidden] if hidden else [])]


def _format_attendee(seat: Attendee) -> str:
    return f"**{formatting.escape_person(seat.username, 40)}** · {_format_join(seat)}"


def _format_join(seat: Attendee) -> str:
    if seat.join_position_ms is None:
        return _("since {ago}").format(ago=formatting.relative_time(seat.joined_at_s))
    if seat.join_position_ms < LATE_MS:
        return _("from the start")
    return _("from {position}").format(position=format_position(seat.join_position_ms))


def _most_seen_first(seat: Attendee) -> tuple[float, float, float]:
    """Return an attendee's sort key: the greatest share seen first, then the longest time, then who joined first."""
    return -(seat.completion_percent or 0.0), -seat.playing_s, seat.joined_at_s


def _format_record(seat: Attendee, shown: Screening) -> str:
    facts = [format_duration(seat.playing_s)]
    if seat.completion_percent is not None:
        facts.append(format_share_seen(seat.completion_percent))
    late = seat.join_position_ms is not None and seat.join_position_ms >= LATE_MS
    if late and shown.item.duration_ms:
        facts.append(_("from {position}").format(position=format_position(seat.join_position_ms)))
    return f"**{formatting.escape_person(seat.username, 40)}** · {' · '.join(facts)}"


def _format_badges(badges: Iterable[tuple[str, str, str]]) -> list[str]:
    by_viewer: dict[tuple[str, str], list[str]] = {}
    for viewer_id, name, badge in badges:
        by_viewer.setdefault((viewer_id, name), []).append(badge)
    return [
        f"**{formatting.escape(name, 40)}** · {join_names([_escape_badge(badge) for badge in earned], 6)}"
        for (_who, name), earned in by_viewer.items()
    ]


def _escape_badge(badge: str) -> str:
    """Return a badge's emoji, which may be the server's own, and its escaped name."""
    emoji, _space, name = badge.partition(" ")
    return f"{emoji} {formatting.escape(name, 40)}"
