"""The same store on PostgreSQL: the same rows, figures and copies."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import create_engine, text

import persistence.store
from config import Settings
from diagnosis.findings import render
from launcher.doctor import machine
from messages import (
    GetHistory,
    GetLeaderboard,
    GetMovieStats,
    GetViewerStats,
    Leaderboard,
    LinkAccount,
    Question,
    SuggestTitles,
    UnlinkAccount,
    ViewerProfile,
)
from persistence.database.errors import StoreError, StoreInUse
from persistence.database.open_store import check_store
from persistence.json_files.files import ALL
from persistence.operations.finish_watch import finish_watch
from persistence.operations.link import link, unlink
from persistence.operations.save import save
from persistence.records.running_watches import RunningWatches
from persistence.store import Store
from tests.deadlines import WITHIN_S
from tests.integration.store.film_parts import HOUR, MEMBER, PLEX, watch_part
from tests.integration.store.persistence_fixture import House
from tests.unit.persistence.record_builders import (
    EVENING,
    FILM,
    RULES,
    ask,
    closes,
    finish,
    open_store,
    record,
    running,
)


def a_night(store: Store) -> None:
    """Two finishes, one of them resumed, a tick, and a delivery that comes again."""
    store.repair_json_files()
    finish(store, record("w1"), record("w2", "plex:srv:7", playing_s=600.0, username="Zoë 🎬"))
    again = record("w1", playing_s=7000.0, ended_at_s=EVENING + 8000)
    finish_watch(store, again, closes(again), "again", [], EVENING + 8100)
    finish_watch(store, again, closes(again), "again", [], EVENING + 8200)
    save(store, running(record("w3", "503", playing_s=300.0)), EVENING + 9000, "auto")
    save(store, running(record("w3", "503", playing_s=300.0)), EVENING + 9100, "command")


def test_a_night_gives_the_same_files_as_on_sqlite(url: str, tmp_path: Path) -> None:
    """Byte for byte the same copies, checkpoint and answers."""
    there, here = tmp_path / "pg", tmp_path / "sqlite"
    postgres, sqlite = Store(url, there, RULES), open_store(here)
    a_night(postgres)
    a_night(sqlite)
    assert [(there / name).read_bytes() for name in ALL] == [(here / name).read_bytes() for name in ALL]
    assert postgres.read_checkpoint() == sqlite.read_checkpoint()
    assert postgres.read_unannounced_badges() == sqlite.read_unannounced_badges()
    assert postgres.read_resumable(0) == sqlite.read_resumable(0)
    questions: list[Question[Any]] = [
        GetViewerStats("501"),
        GetHistory(title="ALI"),
        GetLeaderboard("time"),
        GetLeaderboard("movies", 1.0),
        GetLeaderboard("badges"),
        SuggestTitles("a", 5),
        GetMovieStats(),
    ]
    for asked in questions:
        assert ask(postgres, asked, record("w3")) == ask(sqlite, asked, record("w3"))
    postgres.close()
    sqlite.close()


def test_a_linked_viewers_films_are_the_same_as_on_sqlite(url: str, tmp_path: Path) -> None:
    """Halves on two servers, with the link made before, and afterwards; and after it is removed."""
    there, here = tmp_path / "pg", tmp_path / "sqlite"
    postgres, sqlite = Store(url, there, RULES), open_store(here)
    film = replace(FILM, guid="plex://movie/alien")
    elsewhere = replace(film, server_id="two", rating_key="9")
    halves = [
        watch_part("one", PLEX, 0, 60, EVENING, item=film),
        watch_part("two", MEMBER, 60, 120, EVENING + 20 * HOUR, item=elsewhere),
        watch_part("three", MEMBER, 0, 60, EVENING + 90 * HOUR, item=elsewhere),
        watch_part("four", PLEX, 60, 110, EVENING + 92 * HOUR, item=film),
    ]
    for store in (postgres, sqlite):
        store.repair_json_files()
        finish(store, *halves[:2])
        with store.change(EVENING) as change:
            link(change, LinkAccount(PLEX, "ann", MEMBER, "Ann", "1"), EVENING)
        finish(store, *halves[2:])
        history = ask(store, GetHistory(viewer_id=MEMBER)).records
        assert [each.playing_s for each in history] == [6600.0, 7200.0]
    assert [(there / name).read_bytes() for name in ALL] == [(here / name).read_bytes() for name in ALL]
    for store in (postgres, sqlite):
        with store.change(EVENING) as change:
            unlink(change, UnlinkAccount(PLEX, MEMBER, "1"))
        assert len(ask(store, GetHistory()).records) == 4
        store.close()
    assert [(there / name).read_bytes() for name in ALL] == [(here / name).read_bytes() for name in ALL]


def test_a_database_is_used_again_after_a_restart(url: str, tmp_path: Path) -> None:
    """With its tables, rows and handled messages."""
    first = Store(url, tmp_path, RULES)
    a_night(first)
    first.close()
    second = Store(url, tmp_path, RULES)
    assert second.is_handled("again")
    assert second.repair_json_files() == []
    assert [state.watch_id for state in second.read_checkpoint()] == ["w3"]
    second.close()


def test_a_foreign_database_is_refused(url: str, tmp_path: Path) -> None:
    """A database with other tables is left alone; the message shows no password."""
    other = create_engine(url)
    with other.begin() as connection:
        connection.execute(text("CREATE TABLE theirs (id INTEGER)"))
    with pytest.raises(StoreError, match=r"not Usher's \(theirs\)"):
        Store(url, tmp_path, RULES)
    with other.connect() as connection:
        tables = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        assert tables.scalars().all() == ["theirs"]
    other.dispose()


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_cannot_hold_every_letter_is_refused(encoding: str, postgres: Any, tmp_path: Path) -> None:
    """At the start and by `check`, with the cure; it opened, and refused each title with an emoji later."""
    name = f"usher_{encoding.lower()}"
    postgres.psql(f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    url = str(postgres.get_uri(database=name)).replace("postgresql://", "postgresql+psycopg://", 1)
    asks: list[Callable[[], object]] = [lambda: Store(url, tmp_path, RULES), lambda: check_store(url)]
    for open_it in asks:
        with pytest.raises(StoreError, match=rf"has the encoding {encoding}, .*createdb -E UTF8 -T template0"):
            open_it()
    checked = machine._check_store(Settings(database_url=url, data_dir=str(tmp_path)))
    assert checked.severity == "error" and "createdb -E UTF8 -T template0" in render(checked).cure


@pytest.mark.parametrize("on", ["sqlite", "postgresql"])
def test_what_ends_while_an_answer_is_made_counts_once_in_it(
    on: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ran when the answer was begun, and is stored before the answer looks into the store."""
    whole = {"database_url": request.getfixturevalue("url")} if on == "postgresql" else {}
    house = House(tmp_path, **whole)
    looked, ended = threading.Event(), threading.Event()
    present = persistence.store.count_reported

    def then_it_ends(*read_from: Any) -> RunningWatches:
        found = present(*read_from)
        looked.set()
        assert ended.wait(WITHIN_S)
        return found

    try:
        house.report(record())
        house.tick()
        monkeypatch.setattr(persistence.store, "count_reported", then_it_ends)
        asked = [GetViewerStats("501", asker="501"), GetLeaderboard("time", since_s=1.0)]
        profile, board = [house.discord.ask_future("persistence", question, 20.0) for question in asked]
        house.until(looked.is_set)
        house.finish(record())
        ended.set()
        house.until(lambda: profile.done() and board.done())
        stats, rows = profile.result(), board.result()
        assert isinstance(stats, ViewerProfile) and stats.stats is not None and isinstance(rows, Leaderboard)
        assert (stats.stats.total_movies, stats.stats.total_watch_time_s) == (1, 7200.0)
        assert [row.value for row in rows.rows] == [7200.0]
    finally:
        ended.set()
        house.close()


def test_a_second_owner_of_a_database_is_refused_by_name(url: str, tmp_path: Path) -> None:
    """Whatever data folders they use; the end of the first frees it. Who only reads is no owner."""
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    first = Store(url, tmp_path / "first", RULES, is_owner=True)
    try:
        with pytest.raises(StoreInUse, match=rf"in use by process {os.getpid()} on "):
            Store(url, tmp_path / "second", RULES, is_owner=True)
        Store(url, tmp_path / "second", RULES).close()
        finish(first, record("w1"))
    finally:
        first.close()
    second = Store(url, tmp_path / "second", RULES, is_owner=True)
    assert [each.watch_id for each in second.read_resumable(0)] == ["w1"]
    second.close()
