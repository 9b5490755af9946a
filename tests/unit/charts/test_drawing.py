"""What a picture shows and where, read from its SVG; and that it becomes a PNG of its size and colours."""

from __future__ import annotations

import datetime
import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from functools import cache
from itertools import pairwise

import pytest
from PIL import Image

from charts.drawing import fonts, lanes, panels, preview, style, wrapped
from charts.drawing.render import draw, draw_png
from charts.drawing.svg import Canvas
from charts.geometry import count_viewers
from charts.picture import (
    AnyDrawing,
    BadgeMark,
    ChartLocale,
    CountsPanel,
    Figure,
    LaneRow,
    LanesPanel,
    Picture,
    PosterMark,
    PreviewCard,
    WeeksPanel,
    WrappedCard,
    YearPanel,
)

MINUTE = 60_000
LENGTH = 100 * MINUTE
TODAY = datetime.date(2026, 11, 22)
DAYS = tuple(((TODAY - datetime.timedelta(days=back)).isoformat(), 600.0 * (back % 9)) for back in range(364, -1, -1))
GERMAN = ChartLocale(
    months=("Okt",) * 12, day="{day}. {month}", hours="{hours} Std.", number="1.234,5", minutes="{minutes} Min."
)
HOSTILE = ("</text><script>alert(1)</script>", "&lt;\"'>", "\x00\x1b[31m\ufffe", "Ω" * 10_000, "🎬" * 300, "אורי", "")


def make_lane(name: str = "Iris", *spans: tuple[int, int], note: str = "from the start") -> LaneRow:
    """A lane with stretches in minutes."""
    seen = tuple((start * MINUTE, end * MINUTE) for start, end in spans)
    return LaneRow(name, note, "62 %", False, name[:1], 3, seen)


def make_lanes(rows: Iterable[LaneRow], more: tuple[str, ...] = ()) -> Picture:
    """A night of a hundred minutes."""
    rows = tuple(rows)
    watching = tuple(count_viewers((row.spans for row in rows), LENGTH))
    return Picture((LanesPanel("Who sat where", "M (1931)", watching, "Watching at each minute", LENGTH, rows, more),))


def read(canvas: Canvas) -> ET.Element:
    """The SVG as a tree; it is well-formed."""
    return ET.fromstring(canvas.write())  # noqa: S314 - our own


def find(canvas: Canvas, tag: str, **attributes: str) -> list[dict[str, str]]:
    """Attributes of all elements of a kind."""
    found = (element.attrib for element in read(canvas).iter(f"{{http://www.w3.org/2000/svg}}{tag}"))
    return [each for each in found if all(each.get(name) == value for name, value in attributes.items())]


def texts(drawing: AnyDrawing) -> list[str]:
    """Every line of text, in order."""
    lines = read(draw(drawing)).iter("{http://www.w3.org/2000/svg}text")
    return ["".join(line.itertext()) for line in lines]


def encode_poster(colour: tuple[int, int, int]) -> bytes:
    """A poster of one colour."""
    stream = io.BytesIO()
    Image.new("RGB", (40, 60), colour).save(stream, "png")
    return stream.getvalue()


def make_card(**changes: object) -> WrappedCard:
    """A year with all that there can be."""
    parts: dict[str, object] = {
        "year": "2026", "name": "Iris", "big": Figure("156", "hours watched"),
        "figures": (Figure("9", "films"), Figure("4", "days in a row"), Figure("Fritz Lang", "most watched director")),
        "films": tuple(PosterMark(f"Film {number}", "7×", encode_poster((0, 90 * number, 40))) for number in range(3)),
        "days": DAYS, "until": "2026-12-31",
        "badges": tuple(BadgeMark(emoji, "x") for emoji in "😂📣🎟🎬📽🍿🔥🌅"), "badges_label": "12 badges earned",
    }  # fmt: skip
    return WrappedCard(**(parts | changes))  # type: ignore[arg-type]


def test_a_lane_shows_who_came_when_and_left() -> None:
    """Each stretch is a bar at its share of the film's length; name, note and percent stand beside it."""
    picture = make_lanes([make_lane("Rosa", (0, 100)), make_lane("Uri", (0, 25), (60, 100), note="away 0:25 to 1:00")])
    said = texts(picture)
    for part in ("Who sat where", "M (1931)", "Rosa", "Uri", "away 0:25 to 1:00", "62 %", "0:00", "1:40", "2", "0"):
        assert part in said, part
    width = lanes.RIGHT - lanes.LEFT
    bars = [
        ((float(bar["x"]) - lanes.LEFT) / width * 100, float(bar["width"]) / width * 100)
        for bar in find(draw(picture), "rect", fill="url(#seen)")
    ]
    assert bars == [pytest.approx(bar, abs=0.01) for bar in ((0, 100), (0, 25), (60, 40))]


