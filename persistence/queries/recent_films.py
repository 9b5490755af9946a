"""What was watched since a time, by film and viewer: read from the records, which are few for a week."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, func, select

from persistence.database.tables import ONLY_COMMUNITY, WATCHED_FILMS, WATCHES
from persistence.store import StoreSnapshot
from persistence.summaries.amounts import Amounts
from persistence.summaries.films import FilmSums, WatchedFilm, describe_running_film, match_films, select_film_hashes


def count_films_since(
    store: StoreSnapshot, part: str, since_s: float
) -> tuple[FilmSums, dict[int, dict[str, Amounts]]]:
    """Return the films whose title contains `part` by the watches that ended since a time, and what each viewer watched
    of each. Running watches are in it.
    """
    conditions: list[ColumnElement[bool]] = [
        WATCHES.c.ended_at_s >= since_s,
        WATCHES.c.brief.is_(False),
        WATCHES.c.watch_id.not_in(store.running.instead_of),
    ]
    if part:
        conditions.append(WATCHES.c.film_hash.in_(select_film_hashes(part)))
    films: dict[int, WatchedFilm] = {}
    by_film: dict[int, dict[str, Amounts]] = {}
    # By the film's column alone SQLite would go through all watches, in the order of their films.
    keys = ((WATCHES.c.film_hash + 0).label("film"), WATCHES.c.viewer_id)
    completed = func.count().filter(WATCHES.c.completed.is_(True))
    counted = select(*keys, func.count(), completed, func.sum(WATCHES.c.playing_s)).where(*conditions).group_by(*keys)
    for film_hash, viewer_id, watches, done, playing_s in store.connection.execute(counted):
        by_film.setdefault(film_hash, {})[viewer_id] = Amounts(watches, 0, done, round(playing_s * 1e6))
    _add_running(store, part, films, by_film)
    columns = [WATCHED_FILMS.c[name] for name in WatchedFilm._fields if name != "amounts"]
    described = select(*columns).where(
        WATCHED_FILMS.c.community == ONLY_COMMUNITY,
        match_films(part),
        WATCHED_FILMS.c.film_hash.in_(select(WATCHES.c.film_hash).where(*conditions)),
    )
    films |= {row[0]: WatchedFilm(Amounts(), *row) for row in store.connection.execute(described)}
    everybody, visible, hidden = [], [], set(store.hidden)
    for film_hash, viewers in by_film.items():
        film = films[film_hash]._replace(amounts=_sum_amounts(viewers.values()))
        everybody.append(film)
        if hidden.isdisjoint(viewers):
            visible.append(film)
        elif shown := [amounts for who, amounts in viewers.items() if who not in hidden]:
            visible.append(film._replace(amounts=_sum_amounts(shown)))
    return FilmSums(everybody, visible, by_film.keys()), by_film


def _add_running(
    store: StoreSnapshot, part: str, films: dict[int, WatchedFilm], by_film: dict[int, dict[str, Amounts]]
) -> None:
    for row in store.running_rows:
        if not row["brief"] and part.casefold() in row["title_folded"]:
            film_hash, viewer_id = row["film_hash"], row["viewer_id"]
            films[film_hash] = describe_running_film(store, film_hash)
            viewers = by_film.setdefault(film_hash, {})
            more = Amounts(1, 0, int(row["completed"]), round(row["playing_s"] * 1e6))
            viewers[viewer_id] = viewers.get(viewer_id, Amounts()).add(more)


def _sum_amounts(watched: Collection[Amounts]) -> Amounts:
    return next(iter(watched)) if len(watched) == 1 else Amounts(*map(sum, zip(*watched, strict=True)))
