"""The page of a night: the record of a screening that is over."""

from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from actors.web.page import PageContent, PageNotFoundError, PageRequest, page
from actors.web.pages.clock import format_clock, format_day
from actors.web.pages.lanes import LaneChart, build_lane_chart
from messages import SOMEBODY, Attendee, GetNight, Item, Night, NightBadge, Screening
from wording.durations import format_duration, format_film_minute
from wording.numbers import format_count, format_percent
from wording.text import clean_line, display_name, join_names
from wording.titles import display_title
from wording.translation import _, gettext_badge


@dataclass(frozen=True)
class NightRow:
    """What one viewer saw."""

    name: str
    joined: str
    left: str
    watched: str
    percent: str
    badges: str


@dataclass(frozen=True)
class NightRecord:
    """A screening that is over."""

    path: str
    title: str
    poster: Item
    day: str
    facts: str
    chart: LaneChart | None
    rows: tuple[NightRow, ...]
    hidden: str
    """How many more there were whom others may not see; empty where none."""


@page("night", "/nights/{screening_id}", section="/nights")
async def show_night(request: PageRequest) -> PageContent:
    """Show the record of a screening."""
    night = await request.ask(GetNight(request.path["screening_id"]))
    record = build_night(night, request.zone)
    if record is None:
        raise PageNotFoundError
    return PageContent(f"{record.title} · {record.day}", {"night": record, "texts_of_night": _build_headings()})


def build_night(night: Night, zone: ZoneInfo) -> NightRecord | None:
    """Return what the page shows; None where there is no such screening."""
    screening = night.screening
    if screening is None:
        return None
    seats = sorted(screening.seats, key=_most_seen_first)
    shown = [seat for seat in seats if seat.username != SOMEBODY]
    hidden = len(seats) - len(shown)
    return NightRecord(
        path=f"/nights/{screening.screening_id}",
        title=clean_line(display_title(screening.item), 200),
        poster=screening.item,
        day=format_day(screening.started_at_s, zone),
        facts=" · ".join(_describe(screening, zone)),
        chart=build_lane_chart(screening, None),
        rows=tuple(_build_row(seat, night.badges, zone) for seat in shown),
        hidden=format_count("and {count} hidden", "and {count} hidden", hidden) if hidden else "",
    )


def _most_seen_first(seat: Attendee) -> tuple[float, float, float]:
    """Order attendees by the share they saw, then by their time; the first to come first."""
    return -(seat.completion_percent or 0.0), -seat.playing_s, seat.joined_at_s


def _describe(screening: Screening, zone: ZoneInfo) -> list[str]:
    """Say when it ran, how long, for how many, and who played it."""
    start, end = screening.started_at_s, screening.seen.wall_s
    facts = [
        _("{start} to {end}").format(start=format_clock(start, zone), end=format_clock(end, zone)),
        format_duration(end - start),
        format_count("{count} viewer", "{count} viewers", len(screening.seats)),
    ]
    if screening.host:
        facts.append(_("played by {name}").format(name=clean_line(display_name(screening.host), 60)))
    return facts


def _build_row(seat: Attendee, badges: Iterable[NightBadge], zone: ZoneInfo) -> NightRow:
    earned = [
        f"{each.badge.emoji} {gettext_badge(each.badge.name)}" for each in badges if each.viewer_id == seat.viewer_id
    ]
    joined = format_clock(seat.joined_at_s, zone)
    if seat.join_position_ms is not None:
        joined = _("{clock}, at {position}").format(clock=joined, position=format_film_minute(seat.join_position_ms))
    return NightRow(
        name=clean_line(seat.username, 60),
        joined=joined,
        left=format_clock(seat.left_at_s, zone) if seat.left_at_s is not None else "",
        watched=format_duration(seat.playing_s),
        percent=format_percent(seat.completion_percent),
        badges=join_names(earned, 6),
    )


def _build_headings() -> dict[str, str]:
    return {
        "viewer": _("Viewer"),
        "joined": _("Came"),
        "left": _("Left"),
        "watched": _("Watched"),
        "share": _("Seen"),
        "badges": _("Badges"),
        "everybody": _("Everybody who was there"),
    }
