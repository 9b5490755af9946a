"""The events of a screening so far: who joined, left and came back, and when."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec

from actors.web.pages.clock import format_clock
from messages import SOMEBODY, Attendee, NightBadge, Screening
from wording.durations import format_film_minute
from wording.numbers import format_number
from wording.text import clean_line
from wording.titles import display_title
from wording.translation import _, gettext_badge, ngettext

MOST_ENTRIES = 8
TOGETHER_S = 60.0
"""A viewer who joins within so many seconds of the start counts as present from the beginning."""
AWAY_S = 60.0
"""Absences shorter than this are not listed; seconds."""


class FeedEntry(msgspec.Struct, frozen=True):
    """An event of a screening."""

    clock: str
    text: str


def build_feed(screening: Screening, zone: ZoneInfo, badges: Iterable[NightBadge] = ()) -> tuple[FeedEntry, ...]:
    """Return the events, the newest first, without hidden viewers. `badges`: those earned at this screening."""
    events = [*_list_events(screening), *_list_badges(screening, badges)]
    events.sort(key=lambda event: event[0], reverse=True)
    return tuple(FeedEntry(format_clock(at_s, zone), text) for at_s, text in events[:MOST_ENTRIES])


def _list_events(screening: Screening) -> Iterator[tuple[float, str]]:
    shown = [seat for seat in screening.seats if seat.username != SOMEBODY]
    first = [seat for seat in screening.seats if seat.joined_at_s - screening.started_at_s <= TOGETHER_S]
    title = clean_line(display_title(screening.item), 100)
    began = ngettext("{title} began with {count} viewer", "{title} began with {count} viewers", len(first))
    yield screening.started_at_s, began.format(title=title, count=format_number(len(first)))
    for seat in shown:
        name = clean_line(seat.username, 60)
        if seat not in first:
            yield seat.joined_at_s, _place(_("{name} came in, at {position}"), name, seat.join_position_ms)
        yield from _list_absences(seat, screening, name)
        if not seat.present and seat.left_at_s is not None:
            end_ms = seat.spans[-1][1] if seat.spans else None
            yield seat.left_at_s, _place(_("{name} left, at {position}"), name, end_ms)


def _list_badges(screening: Screening, badges: Iterable[NightBadge]) -> Iterator[tuple[float, str]]:
    """Yield who earned a badge."""
    names = {seat.viewer_id: clean_line(seat.username, 60) for seat in screening.seats if seat.viewer_id}
    for earned in badges:
        if earned.viewer_id in names:
            badge = f"{clean_line(earned.badge.emoji, 20)} {gettext_badge(earned.badge.name)}"
            text = _("{name} earned {badge}").format(name=names[earned.viewer_id], badge=badge)
            yield earned.badge.earned_at_s, text


def _list_absences(seat: Attendee, screening: Screening, name: str) -> Iterator[tuple[float, str]]:
    """Yield when somebody left and came back, if the film ran for others meanwhile."""
    others = [each for each in screening.seats if each is not seat]
    ends = [end for _start, end in seat.spans]
    for number, (before, after) in enumerate(pairwise(seat.sittings)):
        if after.start_s - before.end_s < AWAY_S or not _ran_between(others, before.end_s, after.start_s):
            continue
        is_aligned = len(seat.spans) == len(seat.sittings)
        yield before.end_s, _place(_("{name} left, at {position}"), name, ends[number] if is_aligned else None)
        back_ms = seat.spans[number + 1][0] if is_aligned else None
        yield after.start_s, _place(_("{name} came back, at {position}"), name, back_ms)


def _ran_between(seats: list[Attendee], from_s: float, to_s: float) -> bool:
    """Tell whether the film ran for one of these viewers within that time."""
    return any(sitting.start_s < to_s and sitting.end_s > from_s for seat in seats for sitting in seat.sittings)


def _place(text: str, name: str, position_ms: int | None) -> str:
    """Fill in name and position; an unknown position is "?"."""
    return text.format(name=name, position="?" if position_ms is None else format_film_minute(position_ms))
