"""A viewer's and everybody's year, for `wrapped`; `awards` computes the figures of a year."""

import functools
from collections.abc import Iterable, Iterator
from datetime import date, datetime

from sqlalchemy import func, select

from awards.badges import RARITIES
from awards.year import YearFilms, build_year, find_top, rank_year
from messages import BadgeCount, CommunityYear, GetCommunityYear, GetYear, TitleCount, YearOfViewer
from persistence.database.rows import Row
from persistence.database.sql import split_batches
from persistence.database.tables import EVERYBODY, VIEWER_BADGES, VIEWERS, WATCHES
from persistence.queries.answers import answers
from persistence.queries.companions import count_company, read_current_names
from persistence.queries.film_list import read_items
from persistence.queries.movie_stats import count_films
from persistence.records.badges import describe_badge
from persistence.records.film_facts import FilmFacts, FilmName
from persistence.rules import StatisticsRules
from persistence.store import StoreSnapshot
from persistence.summaries.amounts import first_year
from persistence.summaries.changes import is_party
from persistence.summaries.days import read_viewer_films, sum_days, sum_viewers
from persistence.summaries.films import (
    WatchedFilm,
    decode_names,
    order_by_watches,
    read_films,
    sum_by_name,
)
from persistence.summaries.parties import find_biggest_night
from viewers.redact import anonymise_rows, hides_figures, may_see, ranking_order

MOST = 5


@answers(GetYear)
def read_viewer_year(asked: GetYear, store: StoreSnapshot) -> YearOfViewer:
    """Return a viewer's year."""
    connection, rules, people, year = store.connection, store.rules, store.directory, asked.year
    who = people.viewer(asked.viewer_id)
    if not may_see(people, who, asked.asker):
        return YearOfViewer("", build_year(year, {}, YearFilms(), ()), (), hidden=True)
    if hides_figures(people, who, asked.asker):
        return YearOfViewer("", build_year(year, {}, YearFilms(), ()), (), figures_hidden=True)
    store.require_summaries()
    watched = read_viewer_films(store, who, year)
    days = sum_days(store, who, *_find_days(year))
    first_s, end_s = _find_bounds(year, rules)
    earned = connection.execute(
        select(VIEWER_BADGES)
        .where(
            VIEWER_BADGES.c.viewer_id == who,
            VIEWER_BADGES.c.earned_at_s >= first_s,
            VIEWER_BADGES.c.earned_at_s < end_s,
        )
        .order_by(VIEWER_BADGES.c.earned_at_s.desc(), VIEWER_BADGES.c.badge_id)
    ).mappings()
    badges = tuple(describe_badge(rules, row["badge_id"], row["earned_at_s"], row["progress"]) for row in earned)
    name = connection.execute(select(VIEWERS.c.username).where(VIEWERS.c.viewer_id == who)).scalar()
    username = name or next((each.username for each in store.running.records if each.viewer_id == who), "")
    sums = sum_by_name(film for film in watched if film.facts.media_type == "movie")
    most = order_by_watches(sums, MOST)
    items = read_items(store, watched, most, who)
    return YearOfViewer(
        username,
        build_year(
            year,
            days,
            _sum_films(watched),
            _list_lengths(film.facts for film in watched),
            _find_companion(store, who, year),
        ),
        badges,
        films=tuple(TitleCount(*name, sums[name].watches, 1, sums[name].playing_s) for name in most),
        posters=tuple(map(items.get, most)),
    )


@answers(GetCommunityYear)
def read_community_year(asked: GetCommunityYear, store: StoreSnapshot) -> CommunityYear:
    """Return everybody's year."""
    store.require_summaries()
    people, year = store.directory, asked.year
    films = read_films(store, year=year)
    figures = build_year(
        year,
        sum_days(store, EVERYBODY, *_find_days(year)),
        _sum_films(films.everybody),
        _list_lengths(film.facts for film in films.find_longest()),
    )
    viewers = sum_viewers(store, "year", year)
    unseen = set(store.hidden)
    seconds = {who: us / 1e6 for who, us in viewers.items() if who not in unseen}
    ranked = films.rank_visible(MOST)
    order = functools.partial(ranking_order, people)
    items = read_items(store, ranked.films, ranked.names)
    return CommunityYear(
        figures,
        len(viewers),
        tuple(count_films(store, ranked.films, ranked.names, ranked.sums, year=year)),
        anonymise_rows(rank_year(seconds, functools.partial(read_current_names, store), order), people),
        find_biggest_night(store, year),
        tuple(map(items.get, ranked.names)),
        tuple(_count_badges(store, year)),
    )


