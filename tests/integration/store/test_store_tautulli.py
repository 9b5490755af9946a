"""Import of Tautulli's database: compared with an independent sum, idempotent, all or nothing."""

import os
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from messages import Item, LinkAccount, UnlinkAccount
from messages.base import DurationMs
from persistence.database.errors import ImportFault
from persistence.database.tables import VIEWERS, WATCHES
from persistence.json_files.files import ALL
from persistence.operations.link import link, unlink
from persistence.operations.save import save
from persistence.records.viewers import record_erasure
from persistence.store import Store
from persistence.tautulli.database import open_tautulli
from persistence.tautulli.importer import choose_server, import_tautulli
from persistence.watch_import import ImportRules, WatchImportResult
from tests.integration.store.tautulli_file import (
    BEGAN,
    LONG_MS,
    OLD_SCHEMA,
    SERVER,
    add_rows,
    sum_by_account,
    write_tautulli,
)
from tests.unit.persistence.record_builders import finish, open_store, read_hours, record, running

ANA = f"plex:{SERVER}:7"
DAY = 86_400
RULES = ImportRules(SERVER, frozenset({"movie", "episode"}), frozenset())
METROPOLIS = Item(
    server_id=SERVER, rating_key="11", kind="movie", title="Metropolis", duration_ms=DurationMs(LONG_MS),
    guid="plex://movie/metropolis",
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store in a data folder."""
    opened = open_store(tmp_path / "data")
    yield opened
    opened.close()


def bring(store: Store, file: Path, rules: ImportRules = RULES) -> WatchImportResult:
    """Import a file."""
    with open_tautulli(file) as database:
        return import_tautulli(store, database, rules, at_s=BEGAN + 400 * DAY)


def rows_of(store: Store) -> list[dict[str, Any]]:
    """Every record, in the order of the history."""
    with store.reader.connect() as connection:
        return [dict(row) for row in connection.execute(select(WATCHES).order_by(WATCHES.c.seq)).mappings()]


def read_copies(tmp_path: Path) -> dict[str, bytes]:
    """The store's JSON copies."""
    return {name: (tmp_path / "data" / name).read_bytes() for name in ALL}


def random_rows(seed: int, count: int) -> list[dict[str, Any]]:
    """History of nine accounts over a year: films, episodes and music, with pauses, resumed on other days."""
    chance = random.Random(seed)  # noqa: S311
    rows: list[dict[str, Any]] = []
    free_from: dict[int, int] = {}
    while len(rows) < count:
        user, kind = chance.randrange(2, 11), chance.choice(["movie", "movie", "episode", "track"])
        key, number = chance.randrange(100, 160), len(rows) + 1
        length_s = {"movie": 6600, "episode": 2700, "track": 240}[kind]
        seen_s = 0
        for part in range(chance.choice([1, 1, 1, 2, 3])):
            started = free_from.get(user, BEGAN + chance.randrange(DAY)) + chance.randrange(600, 2 * DAY)
            played, paused = chance.randrange(30, length_s), chance.choice([0, 0, chance.randrange(900)])
            seen_s = min(length_s, seen_s + played)
            free_from[user] = started + played + paused
            rows.append(
                {
                    "id": number + part, "reference_id": number, "user_id": user, "user": f"user{user}",
                    "rating_key": key, "media_type": kind, "started": started, "stopped": started + played + paused,
                    "paused_counter": paused, "view_offset": seen_s * 1000, "duration": length_s * 1000,
                    "title": f"Item {key}", "guid": f"plex://{kind}/{key}",
                    "show": "Show" if kind == "episode" else "",
                }
            )  # fmt: skip
    return rows


@pytest.mark.parametrize("seed", range(4))
def test_figures_match_an_independent_sum(store: Store, tmp_path: Path, seed: int) -> None:
    """Watches and seconds of each account as SQL counts them in the file; a second import changes no byte."""
    file = write_tautulli(tmp_path / "tautulli.db", random_rows(seed, 300))
    wanted = sum_by_account(file)
    done = bring(store, file)
    records = rows_of(store)
    found = {
        viewer: (
            len([row for row in records if row["viewer_id"] == viewer]),
            sum(row["playing_s"] for row in records if row["viewer_id"] == viewer),
        )
        for viewer in wanted
    }
    assert found == {viewer: (count, pytest.approx(seconds)) for viewer, (count, seconds) in wanted.items()}
    assert done.watches == sum(count for count, _seconds in wanted.values()) and done.viewers == len(wanted)
    counted = {row["viewer_id"]: 0.0 for row in records}
    for row in records:
        counted[row["viewer_id"]] += 0.0 if row["brief"] else row["playing_s"]
    assert read_hours(store) == {viewer: pytest.approx(seconds) for viewer, seconds in counted.items()}
    before = read_copies(tmp_path)
    again = bring(store, file)
    assert (again.watches, again.grown, again.viewers, again.known) == (0, 0, 0, done.watches)
    assert rows_of(store) == records and read_copies(tmp_path) == before


def test_rows_of_a_group_are_one_watch_with_its_sittings(store: Store, tmp_path: Path) -> None:
    """Two evenings: from the first start to the last stop, pauses apart, and nothing said of what parts were seen."""
    rows: list[dict[str, Any]] = [
        {"id": 1, "stopped": BEGAN + 3000, "paused_counter": 600, "view_offset": 2_400_000},
        {"id": 2, "reference_id": 1, "started": BEGAN + DAY, "stopped": BEGAN + DAY + 3600, "view_offset": 6_000_000},
    ]
    bring(store, write_tautulli(tmp_path / "t.db", rows))
    (row,) = rows_of(store)
    assert (row["started_at_s"], row["ended_at_s"]) == (BEGAN, BEGAN + DAY + 3600)
    assert (row["playing_s"], row["paused_s"], row["leave_position_ms"]) == (6000.0, 600.0, 6_000_000)
    assert row["sittings"] == f"[[{BEGAN}.0,{BEGAN + 3000}.0,2400.0],[{BEGAN + DAY}.0,{BEGAN + DAY + 3600}.0,3600.0]]"
    assert (row["spans"], row["join_position_ms"], row["source"], row["end_reason"]) == (
        "[]", None, "import", "from_history",
    )  # fmt: skip
    assert (row["coverage_ms"], row["completed"]) == (6_000_000, True)
    assert (row["title"], row["genres"], row["directors"]) == (
        "Metropolis", '["Drama","Science Fiction"]', '["Fritz Lang"]',
    )  # fmt: skip


def test_a_group_of_several_accounts_and_films_is_as_many_watches(store: Store, tmp_path: Path) -> None:
    """Tautulli has such groups; nobody gets another's evening."""
    rows: list[dict[str, Any]] = [
        {"id": 1},
        {"id": 2, "reference_id": 1, "user_id": 8},
        {"id": 3, "reference_id": 1, "rating_key": 12},
    ]
    bring(store, write_tautulli(tmp_path / "t.db", rows))
    assert sorted((row["viewer_id"], row["rating_key"]) for row in rows_of(store)) == [
        (ANA, "11"), (ANA, "12"), (f"plex:{SERVER}:8", "11"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "percent", "completed", "brief"),
    [
        ({}, 100.0, True, False),
        ({"stopped": BEGAN + 5400, "view_offset": LONG_MS}, 75.0, False, False),  # came in at minute 30
        ({"stopped": BEGAN + 300, "view_offset": LONG_MS}, 4.1667, False, False),  # skipped to the end
        ({"stopped": BEGAN + LONG_MS // 1000, "view_offset": 3_600_000}, 50.0, False, False),  # saw one half twice
        ({"stopped": BEGAN + 5760}, 80.0, True, False),
        ({"stopped": BEGAN + 59}, 0.8194, False, True),
        ({"duration": None}, None, False, False),
        ({"view_offset": None, "stopped": BEGAN + 3600}, 50.0, False, False),
    ],
)
def test_the_time_played_counts_as_seen(
    store: Store, tmp_path: Path, given: dict[str, Any], percent: float | None, completed: bool, brief: bool
) -> None:
    """But no more than the part before the position where it stopped; WATCHED_PERCENT and MIN_WATCH_SECONDS apply."""
    bring(store, write_tautulli(tmp_path / "t.db", [{"id": 1, **given}]))
    (row,) = rows_of(store)
    assert row["completion_percent"] == (None if percent is None else pytest.approx(percent, abs=0.01))
    assert (row["completed"], row["brief"]) == (completed, brief)


def test_accounts_get_their_plex_ids(store: Store, tmp_path: Path) -> None:
    """The owner is account 1 on the server; deleted users and users without a row keep the name of the history."""
    rows: list[dict[str, Any]] = [
        {"id": n, "user_id": user, "user": f"then{user}"} for n, user in enumerate((0, 7, 99, 4711), 1)
    ]
    users = [(0, "Local", 0), (7, "Ana", 0), (4711, "Boss", 1)]
    bring(store, write_tautulli(tmp_path / "t.db", rows, users=users))
    with store.reader.connect() as connection:
        names = dict(connection.execute(select(VIEWERS.c.viewer_id, VIEWERS.c.username)).all())
    assert names == {f"plex:{SERVER}:{n}": name for n, name in ((0, "Local"), (1, "Boss"), (7, "Ana"), (99, "then99"))}


def test_untracked_rows_are_left_out(store: Store, tmp_path: Path) -> None:
    """Music, live TV unless it is tracked, excluded accounts, and rows without data; each is counted."""
    rows: list[dict[str, Any]] = [
        {"id": 1, "media_type": "track"}, {"id": 2, "live": 1, "rating_key": 99},
        {"id": 3, "user_id": 8, "user": "Host"},
        {"id": 4, "started": None, "stopped": None, "view_offset": 0}, {"id": 5, "user_id": None},
        {"id": 6, "started": "soon", "stopped": 1, "view_offset": 0}, {"id": 7},
    ]  # fmt: skip
    file = write_tautulli(tmp_path / "t.db", rows)
    done = bring(store, file, ImportRules(SERVER, RULES.tracked_types, frozenset({"host"})))
    assert (done.watches, done.other_types, done.excluded, done.unreadable) == (1, 2, 1, 3)
    live = bring(store, file, ImportRules(SERVER, frozenset({"live"}), frozenset()))
    assert live.watches == 1
    assert [row["media_type"] for row in rows_of(store)] == ["movie", "live"]


def test_watches_recorded_by_usher_are_not_imported_again(store: Store, tmp_path: Path) -> None:
    """Same account, film and time, stored or running, also under another key; another film or time is imported."""
    began = float(BEGAN)
    own = record("own", ANA, METROPOLIS, source="plex", started_at_s=began + 5, ended_at_s=began + 7100)
    finish(store, own)
    later = record("now", ANA, METROPOLIS, source="plex", started_at_s=began + 9 * DAY, ended_at_s=began + 9 * DAY + 60)
    save(store, running(later), began + 9 * DAY + 60, "auto")
    rows: list[dict[str, Any]] = [
        {"id": 1, "rating_key": 4711},
        {"id": 2, "reference_id": 1, "rating_key": 4711, "started": BEGAN + DAY},
        {"id": 3, "rating_key": 12, "guid": "plex://movie/nosferatu", "title": "Nosferatu"},
        {"id": 4, "user_id": 8},
        {"id": 5, "started": BEGAN + 9 * DAY},
    ]
    file = write_tautulli(tmp_path / "t.db", rows)
    done = bring(store, file)
    assert (done.watches, done.recorded) == (3, 2)
    times = sorted((row["viewer_id"], row["started_at_s"]) for row in rows_of(store))
    assert times == [(ANA, BEGAN), (ANA, BEGAN + 5), (ANA, BEGAN + DAY), (f"plex:{SERVER}:8", BEGAN)]
    assert bring(store, file).watches == 0


def test_a_watch_that_continued_since_the_last_import_is_replaced(store: Store, tmp_path: Path) -> None:
    """Tautulli keeps running beside Usher: the watch has one more evening now."""
    file = write_tautulli(tmp_path / "t.db", [{"id": 1, "stopped": BEGAN + 3600}])
    bring(store, file)
    connection = sqlite3.connect(file)
    add_rows(connection, [{"id": 2, "reference_id": 1, "started": BEGAN + DAY, "stopped": BEGAN + DAY + 3000}])
    connection.commit()
    connection.close()
    done = bring(store, file)
    assert (done.watches, done.grown) == (0, 1)
    assert [row["playing_s"] for row in rows_of(store)] == [6600.0] and read_hours(store) == {ANA: 6600.0}
    assert bring(store, file).grown == 0


def test_rows_that_tautulli_has_twice_are_one_and_two_players_are_two(store: Store, tmp_path: Path) -> None:
    """Both began in the same second, with the same film, in groups of their own."""
    rows = [{"id": 1}, {"id": 2}, {"id": 3, "stopped": BEGAN + 600}]
    file = write_tautulli(tmp_path / "t.db", rows)
    done = bring(store, file)
    assert (done.watches, done.recorded) == (2, 1)
    assert sorted(row["playing_s"] for row in rows_of(store)) == [600.0, 7200.0]
    assert (bring(store, file).known, len(rows_of(store))) == (2, 2)


def test_a_linked_account_counts_for_its_member(store: Store, tmp_path: Path) -> None:
    """And is one watch with what the member saw in the voice channel then; undone with the link."""
    began = float(BEGAN)
    finish(store, record("voice", "501", METROPOLIS, started_at_s=began, ended_at_s=began + 7200))
    with store.change(began) as change:
        link(change, LinkAccount(ANA, "Ana", "501", "Anna", "1"), began)
    file = write_tautulli(tmp_path / "t.db", [{"id": 1}, {"id": 2, "started": BEGAN + DAY}])
    assert bring(store, file).watches == 2
    assert read_hours(store)["501"] == pytest.approx(14400.0)
    assert {row["viewer_id"] for row in rows_of(store)} == {"501"} and len(rows_of(store)) == 2
    assert bring(store, file).watches == 0
    with store.change(began) as change:
        unlink(change, UnlinkAccount(ANA, "501", "1"))
    assert read_hours(store) == {"501": 7200.0, ANA: 14400.0}


def test_forgotten_viewers_are_not_imported(store: Store, tmp_path: Path) -> None:
    """Except what they watched since."""
    with store.transaction() as connection:
        record_erasure(connection, [ANA], BEGAN + DAY / 2)
    done = bring(store, write_tautulli(tmp_path / "t.db", [{"id": 1}, {"id": 2, "started": BEGAN + DAY}]))
    assert (done.watches, done.excluded) == (1, 1)


def test_older_databases_are_read(store: Store, tmp_path: Path) -> None:
    """Without genres, guids and libraries; then the server has to be named."""
    file = tmp_path / "old.db"
    connection = sqlite3.connect(file)
    connection.executescript(OLD_SCHEMA)
    history = (1, 0, BEGAN, BEGAN + 7200, 11, 7, "Ana", "movie", LONG_MS, 0)
    connection.execute("INSERT INTO session_history VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", history)
    metadata = (1, "Metropolis", "", "1927", str(LONG_MS), 1)
    connection.execute("INSERT INTO session_history_metadata VALUES (?, ?, ?, ?, ?, ?)", metadata)
    connection.commit()
    connection.close()
    with open_tautulli(file) as database, pytest.raises(ImportFault, match="--server"):
        choose_server(database, "")
    assert bring(store, file).watches == 1
    (row,) = rows_of(store)
    assert (row["title"], row["year"], row["username"], row["completed"]) == ("Metropolis", 1927, "Ana", True)


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_a_database_in_use_is_read_without_a_lock(store: Store, tmp_path: Path, mode: str) -> None:
    """What its writer has committed is read, from the WAL too; and the writer can write while it is read."""
    file = write_tautulli(tmp_path / "t.db", [{"id": 1}])
    writer = sqlite3.connect(file, timeout=0, isolation_level=None)
    writer.execute(f"PRAGMA journal_mode = {mode}")
    add_rows(writer, [{"id": 2, "started": BEGAN + DAY}])
    with open_tautulli(file) as database:
        add_rows(writer, [{"id": 3, "started": BEGAN + 2 * DAY}])
        assert import_tautulli(store, database, RULES).watches == 2
    assert bring(store, file).watches == 1
    writer.close()


def test_a_read_only_copy_with_its_wal_is_read(store: Store, tmp_path: Path) -> None:
    """As a mounted backup: the last evenings are in the WAL, and no file can be made beside it."""
    file = write_tautulli(tmp_path / "t.db", [{"id": 1}])
    writer = sqlite3.connect(file, isolation_level=None)
    writer.execute("PRAGMA journal_mode = wal")
    add_rows(writer, [{"id": 2, "started": BEGAN + DAY}])
    copy = tmp_path / "backup"
    copy.mkdir()
    for name in ("t.db", "t.db-wal"):
        (copy / name).write_bytes((tmp_path / name).read_bytes())
    writer.close()
    copy.chmod(0o555)
    try:
        assert bring(store, copy / "t.db").watches == 2
        assert sorted(each.name for each in copy.iterdir()) == ["t.db", "t.db-wal"] or os.geteuid() == 0
    finally:
        copy.chmod(0o755)


def run_script(file: Path, script: str) -> None:
    """Write a database of another shape."""
    connection = sqlite3.connect(file)
    connection.executescript(script)
    connection.close()


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda file: file.write_bytes(b"no database at all" * 100), "cannot be read"),
        (lambda file: file.write_bytes(b""), "no history of Tautulli"),
        (lambda file: run_script(file, "CREATE TABLE session_history (id)"), "no column"),
        (lambda file: run_script(file, "CREATE VIEW session_history AS SELECT 1 AS id"), "no history of Tautulli"),
        (lambda file: os.mkfifo(file), "named pipe"),
        (lambda file: None, "cannot be read"),
    ],
)
def test_a_file_that_is_no_tautulli_database_is_refused(tmp_path: Path, write: Any, said: str) -> None:
    """The message says what to do; nothing hangs."""
    file = tmp_path / "t.db"
    write(file)
    with pytest.raises(ImportFault, match=said), open_tautulli(file):
        pass


