"""Titles for autocompletion."""

from sqlalchemy import collate, func, select

from messages import SuggestTitles, TitlesSuggested
from persistence.database.tables import FILM_VIEWERS, ONLY_COMMUNITY, WATCHED_FILMS
from persistence.queries.answers import answers, bound_limit
from persistence.store import StoreSnapshot
from persistence.summaries.films import match_films

_BY_CODE_POINT = {"postgresql": "C", "sqlite": "BINARY"}


@answers(SuggestTitles)
def suggest_titles(asked: SuggestTitles, store: StoreSnapshot) -> TitlesSuggested:
    """Return titles that contain what was typed, the most watched first; none that only hidden viewers saw."""
    store.require_summaries()
    count = WATCHED_FILMS.c.watches + WATCHED_FILMS.c.briefs
    source = select(WATCHED_FILMS.c.title).where(match_films(asked.part))
    if store.hidden:
        hidden = (
            select(FILM_VIEWERS.c.film_hash, func.sum(FILM_VIEWERS.c.watches + FILM_VIEWERS.c.briefs).label("records"))
            .where(FILM_VIEWERS.c.community == ONLY_COMMUNITY, FILM_VIEWERS.c.viewer_id.in_(store.hidden))
            .group_by(FILM_VIEWERS.c.film_hash)
            .subquery()
        )
        source = source.outerjoin(hidden, hidden.c.film_hash == WATCHED_FILMS.c.film_hash)
        count = count - func.coalesce(hidden.c.records, 0)
    order = (func.sum(count).desc(), collate(WATCHED_FILMS.c.title, _BY_CODE_POINT[store.connection.dialect.name]))
    query = source.group_by(WATCHED_FILMS.c.title).having(func.sum(count) > 0).order_by(*order)
    found = store.connection.execute(query.limit(bound_limit(asked.limit))).scalars()
    return TitlesSuggested(tuple(found))