def _count_badges(store: StoreSnapshot, year: int) -> list[BadgeCount]:
    """Return the badges that visible viewers earned in a year, the rarest first."""
    first_s, end_s = _find_bounds(year, store.rules)
    # Grouped by the column, SQLite would look up each row by the index of badges.
    badge_id = (VIEWER_BADGES.c.badge_id + "").label("badge")
    query = (
        select(badge_id, func.count())
        .where(VIEWER_BADGES.c.earned_at_s >= first_s, VIEWER_BADGES.c.earned_at_s < end_s)
        .group_by(badge_id)
    )
    counts: dict[str, int] = dict(store.connection.execute(query).all())
    for some in split_batches(store.hidden):
        for hidden_id, count in store.connection.execute(query.where(VIEWER_BADGES.c.viewer_id.in_(some))).all():
            counts[hidden_id] -= count
    found = []
    for earned, count in counts.items():
        if count:
            badge = describe_badge(store.rules, earned, 0.0, 0.0)
            found.append(BadgeCount(badge.name, badge.emoji, badge.rarity, count))
    rank = {rarity: -place for place, rarity in enumerate(RARITIES)}
    return sorted(found, key=lambda badge: (rank.get(badge.rarity, 0), badge.viewers, badge.name))


def _find_days(year: int) -> tuple[int, int]:
    """Return the ordinals of the first and the last day of a year."""
    return date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()


def _find_bounds(year: int, rules: StatisticsRules) -> tuple[float, float]:
    """Return when a year begins and ends in TIMEZONE, seconds since 1970."""
    first, end = datetime(year, 1, 1, tzinfo=rules.zone), datetime(year + 1, 1, 1, tzinfo=rules.zone)
    return first.timestamp(), end.timestamp()


def _sum_films(films: Iterable[WatchedFilm]) -> YearFilms:
    sums = YearFilms()
    titles, years = sums.titles, sums.years
    movies = completed = episodes = 0
    genres: dict[str, int] = {}
    directors: dict[str, int] = {}
    for (watches, _movies, done, _us, _briefs), facts in films:
        if facts.media_type == "movie":
            movies += watches
            completed += done
            titles.add(facts.name)
        else:
            episodes += watches
        genres[facts.genres] = genres.get(facts.genres, 0) + watches
        directors[facts.directors] = directors.get(facts.directors, 0) + watches
        years[facts.year] = years.get(facts.year, 0) + watches
    sums.films, sums.completed, sums.episodes = movies, completed, episodes
    for text, watches in genres.items():
        sums.genres[decode_names(text)] += watches
    for text, watches in directors.items():
        sums.directors[decode_names(text)] += watches
    return sums


def _list_lengths(films: Iterable[FilmFacts]) -> Iterator[tuple[FilmName, float]]:
    """Yield the films whose length is known, with the length in seconds."""
    return (
        (facts.name, facts.duration_ms / 1000) for facts in films if facts.duration_ms and facts.media_type == "movie"
    )


def _find_companion(store: StoreSnapshot, who: str, year: int) -> tuple[str, float] | None:
    """Return who was at most of a viewer's watch parties of a year, and at how many; None if nobody was."""
    best = find_top(count_company(store, who, _read_party_screenings(store, who, year)))
    return (read_current_names(store, [best[0]])[best[0]], best[1]) if best else None


def _read_party_screenings(store: StoreSnapshot, who: str, year: int) -> set[str]:
    """Return the watch parties of a viewer that began in a year."""
    first_s, end_s = _find_bounds(year, store.rules)
    names = ("screening_id", "party", "brief", "started_at_s", "ended_at_s", "playing_s", "sittings")
    query = select(*(WATCHES.c[name] for name in names)).where(
        WATCHES.c.viewer_id == who,
        WATCHES.c.ended_at_s >= first_s,
        WATCHES.c.started_at_s < end_s,
        WATCHES.c.party.is_(True),
        WATCHES.c.watch_id.not_in(store.running.instead_of),
    )
    rows: list[Row] = [*store.connection.execute(query).mappings()]
    rows += [row for row in store.running_rows if row["viewer_id"] == who]
    return {
        row["screening_id"]
        for row in rows
        if is_party(row)
        and (first_s <= row["started_at_s"] <= row["ended_at_s"] < end_s or first_year(row, store.rules.zone) == year)
    }
