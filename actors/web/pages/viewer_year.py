"""The page of a viewer's year, made to be shown to others."""

import datetime

from actors.web.page import PageContent, PageNotFoundError, PageRequest, page
from actors.web.pages.viewer import find_viewer_id
from actors.web.pages.year_figures import (
    build_badges,
    build_calendar,
    build_headings,
    build_posters,
    list_favourites,
    list_figures,
    read_year,
)
from messages import GetYear, YearOfViewer
from wording.durations import format_long_duration
from wording.text import clean_line
from wording.translation import _

POSTERS = 3


@page("viewer_year", r"/viewers/{slug}/{year:\d{4}}", section="/viewers")
async def show_viewer_year(request: PageRequest) -> PageContent:
    """Show a viewer's year; 404 if this reader may not see the viewer, or only anonymously."""
    viewer_id, answer = await find_viewer_year(request)
    year = answer.figures.year
    name, figures = clean_line(answer.username, 60), answer.figures
    path = request.viewer_path(viewer_id)
    return PageContent(
        _("{name}'s {year}").format(name=name, year=year),
        {
            "name": name,
            "year": str(year),
            "path": path,
            "big": format_long_duration(figures.watch_time_s),
            "posters": build_posters(answer.films, answer.posters, POSTERS, request, viewers=False),
            "tiles": tuple(list_figures(figures)) if figures.days else (),
            "favourites": tuple(list_favourites(figures)),
            "eyebrow": _("A year of films"),
            "calendar": build_calendar(figures.days, datetime.date(year, 1, 1), datetime.date(year, 12, 31)),
            "badges": build_badges(answer.badges),
            "before": f"{path}/{year - 1}",
            "after": f"{path}/{year + 1}" if year < request.today.year else "",
            "empty": "" if figures.days or answer.badges else _nothing(year),
            "is_own": bool(request.asker) and viewer_id == request.asker and bool(figures.days),
            "share_label": _("Share this page"),
            "headings": build_headings(),
        },
    )


async def find_viewer_year(request: PageRequest) -> tuple[str, YearOfViewer]:
    """Return the id of the viewer in the address, and the requested year. Raises PageNotFoundError."""
    year, viewer_id = read_year(request), await find_viewer_id(request)
    if not viewer_id:
        raise PageNotFoundError
    answer = await request.ask(GetYear(viewer_id, year, request.asker))
    if answer.hidden or answer.figures_hidden or not answer.username:
        raise PageNotFoundError
    return viewer_id, answer


def _nothing(year: int) -> str:
    return _("Nothing watched in {year}. There's always the next film night!").format(year=year)
