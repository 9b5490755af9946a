"""The list of films, a film, and a viewer's place: what the page asks of a real store."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from messages import (
    FindViewer,
    GetFilm,
    GetLeaderboard,
    GetViewerStats,
    LinkAccount,
    ListFilms,
    Privacy,
    SetPrivacy,
    UnlinkAccount,
)
from persistence.database.sql import read_page_key
from persistence.database.tables import WATCHED_FILMS
from persistence.operations.erase import erase_viewer
from persistence.operations.link import link, unlink
from persistence.records.viewers import set_privacy
from persistence.store import Store
from persistence.summaries import films
from tests.unit.persistence.record_builders import DAY, EVENING, FILM, ask, finish, open_store, record
from viewers.slugs import make_viewer_slug

REMAKE = replace(FILM, rating_key="200", year=2017, guid="plex://movie/200")
OTHER = replace(FILM, rating_key="300", title="Metropolis", year=1927, guid="plex://movie/300")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    opened = open_store(tmp_path)
    opened.ensure_page_key()
    yield opened
    opened.close()


def choose(store: Store, viewer_id: str, choice: Privacy) -> None:
    """Have a viewer choose who sees them."""
    with store.change(EVENING) as change:
        set_privacy(change, SetPrivacy(viewer_id, f"V{viewer_id}", choice), EVENING)


def list_films(store: Store, **asked: Any) -> list[tuple[str, int | None, int, int]]:
    """Title, year, watches and viewers of the films of a page."""
    counts = [film.counts for film in ask(store, ListFilms(**asked)).films]
    return [(count.title, count.year, count.watches, count.viewers) for count in counts]


def count_viewers(store: Store) -> dict[int | None, int]:
    """How many watched the films, as it is stored, by their year."""
    with store.reader.connect() as connection:
        return dict(connection.execute(select(WATCHED_FILMS.c.year, WATCHED_FILMS.c.viewers)).all())


def fill(store: Store) -> None:
    """Store three watches of a film by two viewers, one of its remake, and two of another film."""
    finish(store, record("a1", "501"), record("a2", "501", ended_at_s=EVENING + DAY), record("a3", "502"))
    finish(store, record("b1", "502", REMAKE), record("c1", "503", OTHER), record("c2", "504", OTHER))


def test_films_are_listed_by_what_visible_viewers_watched(store: Store) -> None:
    """Who chose to be private counts in no figure, and what they alone saw is not there."""
    fill(store)
    assert list_films(store) == [("Alien", 1979, 3, 2), ("Metropolis", 1927, 2, 2), ("Alien", 2017, 1, 1)]
    choose(store, "502", "private")
    assert list_films(store) == [("Alien", 1979, 2, 1), ("Metropolis", 1927, 2, 2)]
    assert list_films(store, sort="viewers") == [("Metropolis", 1927, 2, 2), ("Alien", 1979, 2, 1)]
    assert list_films(store, sort="title", part="METRO") == [("Metropolis", 1927, 2, 2)]


def test_running_watches_are_in_the_list_of_films(store: Store) -> None:
    """As if they ended now; those of hidden viewers are not."""
    fill(store)
    choose(store, "504", "private")
    now = [record("r1", "505", REMAKE), record("r2", "504", REMAKE)]
    counts = [film.counts for film in ask(store, ListFilms(), *now).films]
    assert [(count.year, count.watches, count.viewers) for count in counts] == [
        (1979, 3, 2),
        (2017, 2, 2),
        (1927, 1, 1),
    ]


@pytest.mark.parametrize("sort", ["watches", "viewers", "title"])
def test_the_next_page_of_films_begins_after_the_last(store: Store, sort: Any) -> None:
    """All of them are seen once."""
    fill(store)
    every, after = list_films(store, sort=sort), ""
    found = []
    for _ in every:
        found += list_films(store, sort=sort, after=after, limit=1)
        after = ask(store, ListFilms(sort=sort, after=after, limit=1)).next_after
    assert found == every
    assert after == ""
    assert list_films(store, after="nosuchfilm22") == []


def test_hidden_viewers_see_the_film_that_they_alone_saw(store: Store) -> None:
    """To everybody else it is not there."""
    fill(store)
    remake = next(film.slug for film in ask(store, ListFilms()).films if film.counts.year == 2017)
    choose(store, "502", "private")
    assert ask(store, GetFilm(remake)).counts is None
    assert ask(store, GetFilm(remake, "501")).counts is None
    own = ask(store, GetFilm(remake, "502"))
    assert own.counts is not None
    assert (own.counts.watches, [viewer.viewer_id for viewer in own.viewers]) == (1, ["502"])


def test_a_film_shows_who_watches_it_now(store: Store) -> None:
    """A watch that began now, and one that goes on with a stored one, which is not counted beside it."""
    finish(store, record("a1", "501", playing_s=1200.0, spans=((0, 1_200_000),)))
    resumed = record("a1", "501", playing_s=2400.0, spans=((0, 2_400_000),))
    fresh = record("b1", "502", playing_s=600.0, spans=((0, 600_000),))
    slug = ask(store, ListFilms()).films[0].slug
    found = ask(store, GetFilm(slug), resumed, fresh)
    seen = {viewer.viewer_id: (viewer.watches, viewer.spans) for viewer in found.viewers}
    assert seen == {"501": (1, ((0, 2_400_000),)), "502": (1, ((0, 600_000),))}
    assert found.seen[:41] == (*[2] * 10, *[1] * 30, 0)
    choose(store, "502", "private")
    assert [viewer.viewer_id for viewer in ask(store, GetFilm(slug), resumed, fresh).viewers] == ["501"]


def test_the_viewers_of_a_film_are_counted_with_each_change(store: Store) -> None:
    """Of records that are stored, linked, given back and erased."""
    finish(store, record("a1", "501"), record("a2", "plex:srv:7"), record("b1", "502", REMAKE))
    assert count_viewers(store) == {1979: 2, 2017: 1}
    with store.change(EVENING) as change:
        link(change, LinkAccount("plex:srv:7", "Seven", "501", "V501", "1"), EVENING)
    assert count_viewers(store) == {1979: 1, 2017: 1}
    with store.change(EVENING) as change:
        unlink(change, UnlinkAccount("plex:srv:7", "501", "1"))
    assert count_viewers(store) == {1979: 2, 2017: 1}
    with store.change(EVENING) as change:
        erase_viewer(change, "501", EVENING)
    assert count_viewers(store) == {1979: 1, 2017: 1}
    assert store.check_summaries() == []


def test_a_short_name_of_somebody_erased_finds_nobody(store: Store) -> None:
    """Even if it was looked up before."""
    fill(store)
    with store.reader.connect() as connection:
        slug = make_viewer_slug(read_page_key(connection), "503")
    assert ask(store, FindViewer(slug)).viewer_id == "503"
    with store.change(EVENING) as change:
        erase_viewer(change, "503", EVENING)
    assert ask(store, FindViewer(slug)).viewer_id == ""


def test_a_viewers_place_is_that_of_the_leaderboard(store: Store) -> None:
    """Of those who watch now too; times that are shown alike share it, and hidden viewers take none."""
    times = {"501": 7200.0, "502": 7190.0, "503": 7230.0, "504": 7231.0, "505": 90.0, "506": 9000.0, "507": 7110.0}
    finish(store, *(record(f"w{who}", who, playing_s=time_s) for who, time_s in times.items()))
    choose(store, "506", "private")
    now = [record("r1", "505", REMAKE, playing_s=7111.0), record("r2", "508", playing_s=61.0)]
    board = ask(store, GetLeaderboard("time", limit=100), *now)
    ranks = {row.viewer_id: row.rank for row in board.rows}
    assert ranks.keys() == {*times, "508"} - {"506"}
    for viewer_id in (*times, "508"):
        assert ask(store, GetViewerStats(viewer_id, viewer_id), *now).rank_by_time == ranks.get(viewer_id, 0), viewer_id


@pytest.mark.parametrize("few", [0, 2, 500])
@pytest.mark.parametrize("candidates", [0, 1, 60])
def test_the_most_watched_films_are_those_of_visible_viewers(
    store: Store, monkeypatch: pytest.MonkeyPatch, few: int, candidates: int
) -> None:
    """Whether the hidden viewers' part is read for a few candidates or for all films, and whoever is hidden."""
    monkeypatch.setattr(films, "FEW_FILMS", few)
    monkeypatch.setattr(films, "CANDIDATES", candidates)
    chance = random.Random(candidates)  # noqa: S311  # the same watches each time
    for number in range(40):
        film = chance.randrange(7)
        item = replace(FILM, rating_key=str(film), title=f"Film {film}", guid=f"plex://movie/{film}")
        finish(store, record(f"w{number}", chance.choice(("501", "502", "503")), item))
    for hidden in ((), ("502",), ("502", "503")):
        for viewer_id in hidden:
            choose(store, viewer_id, "private")
        with store.snapshot() as snapshot:
            sums = films.sum_by_name(films.read_films(snapshot).visible)
            for most in range(1, 9):
                ranked = films.read_films(snapshot).rank_visible(most)
                assert ranked.names == films.order_by_watches(sums, most)
                assert {name: ranked.sums[name] for name in ranked.names} == {name: sums[name] for name in ranked.names}
