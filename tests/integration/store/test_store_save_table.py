"""The save table: what each event writes and what it leaves alone, in the files and in the tables."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from persistence.database.tables import METADATA
from persistence.operations.finish_watch import EndedWatch, finish_watch, finish_watches
from persistence.operations.save import save
from persistence.store import Store
from tests.unit.persistence.record_builders import EVENING, RULES, closes, finish, open_store, record, running

STATS, BADGES, HISTORY = "user_stats.json", "user_badges.json", "watch_history.json"
FILES = (STATS, BADGES, HISTORY)
LONG_AGO_NS = 1_000_000_000


class Picture:
    """All that an event can change: the bytes and times of the files, and the rows of the tables."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.bytes = {name: (folder / name).read_bytes() for name in FILES if (folder / name).exists()}
        self.times = {name: (folder / name).stat().st_mtime_ns for name in self.bytes}
        with store.reader.connect() as connection:
            self.rows: dict[str, list[Any]] = {
                name: sorted(connection.execute(select(table)).all(), key=repr)
                for name, table in METADATA.tables.items()
            }

    def find_written(self, after: "Picture") -> set[str]:
        """Which files were written anew, even where their bytes stayed the same."""
        return {name for name in after.times if after.times[name] != self.times.get(name)}

    def find_changed(self, after: "Picture") -> set[str]:
        """Which tables have other rows."""
        return {name for name in after.rows if after.rows[name] != self.rows[name]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder."""
    return tmp_path


@pytest.fixture
def store(folder: Path) -> Any:
    """A store that knows two viewers and their finished films."""
    opened = open_store(folder)
    finish(opened, record("w1", "501"), record("w2", "502", playing_s=3600.0))
    for name in FILES:
        os.utime(folder / name, ns=(LONG_AGO_NS, LONG_AGO_NS))
    yield opened
    opened.close()


def half_seen(seconds: float = 1800.0) -> Any:
    """A watch of the third viewer that runs since `seconds`."""
    return record(
        "w3",
        "503",
        started_at_s=EVENING + 9000,
        ended_at_s=EVENING + 9000 + seconds,
        playing_s=seconds,
        completion_percent=25.0,
        completed=False,
    )


def test_a_tick_with_a_watch_saves_stats_and_badges_and_no_history(store: Store, folder: Path) -> None:
    """Row 2: statistics, badges and checkpoint are saved; the history is not touched."""
    before = Picture(store, folder)
    save(store, running(replace(half_seen(), completed=True)), EVENING + 10_800, "auto")
    after = Picture(store, folder)
    assert before.find_written(after) == {STATS, BADGES}
    assert before.find_changed(after) == {"viewers", "viewer_stats", "viewer_badges", "checkpoint", "saves", "facts"}
    stats = json.loads(after.bytes[STATS])["503"]
    assert (stats["total_movies"], stats["total_watch_time_seconds"], stats["watching_now"]) == (1, 1800.0, "Alien")
    assert [badge["badge_id"] for badge in json.loads(after.bytes[BADGES])["503"]] == ["films_1"]
    saved = {row[0]: row[-2] for row in after.rows["viewer_stats"]}
    assert saved["503"] == EVENING + 10_800
    assert saved["501"] < EVENING + 10_800, "nothing of who does not watch is other than it was: its row is not written"


def test_a_film_under_way_is_no_film_watched_yet(store: Store, folder: Path) -> None:
    """Statistics tell of it; the badge for a first film waits until it is seen."""
    save(store, running(half_seen()), EVENING + 10_800, "auto")
    after = Picture(store, folder)
    assert json.loads(after.bytes[STATS])["503"]["total_movies"] == 1
    assert "503" not in json.loads(after.bytes[BADGES])


def test_a_second_tick_without_news_writes_both_files_anew(store: Store, folder: Path) -> None:
    """Saved means written anew, even where the content is unchanged."""
    save(store, running(half_seen()), EVENING + 10_800, "auto")
    for name in FILES:
        os.utime(folder / name, ns=(LONG_AGO_NS, LONG_AGO_NS))
    before = Picture(store, folder)
    save(store, running(half_seen()), EVENING + 10_800, "auto")
    after = Picture(store, folder)
    assert before.find_written(after) == {STATS, BADGES}
    assert before.bytes == after.bytes


def test_a_finish_saves_all_three_in_one_transaction(store: Store, folder: Path) -> None:
    """Row 4: history, statistics, badges; the checkpoint's row goes; the message is noted as handled."""
    save(store, running(half_seen()), EVENING + 10_800, "auto")
    before = Picture(store, folder)
    done = half_seen(3600.0)
    finish_watch(store, done, closes(done), "m3", [], EVENING + 12_700)
    after = Picture(store, folder)
    assert before.find_written(after) == set(FILES)
    assert before.find_changed(after) == {
        "watches", "viewers", "viewer_stats", "viewer_badges", "checkpoint", "handled_messages", "saves", "facts",
        "watched_films", "film_viewers", "film_periods", "viewer_periods",
    }  # fmt: skip
    assert after.rows["checkpoint"] == []
    stats = json.loads(after.bytes[STATS])["503"]
    assert (stats["total_movies"], stats["total_watch_time_seconds"]) == (1, 3600.0), "replaced, not added"
    assert after.bytes[HISTORY].startswith(before.bytes[HISTORY].removesuffix(b"\n]\n")), "grown by append"
    assert [row["watch_id"] for row in json.loads(after.bytes[HISTORY])] == ["w1", "w2", "w3"]


def test_a_finish_names_each_viewers_own_screening_with_a_badge(store: Store) -> None:
    """Of watches that end at one moment each earns its viewer's badges, and a tick's those of what runs."""
    ended = [record("w4", "504", screening_id="finished"), record("w5", "505", screening_id="over")]
    watches = [EndedWatch(done, closes(done), f"m{done.watch_id}") for done in ended]
    finish_watches(store, watches, [], EVENING + 12_700)
    save(store, running(replace(half_seen(), completed=True, screening_id="running")), EVENING + 12_800, "auto")
    with store.reader.connect() as connection:
        table = METADATA.tables["viewer_badges"]
        rows = connection.execute(select(table).where(table.c.badge_id == "films_1")).mappings().all()
    assert {row["viewer_id"]: row["screening_id"] for row in rows if row["viewer_id"] > "502"} == {
        "503": "running", "504": "finished", "505": "over",
    }  # fmt: skip


def test_savedata_writes_all_three_with_or_without_watches(store: Store, folder: Path) -> None:
    """Row 5: all three are written, the history with the same content."""
    before = Picture(store, folder)
    result = save(store, [], EVENING + 10_800, "command")
    after = Picture(store, folder)
    assert before.find_written(after) == set(FILES)
    assert before.bytes[HISTORY] == after.bytes[HISTORY]
    assert (result.users, result.watches, result.active) == (2, 2, 0)
    assert result.badges == len(after.rows["viewer_badges"])


def test_the_first_tick_of_all_makes_no_history(tmp_path: Path) -> None:
    """A tick before the first finish leaves even a missing history alone."""
    store = open_store(tmp_path)
    save(store, running(half_seen()), EVENING + 10_800, "auto")
    assert not (tmp_path / HISTORY).exists()
    assert store.repair_json_files() == []
    save(store, [], EVENING + 10_900, "command")
    assert json.loads((tmp_path / HISTORY).read_text()) == []
    store.close()


def test_progress_of_many_ticks_is_never_added_twice(store: Store) -> None:
    """Ten ticks and the finish give the time of the finish, whatever the ticks said."""
    for minutes in range(5, 55, 5):
        save(store, running(half_seen(minutes * 60.0)), EVENING + 9000 + minutes * 60, "auto")
    done = half_seen(3300.0)
    finish_watch(store, done, closes(done), "m3", [], EVENING + 12_700)
    save(store, [], EVENING + 12_800, "command")
    with store.reader.connect() as connection:
        table = METADATA.tables["viewer_stats"]
        row = connection.execute(select(table).where(table.c.viewer_id == "503")).mappings().one()
    assert (row["total_movies"], row["total_watch_time_s"], row["watching_now"]) == (1, 3300.0, "")


def test_a_badge_won_at_a_tick_stands_beside_the_earlier_ones(folder: Path) -> None:
    """Whatever an id looks like, who holds it does not win it again; and the copy keeps when it was won."""
    odd = replace(next(badge for badge in RULES.badges if badge.id == "films_1"), id="first\nfilm")
    store = open_store(folder, replace(RULES, badges=(odd, *RULES.badges)))
    finish(store, record("w1", "501"), at_s=EVENING)
    seen = replace(half_seen(), viewer_id="501", completed=True)
    before = json.loads((folder / BADGES).read_bytes())["501"]
    for number in range(1, 10):
        others = (replace(seen, watch_id=f"x{number}-{each}", screening_id=f"x{each}") for each in range(number))
        save(store, running(*others), EVENING + 10_800 + number, "auto")
    after = json.loads((folder / BADGES).read_bytes())["501"]
    assert {badge["badge_id"] for badge in before} >= {"first\nfilm", "films_1"}
    assert "films_10" in {badge["badge_id"] for badge in after}
    assert [badge for badge in after if badge in before] == before
    store.close()


def test_a_tick_saves_everybody_who_watches(store: Store, folder: Path) -> None:
    """Also where they are more than are written at a time."""
    many = [replace(half_seen(), watch_id=f"r{number}", viewer_id=f"9{number:04}") for number in range(1_100)]
    save(store, running(*many), EVENING + 10_800, "auto")
    rows = Picture(store, folder).rows
    saved = {row[0] for row in rows["viewer_stats"] if row[-2] == EVENING + 10_800}
    assert saved == {watch.viewer_id for watch in many}
    assert len(rows["checkpoint"]) == len(many)
    stats = json.loads((folder / STATS).read_bytes())
    assert all(stats[watch.viewer_id]["watching_now"] == "Alien" for watch in many)
    assert list(stats) == sorted(stats)
