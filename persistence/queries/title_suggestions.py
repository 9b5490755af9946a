"""Titles for autocompletion."""

import heapq

from sqlalchemy import select

from messages import SuggestTitles, TitlesSuggested
from persistence.database.tables import WATCHED_FILMS
from persistence.queries.answers import answers, bound_limit
from persistence.store import StoreSnapshot
from persistence.summaries.films import match_films, read_hidden_sums


@answers(SuggestTitles)
def suggest_titles(asked: SuggestTitles, store: StoreSnapshot) -> TitlesSuggested:
    """Return titles that contain the typed text, the most watched first, without those that only hidden viewers saw."""
    store.require_summaries()
    records = WATCHED_FILMS.c.watches + WATCHED_FILMS.c.briefs
    counts: dict[str, int] = {}
    query = select(WATCHED_FILMS.c.film_hash, WATCHED_FILMS.c.title, records).where(match_films(asked.part))
    films = store.connection.execute(query).all()
    hidden = read_hidden_sums(store, None, [film_hash for film_hash, _, _ in films])
    for film_hash, title, count in films:
        unseen = hidden[film_hash].records if film_hash in hidden else 0
        counts[title] = counts.get(title, 0) + count - unseen
    visible = ((-count, title) for title, count in counts.items() if count > 0)
    return TitlesSuggested(tuple(title for _, title in heapq.nsmallest(bound_limit(asked.limit), visible)))
