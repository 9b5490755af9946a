"""Caches the facts of each film: its key is a hash of them, so they never change.

Reading the texts of thousands of films would take most of a question's time.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, select

from persistence.database.sql import split_batches
from persistence.database.tables import ONLY_COMMUNITY, WATCHED_FILMS

FilmName = tuple[str, int | None]
"""Title and year: they distinguish a film from its remake, but not from an imported one."""
MOST_KEPT: Final = 5_000
"""Maximum number of cached films, some 3 MB."""


class FilmFacts(NamedTuple):
    """The columns of a row of `watched_films` that are not sums."""

    film_hash: int
    title: str
    year: int | None
    media_type: str
    genres: str
    directors: str
    duration_ms: int | None
    guid: str
    name: FilmName


_READ = FilmFacts._fields[:-1]
_COLUMNS = [WATCHED_FILMS.c[name] for name in _READ]
_QUERY = select(*_COLUMNS).where(WATCHED_FILMS.c.community == ONLY_COMMUNITY)
_kept: dict[int, FilmFacts] = {}
"""Shared by all stores of the process: a hash means the same film everywhere."""


def make_facts(film_hash: int, columns: Mapping[str, object]) -> FilmFacts:
    """Return the facts of a film from columns of `watched_films`."""
    return _build([film_hash, *(columns[name] for name in _READ[1:])])


def _build(row: Sequence[Any]) -> FilmFacts:
    return FilmFacts._make((*row, (row[1], row[2])))


def read_facts(connection: Connection, film_hashes: Collection[int]) -> Mapping[int, FilmFacts]:
    """Return the facts of these films, and perhaps of others."""
    missing = [film_hash for film_hash in film_hashes if film_hash not in _kept]
    if not missing:
        return _kept
    if len(missing) > len(film_hashes) // 2 and len(missing) > 500:
        rows = connection.execute(_QUERY).all()
    else:
        rows = [
            row
            for some in split_batches(missing)
            for row in connection.execute(_QUERY.where(WATCHED_FILMS.c.film_hash.in_(some))).all()
        ]
    read = {row[0]: _build(row) for row in rows}
    if len(_kept) + len(read) > MOST_KEPT:
        known = {film_hash: _kept[film_hash] for film_hash in film_hashes if film_hash in _kept} | read
        _kept.clear()
        _kept.update(list(read.items())[:MOST_KEPT])
        return known
    _kept.update(read)
    return _kept
