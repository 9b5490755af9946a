"""Draws charts, one below the other: lanes of viewers, hours by week, counts by name, a year as a calendar."""

import datetime
from collections.abc import Callable
from typing import Any

from charts import geometry
from charts.drawing import fonts
from charts.drawing.lanes import EDGE, draw_lanes, measure_lanes
from charts.drawing.style import LINE, QUIET, TEXT, TRACK, define_gold, draw_calendar, draw_ground
from charts.drawing.svg import Canvas, Number
from charts.numbers import group_digits
from charts.picture import ChartLocale, CountsPanel, LanesPanel, Picture, WeeksPanel, YearPanel

WIDTH = 720
PIXELS = 1080
"""Width of a picture: Discord shows it smaller, and so it is sharp on high-resolution screens."""
MOST_BARS, MOST_WEEKS = 10, 16
BAR_ROW, WEEKS_HEIGHT, YEAR_HEIGHT = 32, 236, 196
RADIUS = 16


def draw_panels(picture: Picture) -> Canvas:
    """Return the panels on one background."""
    heights = [_HEIGHTS[type(panel)](panel) for panel in picture.panels]
    canvas = Canvas(WIDTH, round(sum(heights)))
    define_gold(canvas)
    draw_ground(canvas, RADIUS)
    top = 0.0
    for number, (panel, height) in enumerate(zip(picture.panels, heights, strict=True)):
        if number:
            canvas.rect(EDGE, top, WIDTH - 2 * EDGE, 1, LINE)
        _PANELS[type(panel)](canvas, panel, top, picture.locale)
        top += height
    return canvas


def _draw_heading(canvas: Canvas, title: str, top: Number) -> None:
    canvas.text(EDGE, top + 42, title, 20, TEXT, weight=600, width=WIDTH - 2 * EDGE)


def _draw_weeks(canvas: Canvas, panel: WeeksPanel, top: Number, locale: ChartLocale) -> None:
    _draw_heading(canvas, panel.title, top)
    weeks = panel.weeks[-MOST_WEEKS:]
    most = max((seconds for _day, seconds in weeks), default=0.0)
    base, tallest = top + WEEKS_HEIGHT - 46, WEEKS_HEIGHT - 46 - 88
    column = (WIDTH - 2 * EDGE) / max(1, len(weeks))
    every = 1 + (len(weeks) - 1) // 12  # at most 12 labels fit
    for number, (monday, seconds) in enumerate(weeks):
        middle = EDGE + column * (number + 0.5)
        width = min(38, column * 0.62)
        if seconds > 0:
            height = max(3.0, tallest * seconds / most)
            canvas.rect(middle - width / 2, base - height, width, height, "url(#seen)", rx=min(5, height / 2))
            label = format_hours(seconds / 3600, locale)
            canvas.text(middle, base - height - 8, label, 12.5, TEXT, weight=500, anchor="middle", width=column - 2)
        else:
            canvas.rect(middle - width / 2, base - 3, width, 3, TRACK, rx=1.5)
        if (len(weeks) - 1 - number) % every == 0:
            day = datetime.date.fromisoformat(monday)
            text = locale.day.format(day=day.day, month=locale.months[day.month - 1])
            canvas.text(middle, base + 22, text, 12, QUIET, anchor="middle", width=column * every - 4)
    canvas.rect(EDGE, base, WIDTH - 2 * EDGE, 1, LINE)


def format_hours(hours: float, locale: ChartLocale) -> str:
    """Return hours; or minutes below a tenth of an hour, which "0.0 h" would show as none."""
    if hours < 0.1:
        return locale.minutes.format(minutes=max(1, round(hours * 60)))
    return locale.hours.format(hours=group_digits(hours, 0 if hours >= 10 else 1, locale.number))


def _draw_counts(canvas: Canvas, panel: CountsPanel, top: Number, locale: ChartLocale) -> None:
    _draw_heading(canvas, panel.title, top)
    rows = panel.counts[:MOST_BARS]
    most = max((count for _name, count in rows), default=0)
    figures = [group_digits(count, 0, locale.number) for _name, count in rows]
    wide = max((fonts.measure(figure, 14, 600) for figure in figures), default=0.0)
    left = 190
    room = WIDTH - EDGE - wide - 12 - left
    for number, ((name, count), figure) in enumerate(zip(rows, figures, strict=True)):
        middle = top + 78 + BAR_ROW * number
        canvas.text(
            EDGE, middle + 5, fonts.name_or_place(name, number + 1), 15, TEXT, weight=500, width=left - EDGE - 14
        )
        canvas.rect(left, middle - 5.5, room, 11, TRACK, rx=5.5)
        canvas.rect(left, middle - 5.5, max(11.0, room * count / most) if count > 0 else 0, 11, "url(#seen)", rx=5.5)
        canvas.text(WIDTH - EDGE, middle + 5, figure, 14, TEXT, weight=600, anchor="end")


def _draw_year(canvas: Canvas, panel: YearPanel, top: Number, locale: ChartLocale) -> None:
    _draw_heading(canvas, panel.title, top)
    until = datetime.date.fromisoformat(panel.until)
    left, first_row = EDGE + 40, top + 86
    weeks = 1 + max(week for _day, week, _row in geometry.place_days(geometry.find_year_before(until), until))
    square = (WIDTH - EDGE - left) / (weeks - 0.2)
    months, _weeks = draw_calendar(canvas, left, first_row, square, panel.days, until)
    for week, month in months.items():
        if week < weeks - 2:
            canvas.text(left + week * square, first_row - 9, locale.months[month], 12, QUIET)
    for row in (0, 2, 4):
        canvas.text(EDGE, first_row + row * square + square * 0.76, locale.weekdays[row], 11, QUIET, width=36)


_PANELS: dict[type, Callable[[Canvas, Any, Number, ChartLocale], None]] = {
    LanesPanel: draw_lanes,
    WeeksPanel: _draw_weeks,
    CountsPanel: _draw_counts,
    YearPanel: _draw_year,
}
_HEIGHTS: dict[type, Callable[[Any], float]] = {
    LanesPanel: measure_lanes,
    WeeksPanel: lambda panel: WEEKS_HEIGHT,
    CountsPanel: lambda panel: 90 + BAR_ROW * min(MOST_BARS, max(1, len(panel.counts))),
    YearPanel: lambda panel: YEAR_HEIGHT,
}
