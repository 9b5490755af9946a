"""What is drawn: from what the actors answered to plain data for `charts`, and the same in words."""

import datetime
from collections.abc import Sequence

from actors.chat.discord.ui import formatting
from charts import Attendance, Genres, Picture, Weeks, Wording, Year
from charts.scripts import is_drawn
from messages import MovieStats, ScreeningEnded, ViewerProfile
from wording.dates import MONTHS_SHORT, WEEKDAYS_SHORT, whole
from wording.translation import _, ngettext

MOST_STRETCHES = 120
_ALT = 1000
_MOST_GENRES = 8
_SHORTEST_MS = 60_000


def wording() -> Wording:
    """What is written into a picture by itself, in the language that is spoken."""
    return Wording(
        months=tuple(_(month) for month in MONTHS_SHORT),
        weekdays=tuple(_(day) for day in WEEKDAYS_SHORT),
        day=_("{day} {month}"),
        hours=_("{hours} h"),
        minutes=_("{minutes} min"),
        number=_("1,234.5"),
    )


def night(ended: ScreeningEnded) -> Picture | None:
    """Attendance over a film's minutes; None where nobody's minutes are known."""
    seats = [seat for seat in ended.screening.seats if not seat.brief and seat.spans]
    length_ms = ended.screening.item.duration_ms or max((seat.spans[-1][1] for seat in seats), default=0)
    if not seats or length_ms < _SHORTEST_MS:
        return None
    count = min(MOST_STRETCHES, max(1, length_ms // 60_000))
    middles = [(place + 0.5) * length_ms / count for place in range(count)]
    watching = tuple(
        len({seat.viewer_id or seat for seat in seats if any(start <= at < end for start, end in seat.spans)})
        for at in middles
    )
    changes = [
        f"{formatting.position(round(place * length_ms / count))} {number}"
        for place, number in enumerate(watching)
        if place == 0 or watching[place - 1] != number
    ]
    alt = _("Viewers at each minute of the film: {changes}").format(changes=", ".join(changes))
    heading = _("Who watched when · {film}").format(film=formatting.plain(formatting.item_name(ended.screening.item)))
    return Picture((Attendance(heading, watching, length_ms / 1000),), formatting.cut(alt, _ALT), wording())


def community(found: MovieStats, title: str) -> Picture | None:
    """Hours by week and genres; None where there is nothing to draw."""
    panels: list[Weeks | Genres] = []
    said = []
    watched = [(day, seconds) for day, seconds in found.weeks if seconds]
    if watched:
        heading = _("Hours by week · {title}").format(title=title) if title else _("Hours by week")
        panels.append(Weeks(heading, found.weeks))
        hours = ", ".join(f"{whole(day)} {formatting.duration(seconds)}" for day, seconds in watched)
        said.append(_("Hours by week: {hours}").format(hours=hours))
    if found.genres:
        panels.append(Genres(_("Genres"), found.genres[:_MOST_GENRES]))
        said.append(_counts(found.genres[:_MOST_GENRES]))
    return Picture(tuple(panels), formatting.cut(". ".join(said), _ALT), wording()) if panels else None


def unnamed(picture: Picture | None) -> list[str]:
    """The names that the picture has no letters for, each with the number that stands there; safe to show."""
    counted = [panel.counts for panel in picture.panels if isinstance(panel, Genres)] if picture is not None else []
    return [
        f"№ {place} {formatting.safe(name, 30)}"
        for counts in counted
        for place, (name, _number) in enumerate(counts, 1)
        if not is_drawn(name)
    ]


def _counts(genres: Sequence[tuple[str, int]]) -> str:
    return _("Genres: {genres}").format(genres=", ".join(f"{name} {number}" for name, number in genres))


def calendar(title: str, days: tuple[tuple[str, float], ...], year: int) -> Picture | None:
    """The days of one year as a calendar; None where it is empty."""
    if not days:
        return None
    alt = _("{year}: {hours}").format(year=year, hours=_hours(days))
    return Picture((Year(title, days, f"{year}-12-31"),), alt, wording())


def _hours(days: Sequence[tuple[str, float]]) -> str:
    """How much, on how many days."""
    said = ngettext("{time} on {count} day", "{time} on {count} days", len(days))
    return said.format(
        time=formatting.duration(sum(seconds for _day, seconds in days)),
        count=formatting.number(len(days)),
    )


def viewer(profile: ViewerProfile, today: datetime.date) -> Picture | None:
    """A viewer's year as a calendar, and the genres; None where the year is empty."""
    if profile.stats is None or not profile.days:
        return None
    name = formatting.plain(profile.stats.username, 40)
    genres = sorted(profile.stats.genres.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST_GENRES]
    alt = _("The last year: {hours}").format(hours=_hours(profile.days))
    if genres:
        alt = f"{alt}. {_counts(genres)}"
    year = Year(_("The year of {name}").format(name=name), profile.days, today.isoformat())
    panels = (year, Genres(_("Genres"), tuple(genres))) if genres else (year,)
    return Picture(panels, formatting.cut(alt, _ALT), wording())
