"""Rows of `film_ratings`: the viewers' ratings of films that they saw together."""

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, func, select

from messages import Item
from persistence.database.rows import decode_part, watch_record
from persistence.database.sql import split_batches, upsert
from persistence.database.tables import FILM_RATINGS, WATCH_PARTS, WATCHES
from persistence.records.films import Film
from persistence.records.suggestions import COMMUNITY

FEWEST_SHOWN = 2
"""Minimum number of ratings for showing a mean: with one, the mean would reveal that viewer's rating."""


class Mark(NamedTuple):
    """The community's rating of a film."""

    mean: float
    """1 to 5."""
    ratings: int
    """Number of ratings."""


def read_marks(
    connection: Connection, titles: Iterable[str], hidden: Collection[str]
) -> dict[tuple[str, int | None], Mark]:
    """Return the marks of films by title and year; a film with too few ratings has none.

    `hidden`: the viewers whose ratings do not count. Only viewers of a film rate it: more ratings than visible viewers,
    or a mean that differs from the only known rating, would reveal them.
    """
    marks = {}
    for some in split_batches(titles):
        rated = func.count(func.distinct(FILM_RATINGS.c.viewer_id))
        query = (
            select(FILM_RATINGS.c.title, FILM_RATINGS.c.year, func.avg(FILM_RATINGS.c.rating), rated)
            .where(
                FILM_RATINGS.c.community == COMMUNITY,
                FILM_RATINGS.c.title.in_(some),
                FILM_RATINGS.c.viewer_id.not_in(sorted(hidden)),
            )
            .group_by(FILM_RATINGS.c.title, FILM_RATINGS.c.year)
        )
        for title, year, mean, count in connection.execute(query).all():
            if count >= FEWEST_SHOWN:
                marks[title, year] = Mark(float(mean), count)
    return marks


def find_attended_item(connection: Connection, viewer_ids: list[str], screening_id: str) -> Item | None:
    """Return the film of a screening that a viewer attended; None if they were not there, or only briefly."""
    own: list[ColumnElement[bool]] = [WATCHES.c.viewer_id.in_(viewer_ids), WATCHES.c.brief.is_(False)]
    query = select(WATCHES).where(WATCHES.c.screening_id == screening_id, *own).limit(1)
    row: Any = connection.execute(query).mappings().first()
    if row is None:  # the watch may be merged with another one of a linked account
        parts = select(WATCH_PARTS.c.row).where(WATCH_PARTS.c.viewer_id.in_(viewer_ids))
        originals = map(decode_part, connection.execute(parts).scalars())
        row = next((each for each in originals if each["screening_id"] == screening_id and not each["brief"]), None)
    return None if row is None else watch_record(row).item


def put_rating(connection: Connection, viewer_id: str, item: Item, rating: int, screening_id: str, at_s: float) -> int:
    """Insert or replace a viewer's rating of a film; return the previous one, 0 if there was none."""
    film = Film.from_item(item)
    own = (
        FILM_RATINGS.c.community == COMMUNITY,
        FILM_RATINGS.c.film_id == film.film_id,
        FILM_RATINGS.c.viewer_id == viewer_id,
    )
    before = connection.execute(select(FILM_RATINGS.c.rating).where(*own)).scalar() or 0
    row = {
        "community": COMMUNITY,
        "film_id": film.film_id,
        "viewer_id": viewer_id,
        "title": film.title,
        "year": film.year,
        "rating": rating,
        "screening_id": screening_id,
        "rated_at_s": at_s,
    }
    upsert(connection, FILM_RATINGS, [row])
    return before
