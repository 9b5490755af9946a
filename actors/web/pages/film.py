"""The page of a film: its figures, how often each minute was watched, and who saw which parts."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import msgspec

from actors.web.page import PageContent, PageNotFoundError, PageRequest, page
from actors.web.pages.clock import format_clock, format_iso_day
from actors.web.pages.profile_tiles import Tile
from messages import FilmRecord, FilmViewer, GetFilm, NightEntry
from wording.durations import format_duration, format_film_minute, format_long_duration
from wording.lanes import Bar, Face, Tick, build_ticks, make_faces
from wording.numbers import format_count, format_number, format_percent
from wording.text import clean_line, join_facts
from wording.translation import _, ngettext

MINUTE_MS = 60_000
END_MINUTES = 3
"""A viewer who stops within so many last minutes, or in the credits, has seen the film."""


class AttentionChart(msgspec.Struct, frozen=True):
    """How often each minute was seen."""

    seen: str
    """A closed SVG path within 1000 x 100."""
    line: str
    again: str
    """A closed path of the minutes that were seen more than once; empty if none was."""
    ticks: tuple[Tick, ...]
    most: int
    summary: str
    notes: tuple[str, ...]


class FilmViewerLane(msgspec.Struct, frozen=True):
    """What one viewer saw of the film, over all watches."""

    face: Face
    name: str
    path: str
    is_own: bool
    """Whether it is the reader's own."""
    note: str
    percent: str
    bars: tuple[Bar, ...]
    summary: str


@page("film", "/films/{slug}", section="/films")
async def show_film(request: PageRequest) -> PageContent:
    """Show how a film was watched."""
    film = await find_film(request)
    if film.counts is None:
        raise PageNotFoundError
    title = clean_line(film.counts.title, 200)
    length_ms = len(film.seen) * MINUTE_MS
    item = film.item
    facts = [", ".join(clean_line(genre, 30) for genre in item.genres[:4])] if item else []
    facts.append(", ".join(clean_line(name, 60) for name in item.directors[:3]) if item else "")
    facts.append(format_duration(item.duration_ms / 1000) if item and item.duration_ms else "")
    return PageContent(
        title,
        {
            "heading": title,
            "year": str(film.counts.year or ""),
            "item": item,
            "facts": join_facts(facts),
            "tiles": _build_tiles(film),
            "attention": build_attention(film) if any(film.seen) else None,
            "lanes": tuple(
                _build_lane(viewer, face, length_ms, request)
                for viewer, face in zip(film.viewers, make_faces(film.viewers), strict=True)
            ),
            "ticks": build_ticks(length_ms) if length_ms else (),
            "not_seen": tuple(
                (request.viewer_path(each.viewer_id), clean_line(each.username, 60)) for each in film.not_seen
            ),
            "not_seen_more": _describe_more(film.not_seen_in_all - len(film.not_seen)),
            "nights": tuple(_build_night(night, request.zone) for night in film.nights),
            "headings": {
                "attention": _("How it was watched"),
                "each_minute": _("viewers at each minute"),
                "seen": _("seen"),
                "again": _("seen again"),
                "viewers": _("Who saw which stretches"),
                "nights": _("Its nights"),
                "not_seen": _("Who has not seen it"),
            },
        },
    )


def _describe_more(count: int) -> str:
    return format_count("and {count} more", "and {count} more", count) if count > 0 else ""


async def find_film(request: PageRequest) -> FilmRecord:
    """Return the film that the address names. Raises PageNotFoundError."""
    film = await request.ask(GetFilm(request.path["slug"], request.asker))
    if film.counts is None:
        raise PageNotFoundError
    return film


def build_attention(film: FilmRecord) -> AttentionChart:
    """Return the chart of how often each minute was seen, with notes on remarkable minutes."""
    count, most = len(film.seen), max(film.seen)
    line = _trace(film.seen, most)
    return AttentionChart(
        seen=f"M 0 100 L {line} L 1000 100 Z",
        line=f"M {line}",
        again=f"M 0 100 L {_trace(film.seen_again, most)} L 1000 100 Z" if any(film.seen_again) else "",
        ticks=build_ticks(count * MINUTE_MS),
        most=most,
        summary=_("{most} viewers at most, {least} at least").format(most=most, least=min(film.seen)),
        notes=tuple(_list_notes(film, most)),
    )


