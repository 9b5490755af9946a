"""The community's figures, or those of one title."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from msgspec.structs import replace
from sqlalchemy import ColumnElement, and_, func, select

from awards import decade_of, record_title
from awards.days import Played, sum_by_day, week_of
from messages import GetMovieStats, MovieStats, TitleCount, WatchRecord
from persistence.database.rows import PLAYED_TIME, played_time, watch_record
from persistence.database.tables import EVERYBODY, FILM_PERIODS, ONLY_COMMUNITY, WATCHES
from persistence.queries.answers import answers
from persistence.queries.recent_films import RecentWatches
from persistence.records.film_facts import FilmFacts, FilmName
from persistence.records.ratings import read_marks
from persistence.records.viewers import with_current_name
from persistence.store import StoreSnapshot
from persistence.summaries.amounts import Amounts
from persistence.summaries.days import count_viewers_ever, sum_days
from persistence.summaries.films import (
    BROAD,
    FEW_FILMS,
    FilmSums,
    WatchedFilm,
    decode_names,
    match_hashes,
    read_films,
    select_film_hashes,
)
from persistence.summaries.viewer_counts import count_distinct_viewers, count_viewers

MOST, RECENT, WEEKS = 10, 5, 12


@answers(GetMovieStats)
def read_movie_stats(asked: GetMovieStats, store: StoreSnapshot) -> MovieStats:
    """Return the figures of all watches, including running ones, or of those whose title contains the requested text.

    With `since_s`, only of watches that ended then or later. Totals count everybody; figures by title count only
    visible viewers. Films are distinguished by title and year: a remake is another film, an imported one the same.
    """
    store.require_summaries()
    title, since_s = asked.title, asked.since_s
    counted, films, viewers, most_watched = (
        _count_all(store, title) if since_s is None else _count_since(store, title, since_s)
    )
    genres, decades = _count_kinds(counted)
    total = counted.total
    return MovieStats(
        watches=total.watches,
        completed=total.completed,
        viewers=viewers,
        titles=counted.titles,
        watch_time_s=total.playing_s,
        most_watched=add_marks(store, most_watched),
        genres=tuple(sorted(genres.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST]),
        decades=tuple(sorted(decades.items())),
        recent=_read_recent(store, title, films, since_s),
        running=tuple(record for record in _match_running(store, title) if record.viewer_id not in store.hidden),
        weeks=_count_weeks(store, title, since_s, films.film_hashes if films is not None else ()),
    )


class _Totals(NamedTuple):
    """Totals over the films that count, including running watches."""

    total: Amounts
    titles: int
    """Number of watched titles, by title and year."""
    by_genres: dict[str, int]
    """Watches by the genres of the film, in their stored form."""
    by_year: dict[int | None, int]
    """Watches by the year of the film."""


class _Counted(NamedTuple):
    """The counted watches: totals, films, viewers, and the most watched titles."""

    counted: _Totals
    films: FilmSums | None
    """The films that the title fits; None if all films count."""
    viewers: int
    most_watched: list[TitleCount]


def _count_all(store: StoreSnapshot, title: str) -> _Counted:
    films = read_films(store, title)
    counted = _sum_visible(films) if title else _sum_everybody(films)
    ranked = films.rank_visible(MOST)
    most_watched = count_films(store, ranked.films, ranked.names, ranked.sums)
    if not title:
        return _Counted(counted, None, count_viewers_ever(store), most_watched)
    viewers = count_distinct_viewers(store, title, films, counted.total.watches)
    return _Counted(counted, films, viewers, most_watched)


def _count_since(store: StoreSnapshot, title: str, since_s: float) -> _Counted:
    """Count the watches that ended since a time, from their records."""
    recent = RecentWatches(store, title, since_s)
    films = recent.films
    ranked = films.rank_visible(MOST)
    viewers = recent.count_viewers_of(ranked)
    most_watched = [_build_count(name, ranked.sums[name], viewers[name]) for name in ranked.names]
    counted = _sum_visible(films) if title else _sum_everybody(films)
    return _Counted(counted, films, recent.count_viewers(visible=bool(title)), most_watched)


def count_films(
    store: StoreSnapshot,
    films: Sequence[WatchedFilm],
    names: Sequence[FilmName],
    sums: dict[FilmName, Amounts],
    *,
    year: int | None = None,
) -> list[TitleCount]:
    """Return the figures of these films by title and year, each with the number of visible viewers."""
    viewers = count_viewers(store, films, names, year=year)
    return [_build_count(name, sums[name], viewers[name]) for name in names]


def add_marks(store: StoreSnapshot, films: Sequence[TitleCount]) -> tuple[TitleCount, ...]:
    """Return the films with the community's ratings."""
    marks = read_marks(store.connection, {film.title for film in films}, store.hidden)
    return tuple(
        replace(film, rating=mark.mean, ratings=mark.ratings)
        if (mark := marks.get((film.title, film.year))) is not None
        else film
        for film in films
    )


