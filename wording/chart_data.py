"""Builds the data for `charts` from the actors' answers, with the same content in words."""

import datetime
from collections.abc import Sequence

from charts.geometry import count_viewers
from charts.picture import MOST_LANES, ChartLocale, CountsPanel, LaneRow, LanesPanel, Picture, WeeksPanel, YearPanel
from charts.scripts import is_drawn
from messages import SOMEBODY, Attendee, MovieStats, Screening, ScreeningEnded, ViewerProfile
from wording.dates import MONTHS_SHORT, WEEKDAYS_SHORT, format_date
from wording.durations import format_duration, format_position
from wording.lanes import (
    LOW_PERCENT,
    describe_hidden,
    describe_seat,
    describe_spans,
    make_faces,
    merge_seats,
    order_by_share,
)
from wording.numbers import format_count, format_number, format_percent
from wording.text import clean_line, shorten
from wording.titles import display_title
from wording.translation import _, ngettext

MOST_STRETCHES = 120
_ALT_UNITS = 1000
_MOST_GENRES = 8
_SHORTEST_MS = 60_000


def chart_locale() -> ChartLocale:
    """Return names of months and days, and the number format, in the language of the bot."""
    return ChartLocale(
        months=tuple(_(month) for month in MONTHS_SHORT),
        weekdays=tuple(_(day) for day in WEEKDAYS_SHORT),
        day=_("{day} {month}"),
        hours=_("{hours} h"),
        minutes=_("{minutes} min"),
        number=_("1,234.5"),
    )


def night_chart(ended: ScreeningEnded) -> Picture | None:
    """Return the lanes of a finished film; None if nobody's minutes are known.

    Both the lanes and the numbers at each minute contain only visible viewers, because their difference would reveal
    what hidden ones saw. Viewers who saw most come first.
    """
    screening = ended.screening
    length_ms, seats = measure_night(screening)
    if not seats or length_ms < _SHORTEST_MS:
        return None
    seats.sort(key=order_by_share)
    shown = [seat for seat in seats if seat.username != SOMEBODY]
    if not shown:
        return None
    drawn, rest = shown[:MOST_LANES], shown[MOST_LANES:]
    more = [describe_rest(rest)] if rest else []
    if len(shown) < len(seats):
        more.append(describe_hidden(len(seats) - len(shown)))
    rows = tuple(
        LaneRow(
            name=clean_line(seat.username, 60),
            note=" · ".join(describe_seat(seat, screening, goes_on=False)),
            percent=format_percent(seat.completion_percent),
            is_low=(seat.completion_percent or 0.0) < LOW_PERCENT,
            initial=face.initial,
            colour=face.colour,
            spans=seat.spans,
        )
        for seat, face in zip(drawn, make_faces(drawn), strict=True)
    )
    panel = LanesPanel(
        title=_("Who sat where"),
        film=clean_line(display_title(screening.item)),
        watching=tuple(count_viewers((seat.spans for seat in shown), length_ms)),
        watching_label=_("Watching at each minute"),
        length_ms=length_ms,
        lanes=rows,
        more=tuple(more),
    )
    return Picture((panel,), alt=_describe_night(shown, drawn, length_ms, more), locale=chart_locale())


def measure_night(screening: Screening) -> tuple[int, list[Attendee]]:
    """Return a film's length, in ms, and the seats that saw it, without brief visits and seats without minutes."""
    kept = [seat for seat in screening.seats if not seat.brief and seat.spans]
    length_ms = screening.item.duration_ms or max((seat.spans[-1][1] for seat in kept), default=0)
    return length_ms, merge_seats(kept, screening.item.duration_ms)


