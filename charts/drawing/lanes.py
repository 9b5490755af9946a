"""Draws how many watched at each minute of a film, and a lane for each viewer."""

import msgspec.structs

from charts import geometry
from charts.drawing import fonts
from charts.drawing.style import GOLD, LINE, QUIET, TEXT, TRACK, draw_face
from charts.drawing.svg import Canvas, Number
from charts.picture import MOST_LANES, ChartLocale, LaneRow, LanesPanel

EDGE = 28
LEFT, RIGHT = 236, 632
"""Left and right end of the film's axis."""
TOP, AREA = 78, 64
"""Top and height of the attendance."""
ROW, NARROW_ROW, MOST_WIDE = 42, 30, 10
"""Heights of lanes; with more than `MOST_WIDE` lanes all are narrow and show only names."""


def measure_lanes(panel: LanesPanel) -> float:
    """Return the panel's height."""
    lanes = len(panel.lanes[:MOST_LANES])
    return TOP + AREA + 18 + lanes * _row_height(panel) + 40 + 22 * len(panel.more) + (8 if panel.more else 0)


def _row_height(panel: LanesPanel) -> int:
    return ROW if len(panel.lanes) <= MOST_WIDE else NARROW_ROW


def draw_lanes(canvas: Canvas, panel: LanesPanel, top: Number, locale: ChartLocale) -> None:
    """Draw the panel from `top` down."""
    room = canvas.width - 2 * EDGE
    wide = canvas.text(EDGE, top + 42, panel.title, 20, TEXT, weight=600, width=room / 2)
    canvas.text(canvas.width - EDGE, top + 42, panel.film, 15, QUIET, anchor="end", width=room - wide - 24)
    draw_attendance(canvas, panel.watching, panel.length_ms, (LEFT, top + TOP, RIGHT - LEFT, AREA))
    canvas.text(EDGE, top + TOP + AREA / 2 + 5, panel.watching_label, 13, QUIET, width=LEFT - EDGE - 30)
    most = max((number for _at, number in panel.watching), default=0)
    canvas.text(LEFT - 8, top + TOP + AREA * 0.06 + 9, str(most), 12, QUIET, anchor="end")
    canvas.text(LEFT - 8, top + TOP + AREA, "0", 12, QUIET, anchor="end")
    y: Number = top + TOP + AREA + 18
    for place, lane in enumerate(panel.lanes[:MOST_LANES], 1):
        name = fonts.name_or_place(lane.name, place)
        _draw_lane(canvas, msgspec.structs.replace(lane, name=name), panel.length_ms, y, _row_height(panel))
        y += _row_height(panel)
    draw_axis(canvas, panel.length_ms, LEFT, RIGHT - LEFT, y + 4)
    for number, line in enumerate(panel.more):
        canvas.text(EDGE, y + 48 + 22 * number, line, 14, QUIET, width=canvas.width - 2 * EDGE)


def draw_attendance(
    canvas: Canvas, steps: tuple[tuple[int, int], ...], length_ms: int, box: tuple[Number, Number, Number, Number]
) -> None:
    """Draw how many watched at each minute into a box: left, top, width, height."""
    left, top, width, height = box
    most = max((number for _at, number in steps), default=0)
    points = geometry.trace_steps(steps, length_ms, None, most)
    line, area = geometry.write_path([(x / 1000 * width, y / 100 * height) for x, y in points], height)
    place = f"translate({left:.1f} {top:.1f})"
    canvas.add("path", d=area, fill="url(#area)", transform=place)
    canvas.rect(left, top + height - 0.5, width, 1, LINE)
    canvas.add("path", d=line, fill="none", stroke=GOLD, stroke_width=2.2, stroke_linejoin="round", transform=place)


def draw_axis(canvas: Canvas, length_ms: int, left: Number, width: Number, y: Number) -> None:
    """Draw the film's time axis below the lanes."""
    ticks = geometry.place_ticks(length_ms)
    for number, at in enumerate(ticks):
        x = left + width * geometry.to_percent(at, length_ms) / 100
        canvas.rect(x - 0.5, y, 1, 5, QUIET, opacity=0.6)
        anchor = "start" if number == 0 else "end" if number == len(ticks) - 1 else "middle"
        canvas.text(x, y + 20, format_clock(at), 12, QUIET, anchor=anchor)


def format_clock(at_ms: int) -> str:
    """Return a film's position to the minute: "1:28"."""
    return f"{at_ms // 3_600_000}:{at_ms // 60_000 % 60:02}"


def _draw_lane(canvas: Canvas, lane: LaneRow, length_ms: int, y: Number, height: Number) -> None:
    wide = height == ROW
    middle = y + height / 2
    radius = 15 if wide else 10
    draw_face(canvas, EDGE + radius, middle, radius, lane.initial, lane.colour)
    x = EDGE + 2 * radius + 10
    width = LEFT - x - 12
    if wide and lane.note:
        canvas.text(x, middle - 2, lane.name, 15, TEXT, weight=600, width=width)
        canvas.text(x, middle + 14, lane.note, 12, QUIET, width=width)
    else:
        canvas.text(x, middle + 5, lane.name, 14, TEXT, weight=600, width=width)
    bar = 16 if wide else 12
    canvas.rect(LEFT, middle - bar / 2, RIGHT - LEFT, bar, TRACK, rx=4.5)
    for start, share in geometry.place_bars(lane.spans, length_ms):
        long = max(1.5, share / 100 * (RIGHT - LEFT))
        canvas.rect(LEFT + start / 100 * (RIGHT - LEFT), middle - bar / 2, long, bar, "url(#seen)", rx=min(4, long / 2))
    colour = QUIET if lane.is_low else TEXT
    canvas.text(canvas.width - EDGE, middle + 5, lane.percent, 15, colour, weight=600, anchor="end")
