"""What a finished watch costs the store, in statements: the same whoever else watches, however much there is."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import event

from messages import LinkAccount, WatchRecord
from persistence.operations.finish_watch import EndedWatch, finish_watch, finish_watches
from persistence.operations.link import link
from persistence.operations.save import save
from persistence.store import Store
from tests.unit.persistence.record_builders import DAY, EVENING, FILM, closes, finish, open_store, record, running

MOST = 12
"""Statements of a finished watch, with what the summaries take."""


@pytest.fixture
def store(tmp_path: Path) -> Any:
    """A store of two viewers, six films each; the next ones earn no badge."""
    opened = open_store(tmp_path)
    films = [at(f"{viewer_id}-{week}", viewer_id, 7 * week) for week in range(6) for viewer_id in ("501", "502")]
    finish(opened, *films, at_s=EVENING)
    yield opened
    opened.close()


def at(watch_id: str, viewer_id: str, days: float, **changes: Any) -> WatchRecord:
    """A watch some days after the first evening."""
    start_s = EVENING + days * DAY
    return record(watch_id, viewer_id, started_at_s=start_s, ended_at_s=start_s + 7200, **changes)


@contextmanager
def count_statements(store: Store) -> Iterator[list[str]]:
    """Collect the statements of the writer; a transaction's begin is not one."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            statements.append(statement)

    for engine in (store._writer, store.reader):
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        for engine in (store._writer, store.reader):
            event.remove(engine, "before_cursor_execute", note)


def count_finish(store: Store, ended: WatchRecord, *others: WatchRecord) -> int:
    """How many statements it takes to store a watch that ended, while others run."""
    with count_statements(store) as statements:
        finish_watch(store, ended, closes(ended), f"m-{ended.watch_id}-{ended.playing_s}", running(*others), EVENING)
    return len(statements)


def test_a_finish_takes_few_statements(store: Store) -> None:
    """A plain one, in an empty store as among the watches of many."""
    few = count_finish(store, at("w3", "501", 49))
    others = [at(f"r{number}", f"9{number}", 3) for number in range(300)]
    save(store, running(*others), EVENING, "auto")
    many = count_finish(store, at("w4", "501", 63), *others)
    assert few == many <= MOST, (few, many)


def test_a_finish_takes_as_many_statements_with_a_long_history(store: Store) -> None:
    """After a hundred films as after two."""
    few = count_finish(store, at("w3", "502", 49))
    for number in range(100):
        finish(store, at(f"h{number}", "502", 1, item=replace(FILM, rating_key=str(number % 7))), at_s=EVENING)
    assert count_finish(store, at("w4", "502", 91)) == few


def test_a_resumed_finish_takes_no_more(store: Store) -> None:
    """Its record comes with what a finish reads; what the history copy looks like then is stored by the next save."""
    count_finish(store, at("w3", "501", 49, playing_s=3600.0))
    for number in range(50):
        finish(store, at(f"h{number}", "501", 7), at_s=EVENING)
    assert count_finish(store, at("w3", "501", 49)) <= MOST
    following = at("w4", "501", 50)
    assert count_finish(store, following) <= MOST
    assert store.repair_json_files() == []


def test_a_linked_member_asks_for_the_film_alone(store: Store) -> None:
    """Whatever else the member watched, and whatever of that was merged."""
    for number in range(30):
        finish(
            store, at(f"p{number}", "plex:srv:7", 5 + number, item=replace(FILM, rating_key=str(number))), at_s=EVENING
        )
    with store.change(EVENING) as change:
        link(change, LinkAccount("plex:srv:7", "ann", "501", "name 501", "1"), EVENING)
    count_finish(store, at("w3", "501", 90))  # earns what both together have earned
    plain = count_finish(store, at("w4", "501", 91))
    assert plain <= MOST
    also = at("w5", "501", 91.2, item=replace(FILM, rating_key="88"))
    elsewhere = [count_finish(store, at(f"e{n}", "501", 92 + n), also) for n in range(4)]
    assert min(elsewhere) <= MOST + 3, "what else runs is looked for among the records, and saved"
    assert max(elsewhere) <= MOST + 4, "a badge that it earns"
    merged = [count_finish(store, at(f"m{n}", "501", 5 + n, item=replace(FILM, rating_key=str(n)))) for n in range(3)]
    assert max(merged) <= MOST + 8, "the two become one: records, parts and lines of the history"