def _build_count(name: FilmName, amounts: Amounts, viewers: int) -> TitleCount:
    return TitleCount(*name, amounts.watches, viewers, amounts.playing_s)


def _sum_visible(films: FilmSums) -> _Totals:
    """Return the visible viewers' totals over films."""
    return _sum(films.iterate_visible())


def _sum_everybody(films: FilmSums) -> _Totals:
    """Return all viewers' totals over films."""
    return _sum((watches, done, us, facts) for (watches, _, done, us, _), facts in films.everybody)


def _sum(films: Iterable[tuple[int, int, int, FilmFacts]]) -> _Totals:
    by_genres: dict[str, int] = {}
    by_year: dict[int | None, int] = {}
    names: set[FilmName] = set()
    total = completed = playing_us = 0
    for watches, done, played_us, facts in films:
        total += watches
        completed += done
        playing_us += played_us
        by_genres[facts.genres] = by_genres.get(facts.genres, 0) + watches
        by_year[facts.year] = by_year.get(facts.year, 0) + watches
        names.add(facts.name)
    return _Totals(Amounts(total, 0, completed, playing_us), len(names), by_genres, by_year)


def _count_kinds(counted: _Totals) -> tuple[Counter[str], Counter[str]]:
    """Return the number of watches by genre and by decade."""
    genres: Counter[str] = Counter()
    decades: Counter[str] = Counter()
    for names, watches in counted.by_genres.items():
        if watches > 0:
            for name in decode_names(names):
                genres[name] += watches
    for year, watches in counted.by_year.items():
        if watches > 0 and (decade := decade_of(year)):
            decades[decade] += watches
    return genres, decades


def _match_running(store: StoreSnapshot, title: str) -> list[WatchRecord]:
    part = title.casefold()
    return [
        record for record in store.running.records if not record.brief and part in record_title(record.item).casefold()
    ]


def _read_recent(
    store: StoreSnapshot, title: str, films: FilmSums | None, since_s: float | None
) -> tuple[WatchRecord, ...]:
    """Return the visible viewers' watches that ended last."""
    conditions: list[ColumnElement[bool]] = [
        WATCHES.c.brief.is_(False),
        WATCHES.c.watch_id.not_in(store.running.instead_of),
    ]
    if store.hidden:
        conditions.append(WATCHES.c.viewer_id.not_in(store.hidden))
    if since_s is not None:
        conditions.append(WATCHES.c.ended_at_s >= since_s)
    if films is not None and title:
        conditions.append(_match_watches(title, films))
    order = (WATCHES.c.ended_at_s.desc(), WATCHES.c.watch_id)
    ids = select(WATCHES.c.watch_id).where(*conditions).order_by(*order).limit(RECENT)
    found = store.connection.execute(ids).scalars().all()
    rows = store.connection.execute(select(WATCHES).where(WATCHES.c.watch_id.in_(found)).order_by(*order)).mappings()
    names = store.directory.member_names()
    return tuple(with_current_name(watch_record(row), names) for row in rows)


def _match_watches(title: str, films: FilmSums) -> ColumnElement[bool]:
    """Match the watches of films: by an index of films if they are few, else in order of time."""
    if len(films.film_hashes) <= FEW_FILMS and sum(film.amounts.records for film in films.visible) <= BROAD:
        return WATCHES.c.film_hash.in_(sorted(film.film_hash for film in films.visible))
    return (WATCHES.c.film_hash + 0).in_(select_film_hashes(title))


