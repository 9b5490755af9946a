"""What the records say of a film, kept in memory: it is named by a number made of just that, and never changes.

To read the texts of thousands of films for each question would be most of what it takes.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, select

from persistence.database.sql import split_batches
from persistence.database.tables import ONLY_COMMUNITY, WATCHED_FILMS

FilmName = tuple[str, int | None]
"""Title and year, which tell a film from its remake; an imported one is the same."""
MOST_KEPT: Final = 5_000
"""Films that are kept at most: some 3 MB."""


class FilmFacts(NamedTuple):
    """The columns of a row of `watched_films` that do not add up."""

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
"""Of all stores of the process: the same number says the same everywhere."""


def make_facts(film_hash: int, columns: Mapping[str, object]) -> FilmFacts:
    """Return what columns of `watched_films` say of a film."""
    return _build([film_hash, *(columns[name] for name in _READ[1:])])


def _build(row: Sequence[Any]) -> FilmFacts:
    return FilmFacts._make((*row, (row[1], row[2])))


def read_facts(connection: Connection, film_hashes: Collection[int]) -> Mapping[int, FilmFacts]:
    """Return what the store says of films that it has, at least of these."""
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
