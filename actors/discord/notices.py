"""What announcements say: a film starts, a film ends, somebody earns badges."""

from collections.abc import Sequence

import discord

from actors.discord import look, words
from messages import BadgesAwarded, Screening, ScreeningEnded, ScreeningStarted, Seat

Notice = ScreeningStarted | ScreeningEnded | BadgesAwarded
MOST_AT_ONCE = 60
_TABLE_UNITS = 1500


def embed(notice: Notice) -> discord.Embed:
    """One announcement."""
    match notice:
        case ScreeningStarted():
            return _started(notice)
        case ScreeningEnded():
            return _ended(notice)
        case BadgesAwarded():
            return _badges(notice)


def line(notice: Notice) -> str:
    """The same in one line, for when many come at once."""
    match notice:
        case ScreeningStarted(screening=shown):
            return f"🎬 **{words.title(shown.item, 70)}** · {words.safe(shown.host, 40)}"
        case ScreeningEnded(screening=shown):
            seen = len([seat for seat in shown.seats if not seat.brief])
            return f"🏁 **{words.title(shown.item, 70)}** · {words.count(seen, 'viewer')}"
        case BadgesAwarded(badges=badges):
            earned = ", ".join(f"{badge.emoji} {words.safe(badge.name, 40)}" for badge in badges[:3])
            more = f" and {len(badges) - 3} more" if len(badges) > 3 else ""
            return f"🏅 **{words.safe(notice.username, 40)}**: {earned}{more}"


def embeds(notices: Sequence[Notice]) -> tuple[list[discord.Embed], int]:
    """Embeds of one message for the first of `notices`, and how many of them it covers (at least one).

    Up to ten are shown one by one; more are put together in lines, so that a rush is told at once and
    nobody's phone rings forty times.
    """
    if len(notices) > look.MOST_EMBEDS:
        return _roundup(notices[:MOST_AT_ONCE])
    shown: list[discord.Embed] = []
    left = look.MOST_IN_MESSAGE
    for notice in notices:
        made = embed(notice)
        left -= look.size(made)
        if left < 0 and shown:
            break
        shown.append(made)
    return shown, len(shown)


def _roundup(notices: Sequence[Notice]) -> tuple[list[discord.Embed], int]:
    lines: list[str] = []
    left = look.DESCRIPTION
    for notice in notices:
        said = line(notice)
        left -= words.measure(said) + 1
        if left < 0 and lines:
            break
        lines.append(said)
    told = notices[: len(lines)]
    counted = (
        (sum(isinstance(notice, ScreeningStarted) for notice in told), "started"),
        (sum(isinstance(notice, ScreeningEnded) for notice in told), "ended"),
        (sum(isinstance(notice, BadgesAwarded) for notice in told), "with new badges"),
    )
    heading = ", ".join(f"{number} {what}" for number, what in counted if number)
    return [look.card(f"🎞️ On the screens: {heading}", "\n".join(lines))], len(told)


def _started(notice: ScreeningStarted) -> discord.Embed:
    shown = notice.screening
    facts = [f"Started {words.ago(shown.started_at_s)}"]
    if shown.item.duration_ms:
        facts.append(words.duration(shown.item.duration_ms / 1000))
    facts.append(f"played by {words.safe(shown.host, 40)}")
    lines = [" · ".join(facts)]
    others = [words.safe(seat.username, 40) for seat in shown.seats if seat.present]
    if shown.party and others:
        lines.append(f"🍿 In the room: {words.name_list(others)}")
    if shown.item.genres:
        lines.append(", ".join(words.safe(genre, 30) for genre in shown.item.genres[:4]))
    return look.card(f"🎬 {words.title(shown.item, 200)}", "\n".join(lines), colour=look.GREEN)


def _ended(notice: ScreeningEnded) -> discord.Embed:
    shown = notice.screening
    staying = [seat for seat in shown.seats if not seat.brief]
    ran = max(0.0, notice.at.wall_s - shown.started_at_s)
    facts = [f"Ran {words.duration(ran)}", words.count(len(staying), "viewer")]
    lines = [" · ".join(facts)]
    if staying:
        lines += ["", look.lines_within([_seat(seat, shown) for seat in staying], _TABLE_UNITS)]
    return look.card(f"🏁 {words.title(shown.item, 200)}", "\n".join(lines), colour=look.BLUE)


def _seat(seat: Seat, shown: Screening) -> str:
    facts = [words.duration(seat.playing_s)]
    if seat.completion_percent is not None:
        facts.append(f"saw {words.percent(seat.completion_percent)}")
    late = seat.join_position_ms is not None and seat.join_position_ms > 60_000
    if late and shown.item.duration_ms:
        facts.append(f"from {words.position(seat.join_position_ms)}")
    return f"**{words.safe(seat.username, 40)}** · {' · '.join(facts)}"


def _badges(notice: BadgesAwarded) -> discord.Embed:
    name = words.safe(notice.username, 60)
    lines = [
        f"{badge.emoji} **{words.safe(badge.name, 60)}** · {badge.rarity}\n{words.safe(badge.description, 200)}"
        for badge in notice.badges
    ]
    best = max(
        (badge.rarity for badge in notice.badges),
        key=lambda rarity: look.RARITY_ORDER.index(rarity) if rarity in look.RARITY_ORDER else -1,
        default="common",
    )
    heading = f"🏅 {name} earned {words.count(len(notice.badges), 'badge')}"
    return look.card(heading, look.lines_within(lines, _TABLE_UNITS), colour=look.RARITY_COLOURS.get(best, look.GREY))
