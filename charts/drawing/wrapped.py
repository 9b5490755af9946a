"""Draws a year of films as a card worth sharing, 1080 x 1350."""

import datetime
from collections.abc import Callable

from charts import geometry
from charts.drawing import fonts, style
from charts.drawing.svg import Canvas, Number
from charts.picture import WrappedCard

WIDTH, HEIGHT = 1080, 1350
EDGE, TOP, BOTTOM = 64, 70, 70
ROOM = WIDTH - 2 * EDGE
MOST_POSTERS, MOST_FIGURES, MOST_BADGES = 3, 4, 8
POSTER = 284
POSTER_GAP = (ROOM - POSTER * MOST_POSTERS) / (MOST_POSTERS - 1)
BIG_SIZES = (196, 164, 132, 108)
HEAD, MOST_GAP = 58, 110

Part = tuple[float, Callable[[Canvas, WrappedCard, Number], None]]
"""Height of a part of the card, and the function that draws it from a given top down."""


def draw_wrapped(card: WrappedCard) -> Canvas:
    """Return the card. Missing parts leave their space to the others."""
    canvas = Canvas(WIDTH, HEIGHT)
    style.define_gold(canvas)
    style.draw_ground(canvas, 36, fill=style.GROUND)
    _draw_perforation(canvas)
    _draw_head(canvas, card, TOP)
    parts = _choose_parts(card)
    room = HEIGHT - TOP - HEAD - BOTTOM - sum(height for height, _draw in parts)
    gap = min(MOST_GAP, room / len(parts))
    y = TOP + HEAD + (room - gap * (len(parts) - 1)) / 2 + (gap / 2 if gap < MOST_GAP else 0)
    for height, draw in parts:
        draw(canvas, card, y)
        y += height + gap
    return canvas


def _choose_parts(card: WrappedCard) -> list[Part]:
    parts: list[Part] = [(190, _draw_big)]
    if card.films:
        parts.append((POSTER * 1.5 + 66, _draw_posters))
    if card.figures:
        parts.append((76, _draw_figures))
    if card.days and card.until:
        parts.append((158, _draw_year))
    if card.badges:
        parts.append((84, _draw_badges))
    return parts


def _draw_perforation(canvas: Canvas) -> None:
    """Draw the holes of a film strip, above and below."""
    for y in (22, HEIGHT - 22 - 15):
        for number in range(27):
            canvas.rect(34 + number * 38, y, 22, 15, style.CARD, rx=5, stroke=style.LINE)


def _draw_head(canvas: Canvas, card: WrappedCard, y: Number) -> None:
    style.draw_logo(canvas, EDGE, y, 58)
    year = canvas.text(WIDTH - EDGE, y + 45, card.year, 46, style.GOLD, weight=800, anchor="end")
    canvas.text(EDGE + 78, y + 43, card.name, 38, style.TEXT, weight=700, width=ROOM - 78 - year - 24)


def _draw_big(canvas: Canvas, card: WrappedCard, y: Number) -> None:
    """Draw the one big figure, with its label beside it."""
    figure = fonts.clean_text(card.big.figure)
    size = next((size for size in BIG_SIZES if fonts.measure(figure, size, 800) <= ROOM * 0.62), BIG_SIZES[-1])
    base = y + 172
    wide = canvas.text(EDGE - size * 0.02, base, figure, size, "url(#seen)", weight=800, width=ROOM * 0.66)
    x = EDGE + wide + 22
    first, rest = fonts.split_line(fonts.clean_text(card.big.label), 36, 600, WIDTH - EDGE - x)
    if rest:
        canvas.text(x, base - 46, first, 36, style.TEXT, weight=600, width=WIDTH - EDGE - x)
    canvas.text(x, base, rest or first, 36, style.TEXT, weight=600, width=WIDTH - EDGE - x)


def _draw_posters(canvas: Canvas, card: WrappedCard, y: Number) -> None:
    films = card.films[:MOST_POSTERS]
    x = EDGE + (MOST_POSTERS - len(films)) * (POSTER + POSTER_GAP) / 2
    colours = geometry.choose_colours(film.title for film in films)
    for film, colour in zip(films, colours, strict=True):
        style.draw_poster(canvas, x, y, POSTER, film.poster, film.title, colour)
        middle, below = x + POSTER / 2, y + POSTER * 1.5
        canvas.text(middle, below + 36, film.title, 23, style.TEXT, weight=600, anchor="middle", width=POSTER)
        canvas.text(middle, below + 64, film.note, 20, style.QUIET, anchor="middle", width=POSTER)
        x += POSTER + POSTER_GAP


def _draw_figures(canvas: Canvas, card: WrappedCard, y: Number) -> None:
    figures = card.figures[:MOST_FIGURES]
    column = ROOM / len(figures)
    for number, one in enumerate(figures):
        x = EDGE + column * number + (22 if number else 0)
        width = column - (44 if number else 22)
        if number:
            canvas.rect(x - 23, y + 2, 1.5, 72, style.LINE)
        figure = fonts.clean_text(one.figure)
        size = next((size for size in (40, 34, 28) if fonts.measure(figure, size, 700) <= width), 24)
        canvas.text(x, y + 36, figure, size, style.TEXT, weight=700, width=width)
        canvas.text(x, y + 70, one.label, 21, style.QUIET, width=width)


def _draw_year(canvas: Canvas, card: WrappedCard, y: Number) -> None:
    until = datetime.date.fromisoformat(card.until)
    weeks = 1 + max(week for _day, week, _row in geometry.place_days(geometry.find_year_before(until), until))
    square = ROOM / (weeks - 0.2)
    months, _weeks = style.draw_calendar(canvas, EDGE, y + 32, square, card.days, until)
    for week, month in months.items():
        if week < weeks - 2:
            canvas.text(EDGE + week * square, y + 18, card.locale.months[month], 18, style.QUIET)


def _draw_badges(canvas: Canvas, card: WrappedCard, y: Number) -> None:
    radius, step = 38, 92
    badges = card.badges[:MOST_BADGES]
    for number, badge in enumerate(badges):
        x = EDGE + radius + step * number
        canvas.add("circle", cx=x, cy=y + radius + 4, r=radius, fill=style.RAISED, stroke=style.LINE, stroke_width=1.5)
        canvas.text(x, y + radius + 18, badge.emoji, 38, style.GOLD, anchor="middle")
    x = EDGE + step * len(badges) + 10
    first, rest = fonts.split_line(fonts.clean_text(card.badges_label), 24, 600, WIDTH - EDGE - x)
    canvas.text(x, y + radius + (2 if rest else 13), first, 24, style.TEXT, weight=600, width=WIDTH - EDGE - x)
    canvas.text(x, y + radius + 32, rest, 24, style.TEXT, weight=600, width=WIDTH - EDGE - x)
