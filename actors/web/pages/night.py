"""The page of a night: the record of a finished screening."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

import msgspec

from actors.web.page import PageContent, PageNotFoundError, PageRequest, page
from actors.web.pages.clock import format_clock, format_day
from actors.web.pages.profile_tiles import Tile
from messages import SOMEBODY, Attendee, GetNight, Item, Night, Screening
from wording.durations import format_duration, format_film_minute, format_long_duration
from wording.lanes import LaneChart, build_lane_chart, order_by_share
from wording.numbers import ALL_OF_IT_PERCENT, format_count, format_number, format_percent
from wording.text import clean_line, display_name, join_facts, join_names
from wording.titles import display_title, record_title
from wording.translation import _, gettext_badge, ngettext


class NightRow(msgspec.Struct, frozen=True):
    """What one viewer saw."""

    path: str
    """Address of the viewer's page; empty if there is none."""
    name: str
    joined: str
    left: str
    watched: str
    percent: str
    badges: str
    said: bool = False
    """Whether the viewer had said on Discord that they would come."""
    viewer_id: str = ""


class NightRecord(msgspec.Struct, frozen=True):
    """A finished screening."""

    path: str
    title: str
    poster: Item
    day: str
    facts: str
    tiles: tuple[Tile, ...]
    chart: LaneChart | None
    rows: tuple[NightRow, ...]
    hidden: str
    """How many hidden viewers there were; empty if none."""

    @property
    def has_badges(self) -> bool:
        """Whether somebody earned a badge."""
        return any(row.badges for row in self.rows)


@page("night", "/nights/{screening_id}", section="/nights")
async def show_night(request: PageRequest) -> PageContent:
    """Show the record of a screening."""
    night = await find_night(request)
    record = build_night(night, request.zone, request.viewer_path)
    if record is None:
        raise PageNotFoundError
    film_path = request.film_path(record_title(record.poster), record.poster.year)
    seats = night.screening.seats if night.screening is not None else ()
    values = {
        "night": record,
        "film_path": film_path,
        "texts_of_night": _build_headings(),
        "screening_id": request.path["screening_id"],
        "own_id": request.asker,
        "is_own": any(seat.viewer_id == request.asker != "" for seat in seats),
        "share_label": _("Share this page"),
    }
    return PageContent(f"{record.title} · {record.day}", values)


async def find_night(request: PageRequest) -> Night:
    """Return the night that the address names. Raises PageNotFoundError."""
    night = await request.ask(GetNight(request.path["screening_id"], request.asker))
    if night.screening is None:
        raise PageNotFoundError
    return night


def build_night(
    night: Night, zone: ZoneInfo, viewer_path: Callable[[str], str] = lambda _viewer_id: ""
) -> NightRecord | None:
    """Return what the page shows, or None if there is no such screening. `viewer_path` returns a viewer's address."""
    screening = night.screening
    if screening is None:
        return None
    seats = sorted(screening.seats, key=order_by_share)
    shown = [seat for seat in seats if seat.username != SOMEBODY]
    hidden = len(seats) - len(shown)
    return NightRecord(
        path=f"/nights/{screening.screening_id}",
        title=clean_line(display_title(screening.item), 200),
        poster=screening.item,
        day=format_day(screening.started_at_s, zone),
        facts=join_facts(_describe(screening, zone)),
        tiles=_build_tiles(night, screening),
        chart=build_lane_chart(screening, None),
        rows=tuple(_build_row(seat, night, zone, viewer_path) for seat in shown),
        hidden=format_count("and {count} hidden", "and {count} hidden", hidden) if hidden else "",
    )


def _build_tiles(night: Night, screening: Screening) -> tuple[Tile, ...]:
    """Return how many visible viewers there were, and how much they saw on average."""
    shown = [seat for seat in screening.seats if seat.username != SOMEBODY]
    shares = [seat.completion_percent for seat in shown if seat.completion_percent is not None]
    tiles = [Tile(format_number(len(shown)), ngettext("viewer", "viewers", len(shown)))]
    if shares:
        whole = sum(share >= ALL_OF_IT_PERCENT for share in shares)
        tiles.append(Tile(format_percent(sum(shares) / len(shares)), _("seen on average")))
        tiles.append(Tile(format_number(whole), _("saw all of it")))
    tiles.append(Tile(format_long_duration(sum(seat.playing_s for seat in shown)), _("watched in all")))
    if night.rsvps:
        figure = _("{came} of {said}").format(came=format_number(len(night.came)), said=format_number(night.rsvps))
        tiles.append(Tile(figure, _("RSVPs showed up")))
    if night.rating is not None:
        ratings = format_count("{count} rating", "{count} ratings", night.ratings)
        tiles.append(Tile(f"★ {format_number(night.rating, 1)}", ratings))
    return tuple(tiles)


def _describe(screening: Screening, zone: ZoneInfo) -> list[str]:
    """Describe when and how long a screening ran, for how many viewers, and who played it."""
    start, end = screening.started_at_s, screening.seen.wall_s
    facts = [
        _("{start} to {end}").format(start=format_clock(start, zone), end=format_clock(end, zone)),
        format_duration(end - start),
    ]
    if screening.host:
        facts.append(_("played by {name}").format(name=clean_line(display_name(screening.host), 60)))
    return facts


def _build_row(seat: Attendee, night: Night, zone: ZoneInfo, viewer_path: Callable[[str], str]) -> NightRow:
    badges = [each.badge for each in night.badges if each.viewer_id == seat.viewer_id]
    earned = [f"{badge.emoji} {gettext_badge(badge.name)}" for badge in badges]
    joined = format_clock(seat.joined_at_s, zone)
    if seat.join_position_ms is not None:
        joined = _("{clock}, at {position}").format(clock=joined, position=format_film_minute(seat.join_position_ms))
    return NightRow(
        path=viewer_path(seat.viewer_id),
        name=clean_line(seat.username, 60),
        joined=joined,
        left=format_clock(seat.left_at_s, zone) if seat.left_at_s is not None else "",
        watched=format_duration(seat.playing_s),
        percent=format_percent(seat.completion_percent),
        badges=join_names(earned, 6),
        said=seat.viewer_id in night.came,
        viewer_id=seat.viewer_id,
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
        "said": _("had RSVP'd"),
    }
