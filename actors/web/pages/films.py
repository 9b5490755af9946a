"""The page of the films: a grid with search and sorting."""

import msgspec

from actors.web.page import PageContent, PageRequest, page
from actors.web.pages.board import Choice
from actors.web.pages.history import quote_query
from messages import FilmEntry, FilmList, FilmSort, Item, ListFilms
from wording.durations import format_duration
from wording.numbers import format_count, format_number
from wording.text import clean_line, join_facts
from wording.translation import N_, _

SORTS: dict[FilmSort, str] = {"watches": N_("Most watched"), "viewers": N_("Most viewers"), "title": N_("Title")}


class FilmCard(msgspec.Struct, frozen=True):
    """A film of the grid."""

    path: str
    title: str
    year: str
    poster: Item | None
    facts: str
    mark: str
    """The community's rating; empty if too few people rated it."""


@page("films", "/films", menu=N_("Films"))
async def show_films(request: PageRequest) -> PageContent:
    """Show the films that were watched."""
    part, sort = request.query.get("q", "").strip(), _read_sort(request)
    found = await find_films(request)
    path = f"/films?q={quote_query(part)}&sort="
    return PageContent(
        _("Films"),
        {
            "heading": _("Films"),
            "count": format_count("{count} film", "{count} films", found.total),
            "search": part,
            "search_label": _("Title"),
            "search_button": _("Search"),
            "sort": sort,
            "sorts": tuple(Choice(_(name), path + each, each == sort) for each, name in SORTS.items()),
            "films": tuple(map(build_card, found.films)),
            "empty": _("No film matches that.") if part else _("Nothing watched yet."),
            "more": f"{path}{sort}&after={found.next_after}" if found.next_after else "",
            "more_label": _("More films"),
        },
    )


async def find_films(request: PageRequest) -> FilmList:
    """Return the requested films."""
    part, after = request.query.get("q", "").strip(), request.query.get("after", "")
    return await request.ask(ListFilms(part, _read_sort(request), after))


def _read_sort(request: PageRequest) -> FilmSort:
    return next((each for each in SORTS if each == request.query.get("sort")), "watches")


def build_card(entry: FilmEntry) -> FilmCard:
    """Return the card of a film."""
    counts = entry.counts
    facts = [
        format_count("{count} viewer", "{count} viewers", counts.viewers),
        format_count("{count} watch", "{count} watches", counts.watches),
        format_duration(counts.watch_time_s),
    ]
    return FilmCard(
        f"/films/{entry.slug}",
        clean_line(counts.title, 120),
        str(counts.year or ""),
        entry.item,
        join_facts(facts),
        f"★ {format_number(counts.rating, 1)}" if counts.rating else "",
    )
