"""Counts the viewers of films, without hidden viewers, including those of running watches."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import ColumnElement, func, select

from persistence.database.sql import split_batches
from persistence.database.tables import (
    EVERYBODY,
    FILM_VIEWERS,
    ONLY_COMMUNITY,
    VIEWER_PERIODS,
    WATCHED_FILMS,
)
from persistence.records.film_facts import FilmName
from persistence.store import StoreSnapshot
from persistence.summaries.films import (
    BROAD,
    FEW_FILMS,
    SUMMED_FILM,
    FilmSums,
    WatchedFilm,
    match_hashes,
    select_film_hashes,
)

POPULAR = 3
"""Most viewers of a broad search have seen one of so many films; the others are looked up one by one."""


def count_viewers(
    store: StoreSnapshot, films: Iterable[WatchedFilm], wanted: Iterable[FilmName], *, year: int | None = None
) -> dict[FilmName, int]:
    """Return the number of visible viewers of each wanted title."""
    film_hashes: dict[FilmName, list[int]] = {name: [] for name in wanted}
    for _, facts in films:
        if facts.name in film_hashes:
            film_hashes[facts.name].append(facts.film_hash)
    names = {film_hash: name for name, same in film_hashes.items() for film_hash in same}
    counts = dict.fromkeys(film_hashes, 0)
    viewers = func.count(FILM_VIEWERS.c.viewer_id.distinct())
    visible = _match_watched(year) & FILM_VIEWERS.c.viewer_id.not_in(store.hidden)
    single = [same[0] for same in film_hashes.values() if len(same) == 1]
    if year is None:
        counts |= {names[film_hash]: count for film_hash, count in _read_visible_counts(store, single).items()}
    else:
        by_film = select(FILM_VIEWERS.c.film_hash, viewers).where(visible, FILM_VIEWERS.c.film_hash.in_(single))
        for film_hash, count in store.connection.execute(by_film.group_by(FILM_VIEWERS.c.film_hash)).all():
            counts[names[film_hash]] = count
    for name, same in film_hashes.items():
        if len(same) > 1:
            together = select(viewers).where(visible, FILM_VIEWERS.c.film_hash.in_(same))
            counts[name] = store.connection.execute(together).scalar_one()
    for (name, _), (stored, more) in _read_changed_pairs(store, names, year).items():
        counts[name] += (stored + more > 0) - (stored > 0)
    return counts


def _read_visible_counts(store: StoreSnapshot, film_hashes: Sequence[int]) -> dict[int, int]:
    """Return the stored number of visible viewers of each of these films: all viewers minus the hidden ones."""
    counts: dict[int, int] = {}
    for some in split_batches(film_hashes):
        stored = select(WATCHED_FILMS.c.film_hash, WATCHED_FILMS.c.viewers).where(
            WATCHED_FILMS.c.community == ONLY_COMMUNITY, WATCHED_FILMS.c.film_hash.in_(some)
        )
        counts |= dict(store.connection.execute(stored).all())
    if store.hidden:
        is_few = len(film_hashes) <= FEW_FILMS
        film = FILM_VIEWERS.c.film_hash if is_few else SUMMED_FILM
        hidden = select(film, func.count(FILM_VIEWERS.c.viewer_id.distinct())).where(
            _match_watched(None), FILM_VIEWERS.c.viewer_id.in_(store.hidden)
        )
        hidden = hidden.where(FILM_VIEWERS.c.film_hash.in_(film_hashes)) if is_few else hidden
        for film_hash, count in store.connection.execute(hidden.group_by(film)).all():
            if film_hash in counts:
                counts[film_hash] -= count
    return counts


def _read_changed_pairs(
    store: StoreSnapshot, names: Mapping[int, FilmName], year: int | None
) -> dict[tuple[FilmName, str], tuple[int, int]]:
    """Return film and viewer of each visible running watch, with the stored watches and how many running ones add."""
    pairs: dict[tuple[FilmName, str], tuple[int, int]] = {}
    for (film_hash, viewer_id, played), amounts in store.running_changes.amounts[FILM_VIEWERS].items():
        if film_hash in names and viewer_id not in store.hidden and year in (None, played):
            _, more = pairs.get((names[film_hash], viewer_id), (0, 0))
            pairs[names[film_hash], viewer_id] = 0, more + amounts.watches
    columns = (FILM_VIEWERS.c.film_hash, FILM_VIEWERS.c.viewer_id, FILM_VIEWERS.c.watches)
    for some in split_batches({viewer_id for _, viewer_id in pairs}):
        query = select(*columns).where(
            _match_watched(year), FILM_VIEWERS.c.film_hash.in_(list(names)), FILM_VIEWERS.c.viewer_id.in_(some)
        )
        for film_hash, viewer_id, watches in store.connection.execute(query).all():
            key = (names[film_hash], viewer_id)
            if key in pairs:
                pairs[key] = pairs[key][0] + watches, pairs[key][1]
    return pairs


def count_distinct_viewers(store: StoreSnapshot, part: str, films: FilmSums, watches: int) -> int:
    """Return how many visible viewers watched any of the films whose title contains `part`.

    `watches`: number of visible viewers' watches of them.
    """
    film_hashes = films.film_hashes
    changed = _find_changed_viewers(store, film_hashes, None)
    of_films = _match_watched(None) & match_hashes(FILM_VIEWERS.c.film_hash, part, film_hashes)
    left_out = [EVERYBODY, *store.hidden, *sorted(changed)]
    if watches <= BROAD:
        count = _count_viewers_of(store, of_films, left_out)
    else:
        popular = _match_watched(None) & FILM_VIEWERS.c.film_hash.in_(films.find_popular(POPULAR))
        count = _count_viewers_of(store, popular, left_out) + _count_others(store, part, popular, left_out)
    return count + _count_changed(store, changed, of_films)


def _count_viewers_of(store: StoreSnapshot, of_films: ColumnElement[bool], left_out: Sequence[str]) -> int:
    """Return how many viewers watched any of these films, without some viewers."""
    query = select(func.count(FILM_VIEWERS.c.viewer_id.distinct()))
    query = query.where(of_films, FILM_VIEWERS.c.viewer_id.not_in(left_out))
    return int(store.connection.execute(query).scalar_one())


def _count_others(store: StoreSnapshot, part: str, popular: ColumnElement[bool], left_out: Sequence[str]) -> int:
    """Return how many viewers watched none of the popular films but another film whose title contains `part`.

    Not looked up film by film: with so many films, one of the viewer's first few is among them.
    """
    one_of_them = (FILM_VIEWERS.c.film_hash + 0).in_(select_film_hashes(part))
    own = _match_watched(None) & one_of_them & (FILM_VIEWERS.c.viewer_id == VIEWER_PERIODS.c.viewer_id)
    any_of_them = select(FILM_VIEWERS.c.watches).where(own).limit(1).scalar_subquery()
    counted = select(FILM_VIEWERS.c.viewer_id).where(popular).correlate(None)
    query = select(func.count()).where(
        VIEWER_PERIODS.c.community == ONLY_COMMUNITY,
        VIEWER_PERIODS.c.kind == "all",
        VIEWER_PERIODS.c.viewer_id.not_in(left_out),
        VIEWER_PERIODS.c.viewer_id.not_in(counted),
        any_of_them.is_not(None),
    )
    return int(store.connection.execute(query).scalar_one())


def _match_watched(year: int | None) -> ColumnElement[bool]:
    watched = (FILM_VIEWERS.c.community == ONLY_COMMUNITY) & (FILM_VIEWERS.c.watches > 0)
    return watched if year is None else watched & (FILM_VIEWERS.c.year == year)


def _find_changed_viewers(store: StoreSnapshot, film_hashes: Collection[int], year: int | None) -> dict[str, int]:
    """Return the visible viewers of running watches of these films, with how many watches these add."""
    changed: dict[str, int] = {}
    for (film_hash, viewer_id, played), amounts in store.running_changes.amounts[FILM_VIEWERS].items():
        if film_hash in film_hashes and viewer_id not in store.hidden and year in (None, played):
            changed[viewer_id] = changed.get(viewer_id, 0) + amounts.watches
    return changed


def _count_changed(store: StoreSnapshot, changed: Mapping[str, int], of_films: ColumnElement[bool]) -> int:
    """Return how many of these viewers watched one of the films, including running watches."""
    watches = dict(changed)
    unsure = [viewer_id for viewer_id, more in changed.items() if more <= 0]  # running watches replace stored ones
    for some in split_batches(unsure):
        query = select(FILM_VIEWERS.c.viewer_id, func.sum(FILM_VIEWERS.c.watches)).where(
            of_films, FILM_VIEWERS.c.viewer_id.in_(some)
        )
        for viewer_id, count in store.connection.execute(query.group_by(FILM_VIEWERS.c.viewer_id)).all():
            watches[viewer_id] += int(count)
    return sum(count > 0 for count in watches.values())
