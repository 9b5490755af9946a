"""Compares the pages of the list of films with all films."""

from collections.abc import Mapping
from typing import Any, get_args

from messages import FilmSort, ListFilms
from persistence.queries.film_list import list_films
from persistence.records.film_facts import FilmName
from persistence.store import StoreSnapshot
from persistence.summaries.amounts import Amounts
from persistence.summaries.films import read_films, sum_by_name
from persistence.summaries.viewer_counts import count_viewers


def check_film_list(snapshot: StoreSnapshot, *parts: str) -> None:
    """Compare the pages of films whose title has each part, in each order, with the list of all of them."""
    for part in parts:
        visible = read_films(snapshot, part).visible
        sums = sum_by_name(visible)
        viewers = count_viewers(snapshot, visible, sums)
        figures = {
            "watches": {name: -each.watches for name, each in sums.items()},
            "viewers": {name: -count for name, count in viewers.items()},
        }
        for sort in get_args(FilmSort):
            right = sorted(
                (_order(name, sums[name], figures.get(sort)), name, sums[name].watches, viewers[name]) for name in sums
            )
            assert list_pages(snapshot, part, sort, len(right)) == [each[1:] for each in right], (part, sort)


def _order(name: FilmName, amounts: Amounts, figures: Mapping[FilmName, int] | None) -> tuple[Any, ...]:
    title = name[0].casefold(), name[1] or 0
    return title if figures is None else (figures[name], -amounts.playing_us, *title)


def list_pages(snapshot: StoreSnapshot, part: str, sort: FilmSort, total: int) -> list[tuple[FilmName, int, int]]:
    """Return title with year, watches and viewers of all films, from pages of two."""
    found: list[tuple[FilmName, int, int]] = []
    after = ""
    while True:
        page = list_films(ListFilms(part, sort, after, 2), snapshot)
        assert page.total == total
        found += [
            ((each.title, each.year), each.watches, each.viewers) for each in (film.counts for film in page.films)
        ]
        after = page.next_after
        if not after:
            return found
        assert len(found) <= total
