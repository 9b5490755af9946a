"""Handles what members choose: suggestions of films, votes and ratings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from actors.persistence.failures import retry_failures
from actors.runtime import Actor
from messages import (
    FilmRated,
    FilmSuggested,
    FilmWithdrawn,
    Question,
    RateFilm,
    RecordVotes,
    SuggestFilm,
    WithdrawFilm,
)
from messages.base import storable
from persistence.operations.choose_film import rate_film, record_votes, suggest_film, withdraw_film
from persistence.queries.suggestions import describe_suggestions
from persistence.records.checkpoint import RunningWatch
from persistence.records.suggestions import get_suggestion
from persistence.store import Store


class FilmChoices:
    """Stores what members choose; every write is small, and done on the actor's thread.

    The JSON copies are not written: a viewer's two counts in them follow with the next save.
    """

    def __init__(self, actor: Actor, store: Store, running: Callable[[], list[RunningWatch] | None]) -> None:
        self._actor = actor
        self._store = store
        self._running = running

    def suggest_film(self, asked: SuggestFilm) -> FilmSuggested:
        """Add a film to the list, or a member's wish for a film on it."""
        asked = replace(asked, title=storable(asked.title), username=storable(asked.username))
        now_s = self._now_s()
        self._store.json_sync.forget_viewers()
        with self._store.transaction(keeps_figures=True) as connection:
            outcome, suggestion_id = suggest_film(connection, asked, now_s)
        if not suggestion_id:
            return FilmSuggested(outcome, None)
        with self._store.snapshot(self._running() or (), now_s) as store:
            found = get_suggestion(store.connection, suggestion_id)
            shown = [found] if found is not None else []
            films = describe_suggestions(store, shown, asked.members, asked.watched_percent, asked.viewer_id)
        return FilmSuggested(outcome, films[0] if films else None)

    def withdraw_film(self, asked: WithdrawFilm) -> FilmWithdrawn:
        """Withdraw a wish, or remove a film from the list."""
        self._store.json_sync.forget_viewers()
        with self._store.transaction(keeps_figures=True) as connection:
            return withdraw_film(connection, asked, self._now_s())

    def rate_film(self, asked: RateFilm) -> FilmRated:
        """Store a rating."""
        with self._store.transaction(keeps_figures=True) as connection:
            return rate_film(connection, asked, self._now_s())

    def record_votes(self, asked: RecordVotes) -> None:
        """Store who voted; acknowledged when it is stored."""
        self._store.json_sync.forget_viewers()
        what = f"The votes of poll {asked.poll_id}"
        with retry_failures(what), self._store.transaction(keeps_figures=True) as connection:
            record_votes(connection, asked)

    def _now_s(self) -> float:
        return self._actor.context.clock.now().wall_s


FILM_CHOICES: Mapping[type[Question[Any]], Callable[[FilmChoices, Any], Any]] = {
    SuggestFilm: FilmChoices.suggest_film,
    WithdrawFilm: FilmChoices.withdraw_film,
    RateFilm: FilmChoices.rate_film,
}
"""Which method handles which question."""