def test_a_damaged_database_brings_nothing(store: Store, tmp_path: Path) -> None:
    """All or nothing: the store is as it was, and the fault names the file."""
    file = write_tautulli(tmp_path / "t.db", random_rows(1, 3000))
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 40_000] = os.urandom(40_000)
    file.write_bytes(content)
    with pytest.raises(ImportFault, match=r"t\.db cannot be read"):
        bring(store, file)
    assert rows_of(store) == [] and read_hours(store) == {}


def test_a_schema_that_is_not_text_is_refused(tmp_path: Path) -> None:
    """SQLite quotes it in its error, which Python then cannot decode."""
    file = write_tautulli(tmp_path / "t.db", [{"id": 1}])
    content = file.read_bytes()
    file.write_bytes(content.replace(b"CREATE TABLE session_history (", b"CREATE TABLE session_histor\xbc\xff("))
    with pytest.raises(ImportFault, match=r"t\.db cannot be read"), open_tautulli(file):
        pass


def test_values_that_no_tautulli_writes_are_left_out(store: Store, tmp_path: Path) -> None:
    """Texts for numbers, bytes for texts, numbers beyond 64 bits, half a letter."""
    rows: list[dict[str, Any]] = [
        {"id": 1, "title": b"\xff\xfe", "year": "MCMXXVII", "duration": 1e300, "genres": b"\x00", "paused_counter": -5},
        {"id": 2, "started": BEGAN + DAY, "title": "A\x00B\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
         "paused_counter": 10**9, "guid": 7, "directors": ";".join("d" * 9 for _ in range(500)), "view_offset": 0},
        {"id": 3, "started": 10**17, "stopped": 10**18, "view_offset": 0},
    ]  # fmt: skip
    done = bring(store, write_tautulli(tmp_path / "t.db", rows))
    assert (done.watches, done.unreadable) == (2, 1)
    first, second = rows_of(store)
    assert (first["year"], first["movie_duration_ms"], first["paused_s"]) == (None, None, 0.0)
    assert (second["playing_s"], second["paused_s"]) == (0.0, 7200.0)
