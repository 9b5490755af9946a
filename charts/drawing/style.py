"""Colours of the pictures, and their common parts. The colours are those of the web page's dark theme."""

import datetime

from charts import geometry
from charts.drawing import fonts
from charts.drawing.svg import Canvas, Number
from charts.picture import Days

GROUND, CARD, RAISED, LINE = "#0f1115", "#181b21", "#20242c", "#2b303a"
TEXT, QUIET, DARK_INK = "#f2f4f7", "#a8b0bd", "#12141a"
GOLD, GOLD_LIGHT, GOLD_DEEP, TRACK, GREEN = "#f0ab1a", "#ffcb57", "#dd940a", "#252a34", "#51c98d"
FACES = ("#f0ab1a", "#7cc4ff", "#8be0b0", "#ff9d8a", "#c9b0ff", "#f7a8d0", "#b9d66b", "#9fb3c8")
HEAT = ("#2a303b", "#5b4614", "#a8770f", "#e5a00d", "#ffd97a")
"""Colours of a day without watching, and of each quarter of the other days, the one with least watching first."""
_FILM = "M48 92h80v80H48zM62 92v80M114 92v80M48 112h14M48 132h14M48 152h14M114 112h14M114 132h14M114 152h14"  # a strip
_TITLE_SIZES = (0.2, 0.16, 0.13, 0.105)
"""Font sizes on a poster without a picture, relative to its width."""
_TITLE_LINES = 5


def define_gold(canvas: Canvas) -> None:
    """Define the fills of seen parts, `url(#seen)`, and of the area below a line, `url(#area)`."""
    downwards = 'x1="0" y1="0" x2="0" y2="1"'
    for name, stops in (
        ("seen", _write_stops((GOLD_LIGHT, 1), (GOLD_DEEP, 1))),
        ("area", _write_stops((GOLD, 0.34), (GOLD, 0.1))),
    ):
        canvas.define(f'<linearGradient id="{name}" {downwards}>{stops}</linearGradient>')


def _write_stops(*colours: tuple[str, float]) -> str:
    """Return the stops of a gradient, from its first colour to its last, each with its opacity."""
    return "".join(
        f'<stop offset="{place / (len(colours) - 1):g}" stop-color="{colour}" stop-opacity="{opacity:g}"/>'
        for place, (colour, opacity) in enumerate(colours)
    )


def draw_ground(canvas: Canvas, radius: Number, *, fill: str = CARD) -> None:
    """Draw the background with a gradient from above, readable in Discord's dark and light themes."""
    wide, tall = canvas.width, canvas.height
    circle = f'gradientUnits="userSpaceOnUse" cx="{wide * 0.2:.0f}" cy="-40" r="{wide * 0.62:.0f}"'
    stops = _write_stops((GOLD, 0.06), (GOLD, 0))
    canvas.define(f'<radialGradient id="light" {circle}>{stops}</radialGradient>')
    for colour in (fill, "url(#light)"):
        canvas.rect(0, 0, wide, tall, colour, rx=radius)
    canvas.rect(0.75, 0.75, wide - 1.5, tall - 1.5, "none", rx=radius - 0.75, stroke=LINE, stroke_width=1.5)


def draw_logo(canvas: Canvas, x: Number, y: Number, size: Number) -> None:
    """Draw Usher's logo; `x`, `y`: its upper left corner."""
    canvas.add("circle", cx=x + size / 2, cy=y + size / 2, r=size / 2, fill="#e5a00d")
    place = f"translate({x:.2f} {y:.2f}) scale({size / 32:.4f})"
    letter = "M10 8v9a6 6 0 0 0 12 0V8"
    canvas.add(
        "path", d=letter, fill="none", stroke="#1b1405", stroke_width=4.4, stroke_linecap="round", transform=place
    )


def draw_face(canvas: Canvas, x: Number, y: Number, radius: Number, initial: str, colour: int) -> None:
    """Draw the initial of a viewer in a circle; `x`, `y`: its centre."""
    canvas.add("circle", cx=x, cy=y, r=radius, fill=FACES[colour % len(FACES)])
    size = radius * 0.92
    if not fonts.is_nothing(fonts.clean_text(initial)):
        canvas.text(x, y + size * 0.36, initial, size, DARK_INK, weight=600, anchor="middle")


def draw_poster(
    canvas: Canvas, x: Number, y: Number, width: Number, content: bytes, title: str = "", colour: int = 0
) -> None:
    """Draw a poster of 2:3; if there is none that may be shown, one with only the title, or an empty frame."""
    height, radius = width * 1.5, width * 0.05
    canvas.rect(x, y, width, height, RAISED, rx=radius)
    if not canvas.image(x, y, width, height, content, radius):
        if fonts.is_nothing(fonts.clean_text(title)):
            place = f"translate({x:.2f} {y:.2f}) scale({width / 176:.4f})"
            canvas.add("path", d=_FILM, fill="none", stroke="#5b6473", stroke_width=4, transform=place)
        else:
            _draw_title_poster(canvas, x, y, width, title, colour)
    canvas.rect(x + 0.5, y + 0.5, width - 1, height - 1, "none", rx=radius, stroke="#ffffff", stroke_opacity=0.12)


def _draw_title_poster(canvas: Canvas, x: Number, y: Number, width: Number, title: str, colour: int) -> None:
    """Draw a film's title on a background in one of the faces' colours."""
    name = f"title{colour}"
    stops = _write_stops((FACES[colour], 0.5), (FACES[colour], 0.08))
    canvas.define(f'<linearGradient id="{name}" x1="0" y1="0" x2="0.4" y2="1">{stops}</linearGradient>')
    canvas.rect(x, y, width, width * 1.5, f"url(#{name})", rx=width * 0.05)
    room, words = width * 0.82, fonts.clean_text(title)
    size = next(size for size in _TITLE_SIZES if size == _TITLE_SIZES[-1] or _fits(words, size * width, room))
    lines = fonts.split_lines(words, size * width, 700, room, _TITLE_LINES)
    first = y + width * 0.75 - (len(lines) - 1) * size * width * 0.6 + size * width * 0.36
    for number, line in enumerate(lines):
        middle = first + number * size * width * 1.2
        canvas.text(x + width / 2, middle, line, size * width, TEXT, weight=700, anchor="middle", width=room)


def _fits(text: str, size: Number, room: Number) -> bool:
    lines = fonts.split_lines(text, size, 700, room, _TITLE_LINES)
    is_whole = " ".join(lines) == text
    return is_whole and all(fonts.measure(line, size, 700) <= room for line in lines)


def draw_calendar(
    canvas: Canvas, x: Number, y: Number, square: Number, days: Days, until: datetime.date
) -> tuple[dict[int, int], int]:
    """Draw a year as squares, `square` apart; return the week in which each month begins, and the number of weeks."""
    first = geometry.find_year_before(until)
    seconds = dict(days)
    quarters = geometry.find_quarters(value for day, value in days if first.isoformat() <= day <= until.isoformat())
    months: dict[int, int] = {}
    week = 0
    side = square * 0.8
    for day, week, weekday in geometry.place_days(first, until):
        value = seconds.get(day.isoformat(), 0.0)
        level = geometry.find_level(value, quarters)
        canvas.rect(x + week * square, y + weekday * square, side, side, HEAT[level], rx=square * 0.2)
        if day.day == 1:
            months[week] = day.month - 1
    return months, week + 1
