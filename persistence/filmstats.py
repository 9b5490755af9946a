"""The community's figures, or those of one title."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Engine, func, select

from awards import decade_of, shown_title
from awards.calendar import local
from messages import MovieStats, TitleCount, WatchRecord
from persistence.publishing import Rules
from persistence.queries import stored, titled
from persistence.rows import watch_record
from persistence.tables import WATCHES

MOST, RECENT, WEEKS = 10, 5, 12


def movie_stats(reader: Engine, rules: Rules, title: str, running: Sequence[WatchRecord], at_s: float) -> MovieStats:
    """Return the figures of all watches, or of those whose title contains `title`; running ones are in them.

    Films are told apart by title and year: a remake is another film, an imported one the same.
    """
    part = title.casefold()
    now = [record for record in running if not record.brief and part in shown_title(record.item).casefold()]
    with reader.connect() as connection:
        chosen: list[ColumnElement[bool]] = [
            WATCHES.c.brief.is_(False),
            WATCHES.c.watch_id.not_in(sorted(stored(connection, running))),
        ]
        if title:
            chosen.append(titled(title))
        films = _films(connection, chosen, now)
        completed = connection.execute(
            select(func.count()).select_from(WATCHES).where(WATCHES.c.completed.is_(True), *chosen)
        ).scalar_one()
        viewers = set(connection.execute(select(WATCHES.c.viewer_id).where(*chosen).distinct()).scalars())
        genres, decades = _kinds(connection, chosen, now)
        newest = select(WATCHES).where(*chosen).order_by(WATCHES.c.ended_at_s.desc(), WATCHES.c.watch_id)
        recent = tuple(watch_record(row) for row in connection.execute(newest.limit(RECENT)).mappings())
        weeks = _weeks(connection, rules, chosen, now, at_s)
    return MovieStats(
        watches=sum(film.watches for film in films),
        completed=completed + sum(record.completed for record in now),
        viewers=len(viewers | {record.viewer_id for record in now}),
        titles=len(films),
        watch_time_s=sum(film.watch_time_s for film in films),
        most_watched=tuple(films[:MOST]),
        genres=tuple(sorted(genres.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST]),
        decades=tuple(sorted(decades.items())),
        recent=recent,
        running=tuple(now),
        weeks=weeks,
    )


def _films(connection: Connection, chosen: list[ColumnElement[bool]], now: Sequence[WatchRecord]) -> list[TitleCount]:
    columns = (WATCHES.c.title, WATCHES.c.year)
    query = (
        select(
            *columns,
            func.count(),
            func.count(WATCHES.c.viewer_id.distinct()),
            func.sum(WATCHES.c.playing_s),
        )
        .where(*chosen)
        .group_by(*columns)
    )
    found = {(title, year): (n, viewers, s) for title, year, n, viewers, s in connection.execute(query)}
    for film in {(shown_title(record.item), record.item.year) for record in now}:
        here = [r for r in now if (shown_title(r.item), r.item.year) == film]
        same = (WATCHES.c.title == film[0]) & WATCHES.c.year.is_not_distinct_from(film[1])
        who = set(connection.execute(select(WATCHES.c.viewer_id).where(same, *chosen).distinct()).scalars())
        n, _, seconds = found.get(film, (0, 0, 0.0))
        together = len(who | {record.viewer_id for record in here})
        found[film] = (n + len(here), together, seconds + sum(record.playing_s for record in here))
    counts = [TitleCount(title, year, n, viewers, s) for (title, year), (n, viewers, s) in found.items()]
    return sorted(counts, key=lambda film: (-film.watches, -film.watch_time_s, film.title))


def _kinds(
    connection: Connection, chosen: list[ColumnElement[bool]], now: Sequence[WatchRecord]
) -> tuple[Counter[str], Counter[str]]:
    """Watches by genre and by decade. Grouped by the whole list of genres: there are few different ones."""
    genres: Counter[str] = Counter()
    decades: Counter[str] = Counter()
    query = select(WATCHES.c.genres, WATCHES.c.year, func.count()).where(*chosen)
    groups: list[tuple[list[str], int | None, int]] = [
        (msgspec.json.decode(text, type=list[str]), year, count)
        for text, year, count in connection.execute(query.group_by(WATCHES.c.genres, WATCHES.c.year))
    ]
    groups += [(list(record.item.genres), record.item.year, 1) for record in now]
    for names, year, count in groups:
        for name in dict.fromkeys(names):
            genres[name] += count
        if decade := decade_of(year):
            decades[decade] += count
    return genres, decades


def _weeks(
    connection: Connection,
    rules: Rules,
    chosen: list[ColumnElement[bool]],
    now: Sequence[WatchRecord],
    at_s: float,
) -> tuple[tuple[str, float], ...]:
    """Seconds watched in each of the last weeks, by its Monday; a watch belongs to the week it began in."""
    today = rules.today(at_s)
    this_monday = today - timedelta(days=today.weekday())
    weeks = {(this_monday - timedelta(weeks=back)).isoformat(): 0.0 for back in range(WEEKS - 1, -1, -1)}
    since_s = at_s - (WEEKS + 1) * 7 * 86400
    query = select(WATCHES.c.started_at_s, WATCHES.c.playing_s)
    played: list[Any] = list(connection.execute(query.where(WATCHES.c.ended_at_s >= since_s, *chosen)))
    played += [(record.started_at_s, record.playing_s) for record in now]
    for started_at_s, playing_s in played:
        day = local(started_at_s, rules.zone).date()
        monday = (day - timedelta(days=day.weekday())).isoformat()
        if monday in weeks:
            weeks[monday] += playing_s
    return tuple(weeks.items())
