"""`/s/...`: a page that a member shares with anybody who has the link: a year, a night or a badge. Read only.

It names the owner alone. Other viewers are counted, but not named.
"""

import datetime
from collections.abc import Mapping
from typing import Any, NamedTuple

from msgspec.structs import replace

from actors.web.page import PageContent, PageNotFoundError, PageRequest, page
from actors.web.pages.night import build_night
from actors.web.pages.year_figures import build_badges, build_calendar, build_headings, list_favourites, list_figures
from actors.web.readers import Access
from charts.picture import PreviewCard
from messages import (
    SOMEBODY,
    EarnedBadge,
    FindShare,
    GetNight,
    GetViewerStats,
    GetYear,
    Item,
    Night,
    Screening,
    ShareFound,
    YearOfViewer,
)
from viewers.redact import redact_screening
from wording.cards import preview_badge, preview_night, preview_year
from wording.lanes import LaneChart, build_lane_chart, merge_seats
from wording.text import clean_line
from wording.translation import _


class SharedPage(NamedTuple):
    """A shared page, and its preview for chats."""

    title: str
    values: Mapping[str, Any]
    card: PreviewCard
    poster: Item | None


@page("share", "/s/{token}", access=Access.EVERYBODY)
async def show_share(request: PageRequest) -> PageContent:
    """Show a shared page; 404 if sharing has ended."""
    shared = await find_shared_page(request)
    address = f"{request.base_url}/s/{request.path['token']}"
    values: dict[str, Any] = {
        "tiles": (), "favourites": (), "calendar": None, "badges": (), "night": None, "badge": None,
        "headings": build_headings(),
        **shared.values,
    }  # fmt: skip
    values["share"] = {
        "address": address,
        "picture": f"{address}/preview.png",
        "picture_path": f"/s/{request.path['token']}/preview.png",
        "description": shared.card.alt,
        "shared_by": _("Shared by {name}").format(name=values["name"]),
    }
    return PageContent(shared.title, values)


async def find_shared_page(request: PageRequest) -> SharedPage:
    """Return the shared page at the address, with its owner as the only viewer shown. Raises PageNotFoundError."""
    found = await request.ask(FindShare(request.path["token"]))
    if found.share is None or not await request.is_member(found.viewer_id):
        raise PageNotFoundError
    match found.share.kind:
        case "year":
            answer = await request.ask(GetYear(found.viewer_id, int(found.share.subject), found.viewer_id))
            return _build_year(found, answer)
        case "night":
            night = await request.ask(GetNight(found.share.subject, found.viewer_id))
            return _build_night(found, night, request)
        case "badge":
            profile = await request.ask(GetViewerStats(found.viewer_id, found.viewer_id))
            badge = next((each for each in profile.badges if each.badge_id == found.share.subject), None)
            if badge is None:
                raise PageNotFoundError
            return _build_badge(found, badge, request)


def _build_year(found: ShareFound, answer: YearOfViewer) -> SharedPage:
    name = clean_line(found.username, 60)
    figures = replace(answer.figures, companion=None)
    year = figures.year
    values = {
        "name": name,
        "tiles": tuple(list_figures(figures)),
        "favourites": tuple(list_favourites(figures)),
        "calendar": build_calendar(figures.days, datetime.date(year, 1, 1), datetime.date(year, 12, 31)),
        "badges": build_badges(answer.badges),
    }
    poster = next((item for item in answer.posters if item is not None), None)
    return SharedPage(_("{name}'s {year}").format(name=name, year=year), values, preview_year(answer, name), poster)


def _build_night(found: ShareFound, night: Night, request: PageRequest) -> SharedPage:
    if night.screening is None:
        raise PageNotFoundError
    card = preview_night(replace(night.screening, host=""), request.zone)
    own = redact_screening(
        night.screening, lambda viewer_id: viewer_id != found.viewer_id, hides_host=lambda name: name != found.username
    )
    badges = tuple(each for each in night.badges if each.viewer_id == found.viewer_id)
    record = build_night(Night(replace(own, host="" if own.host == SOMEBODY else own.host), badges), request.zone)
    if record is None or not record.rows:
        raise PageNotFoundError
    chart = _hide_others(night.screening, found.viewer_id)
    values = {"name": clean_line(found.username, 60), "night": record, "chart": chart, "row": record.rows[0]}
    return SharedPage(f"{record.title} · {record.day}", values, card, night.screening.item)


def _hide_others(screening: Screening, viewer_id: str) -> LaneChart | None:
    """Return the chart with the number of viewers at each minute, and the owner's lane alone."""
    chart = build_lane_chart(screening, None)
    seats = merge_seats(screening.seats, screening.item.duration_ms)
    shown = [seat.viewer_id for seat in seats if seat.username != SOMEBODY]  # each has a lane, in this order
    if chart is None or viewer_id not in shown:
        return None
    return replace(chart, lanes=(chart.lanes[shown.index(viewer_id)],), hidden="")


def _build_badge(found: ShareFound, badge: EarnedBadge, request: PageRequest) -> SharedPage:
    name = clean_line(found.username, 60)
    card = preview_badge(name, badge, request.zone)
    (shown,) = build_badges([badge])
    return SharedPage(f"{name} · {shown.name}", {"name": name, "badge": shown}, card, None)