def test_the_heading_is_never_cut() -> None:
    """In any language; the film's title gets the remaining width."""
    panel = LanesPanel("Wer was gesehen hat", "Ω" * 90, ((0, 1),), "Zuschauer in jeder Minute", LENGTH, ())
    heading, film = find(draw(Picture((panel,))), "text")[:2]
    assert texts(Picture((panel,)))[0] == "Wer was gesehen hat"
    spans = find(draw(Picture((panel,))), "tspan")
    assert heading["y"] == film["y"]
    assert float(spans[1]["x"]) > float(spans[0]["x"]) + fonts.measure("Wer was gesehen hat", 20, 600) + 20


def test_the_attendance_goes_down_where_somebody_leaves() -> None:
    """The line above the lanes: two, then one of them, from the minute on."""
    canvas = draw(make_lanes([make_lane("Rosa", (0, 100)), make_lane("Uri", (0, 25))]))
    (line,) = find(canvas, "path", stroke=style.GOLD)
    corners = [tuple(map(float, pair)) for pair in re.findall(r"([\d.]+) ([\d.]+)", line["d"])]
    quarter = (lanes.RIGHT - lanes.LEFT) / 4
    assert [x for x, _y in corners] == pytest.approx([0, quarter, quarter, 4 * quarter], abs=0.01)
    assert corners[0][1] == corners[1][1] < corners[2][1] == corners[3][1] < lanes.AREA


def test_a_crowd_has_twenty_lanes_and_a_line_of_words() -> None:
    """200 viewers: the picture does not get too high."""
    picture = make_lanes(
        (make_lane(f"Viewer {number}", (0, number % 99 + 1)) for number in range(200)), ("… and 180 more",)
    )
    said = texts(picture)
    assert sum(text.startswith("Viewer ") for text in said) == 20 and "… and 180 more" in said
    assert "200" in said, "everybody counts at each minute"
    canvas = draw(picture)
    assert canvas.height < 1.4 * canvas.width


def test_a_name_that_no_font_has_is_the_number_of_its_lane() -> None:
    """The words beside the picture have the names in the same order; its face is empty."""
    said = texts(make_lanes([make_lane("Rosa", (0, 100)), make_lane("ᏣᎳᎩ", (0, 50)), make_lane("𝔇𝔯. 𝔉", (0, 50))]))
    assert {"№ 2", "Dr. F", "D"} <= set(said) and "…" not in said


def test_short_stretches_stay_visible() -> None:
    """A bar has a minimum width; a night without visible viewers still shows its attendance."""
    picture = make_lanes([LaneRow("Iris", "", "0 %", True, "I", 1, ((0, 1000),))])
    (bar,) = find(draw(picture), "rect", fill="url(#seen)")
    assert float(bar["width"]) >= 1.5
    assert draw_png(make_lanes([], ("and 2 hidden",)))


def test_weeks_are_bars_with_their_hours() -> None:
    """A short one is none of nothing: its bar says the minutes; figures and days are in the language."""
    weeks = (("2026-11-02", 0.0), ("2026-11-09", 400.0), ("2026-11-16", 100.0), ("2026-11-23", 4_443_000.0))
    picture = Picture((WeeksPanel("Stunden", weeks),), locale=GERMAN)
    said = texts(picture)
    assert [text for text in said if "Std." in text or "Min." in text] == ["0,1 Std.", "2 Min.", "1.234 Std."]
    assert "9. Okt" in said
    bars = [float(bar["height"]) for bar in find(draw(picture), "rect", fill="url(#seen)")]
    assert bars[0] == bars[1] == 3.0 and bars[2] > 100


def test_bars_of_genres_have_their_names_and_counts() -> None:
    """Where no font has a name's letters, the number of its place stands there, which the words beside explain."""
    counts = (("Drama", 4_000), ("ᏣᎳᎩ", 2_000), ("ドラマ", 0))
    picture = Picture((CountsPanel("Genres", counts),), locale=GERMAN)
    assert texts(picture) == ["Genres", "Drama", "4.000", "№ 2", "2.000", "ドラマ", "0"]
    first, second = (float(bar["width"]) for bar in find(draw(picture), "rect", fill="url(#seen)"))
    assert first == pytest.approx(2 * second, abs=0.02)


