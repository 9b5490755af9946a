"""The community's figures, or those of one title."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import msgspec
from msgspec.structs import replace
from sqlalchemy import ColumnElement, Connection, func, not_, select

from awards import decade_of, record_title
from awards.days import Played, sum_by_day, week_of
from messages import GetMovieStats, MovieStats, TitleCount, WatchRecord
from persistence.database.rows import PLAYED_TIME, as_json, played_time, watch_record
from persistence.database.tables import WATCHES
from persistence.queries.answers import answers
from persistence.records.ratings import read_marks
from persistence.records.running_watches import RunningWatches
from persistence.records.viewers import with_current_name
from persistence.records.watches import match_title
from persistence.rules import StatisticsRules
from persistence.store import StoreSnapshot
from viewers.directory import ViewerDirectory
from viewers.redact import may_name_film

MOST, RECENT, WEEKS = 10, 5, 12


@dataclass(frozen=True)
class _Group:
    """Watches of one film by one viewer."""

    title: str
    year: int | None
    genres: str
    viewer_id: str
    watches: int
    completed: int
    playing_s: float

    @property
    def film(self) -> tuple[str, int | None]:
        """Title and year, which tell a film from its remake."""
        return self.title, self.year


@answers(GetMovieStats)
def read_movie_stats(asked: GetMovieStats, store: StoreSnapshot) -> MovieStats:
    """Return the figures of all watches, or of those whose title contains the one asked for; running ones are in them.

    With `since_s` only of those that ended then or later. All of them count everybody; a film that only hidden viewers
    saw is not named, and has no figures by its title. Films are told apart by title and year: a remake is another
    film, an imported one the same.
    """
    connection, running, title = store.connection, store.running, asked.title
    now = _matching_records(title, running.records)
    chosen = _conditions(title, running)
    if asked.since_s is not None:
        chosen.append(WATCHES.c.ended_at_s >= asked.since_s)
    groups = [*_read_groups(connection, chosen), *map(_group_of, now)]
    hidden_films = _find_hidden_films(groups, store.directory)
    if title and hidden_films:
        groups = [group for group in groups if group.film not in hidden_films]
        now = [record for record in now if _group_of(record).film not in hidden_films]
        chosen += [not_(_is_film(*film)) for film in sorted(hidden_films, key=str)]
    newest = select(WATCHES).where(*chosen).order_by(WATCHES.c.ended_at_s.desc(), WATCHES.c.watch_id)
    unseen, names = store.directory.hidden_viewers(), store.directory.member_names()
    seen = newest.where(WATCHES.c.viewer_id.not_in(sorted(unseen))).limit(RECENT)
    recent = tuple(with_current_name(watch_record(row), names) for row in connection.execute(seen).mappings())
    weeks = _count_weeks(connection, store.rules, chosen, now, store.now_s)
    films = _count_films(groups)
    genres, decades = _count_kinds(groups)
    return MovieStats(
        watches=sum(group.watches for group in groups),
        completed=sum(group.completed for group in groups),
        viewers=len({group.viewer_id for group in groups}),
        titles=len(films),
        watch_time_s=sum(group.playing_s for group in groups),
        most_watched=_add_marks(connection, [film for film in films if (film.title, film.year) not in hidden_films]),
        genres=tuple(sorted(genres.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST]),
        decades=tuple(sorted(decades.items())),
        recent=recent,
        running=tuple(record for record in now if record.viewer_id not in unseen),
        weeks=weeks,
    )


def find_films(store: StoreSnapshot, title: str) -> list[TitleCount]:
    """Return the films whose title contains `title`, the most watched first; none that only hidden viewers saw."""
    running = store.running
    stored = _read_groups(store.connection, _conditions(title, running))
    groups = [*stored, *map(_group_of, _matching_records(title, running.records))]
    hidden_films = _find_hidden_films(groups, store.directory)
    return [film for film in _count_films(groups) if (film.title, film.year) not in hidden_films]


def _find_hidden_films(groups: Iterable[_Group], directory: ViewerDirectory) -> set[tuple[str, int | None]]:
    """Return the films that only hidden viewers saw."""
    viewers: dict[tuple[str, int | None], set[str]] = {}
    for group in groups:
        viewers.setdefault(group.film, set()).add(group.viewer_id)
    return {film for film, viewer_ids in viewers.items() if not may_name_film(viewer_ids, directory)}


def _is_film(title: str, year: int | None) -> ColumnElement[bool]:
    return (WATCHES.c.title == title) & (WATCHES.c.year.is_(None) if year is None else WATCHES.c.year == year)


def _matching_records(title: str, running: Iterable[WatchRecord]) -> list[WatchRecord]:
    part = title.casefold()
    return [record for record in running if not record.brief and part in record_title(record.item).casefold()]


def _conditions(title: str, running: RunningWatches) -> list[ColumnElement[bool]]:
    """Return the conditions of what counts: no brief watch, and no record that a running watch replaces."""
    chosen: list[ColumnElement[bool]] = [
        WATCHES.c.brief.is_(False),
        WATCHES.c.watch_id.not_in(running.instead_of),
    ]
    return [*chosen, match_title(title)] if title else chosen


def _read_groups(connection: Connection, chosen: list[ColumnElement[bool]]) -> Iterator[_Group]:
    """Return the watches grouped by film and viewer, in one pass over the table."""
    keys = (WATCHES.c.title, WATCHES.c.year, WATCHES.c.genres, WATCHES.c.viewer_id)
    completed = func.count().filter(WATCHES.c.completed.is_(True))
    query = select(*keys, func.count(), completed, func.sum(WATCHES.c.playing_s)).where(*chosen).group_by(*keys)
    return (_Group(*row) for row in connection.execute(query))


def _group_of(record: WatchRecord) -> _Group:
    item = record.item
    return _Group(
        record_title(item),
        item.year,
        as_json(item.genres),
        record.viewer_id,
        1,
        int(record.completed),
        record.playing_s,
    )


def _count_films(groups: Iterable[_Group]) -> list[TitleCount]:
    by_film: dict[tuple[str, int | None], list[_Group]] = {}
    for group in groups:
        by_film.setdefault((group.title, group.year), []).append(group)
    counts = [
        TitleCount(
            title,
            year,
            sum(group.watches for group in same),
            len({group.viewer_id for group in same}),
            sum(group.playing_s for group in same),
        )
        for (title, year), same in by_film.items()
    ]
    return sorted(counts, key=lambda film: (-film.watches, -film.watch_time_s, film.title, film.year or 0))


def _add_marks(connection: Connection, films: Sequence[TitleCount]) -> tuple[TitleCount, ...]:
    """Return the first films with what the community thinks of them."""
    marks = read_marks(connection, {film.title for film in films[:MOST]})
    return tuple(
        replace(film, rating=mark.mean, ratings=mark.ratings)
        if (mark := marks.get((film.title, film.year))) is not None
        else film
        for film in films[:MOST]
    )


def _count_kinds(groups: Iterable[_Group]) -> tuple[Counter[str], Counter[str]]:
    """Return the number of watches by genre and by decade."""
    genres: Counter[str] = Counter()
    decades: Counter[str] = Counter()
    for group in groups:
        for name in dict.fromkeys(msgspec.json.decode(group.genres, type=list[str])):
            genres[name] += group.watches
        if decade := decade_of(group.year):
            decades[decade] += group.watches
    return genres, decades


def _count_weeks(
    connection: Connection,
    rules: StatisticsRules,
    chosen: list[ColumnElement[bool]],
    now: Sequence[WatchRecord],
    at_s: float,
) -> tuple[tuple[str, float], ...]:
    """Return the seconds watched in each of the last weeks, by its Monday."""
    today = rules.today(at_s)
    this_monday = today - timedelta(days=today.weekday())
    weeks = {(this_monday - timedelta(weeks=back)).isoformat(): 0.0 for back in range(WEEKS - 1, -1, -1)}
    since_s = at_s - (WEEKS + 1) * 7 * 86400
    query = select(*PLAYED_TIME).where(WATCHES.c.ended_at_s >= since_s, *chosen)
    played: list[Played] = [*map(played_time, connection.execute(query)), *now]
    for day, seconds in sum_by_day(played, rules.zone).items():
        if (monday := week_of(day)) in weeks:
            weeks[monday] += seconds
    return tuple(weeks.items())
