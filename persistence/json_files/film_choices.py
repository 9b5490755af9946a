"""`film_choices.json`: suggestions, ratings and votes, as `export` writes them beside the three files."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from sqlalchemy import Connection, Table, select

from messages import Item
from messages.base import YEAR_LIMIT, storable
from persistence.database.errors import ImportFault
from persistence.database.rows import as_json
from persistence.database.sql import upsert
from persistence.database.tables import FILM_RATINGS, POLL_VOTES, SUGGESTION_WISHES, SUGGESTIONS
from persistence.records.suggestions import COMMUNITY
from persistence.records.viewers import read_directory, read_erasures

CHOICES = "film_choices.json"
_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
_Title = Annotated[str, msgspec.Meta(max_length=10_000)]
_Year = Annotated[int, msgspec.Meta(ge=-YEAR_LIMIT, le=YEAR_LIMIT)]
_Time = Annotated[datetime, msgspec.Meta(tz=True)]


class ChosenSuggestion(msgspec.Struct):
    """A film on the list."""

    suggestion_id: _Id
    title: _Title
    suggested: _Time
    year: _Year | None = None
    item: Item | None = None


class ChosenWish(msgspec.Struct):
    """A wish for a film on the list."""

    suggestion_id: _Id
    viewer_id: _Id
    username: _Title
    since: _Time


class ChosenRating(msgspec.Struct):
    """Somebody's rating of a film."""

    film_id: _Id
    viewer_id: _Id
    title: _Title
    rating: Annotated[int, msgspec.Meta(ge=1, le=5)]
    screening_id: _Id
    rated: _Time
    year: _Year | None = None


class ChosenVote(msgspec.Struct):
    """Somebody's votes in a poll."""

    poll_id: _Id
    viewer_id: _Id
    films: Annotated[list[_Title], msgspec.Meta(max_length=100)]
    poll_ended: _Time


class FilmChoicesFile(msgspec.Struct):
    """The whole file."""

    suggestions: list[ChosenSuggestion] = []
    wanted: list[ChosenWish] = []
    ratings: list[ChosenRating] = []
    votes: list[ChosenVote] = []


def build_choices(connection: Connection) -> FilmChoicesFile:
    """Return all suggestions, wishes, ratings and votes."""
    item = msgspec.json.Decoder(Item)
    return FilmChoicesFile(
        [
            ChosenSuggestion(
                row["suggestion_id"],
                row["title"],
                _convert_time(row["suggested_at_s"]),
                row["year"],
                None if row["item"] is None else item.decode(row["item"]),
            )
            for row in _read_rows(connection, SUGGESTIONS)
        ],
        [
            ChosenWish(row["suggestion_id"], row["viewer_id"], row["username"], _convert_time(row["wished_at_s"]))
            for row in _read_rows(connection, SUGGESTION_WISHES)
        ],
        [
            ChosenRating(
                row["film_id"],
                row["viewer_id"],
                row["title"],
                row["rating"],
                row["screening_id"],
                _convert_time(row["rated_at_s"]),
                row["year"],
            )
            for row in _read_rows(connection, FILM_RATINGS)
        ],
        [
            ChosenVote(
                row["poll_id"],
                row["viewer_id"],
                msgspec.json.decode(row["films"], type=list[str]),
                _convert_time(row["voted_at_s"]),
            )
            for row in _read_rows(connection, POLL_VOTES)
        ],
    )


def is_empty(choices: FilmChoicesFile) -> bool:
    """Tell whether nobody chose anything."""
    return not (choices.suggestions or choices.ratings or choices.votes)


def encode_choices(choices: FilmChoicesFile) -> bytes:
    """Return the file's content."""
    return msgspec.json.format(msgspec.json.encode(choices), indent=1) + b"\n"


def convert_choices(document: object, file: object) -> FilmChoicesFile:
    """Return the content of a file. Raises ImportFault naming the file and the field."""
    try:
        return msgspec.convert(document, FilmChoicesFile)
    except (msgspec.ValidationError, OverflowError) as error:
        raise ImportFault(f"{file}: {error}. Nothing was changed.") from None


def put_choices(connection: Connection, choices: FilmChoicesFile) -> int:
    """Insert choices that the store does not have yet; return how many were inserted.

    Choices of an erased viewer from before the erasure are left out, and so are all choices of an untracked viewer, and
    films that nobody wants. The viewers' counts of votes are in `user_stats.json`.
    """
    directory, gone = read_directory(connection), read_erasures(connection)

    def is_wanted(viewer_id: str, at: datetime) -> bool:
        return directory.tracks(viewer_id) and at.timestamp() > gone.get(viewer_id, float("-inf"))

    wishes = [each for each in choices.wanted if is_wanted(each.viewer_id, each.since)]
    wanted = {wish.suggestion_id for wish in wishes}
    films = [each for each in choices.suggestions if each.suggestion_id in wanted]
    listed = {film.suggestion_id for film in films}
    rows: list[tuple[Table, list[dict[str, Any]]]] = [
        (SUGGESTIONS, [_build_suggestion_row(each) for each in films]),
        (SUGGESTION_WISHES, [_build_wish_row(each) for each in wishes if each.suggestion_id in listed]),
        (FILM_RATINGS, [_build_rating_row(each) for each in choices.ratings if is_wanted(each.viewer_id, each.rated)]),
        (POLL_VOTES, [_build_vote_row(each) for each in choices.votes if is_wanted(each.viewer_id, each.poll_ended)]),
    ]
    return sum(_insert_new(connection, table, new) for table, new in rows)


def _insert_new(connection: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> int:
    keys = [column.name for column in table.primary_key]
    known = {tuple(row) for row in connection.execute(select(*(table.c[key] for key in keys)))}
    new = {tuple(row[key] for key in keys): row for row in rows}
    fresh = [row for key, row in new.items() if key not in known]
    upsert(connection, table, fresh)
    return len(fresh)


def _build_suggestion_row(film: ChosenSuggestion) -> dict[str, Any]:
    return {
        "community": COMMUNITY,
        "suggestion_id": storable(film.suggestion_id),
        "title": storable(film.title),
        "year": film.year,
        "item": None if film.item is None else as_json(film.item),
        "suggested_at_s": film.suggested.timestamp(),
    }


def _build_wish_row(wish: ChosenWish) -> dict[str, Any]:
    return {
        "community": COMMUNITY,
        "suggestion_id": storable(wish.suggestion_id),
        "viewer_id": storable(wish.viewer_id),
        "username": storable(wish.username),
        "wished_at_s": wish.since.timestamp(),
    }


def _build_rating_row(rating: ChosenRating) -> dict[str, Any]:
    return {
        "community": COMMUNITY,
        "film_id": storable(rating.film_id),
        "viewer_id": storable(rating.viewer_id),
        "title": storable(rating.title),
        "year": rating.year,
        "rating": rating.rating,
        "screening_id": storable(rating.screening_id),
        "rated_at_s": rating.rated.timestamp(),
    }


def _build_vote_row(vote: ChosenVote) -> dict[str, Any]:
    return {
        "community": COMMUNITY,
        "poll_id": storable(vote.poll_id),
        "viewer_id": storable(vote.viewer_id),
        "films": as_json([storable(film) for film in vote.films]),
        "voted_at_s": vote.poll_ended.timestamp(),
    }


def _read_rows(connection: Connection, table: Table) -> Iterable[Any]:
    own = table.c.community == COMMUNITY
    return connection.execute(select(table).where(own).order_by(*table.primary_key)).mappings()


def _convert_time(at_s: float) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)