def _list_notes(film: FilmRecord, most: int) -> list[str]:
    notes = []
    whole = sum(seen > 0 for seen in film.seen)
    least = min(range(len(film.seen)), key=lambda minute: (film.seen[minute], minute))
    if film.seen[least] < most and whole:
        text = _("Most skipped: around {position}")
        notes.append(text.format(position=format_film_minute(least * MINUTE_MS)))
    if any(film.seen_again):
        minute = max(range(len(film.seen_again)), key=lambda place: (film.seen_again[place], -place))
        notes.append(_("Most seen again: around {position}").format(position=format_film_minute(minute * MINUTE_MS)))
    early = film.stops[: max(0, len(film.stops) - END_MINUTES)]
    if any(early):
        minute = max(range(len(early)), key=lambda place: (early[place], -place))
        text = ngettext(
            "Most stop at {position} ({count} watch)", "Most stop at {position} ({count} watches)", early[minute]
        )
        notes.append(text.format(position=format_film_minute(minute * MINUTE_MS), count=format_number(early[minute])))
    return notes


def _trace(numbers: Sequence[int], most: int) -> str:
    step = 1000 / len(numbers)
    points = []
    for place, number in enumerate(numbers):
        height = 100 - 94 * number / most
        points += [f"{place * step:.1f} {height:.1f}", f"{(place + 1) * step:.1f} {height:.1f}"]
    return " L ".join(points)


def _build_tiles(film: FilmRecord) -> tuple[Tile, ...]:
    counts = film.counts
    assert counts is not None  # noqa: S101  # without them the page is not shown
    tiles = [
        Tile(format_number(counts.viewers), ngettext("viewer", "viewers", counts.viewers)),
        Tile(format_number(counts.watches), ngettext("watch", "watches", counts.watches)),
        Tile(format_long_duration(counts.watch_time_s), _("watched")),
    ]
    shares = [viewer.percent for viewer in film.viewers if viewer.percent is not None]
    if shares:
        tiles.append(Tile(format_percent(sum(shares) / len(shares)), _("seen on average")))
    if counts.rating:
        ratings = format_count("{count} rating", "{count} ratings", counts.ratings)
        tiles.append(Tile(f"★ {format_number(counts.rating, 1)}", ratings))
    return tuple(tiles)


def _build_lane(viewer: FilmViewer, face: Face, length_ms: int, request: PageRequest) -> FilmViewerLane:
    bars = tuple(
        Bar(round(100 * start / length_ms, 3), round(100 * (min(end, length_ms) - start) / length_ms, 3))
        for start, end in viewer.spans
        if length_ms and start < length_ms
    )
    notes = [format_iso_day(viewer.last_s, request.zone)]
    if viewer.watches > 1:
        notes.append(format_count("{count} watch", "{count} watches", viewer.watches))
    name, percent = clean_line(viewer.username, 60), format_percent(viewer.percent)
    stretches = ", ".join(
        _("{start} to {end}").format(start=format_film_minute(start), end=format_film_minute(end))
        for start, end in viewer.spans[:20]
    )
    summary = _("{name} saw {stretches}: {percent}").format(name=name, stretches=stretches, percent=percent or "?")
    return FilmViewerLane(
        face,
        name,
        request.viewer_path(viewer.viewer_id),
        viewer.viewer_id == request.asker != "",
        " · ".join(notes),
        percent,
        bars,
        summary,
    )


def _build_night(night: NightEntry, zone: ZoneInfo) -> tuple[str, str]:
    """Return address and description of a night."""
    day = f"{format_iso_day(night.started_at_s, zone)}, {format_clock(night.started_at_s, zone)}"
    viewers = format_count("{count} viewer", "{count} viewers", night.viewers)
    return f"/nights/{night.screening_id}", f"{day} · {viewers}"
