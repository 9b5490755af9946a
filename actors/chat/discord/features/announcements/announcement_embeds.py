"""Builds the embeds of announcements: a film starts, a film ends, somebody earns badges."""

import itertools
from collections.abc import Iterable, Sequence

import discord
from msgspec.structs import replace

from actors.chat.discord.features.live_card import live_card_embeds
from actors.chat.discord.ui import embeds, formatting
from messages import BadgesAwarded, ScreeningEnded, ScreeningStarted
from wording.numbers import format_count, format_number
from wording.text import utf16_length
from wording.translation import _, gettext_badge, ngettext

Announcement = ScreeningStarted | ScreeningEnded | BadgesAwarded
MOST_AT_ONCE = 60
_TABLE_UNITS = 1500


def build_embed(notice: Announcement) -> discord.Embed:
    """Return the embed of one announcement."""
    match notice:
        case ScreeningStarted():
            return live_card_embeds.build_playing(notice.screening, notice.at)
        case ScreeningEnded():
            return live_card_embeds.build_record(notice)
        case BadgesAwarded():
            return _build_badges(notice)


def build_line(notice: Announcement) -> str:
    """Return an announcement in one line, for a message with many."""
    match notice:
        case ScreeningStarted(screening=shown):
            return f"🎬 **{formatting.escape_title(shown.item, 70)}** · {formatting.escape_person(shown.host, 40)}"
        case ScreeningEnded(screening=shown):
            seen = len([seat for seat in shown.seats if not seat.brief])
            viewers = format_count("{count} viewer", "{count} viewers", seen)
            return f"🏁 **{formatting.escape_title(shown.item, 70)}** · {viewers}"
        case BadgesAwarded(badges=badges):
            earned = [f"{badge.emoji} {formatting.escape(gettext_badge(badge.name), 40)}" for badge in badges]
            return f"🏅 **{formatting.escape_person(notice.username, 40)}**: {_first_three(earned)}"


def _first_three(names: list[str]) -> str:
    shown, more = ", ".join(names[:3]), len(names) - 3
    if more <= 0:
        return shown
    return ngettext("{names} and {count} more", "{names} and {count} more", more).format(names=shown, count=more)


def build_embeds(notices: Sequence[Announcement]) -> tuple[list[discord.Embed], int]:
    """Return embeds of one message for the first of `notices`, and how many of them it covers (at least one).

    Up to ten have an embed each; more are lines of one embed, so that many at once make one message and one
    notification.
    """
    if len(notices) > embeds.MOST_EMBEDS:
        return _build_roundup(notices[:MOST_AT_ONCE])
    shown: list[discord.Embed] = []
    left, covered = embeds.MOST_IN_MESSAGE, 0
    for is_badges, group in itertools.groupby(notices, lambda notice: isinstance(notice, BadgesAwarded)):
        together = list(group)
        parts = [together] if is_badges and len(together) > 1 else [[notice] for notice in together]
        for part in parts:
            made = build_embed(part[0]) if len(part) == 1 else _build_badges_of_many(part)
            left -= embeds.count_units(made)
            if left < 0 and shown:
                return shown, covered
            shown.append(made)
            covered += len(part)
    return shown, covered


def _build_badges_of_many(notices: Sequence[Announcement]) -> discord.Embed:
    """Return one embed for badges that were earned at different moments: a line for each viewer."""
    awarded = _join_by_viewer(notice for notice in notices if isinstance(notice, BadgesAwarded))
    if len(awarded) == 1:
        return _build_badges(awarded[0])
    count = sum(len(notice.badges) for notice in awarded)
    heading = ngettext("🏅 {count} badge earned", "🏅 {count} badges earned", count).format(count=format_number(count))
    best = max((_best_rarity(notice) for notice in awarded), key=_rarity_place)
    lines = [build_line(notice).removeprefix("🏅 ") for notice in awarded]
    colour = embeds.RARITY_COLOURS.get(best, embeds.GREY)
    return embeds.build_embed(heading, embeds.join_lines_within(lines, _TABLE_UNITS), colour=colour)


def _join_by_viewer(notices: Iterable[BadgesAwarded]) -> list[BadgesAwarded]:
    by_viewer: dict[str, BadgesAwarded] = {}
    for notice in notices:
        known = by_viewer.get(notice.viewer_id)
        by_viewer[notice.viewer_id] = replace(known, badges=known.badges + notice.badges) if known else notice
    return list(by_viewer.values())


def _best_rarity(notice: BadgesAwarded) -> str:
    return max((badge.rarity for badge in notice.badges), key=_rarity_place, default="common")


def _rarity_place(rarity: str) -> int:
    return embeds.RARITY_ORDER.index(rarity) if rarity in embeds.RARITY_ORDER else -1


def _build_roundup(notices: Sequence[Announcement]) -> tuple[list[discord.Embed], int]:
    lines: list[str] = []
    left = embeds.DESCRIPTION
    for notice in notices:
        said = build_line(notice)
        left -= utf16_length(said) + 1
        if left < 0 and lines:
            break
        lines.append(said)
    told = notices[: len(lines)]
    started = sum(isinstance(notice, ScreeningStarted) for notice in told)
    ended = sum(isinstance(notice, ScreeningEnded) for notice in told)
    awarded = sum(isinstance(notice, BadgesAwarded) for notice in told)
    parts = (
        format_count("{count} started", "{count} started", started) if started else "",
        format_count("{count} ended", "{count} ended", ended) if ended else "",
        format_count("{count} with new badges", "{count} with new badges", awarded) if awarded else "",
    )
    heading = _("🎞️ Films: {what}").format(what=", ".join(part for part in parts if part))
    return [embeds.build_embed(heading, "\n".join(lines))], len(told)


def _build_badges(notice: BadgesAwarded) -> discord.Embed:
    name = formatting.escape_person(notice.username, 60)
    lines = [
        f"{badge.emoji} **{formatting.escape(gettext_badge(badge.name), 60)}** · {_(badge.rarity)}\n"
        f"{formatting.escape(gettext_badge(badge.description), 200)}"
        for badge in notice.badges
    ]
    best = _best_rarity(notice)
    count = len(notice.badges)
    heading = ngettext("🏅 {name} earned {count} badge", "🏅 {name} earned {count} badges", count)
    heading = heading.format(name=name, count=format_number(count))
    return embeds.build_embed(
        heading,
        embeds.join_lines_within(lines, _TABLE_UNITS),
        colour=embeds.RARITY_COLOURS.get(best, embeds.GREY),
    )
