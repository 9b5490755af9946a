"""Titles for autocompletion."""

from sqlalchemy import func, select

from messages import SuggestTitles, TitlesSuggested
from persistence.database.tables import WATCHES
from persistence.queries.answers import answers, bound_limit
from persistence.records.watches import match_title
from persistence.store import StoreSnapshot


@answers(SuggestTitles)
def suggest_titles(asked: SuggestTitles, store: StoreSnapshot) -> TitlesSuggested:
    """Return titles that contain what was typed, the most watched first; none that only hidden viewers saw."""
    query = (
        select(WATCHES.c.title)
        .where(match_title(asked.part), WATCHES.c.viewer_id.not_in(sorted(store.directory.hidden_viewers())))
        .group_by(WATCHES.c.title)
        .order_by(func.count().desc(), WATCHES.c.title)
        .limit(bound_limit(asked.limit))
    )
    return TitlesSuggested(tuple(store.connection.execute(query).scalars()))
