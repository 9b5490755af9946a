"""The data of a picture: texts and figures that are ready for drawing. Nothing here draws."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import msgspec.structs

from charts.numbers import ENGLISH

DATA_LIMIT = 8_000_000
"""Maximum size of the data for the drawing process, bytes: three posters, and the texts."""
SIZE_LIMIT = 4_000_000
"""Maximum size of the picture that it returns, bytes."""
MOST_LANES = 20
"""Maximum number of lanes in a picture; further viewers are summarised in words."""

Days = tuple[tuple[str, float], ...]
"""ISO date and seconds watched; days without watching may be left out."""


class Panel(msgspec.Struct, frozen=True, tag_field="kind"):
    """One chart of a picture."""

    title: str
    """The heading above it, in any script."""


class LaneRow(msgspec.Struct, frozen=True):
    """What one viewer saw of a film."""

    name: str
    note: str
    """When the viewer joined, was away, left."""
    percent: str
    is_low: bool
    """Whether less than half of the film was seen."""
    initial: str
    colour: int
    """0 to `geometry.COLOURS` - 1."""
    spans: tuple[tuple[int, int], ...]
    """The parts that were seen: half-open intervals in ms, ascending."""


class LanesPanel(Panel, frozen=True, tag="lanes"):
    """How many watched at each minute of a film, and a lane for each viewer."""

    film: str
    """Title of the film."""
    watching: tuple[tuple[int, int], ...]
    """Number of viewers from each position on, in ms: one entry for each change."""
    watching_label: str
    """Label of these numbers."""
    length_ms: int
    """Length of the film."""
    lanes: tuple[LaneRow, ...]
    """At most `MOST_LANES` are drawn."""
    more: tuple[str, ...] = ()
    """Lines of text about viewers without a lane."""


class WeeksPanel(Panel, frozen=True, tag="weeks"):
    """Hours by week."""

    weeks: tuple[tuple[str, float], ...]
    """ISO date of the Monday and seconds watched; in chronological order."""


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
    """Names of months and days, and number format, in the language of the picture."""

    months: tuple[str, ...] = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    weekdays: tuple[str, ...] = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    day: str = "{day} {month}"
    """Format of the first day of a week."""
    hours: str = "{hours} h"
    number: str = ENGLISH
    """The number 1234.5 in this language."""
    minutes: str = "{minutes} min"


class Drawing(msgspec.Struct, frozen=True, tag_field="shape", kw_only=True):
    """Anything that can be drawn."""

    alt: str = ""
    """Alternative text for screen readers."""
    locale: ChartLocale = ChartLocale()


class Picture(Drawing, frozen=True, tag="charts"):
    """Charts, one below the other."""

    panels: tuple[LanesPanel | WeeksPanel | CountsPanel | YearPanel, ...]


class Figure(msgspec.Struct, frozen=True):
    """A number with its label."""

    figure: str
    label: str


class PosterMark(msgspec.Struct, frozen=True):
    """A film's poster with its title."""

    title: str
    note: str = ""
    """Text below the title."""
    poster: bytes = b""
    """PNG, JPEG or WebP; if empty, the title is shown in its place."""


class BadgeMark(msgspec.Struct, frozen=True):
    """A badge that was earned."""

    emoji: str
    name: str


class WrappedCard(Drawing, frozen=True, tag="wrapped", kw_only=True):
    """A year of films as a card worth sharing, 1080 x 1350."""

    year: str
    name: str
    """The viewer's or the community's name."""
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
    """Number of badges earned, in words."""


class PreviewCard(Drawing, frozen=True, tag="preview", kw_only=True):
    """The preview of a shared page for chats and feeds, 1200 x 630. Empty parts are left out."""

    heading: str
    """The kind of page, in small type above the title."""
    title: str
    note: str = ""
    figures: tuple[Figure, ...] = ()
    """At most four are drawn."""
    poster: bytes | None = None
    """PNG, JPEG or WebP; empty if the film has none; None if the page is not about a film."""
    emoji: str = ""
    """A badge's emoji, drawn large in place of the poster."""
    days: Days = ()
    until: str = ""
    """ISO date of the last day of the calendar."""
    watching: tuple[tuple[int, int], ...] = ()
    """Number of viewers from each position on, in ms: one entry for each change."""
    length_ms: int = 0


AnyDrawing = Picture | WrappedCard | PreviewCard


def without_posters(drawing: AnyDrawing) -> AnyDrawing:
    """Return a drawing without pictures from foreign servers: empty frames replace the posters."""
    if isinstance(drawing, WrappedCard):
        return with_posters(drawing, [b""] * len(drawing.films))
    if isinstance(drawing, PreviewCard) and drawing.poster:
        return msgspec.structs.replace(drawing, poster=b"")
    return drawing


def with_posters(card: WrappedCard, posters: Sequence[bytes]) -> WrappedCard:
    """Return a card with the posters of its films, in order; empty for a film without one."""
    films = tuple(
        msgspec.structs.replace(film, poster=poster) for film, poster in zip(card.films, posters, strict=False)
    )
    return msgspec.structs.replace(card, films=(*films, *card.films[len(films) :]))
