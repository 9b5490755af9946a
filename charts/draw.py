"""Draws pictures. A card of its own colour, so that it reads on Discord's dark and light themes alike."""

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

from charts.figures import written
from charts.lettering import families, named, shown
from charts.plan import Attendance, Genres, Picture, Weeks, Wording, Year

CARD, TEXT, QUIET, LINE = "#22252b", "#f1f2f4", "#a3a8b2", "#3a3f48"
GOLD, GREEN, EMPTY = "#e5a00d", "#3fae6d", "#2f333b"
WIDTH_IN, DPI = 8.0, 110
MOST_BARS = 10
_HEAT = LinearSegmentedColormap.from_list("heat", ["#5b4614", "#a8770f", "#e5a00d", "#ffd97a"])
_HEIGHTS: dict[type, Callable[[Any], float]] = {
    Attendance: lambda panel: 2.6,
    Weeks: lambda panel: 2.6,
    Genres: lambda panel: 0.8 + 0.34 * min(MOST_BARS, max(1, len(panel.counts))),
    Year: lambda panel: 2.05,
}


def png(picture: Picture) -> bytes:
    """The picture as PNG."""
    with mpl.rc_context(
        {
            "font.family": families(),
            "font.size": 10.5,
            "text.parse_math": False,
            "text.color": TEXT,
            "xtick.color": QUIET,
            "ytick.color": QUIET,
            "axes.facecolor": CARD,
        }
    ):
        return _drawn(picture)


def _drawn(picture: Picture) -> bytes:
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
            0.3 / WIDTH_IN, (top_in - 0.22) / height_in, shown(panel.title, 62), va="top", fontsize=13, weight="bold"
        )
        for side in axes.spines.values():
            side.set_visible(False)
        axes.tick_params(length=0, pad=6)
        _PANELS[type(panel)](axes, panel, picture.wording)
        top_in -= tall
    written = io.BytesIO()
    figure.savefig(written, format="png", facecolor=CARD)
    return written.getvalue()


def _attendance(axes: Axes, panel: Attendance, wording: Wording) -> None:
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
    axes.set_xticks(ticks, [_clock(at) for at in ticks])


def _clock(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60}:{minutes % 60:02}"


def _weeks(axes: Axes, panel: Weeks, wording: Wording) -> None:
    hours = [seconds / 3600 for _, seconds in panel.weeks] or [0.0]
    bars = axes.bar(range(len(hours)), hours, width=0.66, color=GOLD)
    for bar, value in zip(bars, hours, strict=True):
        if value:
            axes.annotate(
                _time(value, wording), (bar.get_x() + bar.get_width() / 2, value), (0, 4),
                textcoords="offset points", ha="center", fontsize=9.5,
            )  # fmt: skip
    axes.axhline(0, color=LINE, linewidth=1)
    axes.set_ylim(0, max(0.1, *hours) * 1.18)
    axes.set_yticks([])
    days = [datetime.date.fromisoformat(monday) for monday, _ in panel.weeks]
    axes.set_xticks(
        range(len(days)), [wording.day.format(day=day.day, month=wording.months[day.month - 1]) for day in days]
    )


def _time(hours: float, wording: Wording) -> str:
    """Of less than a tenth of an hour the minutes: "0.0 h" above a bar would be none."""
    if hours < 0.1:
        return wording.minutes.format(minutes=max(1, round(hours * 60)))
    return wording.hours.format(hours=written(hours, 0 if hours >= 10 else 1, wording.number))


def _genres(axes: Axes, panel: Genres, wording: Wording) -> None:
    rows = panel.counts[:MOST_BARS] or (("", 0),)
    bars = axes.barh(range(len(rows)), [number for _, number in rows], height=0.62, color=GREEN)
    for bar, (_, number) in zip(bars, rows, strict=True):
        middle = bar.get_y() + bar.get_height() / 2
        axes.annotate(
            written(number, 0, wording.number),
            (number, middle),
            (5, 0),
            textcoords="offset points",
            va="center",
            fontsize=9.5,
        )
    axes.set_yticks(range(len(rows)), [named(name, 20, place) for place, (name, _) in enumerate(rows, 1)], color=TEXT)
    axes.invert_yaxis()
    axes.set_xticks([])
    axes.set_xlim(0, max(1, *(number for _, number in rows)) * 1.1)


def _year(axes: Axes, panel: Year, wording: Wording) -> None:
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
            months[column] = wording.months[day.month - 1]
    axes.set_xlim(0, max(52, (last - monday).days // 7) + 1.2)
    axes.set_ylim(7, 0)
    axes.set_aspect("equal", anchor="W")
    axes.set_xticks([column + 0.5 for column in months], list(months.values()))
    axes.set_yticks([0.5, 2.5, 4.5], [wording.weekdays[day] for day in (0, 2, 4)])


_PANELS: dict[type, Callable[[Axes, Any, Wording], None]] = {
    Attendance: _attendance,
    Weeks: _weeks,
    Genres: _genres,
    Year: _year,
}
_MARGINS: dict[type, tuple[float, float, float, float]] = {
    Attendance: (0.55, 0.45, 0.6, 0.48),
    Weeks: (0.3, 0.3, 0.55, 0.48),
    Genres: (2.0, 0.5, 0.55, 0.25),
    Year: (0.72, 0.2, 0.6, 0.4),
}
"""Room at the left, right, top and bottom of a panel, inches."""