def _count_weeks(
    store: StoreSnapshot, title: str, since_s: float | None, film_hashes: Collection[int]
) -> tuple[tuple[str, float], ...]:
    """Return the seconds watched in each of the last weeks, by its Monday; for a title, of visible viewers only.

    `film_hashes`: the films that the title fits.
    """
    today = store.rules.today(store.now_s)
    this_monday = today - timedelta(days=today.weekday())
    mondays = [this_monday - timedelta(weeks=back) for back in range(WEEKS - 1, -1, -1)]
    weeks = {monday.isoformat(): 0.0 for monday in mondays}
    if since_s is not None:
        days = _read_days_since(store, title, since_s)
    elif title:
        days = _read_title_weeks(store, title, mondays, film_hashes)
    else:
        days = sum_days(store, EVERYBODY, mondays[0].toordinal())
    for day, seconds in days.items():
        if (monday := week_of(day)) in weeks:
            weeks[monday] += seconds
    return tuple(weeks.items())


def _read_title_weeks(
    store: StoreSnapshot, title: str, mondays: Sequence[date], film_hashes: Collection[int]
) -> dict[str, float]:
    names = [monday.isoformat() for monday in mondays]
    own = and_(FILM_PERIODS.c.community == ONLY_COMMUNITY, FILM_PERIODS.c.period.in_(names))
    query = select(FILM_PERIODS.c.period, func.sum(FILM_PERIODS.c.playing_us)).where(
        own, match_hashes(FILM_PERIODS.c.film_hash, title, film_hashes)
    )
    weeks = {week: int(us) / 1e6 for week, us in store.connection.execute(query.group_by(FILM_PERIODS.c.period)).all()}
    matching = {
        film_hash
        for film_hash, columns in store.running_changes.films.items()
        if title.casefold() in columns["title_folded"]
    }
    for (period, film_hash), amounts in store.running_changes.amounts[FILM_PERIODS].items():
        if film_hash in matching and period in names:
            weeks[period] = weeks.get(period, 0.0) + amounts.playing_s
    for week, seconds in _read_hidden_weeks(store, title, mondays[0], film_hashes).items():
        weeks[week] = weeks.get(week, 0.0) - seconds
    return {week: max(0.0, seconds) for week, seconds in weeks.items()}


def _read_hidden_weeks(store: StoreSnapshot, title: str, since: date, film_hashes: Collection[int]) -> dict[str, float]:
    """Return the seconds that hidden viewers watched of a title, by week."""
    if not store.hidden:
        return {}
    from_s = store.rules.begin_of(since)
    query = select(WATCHES.c.film_hash, *PLAYED_TIME).where(
        WATCHES.c.viewer_id.in_(store.hidden),
        WATCHES.c.ended_at_s >= from_s,
        WATCHES.c.brief.is_(False),
        WATCHES.c.watch_id.not_in(store.running.instead_of),
    )
    if len(film_hashes) <= FEW_FILMS:  # of many, each row is looked up here: hidden viewers' rows are few
        query = query.where(WATCHES.c.film_hash.in_(sorted(film_hashes)))
    rows = store.connection.execute(query).all()
    played: list[Played] = [played_time(row[1:]) for row in rows if row[0] in film_hashes]
    played += [record for record in _match_running(store, title) if record.viewer_id in store.hidden]
    weeks: dict[str, float] = {}
    for day, seconds in sum_by_day(played, store.rules.zone).items():
        weeks[week_of(day)] = weeks.get(week_of(day), 0.0) + seconds
    return weeks


def _read_days_since(store: StoreSnapshot, title: str, since_s: float) -> dict[str, float]:
    """Return the seconds on each day of the watches that ended since a time, and of running ones."""
    from_s = max(since_s, store.now_s - (WEEKS + 1) * 7 * 86_400)
    conditions: list[ColumnElement[bool]] = [
        WATCHES.c.ended_at_s >= from_s,
        WATCHES.c.brief.is_(False),
        WATCHES.c.watch_id.not_in(store.running.instead_of),
    ]
    now = _match_running(store, title)
    later: dict[str, float] = {}
    first_day = store.rules.today(from_s)
    if title:
        conditions += [WATCHES.c.film_hash.in_(select_film_hashes(title)), WATCHES.c.viewer_id.not_in(store.hidden)]
        now = [record for record in now if record.viewer_id not in store.hidden]
    else:  # watches played on the days after the first ended since then: use these days' sums
        next_day = first_day + timedelta(days=1)
        conditions.append(WATCHES.c.started_at_s < store.rules.begin_of(next_day))
        later = sum_days(store, EVERYBODY, next_day.toordinal())
    query = select(*PLAYED_TIME).where(*conditions)
    played: list[Played] = [played_time(row) for row in store.connection.execute(query).all()]
    days = sum_by_day([*played, *now], store.rules.zone)
    return days if title else later | {day: seconds for day, seconds in days.items() if day <= first_day.isoformat()}