def test_a_half_on_another_server_takes_few_more(store: Store) -> None:
    """However much the member watched, and however often others watched the film; one statement looks further back."""
    film = replace(FILM, guid="plex://movie/alien")
    elsewhere = replace(film, server_id="two", rating_key="7")
    for number in range(30):
        finish(store, at(f"p{number}", "plex:srv:7", 5 + number, item=replace(FILM, rating_key=str(number))))
        finish(store, at(f"o{number}", "502", 5 + number, item=film))
    with store.change(EVENING) as change:
        link(change, LinkAccount("plex:srv:7", "ann", "501", "Ann", "1"), EVENING)
    count_finish(store, at("w3", "501", 90))  # earns what both together have earned
    for number in range(3):
        half = {"completed": False, "completion_percent": 50.0, "playing_s": 3600.0}
        first = at(f"a{number}", "plex:srv:7", 100 + 3 * number, item=film, spans=((0, 3_600_000),), **half)
        second = at(
            f"b{number}", "501", 100.5 + 3 * number, item=elsewhere, spans=((3_600_000, 7_200_000),),
            join_position_ms=3_600_000, **half,
        )  # fmt: skip
        assert count_finish(store, first) <= MOST
        assert count_finish(store, second) <= MOST + 4
    with store.reader.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM watch_parts").scalar() == 6


def test_a_finish_looks_at_the_watches_of_its_time(store: Store) -> None:
    """It finds them by viewer and time: neither the viewer's life nor all watches of the film are looked at."""
    with count_statements(store) as statements:
        ended = at("w3", "501", 49)
        finish_watch(store, ended, closes(ended), "m", [], EVENING)
    (look_up,) = [each for each in statements if "UNION ALL" in each]
    with store.reader.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {look_up}", (None,) * look_up.count("?")).all()
    looks = [row[3] for row in plan if " watches " in row[3]]
    by_time = "SEARCH watches USING INDEX ix_watches_viewer_id_ended_at_s (viewer_id=? AND ended_at_s>?)"
    assert by_time in looks
    assert all(look == by_time or "watch_id=?" in look for look in looks), looks


def test_watches_that_end_together_share_their_statements(store: Store) -> None:
    """A night of 100 takes hardly more statements than one watch."""
    ended = [at(f"w{number}", f"7{number}", 4) for number in range(100)]
    watches = [EndedWatch(each, closes(each), f"m{each.watch_id}") for each in ended]
    with count_statements(store) as statements:
        result = finish_watches(store, watches, running(*ended), EVENING)
    assert (result.watches, result.active) == (112, 0)
    new_viewers = 100  # whose figures are counted for the first time, by two statements each
    assert len(statements) <= MOST + 10 + 2 * new_viewers
    again = [replace(each, started_at_s=each.started_at_s + DAY, watch_id=f"x{each.watch_id}") for each in ended]
    watches = [EndedWatch(each, closes(each), f"m{each.watch_id}") for each in again]
    with count_statements(store) as statements:
        finish_watches(store, watches, [], EVENING)
    assert len(statements) <= MOST + 5


def test_a_tick_takes_as_many_statements_for_many_as_for_few(store: Store) -> None:
    """It reads and writes in lists."""
    counts = []
    for number in (2, 100):
        watches = running(*(at(f"r{each}", f"8{each}", 2) for each in range(number)))
        save(store, watches, EVENING, "auto")
        with count_statements(store) as statements:
            save(store, watches, EVENING + 60, "auto")
        counts.append(len(statements))
    assert counts[0] == counts[1], counts
