"""The films that people want to see, and how many of those asked of have seen each."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import or_, select

from messages import GetSuggestions, Item, SuggestedFilm, SuggestionsPage, VoiceMember
from persistence.database.rows import Row
from persistence.database.tables import ONLY_COMMUNITY, WATCHED_FILMS
from persistence.queries.answers import answers, bound_limit
from persistence.queries.who_saw import SeenWatch, percent_seen, read_names, read_seen_watches
from persistence.records.films import Film
from persistence.records.suggestions import Suggestion, read_suggestions
from persistence.store import StoreSnapshot
from viewers.redact import list_shown


class _FilmWatches(NamedTuple):
    """What was watched, as its records say, with the viewer of each watch."""

    film: Film
    watches: list[tuple[str, SeenWatch]]


@answers(GetSuggestions)
def list_suggestions(asked: GetSuggestions, store: StoreSnapshot) -> SuggestionsPage:
    """Return a page of the list. Nobody hidden is named, or counted among those who have seen a film."""
    every = [
        suggestion
        for suggestion in read_suggestions(store.connection)
        if asked.suggestion_id in ("", suggestion.suggestion_id)
        and (not asked.mine_only or suggestion.is_wanted_by(asked.asker))
    ]
    first = max(0, asked.offset)
    page = every[first : first + bound_limit(asked.limit)]
    films = describe_suggestions(store, page, asked.members, asked.watched_percent, asked.asker)
    return SuggestionsPage(films, len(every))


def describe_suggestions(
    store: StoreSnapshot,
    suggestions: Sequence[Suggestion],
    members: Sequence[VoiceMember],
    watched_percent: float,
    asker: str,
) -> tuple[SuggestedFilm, ...]:
    """Return suggestions as people see them. `members`, `watched_percent`, `asker`: as in `GetSuggestions`."""
    store.require_summaries()
    directory = store.directory
    names = {member.user_id: member.name for member in members} or read_names(store.connection, store.running)
    asked_of = frozenset(list_shown(names, directory))
    films = [suggestion.film for suggestion in suggestions]
    watches = _read_watches(store, films, sorted(asked_of) if members else None)
    described = []
    for suggestion in suggestions:
        film, wishes = suggestion.film, suggestion.wishes
        shown = set(list_shown([wish.viewer_id for wish in wishes], directory))
        by_viewer = _group_by_viewer(watches, film)
        described.append(
            SuggestedFilm(
                suggestion_id=suggestion.suggestion_id,
                title=film.title,
                year=film.year,
                item=film.item,
                suggested_by=wishes[0].viewer_id if wishes and wishes[0].viewer_id in shown else "",
                suggested_at_s=suggestion.suggested_at_s,
                wanted=len(wishes),
                names=tuple(wish.username for wish in wishes if wish.viewer_id in shown),
                is_mine=asker != "" and suggestion.is_wanted_by(asker),
                seen=sum(_has_seen(by_viewer[who], watched_percent) for who in asked_of & by_viewer.keys()),
                asked_of=len(asked_of),
            )
        )
    return tuple(described)


def _read_watches(store: StoreSnapshot, films: Sequence[Film], viewer_ids: Sequence[str] | None) -> list[_FilmWatches]:
    """Return every watch that counts and may be of one of the films, running ones included, by what was watched.

    `viewer_ids`: whose of those that are stored; None for everybody's.
    """
    if not films:
        return []
    titles = {film.title.casefold() for film in films}
    guids = {film.item.guid for film in films if film.item is not None and film.item.guid}
    same_title = WATCHED_FILMS.c.title_folded.in_(sorted(titles))
    query = select(WATCHED_FILMS).where(
        WATCHED_FILMS.c.community == ONLY_COMMUNITY, or_(same_title, WATCHED_FILMS.c.guid.in_(sorted(guids)))
    )
    found = {row["film_hash"]: _describe_film(row) for row in store.connection.execute(query).mappings()}
    stored: dict[int, list[tuple[str, SeenWatch]]] = {}
    for film_hash, who, watch in read_seen_watches(store, found, viewer_ids):
        stored.setdefault(film_hash, []).append((who, watch))
    running = [
        _FilmWatches(Film.from_item(record.item), [(record.viewer_id, SeenWatch.of(record))])
        for record in store.running.records
        if not record.brief
    ]
    return [*(_FilmWatches(found[film_hash], watches) for film_hash, watches in stored.items()), *running]


def _describe_film(row: Row) -> Film:
    """Return a film that was watched; of which server does not matter where its guid says what it is."""
    item = Item("", "", row["media_type"], row["title"], row["year"], row["duration_ms"], guid=row["guid"])
    return Film(row["title"], row["year"], item)


def _group_by_viewer(watches: Sequence[_FilmWatches], film: Film) -> Mapping[str, list[SeenWatch]]:
    by_viewer: dict[str, list[SeenWatch]] = {}
    for watched in watches:
        if film.is_same(watched.film):
            for viewer_id, watch in watched.watches:
                by_viewer.setdefault(viewer_id, []).append(watch)
    return by_viewer


def _has_seen(watches: list[SeenWatch], watched_percent: float) -> bool:
    if any(watch.completed for watch in watches):
        return True
    percent = percent_seen(watches)
    return percent is not None and percent >= watched_percent
