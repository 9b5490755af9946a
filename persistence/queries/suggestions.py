"""The films that people want to see, and how many of the viewers in question have seen each."""

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import NamedTuple

from sqlalchemy import func, not_, or_, select

from messages import GetSuggestions, Item, SuggestedFilm, SuggestionsPage, VoiceMember
from persistence.database.rows import Row
from persistence.database.sql import split_batches
from persistence.database.tables import FILM_VIEWERS, ONLY_COMMUNITY, WATCHED_FILMS, WATCHES
from persistence.queries.answers import answers, bound_limit
from persistence.queries.who_saw import SeenWatch, percent_seen, read_names, read_seen_watches
from persistence.records.films import Film
from persistence.records.suggestions import Suggestion, read_suggestions
from persistence.store import StoreSnapshot
from viewers.redact import list_shown


class _Sums(NamedTuple):
    """Totals of one viewer's stored watches of a film."""

    completed: int
    """Number of completed watches."""
    percent: float
    """The highest percentage of a watch, 0 to 100; 0 if not known."""
    duration_ms: int
    """The greatest length of the film; 0 if not known."""
    coverage_ms: int
    """The sum of all watches' coverage: an upper bound of what was seen of the film."""

    def add(self, other: "_Sums") -> "_Sums":
        """Return the totals of both."""
        return _Sums(
            self.completed + other.completed,
            max(self.percent, other.percent),
            max(self.duration_ms, other.duration_ms),
            self.coverage_ms + other.coverage_ms,
        )

    def decide(self, enough: float) -> bool | None:
        """Tell whether the film was seen; None if that depends on which parts were seen."""
        if self.completed or self.percent >= enough:
            return True
        most = 100.0 * self.coverage_ms / self.duration_ms if self.duration_ms else 0.0
        return None if most >= enough else False


_SEEN = _Sums(1, 0.0, 0, 0)


class _Watched(NamedTuple):
    """The watches of a film: its stored ones, or a running one."""

    film: Film
    film_hash: int | None
    """The film of the stored watches; None for a running one."""
    stored: dict[str, _Sums]
    """By viewer."""
    running: dict[str, SeenWatch]


@answers(GetSuggestions)
def list_suggestions(asked: GetSuggestions, store: StoreSnapshot) -> SuggestionsPage:
    """Return a page of the list. Hidden viewers are neither named nor counted among those who have seen a film."""
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
    viewer_ids = {member.user_id for member in members} or read_names(store.connection, store.running).keys()
    asked_of = frozenset(list_shown(viewer_ids, directory))
    films = [suggestion.film for suggestion in suggestions]
    watched = _read_watched(store, films, sorted(asked_of) if members else None, watched_percent)
    seen_by = _find_who_saw(store, films, watched, asked_of, watched_percent)
    described = []
    for suggestion, seen in zip(suggestions, seen_by, strict=True):
        film, wishes = suggestion.film, suggestion.wishes
        shown = set(list_shown([wish.viewer_id for wish in wishes], directory))
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
                seen=seen,
                asked_of=len(asked_of),
            )
        )
    return tuple(described)


def _read_watched(
    store: StoreSnapshot, films: Sequence[Film], viewer_ids: Sequence[str] | None, enough: float
) -> list[_Watched]:
    """Return the counted watches that may belong to one of the films, if they may suffice to have seen it.

    `viewer_ids`: whose stored watches to read; None for everybody. `enough`: percentage that counts as seen.
    """
    if not films:
        return []
    titles = {film.title.casefold() for film in films}
    guids = {film.item.guid for film in films if film.item is not None and film.item.guid}
    same_title = WATCHED_FILMS.c.title_folded.in_(sorted(titles))
    query = select(WATCHED_FILMS).where(
        WATCHED_FILMS.c.community == ONLY_COMMUNITY, or_(same_title, WATCHED_FILMS.c.guid.in_(sorted(guids)))
    )
    found = {
        row["film_hash"]: _Watched(_describe_film(row), row["film_hash"], {}, {})
        for row in store.connection.execute(query).mappings()
    }
    _add_stored(store, found, viewer_ids, enough, _find_copies(films, found))
    running = [
        _Watched(Film.from_item(record.item), None, {}, {record.viewer_id: SeenWatch.of(record)})
        for record in store.running.records
        if not record.brief
    ]
    return [*found.values(), *running]


