"""Draw pictures with matplotlib, on a background of their own: readable on Discord's dark and light themes alike."""

import datetime
import io
import itertools
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import MaxNLocator

from charts.fonts import bar_label, fit_label, font_families
from charts.numbers import group_digits
from charts.picture import AttendancePanel, ChartLocale, CountsPanel, Picture, WeeksPanel, YearPanel

CARD, TEXT, QUIET, LINE = "#22252b", "#f1f2f4", "#a3a8b2", "#3a3f48"
GOLD, GREEN, EMPTY = "#e5a00d", "#3fae6d", "#2f333b"
WIDTH_IN, DPI = 8.0, 110
MOST_BARS = 10
_HEAT = LinearSegmentedColormap.from_list("heat", ["#5b4614", "#a8770f", "#e5a00d", "#ffd97a"])
_HEIGHTS: dict[type, Callable[[Any], float]] = {
    AttendancePanel: lambda panel: 2.6,
    WeeksPanel: lambda panel: 2.6,
    CountsPanel: lambda panel: 0.8 + 0.34 * min(MOST_BARS, max(1, len(panel.counts))),
    YearPanel: lambda panel: 2.05,
}


def render_png(picture: Picture) -> bytes:
    """Return the picture as PNG."""
    with mpl.rc_context(
        {
            "font.family": font_families(),
            "font.size": 10.5,
            "text.parse_math": False,
            "text.color": TEXT,
            "xtick.color": QUIET,
            "ytick.color": QUIET,
            "axes.facecolor": CARD,
        }
    ):
        return _render(picture)


def _render(picture: Picture) -> bytes:
    heights = [_HEIGHTS[type(panel)](panel) for panel in picture.panels]
    height_in = sum(heights)
    figure = Figure(figsize=(WIDTH_IN, height_in), dpi=DPI, facecolor=CARD)
    FigureCanvasAgg(figure)
    top_in = height_in
    for panel, tall in zip(picture.panels, heights, strict=True):
        left, right, above, below = _MARGINS[type(panel)]
        axes = figure.add_axes(
            (left / WIDTH_IN, (top_in - tall + below) / height_in, 1 - (left + right) / WIDTH_IN,
             (tall - above - below) / height_in)
        )  # fmt: skip
        figure.text(
            0.3 / WIDTH_IN,
            (top_in - 0.22) / height_in,
            fit_label(panel.title, 62),
            va="top",
            fontsize=13,
            weight="bold",
        )
        for side in axes.spines.values():
            side.set_visible(False)
        axes.tick_params(length=0, pad=6)
        _PANELS[type(panel)](axes, panel, picture.locale)
        top_in -= tall
    stream = io.BytesIO()
    figure.savefig(stream, format="png", facecolor=CARD)
    return stream.getvalue()


def _draw_attendance(axes: Axes, panel: AttendancePanel, locale: ChartLocale) -> None:
    count = max(1, len(panel.watching))
    edges = [panel.length_s * place / count for place in range(count + 1)]
    values = list(panel.watching) or [0]
    axes.stairs(values, edges, fill=True, color=GOLD, alpha=0.32)
    axes.stairs(values, edges, color=GOLD, linewidth=2.2)
    axes.set_xlim(0, panel.length_s)
    axes.set_ylim(0, max(1, *values) * 1.12)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True, min_n_ticks=1))
    axes.grid(axis="y", color=LINE, linewidth=0.8)
    axes.set_axisbelow(True)
    step_s = next(step for step in (300, 600, 900, 1800, 3600, 7200, 1e9) if panel.length_s / step <= 7)
    ticks = [*itertools.takewhile(lambda at: at < panel.length_s * 0.96, itertools.count(0, step_s)), panel.length_s]
    axes.set_xticks(ticks, [_format_clock(at) for at in ticks])


def _format_clock(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60}:{minutes % 60:02}"


