"""What charts show: from the answers of the actors to plain data for `charts`, with the same in words."""

import datetime
from collections.abc import Sequence

from charts import AttendancePanel, ChartLocale, CountsPanel, Picture, WeeksPanel, YearPanel
from charts.scripts import is_drawn
from messages import MovieStats, ScreeningEnded, ViewerProfile
from wording.dates import MONTHS_SHORT, WEEKDAYS_SHORT, format_date
from wording.durations import format_duration, format_position
from wording.numbers import format_number
from wording.text import clean_line, shorten
from wording.titles import display_title
from wording.translation import _, ngettext

MOST_STRETCHES = 120
_ALT_UNITS = 1000
_MOST_GENRES = 8
_SHORTEST_MS = 60_000


def chart_locale() -> ChartLocale:
    """Return names of months and days, and forms of figures, in the language of the bot."""
    return ChartLocale(
        months=tuple(_(month) for month in MONTHS_SHORT),
        weekdays=tuple(_(day) for day in WEEKDAYS_SHORT),
        day=_("{day} {month}"),
        hours=_("{hours} h"),
        minutes=_("{minutes} min"),
        number=_("1,234.5"),
    )


def attendance_chart(ended: ScreeningEnded) -> Picture | None:
    """Return the number of viewers over a film's minutes; None where nobody's minutes are known."""
    seats = [seat for seat in ended.screening.seats if not seat.brief and seat.spans]
    length_ms = ended.screening.item.duration_ms or max((seat.spans[-1][1] for seat in seats), default=0)
    if not seats or length_ms < _SHORTEST_MS:
        return None
    count = min(MOST_STRETCHES, max(1, length_ms // 60_000))
    middles = [(place + 0.5) * length_ms / count for place in range(count)]
    watching = tuple(
        len({seat.viewer_id or seat for seat in seats if any(start <= at < end for start, end in seat.spans)})
        for at in middles
    )
    changes = [
        f"{format_position(round(place * length_ms / count))} {number}"
        for place, number in enumerate(watching)
        if place == 0 or watching[place - 1] != number
    ]
    alt = _("Viewers at each minute of the film: {changes}").format(changes=", ".join(changes))
    heading = _("Who watched when · {film}").format(film=clean_line(display_title(ended.screening.item)))
    return Picture((AttendancePanel(heading, watching, length_ms / 1000),), shorten(alt, _ALT_UNITS), chart_locale())


def community_chart(stats: MovieStats, title: str) -> Picture | None:
    """Return hours by week and genres; None where there is nothing to draw."""
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
    return Picture(tuple(panels), shorten(". ".join(alt), _ALT_UNITS), chart_locale()) if panels else None


def undrawn_labels(picture: Picture | None) -> list[tuple[int, str]]:
    """Return the names that no font of the picture can draw, each with the number that stands there instead."""
    panels = [panel.counts for panel in picture.panels if isinstance(panel, CountsPanel)] if picture is not None else []
    return [(place, name) for counts in panels for place, (name, _number) in enumerate(counts, 1) if not is_drawn(name)]


def calendar_chart(title: str, days: tuple[tuple[str, float], ...], year: int) -> Picture | None:
    """Return the days of one year as a calendar; None where it is empty."""
    if not days:
        return None
    alt = _("{year}: {hours}").format(year=year, hours=_describe_hours(days))
    return Picture((YearPanel(title, days, f"{year}-12-31"),), alt, chart_locale())


def viewer_chart(profile: ViewerProfile, today: datetime.date) -> Picture | None:
    """Return a viewer's last year as a calendar, and the genres; None where the year is empty."""
    if profile.stats is None or not profile.days:
        return None
    name = clean_line(profile.stats.username, 40)
    genres = sorted(profile.stats.genres.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST_GENRES]
    alt = _("The last year: {hours}").format(hours=_describe_hours(profile.days))
    if genres:
        alt = f"{alt}. {_describe_genres(genres)}"
    year = YearPanel(_("{name}'s year").format(name=name), profile.days, today.isoformat())
    panels = (year, CountsPanel(_("Genres"), tuple(genres))) if genres else (year,)
    return Picture(panels, shorten(alt, _ALT_UNITS), chart_locale())


def _describe_genres(genres: Sequence[tuple[str, int]]) -> str:
    return _("Genres: {genres}").format(genres=", ".join(f"{name} {number}" for name, number in genres))


def _describe_hours(days: Sequence[tuple[str, float]]) -> str:
    """Say how much was watched on how many days."""
    text = ngettext("{time} on {count} day", "{time} on {count} days", len(days))
    return text.format(
        time=format_duration(sum(seconds for _day, seconds in days)),
        count=format_number(len(days)),
    )
