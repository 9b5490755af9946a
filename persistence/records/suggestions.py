"""Rows of `suggestions` and `suggestion_wishes`: films that members want to see, and who wants each."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, select

from messages import Item
from persistence.database.rows import as_json
from persistence.database.sql import upsert
from persistence.database.tables import SUGGESTION_WISHES, SUGGESTIONS
from persistence.records.films import Film

COMMUNITY = ""
"""The only community of a store."""
_ITEM = msgspec.json.Decoder(Item)


class Wish(msgspec.Struct, frozen=True):
    """A member's wish to see a film."""

    viewer_id: str
    username: str
    wished_at_s: float
    """Seconds since 1970, UTC."""


class Suggestion(msgspec.Struct, frozen=True):
    """A film on the list, with everybody who wants it, the suggester first."""

    suggestion_id: str
    film: Film
    suggested_at_s: float
    """Seconds since 1970, UTC."""
    wishes: list[Wish] = msgspec.field(default_factory=list)

    def is_wanted_by(self, viewer_id: str) -> bool:
        """Tell whether a viewer wants it."""
        return any(wish.viewer_id == viewer_id for wish in self.wishes)


def read_suggestions(connection: Connection) -> list[Suggestion]:
    """Return the whole list: the most wanted first, then the oldest first."""
    rows = connection.execute(select(SUGGESTIONS).where(SUGGESTIONS.c.community == COMMUNITY)).mappings()
    by_id = {row["suggestion_id"]: _build_suggestion(row) for row in rows}
    order = (SUGGESTION_WISHES.c.wished_at_s, SUGGESTION_WISHES.c.viewer_id)
    query = select(SUGGESTION_WISHES).where(SUGGESTION_WISHES.c.community == COMMUNITY).order_by(*order)
    for row in connection.execute(query).mappings():
        if (suggestion := by_id.get(row["suggestion_id"])) is not None:
            suggestion.wishes.append(Wish(row["viewer_id"], row["username"], row["wished_at_s"]))
    return sorted(by_id.values(), key=lambda each: (-len(each.wishes), each.suggested_at_s, each.suggestion_id))


def find_suggestion(connection: Connection, film: Film) -> Suggestion | None:
    """Return the suggestion of a film; None if nobody suggested it."""
    return next((each for each in read_suggestions(connection) if each.film.is_same(film)), None)


def get_suggestion(connection: Connection, suggestion_id: str) -> Suggestion | None:
    """Return the suggestion with this id; None if it is no longer on the list."""
    return next((each for each in read_suggestions(connection) if each.suggestion_id == suggestion_id), None)


def put_suggestion(connection: Connection, suggestion_id: str, film: Film, at_s: float) -> None:
    """Insert or replace a film on the list."""
    row = {
        "community": COMMUNITY,
        "suggestion_id": suggestion_id,
        "title": film.title,
        "year": film.year,
        "item": None if film.item is None else as_json(film.item),
        "suggested_at_s": at_s,
    }
    upsert(connection, SUGGESTIONS, [row])


def put_wish(connection: Connection, suggestion_id: str, viewer_id: str, username: str, at_s: float) -> None:
    """Note that a member wants a film."""
    row = {
        "community": COMMUNITY,
        "suggestion_id": suggestion_id,
        "viewer_id": viewer_id,
        "username": username,
        "wished_at_s": at_s,
    }
    upsert(connection, SUGGESTION_WISHES, [row])


def delete_wishes(connection: Connection, viewer_ids: Sequence[str], suggestion_id: str = "") -> int:
    """Remove a viewer's wishes, or the one for a suggestion, and films that nobody wants any more."""
    chosen = [SUGGESTION_WISHES.c.community == COMMUNITY, SUGGESTION_WISHES.c.viewer_id.in_(viewer_ids)]
    if suggestion_id:
        chosen.append(SUGGESTION_WISHES.c.suggestion_id == suggestion_id)
    gone = connection.execute(delete(SUGGESTION_WISHES).where(*chosen)).rowcount
    wanted = select(SUGGESTION_WISHES.c.suggestion_id).where(SUGGESTION_WISHES.c.community == COMMUNITY)
    is_unwanted = SUGGESTIONS.c.suggestion_id.not_in(wanted)
    connection.execute(delete(SUGGESTIONS).where(SUGGESTIONS.c.community == COMMUNITY, is_unwanted))
    return gone


def delete_suggestions(connection: Connection, suggestion_ids: Iterable[str]) -> None:
    """Remove films from the list, even if somebody wants them."""
    for suggestion_id in suggestion_ids:
        for table in (SUGGESTION_WISHES, SUGGESTIONS):
            own = (table.c.community == COMMUNITY) & (table.c.suggestion_id == suggestion_id)
            connection.execute(delete(table).where(own))


def delete_watched(connection: Connection, item: Item) -> None:
    """Remove a film that the community has watched together."""
    film = Film.from_item(item)
    watched = [each.suggestion_id for each in read_suggestions(connection) if each.film.is_same(film)]
    delete_suggestions(connection, watched)


def _build_suggestion(row: Any) -> Suggestion:
    item = None if row["item"] is None else _ITEM.decode(row["item"])
    return Suggestion(row["suggestion_id"], Film(row["title"], row["year"], item), row["suggested_at_s"])
