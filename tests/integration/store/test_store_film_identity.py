"""Which watches of a linked viewer are of the same film: by its global guid, or by server, key and guid or length."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from messages import GetHistory, GetMovieStats, Item, LinkAccount, UnlinkAccount
from messages.base import DurationMs
from persistence.database.tables import WATCHES
from persistence.operations.finish_watch import finish_watch
from persistence.operations.legacy_import import export, import_legacy_files, read_legacy_files
from persistence.operations.link import link, unlink
from persistence.store import Store
from persistence.watch_import import import_watches
from tests.integration.store.film_parts import HOUR, MEMBER, PLEX, find_figures, link_account, watch_part
from tests.integration.store.persistence_fixture import House
from tests.nights.evidence import load, sql
from tests.unit.persistence.record_builders import DAY, EVENING, FILM, RULES, closes, finish, open_store, running

SECOND = "plex:two:7"
"""The member's account on another server."""
NAMED = replace(FILM, guid="plex://movie/alien")
ELSEWHERE = replace(NAMED, server_id="two", rating_key="7", duration_ms=DurationMs(7_190_000))
BY_AGENT = replace(FILM, guid="com.plexapp.agents.imdb://tt0078748?lang=en")
BY_AGENT_ELSEWHERE = replace(FILM, server_id="two", rating_key="7", guid="imdb://tt0078748")
LOCAL = replace(FILM, guid="local://100")
LONGER = replace(FILM, duration_ms=DurationMs(8_400_000))
NO_LENGTH = replace(FILM, duration_ms=None)
LIVE = Item("srv", "", "clip", "News", live=True, key="/livetv/sessions/a/1/index.m3u8")
NEXT_PROGRAMME = replace(LIVE, title="Weather", guid="plex://episode/weather")
OTHER_TUNER = replace(LIVE, key="/livetv/sessions/b/1/index.m3u8")

