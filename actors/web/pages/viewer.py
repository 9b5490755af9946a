"""The page of a viewer: figures, streak calendar, badges, tastes and history."""

import asyncio
import datetime
from collections.abc import Mapping

import msgspec

from actors.web.page import PageContent, PageNotFoundError, PageRequest, page
from actors.web.pages.history import build_headings, build_row
from actors.web.pages.profile_tiles import NamedBar, Tile
from actors.web.pages.year_figures import build_calendar
from messages import (
    BadgeProgress,
    CompanionList,
    FindViewer,
    GetCompanions,
    GetHistory,
    GetViewerStats,
    ViewerProfile,
    ViewerStats,
)
from wording.dates import format_date, format_decade
from wording.durations import format_long_duration
from wording.lanes import make_face
from wording.numbers import format_number
from wording.text import clean_line
from wording.translation import _, gettext_badge, ngettext

WEEKS = 53
MOST_BARS, WATCHES = 8, 20


class BadgeRow(msgspec.Struct, frozen=True):
    """A badge that a viewer has, or has progress towards."""

    emoji: str
    name: str
    description: str
    earned: str
    """The day on which it was earned; empty if not yet."""
    percent: float
    """The viewer's progress."""


@page("viewer", "/viewers/{slug}", section="/viewers")
async def show_viewer(request: PageRequest) -> PageContent:
    """Show a viewer; 404 for a hidden viewer, as for one who does not exist."""
    viewer_id = await find_viewer_id(request)
    if not viewer_id:
        raise PageNotFoundError
    content = await build_profile(viewer_id, request)
    if content is None:
        raise PageNotFoundError
    return content


async def build_profile(viewer_id: str, request: PageRequest) -> PageContent | None:
    """Return what is shown of a viewer, or None if there is nothing or the reader may not see it."""
    profile, history, companions = await asyncio.gather(
        find_profile(viewer_id, request),
        request.ask(GetHistory(viewer_id, limit=WATCHES, asker=request.asker)),
        request.ask(GetCompanions(viewer_id, request.asker)),
    )
    if profile is None or profile.stats is None:
        return None
    stats = profile.stats
    name = clean_line(stats.username, 60)
    badges = sorted(profile.progress, key=lambda badge: (badge.earned_at_s is None, badge.earned_at_s or 0.0))
    return PageContent(
        name,
        {
            "heading": name,
            "face_of": make_face(viewer_id, stats.username),
            "now": _("watching {title}").format(title=clean_line(stats.watching_now, 100))
            if stats.watching_now
            else "",
            "figures_hidden": _("{name} is anonymous in rankings, so no totals are shown here.").format(name=name)
            if profile.figures_hidden
            else "",
            "tiles": () if profile.figures_hidden else _build_tiles(stats, profile.rank_by_time),
            "calendar": build_calendar(profile.days, _begin_calendar(request.today), request.today)
            if profile.days
            else None,
            "year_path": "" if profile.figures_hidden else f"{request.viewer_path(viewer_id)}/{request.today.year}",
            "year_label": _("{name}'s {year}").format(name=name, year=request.today.year),
            "badges": tuple(build_badge(badge, request) for badge in badges if badge.progress > 0 or badge.earned_at_s),
            "genres": build_bars(stats.genres),
            "directors": build_bars(stats.directors),
            "decades": build_bars({format_decade(decade): count for decade, count in stats.decades.items()}),
            "companions": _build_companions(companions, request),
            "companions_note": ngettext(
                "at the last watch party", "at the last {count} watch parties", companions.parties
            ).format(count=format_number(companions.parties)),
            "rows": tuple(build_row(record, request, shows_minutes=True) for record in history.records),
            "table": build_headings(),
            "headings": {
                "calendar": _("The last year"),
                "badges": _("Badges"),
                "genres": _("Genres"),
                "directors": _("Directors"),
                "decades": _("Decades"),
                "companions": _("Watches with"),
                "history": _("History"),
            },
        },
    )


async def find_viewer_id(request: PageRequest) -> str:
    """Return the id of the viewer in the address; empty if there is none, or none who may be seen."""
    return (await request.ask(FindViewer(request.path["slug"], request.asker))).viewer_id


async def find_profile(viewer_id: str, request: PageRequest) -> ViewerProfile | None:
    """Return a viewer's profile; None if there is none, or if the reader may not see it."""
    profile = await request.ask(GetViewerStats(viewer_id, request.asker))
    return None if profile.stats is None or profile.hidden else profile


def _begin_calendar(today: datetime.date) -> datetime.date:
    """Return the Monday on which the calendar of the last year begins."""
    return today - datetime.timedelta(days=today.weekday() + 7 * (WEEKS - 1))


def build_badge(badge: BadgeProgress, request: PageRequest) -> BadgeRow:
    """Return a badge with the viewer's progress."""
    earned = ""
    if badge.earned_at_s is not None:
        day = datetime.datetime.fromtimestamp(badge.earned_at_s, request.zone).date()
        earned = format_date(day.isoformat())
    percent = 100.0 if earned or not badge.threshold else min(100.0, 100 * badge.progress / badge.threshold)
    return BadgeRow(
        clean_line(badge.emoji, 20), gettext_badge(badge.name), gettext_badge(badge.description), earned, percent
    )


def build_bars(counts: Mapping[str, int]) -> tuple[NamedBar, ...]:
    """Return the greatest of these counts as bars."""
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_BARS]
    most = ranked[0][1] if ranked else 1
    return tuple(
        NamedBar(clean_line(name, 60), format_number(count), round(100 * count / most, 1)) for name, count in ranked
    )


def _build_companions(companions: CompanionList, request: PageRequest) -> tuple[NamedBar, ...]:
    return tuple(
        NamedBar(
            clean_line(companion.username, 60),
            format_number(companion.parties),
            round(100 * companion.parties / companions.parties, 1),
            request.viewer_path(companion.viewer_id),
        )
        for companion in companions.rows
    )


def _build_tiles(stats: ViewerStats, rank: int) -> tuple[Tile, ...]:
    tiles = [
        Tile(format_number(stats.total_movies), ngettext("film", "films", stats.total_movies)),
        Tile(format_long_duration(stats.total_watch_time_s), _("watched")),
        Tile(format_number(stats.completed_movies), _("seen to the end")),
        Tile(
            format_number(stats.current_streak_days),
            ngettext("day in a row now", "days in a row now", stats.current_streak_days),
        ),
        Tile(format_number(stats.longest_streak_days), _("longest streak, days")),
        Tile(format_number(stats.badges), ngettext("badge", "badges", stats.badges)),
    ]
    if rank:
        tiles.append(Tile(f"#{format_number(rank)}", _("by time")))
    return tuple(tiles)
