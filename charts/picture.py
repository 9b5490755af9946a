"""The data of a picture: what is shown, in words and figures that are ready to be drawn. Nothing here draws."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import msgspec.structs

from charts.numbers import ENGLISH

DATA_LIMIT = 8_000_000
"""Bytes of data that the drawing process reads: three posters, and the words."""
SIZE_LIMIT = 4_000_000
"""Bytes of the picture that it may answer with."""
MOST_LANES = 20
"""Lanes that a picture shows; the others are told in words."""

Days = tuple[tuple[str, float], ...]
"""ISO date, seconds watched; days without any may be left out."""


class Panel(msgspec.Struct, frozen=True, tag_field="kind"):
    """One chart of a picture."""

    title: str
    """The heading above it, in any script."""


class LaneRow(msgspec.Struct, frozen=True):
    """What one viewer saw of a film."""

    name: str
    note: str
    """When the viewer came in, was away, left."""
    percent: str
    is_low: bool
    """Less than half of the film was seen."""
    initial: str
    colour: int
    """0 to `geometry.COLOURS` - 1."""
    spans: tuple[tuple[int, int], ...]
    """What was seen: half-open stretches in ms, ascending."""


class LanesPanel(Panel, frozen=True, tag="lanes"):
    """Who sat where: how many watched at each minute of a film, and a lane for each viewer."""

    film: str
    """Title of the film."""
    watching: tuple[tuple[int, int], ...]
    """How many watch from each position on, in ms: only where the number changes."""
    watching_label: str
    """What that is, in words."""
    length_ms: int
    """Length of the film."""
    lanes: tuple[LaneRow, ...]
    """At most `MOST_LANES` are drawn."""
    more: tuple[str, ...] = ()
    """Who is not among them, in words: one line each."""


class WeeksPanel(Panel, frozen=True, tag="weeks"):
    """Hours by week."""

    weeks: tuple[tuple[str, float], ...]
    """ISO date of the Monday, seconds watched; in order of time."""


class CountsPanel(Panel, frozen=True, tag="genres"):
    """Counts by name: genres, decades, directors."""

    counts: tuple[tuple[str, int], ...]
    """Label and count, the highest first."""


class YearPanel(Panel, frozen=True, tag="year"):
    """Hours by day, as a calendar."""

    days: Days
    until: str
    """ISO date of the last day shown; the year before it is drawn."""


class ChartLocale(msgspec.Struct, frozen=True):
    """Names of months and days, and forms of figures, in the language of the picture."""

    months: tuple[str, ...] = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    weekdays: tuple[str, ...] = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    day: str = "{day} {month}"
    """How the first day of a week is written."""
    hours: str = "{hours} h"
    number: str = ENGLISH
    """How 1234.5 is written."""
    minutes: str = "{minutes} min"


class Drawing(msgspec.Struct, frozen=True, tag_field="shape", kw_only=True):
    """Anything that can be drawn."""

    alt: str = ""
    """The same in words, as alternative text."""
    locale: ChartLocale = ChartLocale()


class Picture(Drawing, frozen=True, tag="charts"):
    """Charts, one below the other."""

    panels: tuple[LanesPanel | WeeksPanel | CountsPanel | YearPanel, ...]


class Figure(msgspec.Struct, frozen=True):
    """A number with what it counts."""

    figure: str
    label: str


class PosterMark(msgspec.Struct, frozen=True):
    """A film's poster with its title."""

    title: str
    note: str = ""
    """What stands below the title."""
    poster: bytes = b""
    """PNG, JPEG or WebP; empty where there is none: the title then stands in its place."""


class BadgeMark(msgspec.Struct, frozen=True):
    """A badge that was earned."""

    emoji: str
    name: str


class WrappedCard(Drawing, frozen=True, tag="wrapped", kw_only=True):
    """A year of films as a card worth sharing, 1080 x 1350."""

    year: str
    name: str
    """Whose it is."""
    big: Figure
    figures: tuple[Figure, ...] = ()
    """At most four are drawn."""
    films: tuple[PosterMark, ...] = ()
    """At most three are drawn."""
    days: Days = ()
    until: str = ""
    """ISO date of the last day of the calendar."""
    badges: tuple[BadgeMark, ...] = ()
    """At most eight are drawn, by their emoji."""
    badges_label: str = ""
    """How many were earned, in words."""


class PreviewCard(Drawing, frozen=True, tag="preview", kw_only=True):
    """What a chat or a feed shows of a shared page, 1200 x 630. Each part is left out where it is empty."""

    heading: str
    """What kind of page it is, small above the title."""
    title: str
    note: str = ""
    figures: tuple[Figure, ...] = ()
    """At most four are drawn."""
    poster: bytes | None = None
    """PNG, JPEG or WebP; empty where the film has none; None where the page is of no film."""
    emoji: str = ""
    """Of a badge: drawn large where the poster would stand."""
    days: Days = ()
    until: str = ""
    """ISO date of the last day of the calendar."""
    watching: tuple[tuple[int, int], ...] = ()
    """How many watch from each position on, in ms: only where the number changes."""
    length_ms: int = 0


AnyDrawing = Picture | WrappedCard | PreviewCard


def without_posters(drawing: AnyDrawing) -> AnyDrawing:
    """Return a drawing without what other people's servers sent: posters leave their frames."""
    if isinstance(drawing, WrappedCard):
        return with_posters(drawing, [b""] * len(drawing.films))
    if isinstance(drawing, PreviewCard) and drawing.poster:
        return msgspec.structs.replace(drawing, poster=b"")
    return drawing


def with_posters(card: WrappedCard, posters: Sequence[bytes]) -> WrappedCard:
    """Return a card with the posters of its films, in their order; empty where there is none."""
    films = tuple(
        msgspec.structs.replace(film, poster=poster) for film, poster in zip(card.films, posters, strict=False)
    )
    return msgspec.structs.replace(card, films=(*films, *card.films[len(films) :]))
