"""Suggesting, withdrawing, voting for and rating films; inside a transaction of the store."""

from sqlalchemy import Connection, select

from messages import FilmRated, FilmWithdrawn, RateFilm, RecordVotes, SuggestFilm, SuggestionOutcome, WithdrawFilm
from persistence.database.rows import as_json
from persistence.database.sql import upsert
from persistence.database.tables import POLL_VOTES
from persistence.records.films import Film
from persistence.records.ratings import find_attended_item, put_rating
from persistence.records.suggestions import (
    COMMUNITY,
    Suggestion,
    delete_suggestions,
    delete_wishes,
    find_suggestion,
    get_suggestion,
    put_suggestion,
    put_wish,
    read_suggestions,
)
from persistence.records.viewers import add_to_counts, read_directory, read_erasures

HIGHEST_RATING = 5


def suggest_film(connection: Connection, asked: SuggestFilm, at_s: float) -> tuple[SuggestionOutcome, str]:
    """Put a film on the list, or add a wish if it is on it; return the outcome and the suggestion's id.

    The id is empty if there is no such suggestion.
    """
    if not read_directory(connection).tracks(asked.viewer_id):
        return "untracked", ""
    film = Film(asked.title, asked.year, asked.item)
    if asked.suggestion_id:
        known = get_suggestion(connection, asked.suggestion_id)
        if known is None:
            return "gone", ""
    else:
        known = find_suggestion(connection, film)
    if known is not None:
        if known.film.item is None and film.item is not None:  # it was added to the library since
            put_suggestion(connection, known.suggestion_id, film, known.suggested_at_s)
        if known.is_wanted_by(asked.viewer_id):
            return "wanted_already", known.suggestion_id
        _add_wish(connection, known.suggestion_id, asked, at_s)
        return "seconded", known.suggestion_id
    if _count_suggested(connection, asked.viewer_id) >= asked.limit:
        return "limit_reached", ""
    put_suggestion(connection, film.film_id, film, at_s)
    _add_wish(connection, film.film_id, asked, at_s)
    return "added", film.film_id


def withdraw_film(connection: Connection, asked: WithdrawFilm, at_s: float) -> FilmWithdrawn:
    """Remove a member's wish, or with `everybody` the whole suggestion."""
    known = get_suggestion(connection, asked.suggestion_id)
    if known is None:
        return FilmWithdrawn("", is_gone=True)
    if asked.everybody:
        delete_suggestions(connection, [known.suggestion_id])
        return FilmWithdrawn(known.film.title, is_gone=True)
    own = next((wish for wish in known.wishes if wish.viewer_id == asked.viewer_id), None)
    if own is None:
        return FilmWithdrawn("", is_gone=False)
    delete_wishes(connection, [asked.viewer_id], known.suggestion_id)
    add_to_counts(connection, asked.viewer_id, own.username, at_s, requests=-1)
    return FilmWithdrawn(known.film.title, is_gone=len(known.wishes) == 1)


def record_votes(connection: Connection, asked: RecordVotes) -> None:
    """Store the votes of a poll, and count each voter once, however often the message is repeated."""
    directory, erased = read_directory(connection), read_erasures(connection)
    of_poll = (POLL_VOTES.c.community == COMMUNITY) & (POLL_VOTES.c.poll_id == asked.poll_id)
    known = set(connection.execute(select(POLL_VOTES.c.viewer_id).where(of_poll)).scalars())
    for vote in asked.votes:
        is_wanted = directory.tracks(vote.viewer_id) and erased.get(vote.viewer_id, asked.at_s - 1) < asked.at_s
        if vote.viewer_id in known or not is_wanted:
            continue
        row = {
            "community": COMMUNITY,
            "poll_id": asked.poll_id,
            "viewer_id": vote.viewer_id,
            "films": as_json(vote.films),
            "voted_at_s": asked.at_s,
        }
        upsert(connection, POLL_VOTES, [row])
        add_to_counts(connection, vote.viewer_id, vote.username, asked.at_s, votes=1)


def rate_film(connection: Connection, asked: RateFilm, at_s: float) -> FilmRated:
    """Store a member's rating of a film, unless the member was not there. Raises ValueError if it is out of range."""
    if not 1 <= asked.rating <= HIGHEST_RATING:
        raise ValueError(f"{asked.rating} is no rating: it is 1 to {HIGHEST_RATING}")
    directory = read_directory(connection)
    if not directory.tracks(asked.viewer_id):
        return FilmRated("untracked")
    item = find_attended_item(connection, directory.ids_of(asked.viewer_id), asked.screening_id)
    if item is None:
        return FilmRated("not_there")
    before = put_rating(connection, asked.viewer_id, item, asked.rating, asked.screening_id, at_s)
    return FilmRated("rated", Film.from_item(item).title, before)


def _add_wish(connection: Connection, suggestion_id: str, asked: SuggestFilm, at_s: float) -> None:
    put_wish(connection, suggestion_id, asked.viewer_id, asked.username, at_s)
    add_to_counts(connection, asked.viewer_id, asked.username, at_s, requests=1)


def _count_suggested(connection: Connection, viewer_id: str) -> int:
    """Return how many films on the list a member suggested first."""

    def is_suggester(suggestion: Suggestion) -> bool:
        return bool(suggestion.wishes) and suggestion.wishes[0].viewer_id == viewer_id

    return sum(map(is_suggester, read_suggestions(connection)))