def _draw_weeks(axes: Axes, panel: WeeksPanel, locale: ChartLocale) -> None:
    hours = [seconds / 3600 for _, seconds in panel.weeks] or [0.0]
    bars = axes.bar(range(len(hours)), hours, width=0.66, color=GOLD)
    for bar, value in zip(bars, hours, strict=True):
        if value:
            axes.annotate(
                _format_hours(value, locale), (bar.get_x() + bar.get_width() / 2, value), (0, 4),
                textcoords="offset points", ha="center", fontsize=9.5,
            )  # fmt: skip
    axes.axhline(0, color=LINE, linewidth=1)
    axes.set_ylim(0, max(0.1, *hours) * 1.18)
    axes.set_yticks([])
    days = [datetime.date.fromisoformat(monday) for monday, _ in panel.weeks]
    axes.set_xticks(
        range(len(days)), [locale.day.format(day=day.day, month=locale.months[day.month - 1]) for day in days]
    )


def _format_hours(hours: float, locale: ChartLocale) -> str:
    """Return hours; minutes below a tenth of an hour, where "0.0 h" would look like none."""
    if hours < 0.1:
        return locale.minutes.format(minutes=max(1, round(hours * 60)))
    return locale.hours.format(hours=group_digits(hours, 0 if hours >= 10 else 1, locale.number))


def _draw_counts(axes: Axes, panel: CountsPanel, locale: ChartLocale) -> None:
    rows = panel.counts[:MOST_BARS] or (("", 0),)
    bars = axes.barh(range(len(rows)), [number for _, number in rows], height=0.62, color=GREEN)
    for bar, (_, number) in zip(bars, rows, strict=True):
        middle = bar.get_y() + bar.get_height() / 2
        axes.annotate(
            group_digits(number, 0, locale.number),
            (number, middle),
            (5, 0),
            textcoords="offset points",
            va="center",
            fontsize=9.5,
        )
    axes.set_yticks(
        range(len(rows)), [bar_label(name, 20, place) for place, (name, _) in enumerate(rows, 1)], color=TEXT
    )
    axes.invert_yaxis()
    axes.set_xticks([])
    axes.set_xlim(0, max(1, *(number for _, number in rows)) * 1.1)


def _draw_year(axes: Axes, panel: YearPanel, locale: ChartLocale) -> None:
    last = datetime.date.fromisoformat(panel.until)
    a_year_ago = last.replace(year=last.year - 1, day=28 if (last.month, last.day) == (2, 29) else last.day)
    first = a_year_ago + datetime.timedelta(days=1)  # a leap year has 366 days
    monday = first - datetime.timedelta(days=first.weekday())
    seconds = dict(panel.days)
    top = max([value for day, value in seconds.items() if first.isoformat() <= day <= last.isoformat()], default=0.0)
    months: dict[int, str] = {}
    for number in range((last - first).days + 1):
        day = first + datetime.timedelta(days=number)
        column = (day - monday).days // 7
        value = seconds.get(day.isoformat(), 0.0)
        colour = _HEAT(0.08 + 0.92 * value / top) if value > 0 and top else EMPTY
        square = FancyBboxPatch(
            (column + 0.1, day.weekday() + 0.1), 0.8, 0.8, boxstyle="round,pad=0,rounding_size=0.2", facecolor=colour,
            linewidth=0,
        )  # fmt: skip
        axes.add_patch(square)
        if day.day == 1:
            months[column] = locale.months[day.month - 1]
    axes.set_xlim(0, max(52, (last - monday).days // 7) + 1.2)
    axes.set_ylim(7, 0)
    axes.set_aspect("equal", anchor="W")
    axes.set_xticks([column + 0.5 for column in months], list(months.values()))
    axes.set_yticks([0.5, 2.5, 4.5], [locale.weekdays[day] for day in (0, 2, 4)])


_PANELS: dict[type, Callable[[Axes, Any, ChartLocale], None]] = {
    AttendancePanel: _draw_attendance,
    WeeksPanel: _draw_weeks,
    CountsPanel: _draw_counts,
    YearPanel: _draw_year,
}
_MARGINS: dict[type, tuple[float, float, float, float]] = {
    AttendancePanel: (0.55, 0.45, 0.6, 0.48),
    WeeksPanel: (0.3, 0.3, 0.55, 0.48),
    CountsPanel: (2.0, 0.5, 0.55, 0.25),
    YearPanel: (0.72, 0.2, 0.6, 0.4),
}
"""Margins of a panel in inches: left, right, top, bottom."""
