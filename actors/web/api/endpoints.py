"""Every endpoint of the JSON API: each asks the same question as its page."""

import asyncio
from collections.abc import Iterable

import msgspec

from actors.web.api.endpoint import Parameter, endpoint
from actors.web.page import PageNotFoundError, PageRequest
from actors.web.pages.board import BOARDS, RANGES, find_board
from actors.web.pages.film import find_film
from actors.web.pages.films import SORTS as FILM_SORTS
from actors.web.pages.films import find_films
from actors.web.pages.history import find_history
from actors.web.pages.night import find_night
from actors.web.pages.nights import find_nights, list_planned
from actors.web.pages.viewer import find_profile, find_viewer_id
from actors.web.pages.viewer_year import find_viewer_year
from actors.web.pages.viewers import SORTS as VIEWER_SORTS
from actors.web.pages.viewers import find_viewers
from actors.web.pages.year_figures import read_year
from messages import (
    CommunityTimes,
    CommunityYear,
    FilmList,
    FilmRecord,
    GetCommunityTimes,
    GetCommunityYear,
    GetMovieStats,
    HistoryPage,
    Leaderboard,
    MovieStats,
    Night,
    NightEntry,
    Screening,
    UpcomingNight,
    ViewerList,
    ViewerProfile,
    YearOfViewer,
)


class NowAnswer(msgspec.Struct, frozen=True):
    """What is playing now, and the coming nights."""

    at_s: float
    screenings: tuple[Screening, ...]
    upcoming: tuple[UpcomingNight, ...]


class MonthAnswer(msgspec.Struct, frozen=True):
    """The nights of a month or a day, and all coming nights."""

    nights: tuple[NightEntry, ...]
    earlier: bool
    upcoming: tuple[UpcomingNight, ...]


class ServerAnswer(msgspec.Struct, frozen=True):
    """The server since it began."""

    stats: MovieStats
    times: CommunityTimes


class ServerYearAnswer(msgspec.Struct, frozen=True):
    """A year of the server."""

    year: CommunityYear
    times: CommunityTimes


_SLUG = Parameter("slug", "The short name in the address of its page.", "^[a-z2-7]{1,20}$", in_path=True)
_YEAR = Parameter("year", "A year, in the community's time zone.", "^[0-9]{4}$", in_path=True)
_PAGE = Parameter("page", "From 1.", "^[0-9]{1,6}$")
_AFTER = Parameter("after", "`next_after` of the previous page.")
_BEFORE = Parameter("before", "`next_before` of the next page. If that leads to the first page, all of it is returned.")
_TITLE = Parameter("q", "Part of the title.")


def _order_by(names: Iterable[str]) -> Parameter:
    return Parameter("sort", "The order.", choices=tuple(names))


@endpoint("/now", NowAnswer, "What plays now, and which nights are to come.", is_kept=False)
async def answer_now(request: PageRequest) -> NowAnswer:
    """Answer what is playing."""
    return NowAnswer(request.at.wall_s, tuple(request.screenings), tuple(request.upcoming))


@endpoint(
    "/nights",
    MonthAnswer,
    "The nights of a month or of a day; of this month if neither is given. At most the newest 400.",
    Parameter("m", "Year and month.", "^[0-9]{4}-[0-9]{2}$"),
    Parameter("d", "A day, instead of a month.", "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
)
async def answer_nights(request: PageRequest) -> MonthAnswer:
    """Answer the nights of a month or a day."""
    found = await find_nights(request)
    return MonthAnswer(found.nights, found.earlier, tuple(list_planned(request)))


@endpoint(
    "/nights/{screening_id}",
    Night,
    "The record of a night.",
    Parameter("screening_id", "As in a list of nights.", in_path=True),
)
async def answer_night(request: PageRequest) -> Night:
    """Answer a night."""
    return await find_night(request)


@endpoint("/films", FilmList, "Films that were watched.", _TITLE, _order_by(FILM_SORTS), _AFTER)
async def answer_films(request: PageRequest) -> FilmList:
    """Answer a page of the films."""
    return await find_films(request)


@endpoint("/films/{slug}", FilmRecord, "How a film was watched.", _SLUG)
async def answer_film(request: PageRequest) -> FilmRecord:
    """Answer a film."""
    return await find_film(request)


@endpoint(
    "/viewers",
    ViewerList,
    "Viewers who may be seen.",
    Parameter("q", "Part of the name."),
    _order_by(VIEWER_SORTS),
    _AFTER,
)
async def answer_viewers(request: PageRequest) -> ViewerList:
    """Answer a page of the viewers."""
    return await find_viewers(request)


@endpoint("/viewers/{slug}", ViewerProfile, "A viewer's figures and badges.", _SLUG)
async def answer_viewer(request: PageRequest) -> ViewerProfile:
    """Answer a viewer."""
    viewer_id = await find_viewer_id(request)
    profile = await find_profile(viewer_id, request) if viewer_id else None
    if profile is None:
        raise PageNotFoundError
    return profile


@endpoint(
    "/viewers/{slug}/{year}",
    YearOfViewer,
    "A viewer's year.",
    _SLUG,
    _YEAR,
    route=r"/viewers/{slug}/{year:\d{4}}",
)
async def answer_viewer_year(request: PageRequest) -> YearOfViewer:
    """Answer a viewer's year."""
    _viewer_id, year = await find_viewer_year(request)
    return year


@endpoint(
    "/board",
    Leaderboard,
    "A page of a leaderboard.",
    Parameter("by", "What it is ranked by.", choices=tuple(BOARDS)),
    Parameter("days", "Only what ended in so many days; 0 for all time.", choices=tuple(map(str, RANGES))),
    _PAGE,
)
async def answer_board(request: PageRequest) -> Leaderboard:
    """Answer a page of a leaderboard."""
    return await find_board(request)


@endpoint("/history", HistoryPage, "Finished watches, the newest first.", _TITLE, _AFTER, _BEFORE)
async def answer_history(request: PageRequest) -> HistoryPage:
    """Answer a page of the history."""
    return await find_history(request)


@endpoint("/server", ServerAnswer, "The server since it began.")
async def answer_server(request: PageRequest) -> ServerAnswer:
    """Answer the server's figures."""
    return ServerAnswer(*await asyncio.gather(request.ask(GetMovieStats()), request.ask(GetCommunityTimes())))


@endpoint("/server/{year}", ServerYearAnswer, "A year of the server.", _YEAR, route=r"/server/{year:\d{4}}")
async def answer_server_year(request: PageRequest) -> ServerYearAnswer:
    """Answer a year of the server."""
    year = read_year(request)
    times = request.ask(GetCommunityTimes(year))
    return ServerYearAnswer(*await asyncio.gather(request.ask(GetCommunityYear(year)), times))