@pytest.mark.parametrize("until", ["2026-11-22", "2024-12-31", "2040-12-31"])
def test_a_year_has_a_square_for_each_day_and_none_is_cut_off(until: str) -> None:
    """The busiest day is the brightest, one without anything is dark."""
    picture = Picture((YearPanel("Iris's year", ((until, 7_200.0),), until),))
    squares = [square for square in find(draw(picture), "rect") if square["fill"] in style.HEAT]
    assert len(squares) == (366 if until.endswith("12-31") else 365)
    assert [square["fill"] for square in squares if square["fill"] != style.HEAT[0]] == [style.HEAT[-1]]
    last = max(float(square["x"]) + float(square["width"]) for square in squares)
    assert last <= panels.WIDTH - lanes.EDGE + 0.1


def test_a_card_of_a_year_has_its_parts_within_its_edges() -> None:
    """Three posters, one big figure, the calendar, badges; nothing lies upon anything else."""
    canvas = draw(make_card())
    said = texts(make_card())
    for part in ("Iris", "2026", "156", "hours watched", "Fritz Lang", "Film 2", "7×", "Jan", "12 badges earned"):
        assert part in said, part
    assert len(find(canvas, "image")) == 3
    assert sum(square.get("fill") in style.HEAT for square in find(canvas, "rect")) == 365
    ends = [float(image["y"]) + float(image["height"]) for image in find(canvas, "image")]
    badges = [float(circle["cy"]) for circle in find(canvas, "circle", fill=style.RAISED)]
    assert len(badges) == 8
    assert max(ends) < min(badges) and max(badges) < wrapped.HEIGHT - wrapped.BOTTOM


@pytest.mark.parametrize(
    "changes",
    [
        {"films": ()}, {"badges": ()}, {"days": ()}, {"films": (), "figures": (), "badges": ()},
        {"films": (PosterMark("One alone"),)}, {"big": Figure("123,456,789", "hours watched in one long year")},
        {"badges": (BadgeMark("", ""),), "badges_label": "x"},
    ],
    ids=range(7),
)  # fmt: skip
def test_missing_parts_of_a_year_leave_no_gap(changes: dict[str, object]) -> None:
    """The other parts are centred in the card, top to bottom."""
    canvas = draw(make_card(**changes))
    placed = [float(element["y"]) for tag in ("text", "rect") for element in find(canvas, tag) if "y" in element]
    ys = sorted(y for y in placed if wrapped.TOP <= y <= wrapped.HEIGHT - wrapped.BOTTOM)
    assert min(ys) == wrapped.TOP + 43
    assert max(after - before for before, after in pairwise(ys)) < wrapped.HEIGHT * 0.4
    assert not any(wrapped.HEIGHT - wrapped.BOTTOM < y < wrapped.HEIGHT - 40 for y in placed)


@pytest.mark.parametrize("poster", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"<svg/>"])
def test_without_a_poster_there_is_a_frame(poster: bytes) -> None:
    """And nothing is decoded or fetched."""
    canvas = draw(make_card(films=(PosterMark("M (1931)", "", poster),)))
    assert find(canvas, "image") == []
    preview_card = PreviewCard(heading="Film night", title="M (1931)", poster=poster)
    assert find(draw(preview_card), "image") == []


@pytest.mark.parametrize(
    ("title", "lines"),
    [("M (1931)", ["M (1931)"]), ("His Girl Friday (1940)", ["His Girl", "Friday", "(1940)"]), ("Été", ["Été"])],
)
def test_a_film_without_a_poster_has_its_title_on_one(title: str, lines: list[str]) -> None:
    """In whole words, as large as they fit; below it stands the title as below the others."""
    said = texts(make_card(films=(PosterMark(title),)))
    first = said.index(lines[0])
    assert said[first : first + len(lines) + 1] == [*lines, title]


def test_a_title_of_one_long_word_stays_on_its_poster() -> None:
    """It is cut, not spilt over the edge."""
    on_poster, below = (text for text in texts(make_card(films=(PosterMark("Ω" * 200),))) if "ΩΩ" in text)
    assert on_poster.endswith("…") and len(on_poster) < len(below)
    assert fonts.measure(on_poster, 0.105 * wrapped.POSTER, 700) <= wrapped.POSTER


