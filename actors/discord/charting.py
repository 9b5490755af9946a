"""What is drawn: from what the actors answered to plain data for `charts`, and the same in words."""

import datetime

from actors.discord import words
from charts import Attendance, Genres, Picture, Weeks, Year
from messages import MovieStats, ScreeningEnded, ViewerProfile

MOST_STRETCHES = 120
_ALT = 1000
_MOST_GENRES = 8
_SHORTEST_MS = 60_000


def night(ended: ScreeningEnded) -> Picture | None:
    """Attendance over a film's minutes; None where nobody's minutes are known."""
    seats = [seat for seat in ended.screening.seats if not seat.brief and seat.spans]
    length_ms = ended.screening.item.duration_ms or max((seat.spans[-1][1] for seat in seats), default=0)
    if not seats or length_ms < _SHORTEST_MS:
        return None
    count = min(MOST_STRETCHES, max(1, length_ms // 60_000))
    middles = [(place + 0.5) * length_ms / count for place in range(count)]
    watching = tuple(
        len({seat.viewer_id for seat in seats if any(start <= at < end for start, end in seat.spans)}) for at in middles
    )
    changes = [
        f"{words.position(round(place * length_ms / count))} {number}"
        for place, number in enumerate(watching)
        if place == 0 or watching[place - 1] != number
    ]
    alt = f"Viewers at each minute of the film: {', '.join(changes)}"
    name = words.plain(words.item_name(ended.screening.item))
    return Picture((Attendance(f"Who watched when · {name}", watching, length_ms / 1000),), words.cut(alt, _ALT))


def community(found: MovieStats, title: str) -> Picture | None:
    """Hours by week and genres; None where there is nothing to draw."""
    panels: list[Weeks | Genres] = []
    said = []
    watched = [(day, seconds) for day, seconds in found.weeks if seconds]
    if watched:
        panels.append(Weeks(f"Hours by week · {title}" if title else "Hours by week", found.weeks))
        said.append("Hours by week: " + ", ".join(f"{day} {words.duration(seconds)}" for day, seconds in watched))
    if found.genres:
        panels.append(Genres("Genres", found.genres[:_MOST_GENRES]))
        said.append("Genres: " + ", ".join(f"{name} {number}" for name, number in found.genres[:_MOST_GENRES]))
    return Picture(tuple(panels), words.cut(". ".join(said), _ALT)) if panels else None


def calendar(title: str, days: tuple[tuple[str, float], ...], year: int) -> Picture | None:
    """The days of one year as a calendar; None where it is empty."""
    if not days:
        return None
    alt = f"{year}: {words.duration(sum(seconds for _, seconds in days))} on {words.count(len(days), 'day')}"
    return Picture((Year(title, days, f"{year}-12-31"),), alt)


def viewer(profile: ViewerProfile, today: datetime.date) -> Picture | None:
    """A viewer's year as a calendar, and the genres; None where the year is empty."""
    if profile.stats is None or not profile.days:
        return None
    name = words.plain(profile.stats.username, 40)
    hours = sum(seconds for _, seconds in profile.days)
    genres = sorted(profile.stats.genres.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST_GENRES]
    alt = f"The last year: {words.duration(hours)} on {words.count(len(profile.days), 'day')}"
    if genres:
        alt += ". Genres: " + ", ".join(f"{genre} {number}" for genre, number in genres)
    year = Year(f"The year of {name}", profile.days, today.isoformat())
    panels = (year, Genres("Genres", tuple(genres))) if genres else (year,)
    return Picture(panels, words.cut(alt, _ALT))