def _add_stored(
    store: StoreSnapshot,
    found: Mapping[int, _Watched],
    viewer_ids: Sequence[str] | None,
    enough: float,
    copies: Sequence[int],
) -> None:
    """Add the totals of each viewer's stored watches, if the viewer may have seen the film.

    A viewer with a completed watch has seen it. The summaries say who that is, so that only the records of other
    viewers are read. `copies`: films whose watches may count together with those of another film.
    """
    done = func.sum(FILM_VIEWERS.c.completed)
    pairs = select(FILM_VIEWERS.c.film_hash, FILM_VIEWERS.c.viewer_id).where(
        FILM_VIEWERS.c.community == ONLY_COMMUNITY,
        FILM_VIEWERS.c.film_hash.in_(sorted(found)),
        *([] if viewer_ids is None else [FILM_VIEWERS.c.viewer_id.in_(viewer_ids)]),
    )
    pairs = pairs.group_by(FILM_VIEWERS.c.film_hash, FILM_VIEWERS.c.viewer_id)
    replaced = sorted({row["viewer_id"] for row in store.replaced_rows})  # their running watches replace stored records
    is_open = or_(done == 0, FILM_VIEWERS.c.viewer_id.in_(replaced))
    for film_hash, who in store.connection.execute(pairs.having(not_(is_open))).all():
        found[film_hash].stored[who] = _SEEN
    unsure = pairs.having(is_open).subquery()
    same = (WATCHES.c.film_hash == unsure.c.film_hash) & (WATCHES.c.viewer_id == unsure.c.viewer_id)
    keys = (unsure.c.film_hash, unsure.c.viewer_id)
    completed = func.count().filter(WATCHES.c.completed.is_(True))
    percent = func.coalesce(func.max(WATCHES.c.completion_percent), 0.0)
    duration_ms = func.coalesce(func.max(WATCHES.c.movie_duration_ms), 0)
    coverage_ms = func.sum(WATCHES.c.coverage_ms)
    may_have_seen = or_(
        completed > 0,
        percent >= enough,
        100.0 * coverage_ms >= enough * duration_ms - 1.0,  # _Sums.decide makes the final decision, also on rounding
        unsure.c.film_hash.in_(copies),
    )
    sums = (
        select(*keys, completed, percent, duration_ms, coverage_ms)
        .join_from(unsure, WATCHES, same)
        .where(WATCHES.c.brief.is_(False), WATCHES.c.watch_id.not_in(store.running.instead_of))
        .group_by(*keys)
        .having(may_have_seen)
    )
    for film_hash, who, *row in store.connection.execute(sums).all():
        found[film_hash].stored[who] = _Sums(row[0], row[1], row[2], int(row[3]))


def _find_copies(films: Iterable[Film], found: Mapping[int, _Watched]) -> list[int]:
    """Return the watched films that are the same as another one: one may be seen in parts of both."""
    copies: set[int] = set()
    for film in films:
        same = [film_hash for film_hash, one in found.items() if film.is_same(one.film)]
        copies.update(same if len(same) > 1 else ())
    return sorted(copies)


def _describe_film(row: Row) -> Film:
    """Return a watched film without its server, which does not matter if its guid identifies it."""
    item = Item("", "", row["media_type"], row["title"], row["year"], row["duration_ms"], guid=row["guid"])
    return Film(row["title"], row["year"], item)


class _OpenQuestion(NamedTuple):
    """A viewer and a film for which the seen parts decide."""

    place: int
    """Index of the film in the list in question."""
    same: Sequence[_Watched]
    viewer_id: str


def _find_who_saw(
    store: StoreSnapshot, films: Sequence[Film], watched: Sequence[_Watched], asked_of: Set[str], enough: float
) -> list[int]:
    """Return how many of the viewers in question have seen each film. `enough`: percentage that counts as seen."""
    counts = []
    questions: list[_OpenQuestion] = []
    for place, film in enumerate(films):
        same = [each for each in watched if film.is_same(each.film)]
        sums: dict[str, _Sums] = {}
        for each in same:
            for who, more in each.stored.items():
                sums[who] = sums[who].add(more) if who in sums else more
        watching = {who for each in same for who in each.running}
        decided = {who: sums[who].decide(enough) for who in asked_of & sums.keys()}
        counts.append(sum(is_seen is True for is_seen in decided.values()))
        unsure = {who for who, is_seen in decided.items() if is_seen is None}
        unsure |= {who for who in asked_of & watching if not decided.get(who)}
        questions += [_OpenQuestion(place, same, who) for who in unsure]
    stretches = _read_stretches(store, questions)
    for place, films_of_it, who in questions:
        watches = [watch for each in films_of_it for watch in stretches.get((each.film_hash, who), ())]
        watches += [each.running[who] for each in films_of_it if who in each.running]
        counts[place] += _has_seen(watches, enough)
    return counts


def _read_stretches(
    store: StoreSnapshot, questions: Sequence[_OpenQuestion]
) -> dict[tuple[int | None, str], list[SeenWatch]]:
    """Return the stored watches for these questions, by film hash and viewer."""
    hashes = {each.film_hash for question in questions for each in question.same if each.film_hash is not None}
    found: dict[tuple[int | None, str], list[SeenWatch]] = {}
    for some in split_batches(sorted({question.viewer_id for question in questions})):
        for film_hash, who, watch in read_seen_watches(store, hashes, some):
            found.setdefault((film_hash, who), []).append(watch)
    return found


def _has_seen(watches: Sequence[SeenWatch], watched_percent: float) -> bool:
    if any(watch.completed for watch in watches):
        return True
    percent = percent_seen(watches)
    return percent is not None and percent >= watched_percent