def test_quarters_of_the_days_have_a_colour_each() -> None:
    """Whatever the hours: a year of much the same evenings is not all of one colour."""
    days = tuple((f"2026-03-{day:02}", 7_200.0 + day) for day in range(1, 13))
    picture = Picture((YearPanel("", days, "2026-11-22"),))
    fills = [square["fill"] for square in find(draw(picture), "rect") if square["fill"] in style.HEAT[1:]]
    assert fills == [colour for colour in style.HEAT[1:] for _ in range(3)]


def test_a_poster_is_in_the_picture() -> None:
    """Its colour fills its place, and its corners are round."""
    png = Image.open(io.BytesIO(draw_png(make_card(films=(PosterMark("x", "", encode_poster((200, 20, 60))),)))))
    (image,) = find(draw(make_card(films=(PosterMark("x", "", encode_poster((200, 20, 60))),))), "image")
    x, y = float(image["x"]), float(image["y"])
    assert png.getpixel((round(x + 140), round(y + 200))) == pytest.approx((200, 20, 60, 255), abs=2)
    assert png.getpixel((round(x + 1), round(y + 1))) != pytest.approx((200, 20, 60, 255), abs=40)


PREVIEWS = {
    "night": PreviewCard(
        heading="Film night", title="M (1931)", poster=b"", watching=((0, 2), (LENGTH, 0)), length_ms=LENGTH
    ),
    "year": PreviewCard(
        heading="A year of films",
        title="Iris's 2026",
        days=DAYS,
        until="2026-12-31",
        figures=(Figure("9", "films"),) * 4,
    ),
    "year with a poster": PreviewCard(
        heading="A year",
        title="Iris's 2026",
        days=DAYS,
        until="2026-12-31",
        figures=(Figure("9", "films"),),
        poster=b"",
    ),
    "badge": PreviewCard(heading="Iris earned a badge", title="A Month Straight", note="Thirty days", emoji="🔥"),
    "long": PreviewCard(heading="Film night", title="A title that goes on for longer than two lines " * 9),
}


@pytest.mark.parametrize("name", PREVIEWS)
def test_a_preview_has_the_size_that_others_ask_for(name: str) -> None:
    """1200 x 630, with its title whole or cut, and all text within the edges."""
    card = PREVIEWS[name]
    assert Image.open(io.BytesIO(draw_png(card))).size == (preview.WIDTH, preview.HEIGHT) == (1200, 630)
    said = texts(card)
    assert card.heading in said and any(card.title.startswith(text.rstrip("…")) and len(text) > 7 for text in said)
    baselines = [float(text["y"]) for text in find(draw(card), "text")]
    assert min(baselines) > preview.EDGE and max(baselines) <= preview.HEIGHT - preview.EDGE
    days = [float(square["y"]) for square in find(draw(card), "rect") if square.get("fill") in style.HEAT]
    assert not days or max(baselines) + 20 < min(days), "no label lies on the calendar"


@cache
def list_tags(name: str) -> set[str]:
    """The elements of pictures in which everything has this name."""
    rows = (LaneRow(name, name, name, False, name[:1], 5, ((0, LENGTH),)),)
    panel = LanesPanel(name, name, ((0, 1),), name, LENGTH, rows, (name,))
    week, counts = WeeksPanel(name, DAYS[::7][-12:]), CountsPanel(name, ((name, 5),) * 12)
    drawings: list[AnyDrawing] = [
        Picture((panel, week, counts, YearPanel(name, DAYS, TODAY.isoformat()))),
        make_card(name=name, badges=(BadgeMark(name, name),), films=(PosterMark(name, name),)),
        PreviewCard(heading=name, title=name, note=name, emoji=name, figures=(Figure(name, name),)),
    ]
    assert draw_png(drawings[-1]).startswith(b"\x89PNG")
    return {element.tag for drawing in drawings for element in read(draw(drawing)).iter()}


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_names_are_drawn_as_text_only(name: str) -> None:
    """Markup, control characters, 10,000 letters: the same elements as for Iris, and everything fits."""
    assert list_tags(name) <= list_tags("Iris")


def test_the_background_works_on_both_themes() -> None:
    """Dark and opaque in the middle, transparent at its round corners; text contrasts with it."""
    png = Image.open(io.BytesIO(draw_png(make_lanes([make_lane("Iris", (0, 100))])))).convert("RGBA")
    assert png.width == panels.PIXELS
    assert png.getpixel((0, 0))[3] == 0  # type: ignore[index]
    middle = png.getpixel((png.width - 30, png.height // 2))
    assert middle[3] == 255 and max(middle[:3]) < 60  # type: ignore[index]
    assert max(high for _low, high in png.convert("RGB").getextrema()) > 240  # type: ignore[misc]