def describe_rest(rest: Sequence[Attendee]) -> str:
    """Describe how many further viewers there were, and how much they saw."""
    shares = [seat.completion_percent for seat in rest if seat.completion_percent is not None]
    if not shares:
        return format_count("… and {count} more", "… and {count} more", len(rest))
    text = ngettext(
        "… and {count} more, who saw {percent}", "… and {count} more, who saw {percent} on average", len(rest)
    )
    return text.format(count=format_number(len(rest)), percent=format_percent(sum(shares) / len(shares)))


def _describe_night(seats: Sequence[Attendee], shown: Sequence[Attendee], length_ms: int, more: Sequence[str]) -> str:
    count = min(MOST_STRETCHES, max(1, length_ms // 60_000))
    watching = [
        sum(any(start <= at < end for start, end in seat.spans) for seat in seats)
        for at in ((place + 0.5) * length_ms / count for place in range(count))
    ]
    changes = [
        f"{format_position(round(place * length_ms / count))} {number}"
        for place, number in enumerate(watching)
        if place == 0 or watching[place - 1] != number
    ]
    alt = [
        _("Viewers at each minute of the film: {changes}").format(changes=shorten(", ".join(changes), _ALT_UNITS // 2))
    ]
    alt += [
        describe_spans(clean_line(seat.username, 60), seat.spans, format_percent(seat.completion_percent))
        for seat in shown
    ]
    return shorten(". ".join([*alt, *more]), _ALT_UNITS)


def community_chart(stats: MovieStats, title: str) -> Picture | None:
    """Return hours by week and genres; None if there is nothing to draw."""
    panels: list[WeeksPanel | CountsPanel] = []
    alt = []
    watched = [(day, seconds) for day, seconds in stats.weeks if seconds]
    if watched:
        heading = _("Hours by week · {title}").format(title=title) if title else _("Hours by week")
        panels.append(WeeksPanel(heading, stats.weeks))
        hours = ", ".join(f"{format_date(day)} {format_duration(seconds)}" for day, seconds in watched)
        alt.append(_("Hours by week: {hours}").format(hours=hours))
    if stats.genres:
        panels.append(CountsPanel(_("Genres"), stats.genres[:_MOST_GENRES]))
        alt.append(_describe_genres(stats.genres[:_MOST_GENRES]))
    if not panels:
        return None
    return Picture(tuple(panels), alt=shorten(". ".join(alt), _ALT_UNITS), locale=chart_locale())


def undrawn_labels(picture: Picture | None) -> list[tuple[int, str]]:
    """Return the names that no font of the picture can draw, each with the number that replaces it."""
    panels = [panel.counts for panel in picture.panels if isinstance(panel, CountsPanel)] if picture is not None else []
    return [(place, name) for counts in panels for place, (name, _number) in enumerate(counts, 1) if not is_drawn(name)]


def viewer_chart(profile: ViewerProfile, today: datetime.date) -> Picture | None:
    """Return a viewer's last year as a calendar, and the genres; None if the year is empty."""
    if profile.stats is None or not profile.days:
        return None
    name = clean_line(profile.stats.username, 40)
    genres = sorted(profile.stats.genres.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST_GENRES]
    alt = _("The last year: {hours}").format(hours=describe_hours(profile.days))
    if genres:
        alt = f"{alt}. {_describe_genres(genres)}"
    year = YearPanel(_("{name}'s year").format(name=name), profile.days, today.isoformat())
    panels = (year, CountsPanel(_("Genres"), tuple(genres))) if genres else (year,)
    return Picture(panels, alt=shorten(alt, _ALT_UNITS), locale=chart_locale())


def _describe_genres(genres: Sequence[tuple[str, int]]) -> str:
    return _("Genres: {genres}").format(genres=", ".join(f"{name} {number}" for name, number in genres))


def describe_hours(days: Sequence[tuple[str, float]]) -> str:
    """Describe how much was watched on how many days."""
    text = ngettext("{time} on {count} day", "{time} on {count} days", len(days))
    return text.format(
        time=format_duration(sum(seconds for _day, seconds in days)),
        count=format_number(len(days)),
    )
