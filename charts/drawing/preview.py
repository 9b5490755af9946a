"""Draws the preview of a shared page for chats and feeds, 1200 x 630: a year, a night or a badge."""

import datetime
from collections.abc import Iterable, Sequence

from charts.drawing import fonts, style
from charts.drawing.lanes import draw_attendance
from charts.drawing.svg import Canvas, Number
from charts.picture import PreviewCard

WIDTH, HEIGHT = 1200, 630
EDGE = 64
POSTER = 330
ATTENDANCE = 78
"""Height of the attendance."""
MOST_FIGURES = 4
CALENDAR_WEEKS = 53
TITLE_SIZES = (76, 64, 54, 46)
FIGURE_SIZES, LABEL_SIZES = (44, 38, 32), (21, 19, 17, 15)


def draw_preview(card: PreviewCard) -> Canvas:
    """Return the card, without rounded corners: other sites add them."""
    canvas = Canvas(WIDTH, HEIGHT)
    style.define_gold(canvas)
    style.draw_ground(canvas, 0, fill=style.GROUND)
    right: Number = WIDTH - EDGE
    if card.poster is not None:
        style.draw_poster(canvas, WIDTH - EDGE - POSTER, (HEIGHT - POSTER * 1.5) / 2, POSTER, card.poster)
        right -= POSTER + 48
    elif card.emoji:
        _draw_emoji(canvas, card.emoji)
        right -= POSTER + 48
    room = right - EDGE
    style.draw_logo(canvas, EDGE, EDGE - 6, 44)
    canvas.text(EDGE + 60, EDGE + 24, card.heading, 25, style.QUIET, weight=500, width=room - 60)
    y = _draw_title(canvas, card, room)
    if card.note:
        canvas.text(EDGE, y + 52, card.note, 28, style.QUIET, width=room)
    square = room / (CALENDAR_WEEKS - 0.2)
    below = 7 * square if card.days and card.until else ATTENDANCE if card.watching else 0
    if card.figures:
        _draw_figures(canvas, card, room, HEIGHT - EDGE - below)
    if card.days and card.until:
        style.draw_calendar(canvas, EDGE, HEIGHT - EDGE - below, square, card.days, _read_day(card.until))
    elif card.watching:
        draw_attendance(canvas, card.watching, card.length_ms, (EDGE, HEIGHT - EDGE - below, room, below))
    return canvas


def _read_day(iso: str) -> datetime.date:
    return datetime.date.fromisoformat(iso)


def _draw_title(canvas: Canvas, card: PreviewCard, room: Number) -> Number:
    """Draw the title in one or two lines, as large as fits; return the baseline of the last."""
    words = fonts.clean_text(card.title)
    size = next((size for size in TITLE_SIZES if fonts.measure(words, size, 700) <= room), 0)
    if size:
        canvas.text(EDGE, 206, words, size, style.TEXT, weight=700)
        return 206
    first, rest = fonts.split_line(words, 54, 700, room)
    canvas.text(EDGE, 184, first, 54, style.TEXT, weight=700, width=room)
    if not rest:
        return 184
    canvas.text(EDGE, 246, rest, 54, style.TEXT, weight=700, width=room)
    return 246


def _draw_figures(canvas: Canvas, card: PreviewCard, room: Number, bottom: Number) -> None:
    figures = card.figures[:MOST_FIGURES]
    base = bottom - (76 if bottom < HEIGHT - EDGE else 46)
    column = room / (max(len(figures), 3) if len(figures) > 1 else 1)
    large = _find_size((one.figure for one in figures), FIGURE_SIZES, 700, column - 32)
    small = _find_size((one.label for one in figures), LABEL_SIZES, 400, column - 32)
    for number, one in enumerate(figures):
        x = EDGE + column * number
        if number:
            canvas.rect(x - 18, base - 40, 1.5, 76, style.LINE)
        colour = style.GOLD if number == 0 else style.TEXT
        canvas.text(x, base, one.figure, large, colour, weight=700, width=column - 32)
        canvas.text(x, base + 34, one.label, small, style.QUIET, width=column - 32)


def _find_size(texts: Iterable[str], sizes: Sequence[int], weight: int, room: Number) -> int:
    """Return the largest size at which all texts fit; the smallest if they fit at none and must be shortened."""
    words = [fonts.clean_text(text) for text in texts]
    fitting = (size for size in sizes if all(fonts.measure(each, size, weight) <= room for each in words))
    return next(fitting, sizes[-1])


def _draw_emoji(canvas: Canvas, emoji: str) -> None:
    x, y, radius = WIDTH - EDGE - POSTER / 2, HEIGHT / 2, POSTER / 2 - 10
    canvas.add("circle", cx=x, cy=y, r=radius, fill=style.CARD, stroke=style.GOLD, stroke_width=5)
    canvas.add("circle", cx=x, cy=y, r=radius - 16, fill=style.RAISED)
    canvas.text(x, y + 54, emoji, 150, style.GOLD, anchor="middle")