SAME = {
    "two servers": (NAMED, ELSEWHERE),
    "two servers, by the ids of an agent": (BY_AGENT, BY_AGENT_ELSEWHERE),
    "replaced file": (NAMED, replace(NAMED, rating_key="978")),
    "one without a key": (NAMED, replace(NAMED, rating_key="")),
    "no guid": (FILM, FILM),
    "no guid, one without length": (FILM, NO_LENGTH),
    "local guid": (LOCAL, LOCAL),
    "guid on one side": (NAMED, FILM),
    "local guid on one side": (LOCAL, FILM),
}
OTHER = {
    "key given to another film": (NAMED, replace(NAMED, guid="plex://movie/brazil", title="Brazil")),
    "key given to another film, by the ids of an agent": (BY_AGENT, replace(BY_AGENT, guid="imdb://tt0088846")),
    "key given to another film, no guid": (FILM, LONGER),
    "key given to another film, guid on one side": (NAMED, LONGER),
    "local guids": (LOCAL, replace(LOCAL, guid="local://101")),
    "same key on two servers": (FILM, replace(FILM, server_id="two")),
    "guid on one side, two servers": (NAMED, replace(FILM, server_id="two")),
    "typed titles": (replace(FILM, rating_key="", server_id=""), replace(FILM, rating_key="", server_id="")),
}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A persistence actor."""
    made = House(tmp_path)
    made.clock.at_s = EVENING + 3 * DAY
    yield made
    made.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    opened = open_store(tmp_path)
    yield opened
    opened.close()


def link_in(store: Store, plex_id: str = PLEX) -> None:
    """Link an account to the member."""
    with store.change(EVENING) as change:
        link(change, LinkAccount(plex_id, "annaplex", MEMBER, "Anna", "1"), EVENING)


def unlink_in(store: Store, plex_id: str = PLEX) -> None:
    """Take the link back."""
    with store.change(EVENING) as change:
        unlink(change, UnlinkAccount(plex_id, MEMBER, "1"))


def read_records(store: Store, *columns: str) -> list[Any]:
    """Return the records, by start: their ids, or these columns."""
    names = columns or ("watch_id",)
    with store.reader.connect() as connection:
        rows = connection.execute(WATCHES.select().order_by(WATCHES.c.started_at_s, WATCHES.c.seq)).mappings()
        return [tuple(row[name] for name in names) if columns else row["watch_id"] for row in rows]


HALVES = [
    pytest.param(films, first, away_s, before, id=f"{name}, {first}, {away_s / HOUR:g} h, linked {before}")
    for name, films in SAME.items()
    for first, away_s, before in (
        (PLEX, 1200.0, True), (MEMBER, 20 * HOUR, True), (PLEX, 20 * HOUR, False), (MEMBER, 0.0, False),
    )
]  # fmt: skip


@pytest.mark.parametrize(("films", "first", "away_s", "linked_before"), HALVES)
def test_halves_of_one_film_are_one_watch(
    store: Store, films: tuple[Item, Item], first: str, away_s: float, linked_before: bool
) -> None:
    """Whichever of its items is seen first, linked before or afterwards; unlinked they are two halves again."""
    second = MEMBER if first == PLEX else PLEX
    for turn in (films, films[::-1]):
        if linked_before:
            link_in(store)
        began_s = EVENING if turn == films else EVENING + 30 * DAY
        names = [f"{turn is films}-{who}" for who in (first, second)]
        halves = [
            watch_part(names[0], first, 0, 60, began_s, item=turn[0]),
            watch_part(names[1], second, 60, 120, began_s + HOUR + away_s, item=turn[1]),
        ]
        finish(store, *halves)
        if not linked_before:
            link_in(store)
        (one,) = [row for row in read_records(store, "started_at_s", "completed", "playing_s") if row[0] == began_s]
        assert one[1:] == (True, 7200.0)
        unlink_in(store)
        assert set(names) <= set(read_records(store))
        with store.reader.connect() as connection:
            assert not connection.exec_driver_sql("SELECT * FROM watch_parts").all()


@pytest.mark.parametrize("films", OTHER.values(), ids=OTHER)
@pytest.mark.parametrize("linked_before", (True, False))
@pytest.mark.parametrize("first", (PLEX, MEMBER))
def test_two_films_stay_two_watches(store: Store, films: tuple[Item, Item], linked_before: bool, first: str) -> None:
    """Within the window, whichever of them is seen first."""
    second = MEMBER if first == PLEX else PLEX
    for turn in (films, films[::-1]):
        began_s = EVENING if turn == films else EVENING + 30 * DAY
        if linked_before:
            link_in(store)
        finish(
            store,
            watch_part(f"one-{began_s}", first, 0, 60, began_s, item=turn[0]),
            watch_part(f"two-{began_s}", second, 60, 120, began_s + 2 * HOUR, item=turn[1]),
        )
        if not linked_before:
            link_in(store)
        found = [row for row in read_records(store, "started_at_s", "playing_s") if row[0] >= began_s]
        assert found == [(began_s, 3600.0), (began_s + 2 * HOUR, 3600.0)]
        unlink_in(store)


def test_the_figures_of_halves_on_two_servers(house: House) -> None:
    """One film, completed, of two hours: in answers, in the copies, and while the second half runs."""
    link_account(house)
    house.finish(watch_part("one", PLEX, 0, 60, EVENING, item=NAMED))
    second = watch_part("two", MEMBER, 60, 120, EVENING + 2 * HOUR, item=ELSEWHERE)
    house.clock.at_s = EVENING + 3 * HOUR
    house.report(second)
    house.tick()
    assert find_figures(house) == (1, 1, 2.0)
    house.finish(second)
    assert find_figures(house) == (1, 1, 2.0)
    movies = house.ask(GetMovieStats())
    assert (movies.watches, movies.completed, movies.watch_time_s) == (1, 1, 7200.0)
    (entry,) = house.ask(GetHistory(viewer_id=MEMBER)).records
    assert (entry.completed, entry.playing_s) == (True, 7200.0)
    assert len(load(house.folder, "watch_history.json")) == 1
    house.ask(UnlinkAccount(PLEX, MEMBER, "1"))
    assert find_figures(house) == (1, 0, 1.0)
    assert [row["watch_id"] for row in sql(house.folder, "SELECT * FROM watches ORDER BY watch_id")] == ["one", "two"]


def test_another_film_under_the_key_that_runs_is_another_watch(house: House) -> None:
    """The stored one is not continued by it."""
    link_account(house)
    house.finish(watch_part("one", PLEX, 0, 60, EVENING, item=NAMED))
    house.clock.at_s = EVENING + 3 * HOUR
    house.report(watch_part("two", MEMBER, 0, 60, EVENING + 2 * HOUR, item=OTHER["key given to another film"][1]))
    house.tick()
    assert find_figures(house) == (2, 0, 2.0)


def test_two_films_that_got_one_key_each_keep_their_halves(store: Store) -> None:
    """Both halves of the first one, and both of the second, in turns; what has no guid belongs to the nearest."""
    brazil = replace(NAMED, guid="plex://movie/brazil")
    link_in(store)
    finish(
        store,
        watch_part("a1", PLEX, 0, 60, EVENING, item=NAMED),
        watch_part("a2", MEMBER, 60, 120, EVENING + 2 * HOUR, item=FILM),
        watch_part("b1", PLEX, 0, 60, EVENING + 9 * HOUR, item=brazil),
        watch_part("b2", MEMBER, 60, 120, EVENING + 11 * HOUR, item=FILM),
        watch_part("b3", SECOND, 60, 120, EVENING + 12 * HOUR, item=replace(brazil, server_id="two", rating_key="8")),
    )
    expected = [(EVENING, 7200.0), (EVENING + 9 * HOUR, 7200.0), (EVENING + 12 * HOUR, 3600.0)]
    assert read_records(store, "started_at_s", "playing_s") == expected
    link_in(store, SECOND)
    assert read_records(store, "started_at_s", "playing_s") == expected  # the film was completed before


def test_three_ids_on_two_servers_and_one_leaves(store: Store) -> None:
    """Three parts are one watch; without the account of one server the other two still are."""
    pieces = [
        watch_part("one", PLEX, 0, 40, EVENING, item=NAMED),
        watch_part("two", SECOND, 40, 80, EVENING + 20 * HOUR, item=ELSEWHERE),
        watch_part("three", MEMBER, 80, 120, EVENING + 40 * HOUR, item=NAMED),
    ]
    finish(store, *pieces)
    link_in(store)
    assert read_records(store, "playing_s") == [(2400.0,)] * 3, "they are more than the window apart"
    link_in(store, SECOND)
    assert read_records(store, "playing_s") == [(7200.0,)]
    unlink_in(store, PLEX)
    assert sorted(read_records(store, "viewer_id", "playing_s")) == [(MEMBER, 4800.0), (PLEX, 2400.0)]
    link_in(store, PLEX)
    unlink_in(store, SECOND)
    assert read_records(store, "playing_s") == [(2400.0,)] * 3


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_parts_may_arrive_in_any_order(store: Store, order: tuple[int, ...]) -> None:
    """On three evenings and two servers, linked already: a run is looked for in both directions."""
    pieces = [
        watch_part("one", PLEX, 0, 40, EVENING, item=NAMED),
        watch_part("two", MEMBER, 40, 80, EVENING + 20 * HOUR, item=ELSEWHERE),
        watch_part("three", PLEX, 80, 120, EVENING + 40 * HOUR, item=replace(NAMED, rating_key="978")),
    ]
    link_in(store)
    finish(store, *(pieces[number] for number in order))
    assert read_records(store, "started_at_s", "ended_at_s", "playing_s") == [(EVENING, pieces[2].ended_at_s, 7200.0)]


def test_a_longer_part_changes_the_whole(store: Store) -> None:
    """A half on the other server that goes on is the same part, not another one."""
    link_in(store)
    longer = watch_part("two", MEMBER, 60, 110, EVENING + 21 * HOUR, item=ELSEWHERE)
    finish(
        store,
        watch_part("one", PLEX, 0, 60, EVENING, item=NAMED),
        watch_part("two", MEMBER, 60, 80, EVENING + 21 * HOUR, item=ELSEWHERE),
    )
    finish_watch(store, longer, closes(longer), "again", [], EVENING + 30 * HOUR)
    assert read_records(store, "playing_s") == [(6600.0,)]
    unlink_in(store)
    assert read_records(store, "playing_s") == [(3600.0,), (3000.0,)]


def test_a_part_that_turns_out_to_be_another_film_is_taken_out(store: Store) -> None:
    """Its record is of another item now: the parts that it was merged with are what they were."""
    link_in(store)
    now = watch_part("two", MEMBER, 60, 121, EVENING + 2 * HOUR, item=replace(NAMED, guid="plex://movie/brazil"))
    finish(
        store,
        watch_part("one", PLEX, 0, 60, EVENING, item=NAMED),
        watch_part("two", MEMBER, 60, 120, EVENING + 2 * HOUR, item=NAMED),
    )
    finish_watch(store, now, closes(now), "again", [], EVENING + 30 * HOUR)
    assert read_records(store, "playing_s") == [(3600.0,), (3660.0,)]
    with store.reader.connect() as connection:
        assert not connection.exec_driver_sql("SELECT * FROM watch_parts").all()


def test_rows_of_an_older_version_say_it_in_their_item(store: Store) -> None:
    """Their column `guid` is empty."""
    finish(store, watch_part("one", PLEX, 0, 60, EVENING, item=NAMED))
    with store.transaction() as connection:
        connection.execute(WATCHES.update().values(guid=None))
    finish(store, watch_part("two", MEMBER, 60, 120, EVENING + 2 * HOUR, item=ELSEWHERE))
    link_in(store)
    assert read_records(store, "playing_s") == [(7200.0,)]


def test_live_tv_is_the_tuners_session(store: Store) -> None:
    """Its programme changes while the host sits in the channel; another tuner shows something else."""
    link_in(store)
    finish(
        store,
        watch_part("one", PLEX, 0, 60, EVENING, item=LIVE),
        watch_part("two", MEMBER, 0, 60, EVENING + 600, item=NEXT_PROGRAMME),
        watch_part("three", MEMBER, 0, 60, EVENING + 1200, item=OTHER_TUNER),
    )
    assert [row[1] for row in read_records(store, "started_at_s", "playing_s")] == [4200.0, 3600.0]
    unknown = replace(LIVE, key="")
    finish(
        store,
        watch_part("four", PLEX, 0, 60, EVENING + DAY, item=unknown),
        watch_part("five", MEMBER, 0, 60, EVENING + DAY, item=unknown),
    )
    assert len(read_records(store)) == 4


def test_imports_of_two_servers_are_one_film(store: Store) -> None:
    """The half of an account's history of another server, and the half in the older bot's files."""
    link_in(store)
    link_in(store, SECOND)
    finish(store, watch_part("one", PLEX, 0, 40, EVENING, item=NAMED))
    with import_watches(store, "tautulli:", lambda *_: None, EVENING + 9 * DAY) as work:
        work.enter_account(SECOND)
        work.put(watch_part("tautulli:1", SECOND, 40, 80, EVENING + 2 * HOUR, item=ELSEWHERE))
        work.put(watch_part("tautulli:2", SECOND, 0, 80, EVENING + 90 * HOUR, item=ELSEWHERE))
    assert read_records(store, "playing_s") == [(4800.0,), (4800.0,)]
    with import_watches(store, "tautulli:", lambda *_: None, EVENING + 9 * DAY) as work:
        work.enter_account(SECOND)
        work.put(watch_part("tautulli:1", SECOND, 40, 90, EVENING + 2 * HOUR, item=ELSEWHERE))
    assert read_records(store, "playing_s") == [(5400.0,), (4800.0,)]


def test_files_of_a_linked_member_are_one_film_with_another_server(store: Store, tmp_path: Path) -> None:
    """They name the guid."""
    folder = tmp_path / "before"
    folder.mkdir()
    before = open_store(folder)
    finish(before, watch_part("two", MEMBER, 60, 120, EVENING + 2 * HOUR, item=ELSEWHERE))
    export(before, tmp_path / "files")
    before.close()
    link_in(store)
    finish(store, watch_part("one", PLEX, 0, 60, EVENING, item=NAMED))
    import_legacy_files(store, read_legacy_files(tmp_path / "files", RULES), EVENING)
    assert read_records(store, "playing_s") == [(7200.0,)]


def test_other_running_watches_are_saved_with_the_film_of_two_servers(store: Store) -> None:
    """A finish counts what else runs: here the other half."""
    link_in(store)
    half = watch_part("one", PLEX, 0, 60, EVENING, item=NAMED)
    still = watch_part("two", MEMBER, 60, 100, EVENING + HOUR, item=ELSEWHERE)
    finish_watch(store, half, closes(half), "m", running(still), EVENING + 2 * HOUR)
    with store.reader.connect() as connection:
        (row,) = connection.exec_driver_sql("SELECT total_movies, total_watch_time_s FROM viewer_stats").all()
    assert row == (1, 6000.0)
