"""The persistence actor: what it does at each message, and its three log lines word for word."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from actors.runtime import RemoteError
from messages import (
    GetBadgeCatalogue,
    GetHistory,
    GetLeaderboard,
    GetMovieStats,
    GetSaveStatus,
    GetViewerStats,
    LoadWatches,
    ReportWatches,
    SaveNow,
    SuggestTitles,
    WatchFinished,
)
from persistence.database import engine
from persistence.database.errors import SaveFailed
from tests.deadlines import WITHIN_S
from tests.integration.store.persistence_fixture import House, Noted, find_signed_lines
from tests.unit.persistence.record_builders import EVENING, closes, record, running

SAVED, SKIPPED = "💾 Auto-saved badge data ({} active watches)", "⏭️ Auto-save skipped (no active watches)"


def pictures(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Bytes and times of every file of the data folder but SQLite's shared memory, which readers write."""
    return {
        file.name: (file.read_bytes(), file.stat().st_mtime_ns)
        for file in folder.iterdir()
        if file.is_file() and not file.name.endswith("-shm")
    }


def test_an_idle_tick_writes_nothing_and_says_so_once_an_hour(house: House, lines: Any) -> None:
    """No byte and no time of any file changes; the line comes at the first idle tick, then hourly."""
    house.report()
    house.finish(record())
    house.until(lambda: house.list_awarded())
    house.ask(GetSaveStatus())
    before = pictures(house.folder)
    for minutes in range(0, 130, 5):
        house.clock.at_s = EVENING + 8000 + minutes * 60
        house.tick()
    assert pictures(house.folder) == before
    assert find_signed_lines(lines, "⏭️") == [SKIPPED] * 3
    assert find_signed_lines(lines, "💾") == [SAVED.format(0)]


def test_a_tick_with_watches_saves_and_says_how_many(house: House, lines: Any) -> None:
    """The line counts the running watches; after it the idle line is due again at once."""
    house.report(record("w1"), record("w2", "502"))
    house.tick()
    house.report()
    house.tick()
    assert find_signed_lines(lines) == [SAVED.format(2), SKIPPED]
    assert (house.folder / "user_stats.json").exists()
    assert not (house.folder / "watch_history.json").exists()


def test_a_start_saves_and_deletes_nothing_before_the_first_report(house: House, lines: Any) -> None:
    """After a restart it does not know who is watching: ticks leave the checkpoint alone."""
    house.report(record("w1"))
    house.tick()
    house.stop()
    house.start()
    lines.clear()
    house.tick()
    assert find_signed_lines(lines) == []
    loaded = house.ask(LoadWatches(0.0))
    assert [state.watch_id for state in loaded.running] == ["w1"]
    assert loaded.running == (running(record("w1"))[0].state,)


def test_it_asks_the_tracker_for_a_report_at_its_start(house: House) -> None:
    """The request is its first message to the tracker."""
    house.until(lambda: ReportWatches() in house.told)


def test_a_finish_is_committed_before_it_is_acknowledged(house: House, lines: Any) -> None:
    """When the tracker hears `done`, the record is in the store; the line counts those still running."""
    house.finish(record(), still=3)
    with closing(sqlite3.connect(house.folder / "usher.db")) as connection:
        assert connection.execute("SELECT watch_id FROM watches").fetchall() == [("w1",)]
    assert find_signed_lines(lines) == [SAVED.format(3)]


def test_a_failed_finish_is_not_acknowledged_and_comes_again(
    house: House, lines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another program holds the store the save fails in words; afterwards the record arrives, once."""
    house.stop()
    monkeypatch.setattr(engine, "BUSY_MS", 50)
    house.start()
    acknowledged: list[bool] = []
    with closing(sqlite3.connect(house.folder / "usher.db", isolation_level=None)) as other:
        house.ask(GetSaveStatus())
        other.execute("BEGIN IMMEDIATE")
        done = WatchFinished(closes(record()), record(), 0)
        house.tracker.tell("persistence", done, lambda: acknowledged.append(True))
        house.until(lambda: find_signed_lines(lines, "❌"))
        assert acknowledged == []
        assert "database is locked" in house.ask(GetSaveStatus()).last_error
        other.execute("ROLLBACK")
    house.until(lambda: acknowledged)
    page = house.ask(GetHistory())
    assert (page.total, page.records) == (1, (record(),))
    assert house.ask(GetSaveStatus()).last_error == ""
    assert find_signed_lines(lines, "❌")[0].startswith("❌ Auto-save failed: ")


def test_a_failed_auto_save_is_logged_and_the_next_one_saves(
    house: House, lines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is lost: the next tick writes the same watches."""
    house.stop()
    monkeypatch.setattr(engine, "BUSY_MS", 50)
    house.start()
    house.report(record("w1"))
    with closing(sqlite3.connect(house.folder / "usher.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        house.tick()
        with pytest.raises(RemoteError, match="database is locked"):
            house.discord.ask("persistence", SaveNow("ann"), WITHIN_S)
        other.execute("ROLLBACK")
    house.tick()
    failed, refused, saved = find_signed_lines(lines)
    assert failed == refused
    assert failed.startswith(f"❌ Auto-save failed: {house.folder / 'usher.db'}: database is locked")
    assert saved == SAVED.format(1)


def test_savedata_answers_with_counts(house: House, lines: Any) -> None:
    """Users, records, badges, running watches, and how long it took."""
    house.finish(record("w1"))
    house.report(record("w2", "502"))
    saved = house.ask(SaveNow("ann"))
    assert (saved.users, saved.watches, saved.active) == (2, 1, 1)
    assert saved.badges >= 2
    assert saved.took_ms > 0
    assert find_signed_lines(lines)[-1] == SAVED.format(1)


def test_new_badges_are_sent_to_discord_once(house: House) -> None:
    """Over ticks, finishes and a restart of the actor."""
    house.report(record("w1"))
    house.tick()
    house.until(lambda: house.list_awarded())
    house.finish(record("w1"))
    house.stop()
    house.start()
    house.ask(SaveNow("ann"))
    house.until(lambda: house.told.count(ReportWatches()) == 2)
    assert house.list_awarded() == ["films_1", "whole_film"]


def test_an_unacknowledged_badge_is_sent_again_after_a_restart(house: House) -> None:
    """It was committed and sent before the actor died."""
    house.deaf = True
    house.finish(record("w1"))
    house.stop()
    assert house.list_awarded() == []
    house.deaf = False
    house.start()
    house.until(lambda: house.list_awarded())
    assert house.list_awarded() == ["films_1", "whole_film"]


def test_a_killed_tracker_gets_the_newest_report(house: House) -> None:
    """Not the checkpoint; finished watches no longer run and can be resumed."""
    house.report(record("w1", playing_s=60.0), record("w2", "502"))
    house.tick()
    house.report(record("w1", playing_s=90.0), record("w2", "502"))
    house.finish(record("w2", "502"))
    loaded = house.ask(LoadWatches(0.0))
    assert [(state.watch_id, state.playing_s) for state in loaded.running] == [("w1", 90.0)]
    assert [found.watch_id for found in loaded.resumable] == ["w2"]


def test_a_finished_watch_ends_even_if_the_clock_was_set_back(house: House) -> None:
    """The last report still has it: with nobody else watching, no tick would ever correct the statistics."""
    house.report(record("w1"))
    house.clock.at_s -= 7200
    house.finish(record("w1", ended_at_s=EVENING - 10))
    profile = house.ask(GetViewerStats("501"))
    assert profile.stats is not None
    assert (profile.stats.watching_now, profile.stats.total_movies) == ("", 1)


def test_a_stop_saves_what_runs(house: House) -> None:
    """The last save of an ordered stop writes the checkpoint; with nobody watching it writes nothing."""
    house.report(record("w1"))
    house.stop()
    with closing(sqlite3.connect(house.folder / "usher.db")) as connection:
        assert connection.execute("SELECT watch_id FROM checkpoint").fetchall() == [("w1",)]
        assert connection.execute("SELECT reason FROM saves").fetchall() == [("stop",)]


def test_answers_include_running_watches(house: House) -> None:
    """Statistics, ranks, films, badges, history and titles; nothing counts twice."""
    house.finish(record("w1"))
    house.finish(record("w2", "502", playing_s=600.0))
    house.report(record("w3", playing_s=300.0))
    profile = house.ask(GetViewerStats("501"))
    assert profile.stats is not None
    assert (profile.stats.total_movies, profile.stats.total_watch_time_s, profile.rank_by_time) == (2, 7500.0, 1)
    assert profile.stats.watching_now == "Alien"
    assert {badge.badge_id for badge in profile.badges} == {"films_1", "whole_film"}
    assert house.ask(GetViewerStats("nobody")).stats is None
    board = house.ask(GetLeaderboard("time"))
    assert [(row.rank, row.viewer_id, row.value) for row in board.rows] == [(1, "501", 7500.0), (2, "502", 600.0)]
    recent = house.ask(GetLeaderboard("movies", EVENING + 7000))
    assert [(row.viewer_id, row.value) for row in recent.rows] == [("501", 2.0), ("502", 1.0)]
    films = house.ask(GetMovieStats("ALI"))
    assert (films.watches, films.viewers, films.titles, films.watch_time_s) == (3, 2, 1, 8100.0)
    assert films.genres == (("Horror", 3), ("Science Fiction", 3))
    assert (films.weeks[-1], len(films.weeks)) == (("2026-11-16", 8100.0), 12)
    assert house.ask(GetMovieStats("no such film")).watches == 0
    assert len(house.ask(GetBadgeCatalogue()).badges) == 22
    assert house.ask(GetHistory(viewer_id="502")).total == 1
    assert house.ask(SuggestTitles("lie")).titles == ("Alien",)
    assert house.ask(SuggestTitles("100%")).titles == ()


def test_a_resumed_watch_counts_once_in_every_answer(house: House) -> None:
    """Its stored record stays out of the figures while it runs."""
    house.finish(record("w1", playing_s=100.0, ended_at_s=EVENING + 1000))
    house.report(record("w1", playing_s=400.0, ended_at_s=EVENING + 2000))
    profile = house.ask(GetViewerStats("501"))
    assert profile.stats is not None
    assert (profile.stats.total_movies, profile.stats.total_watch_time_s) == (1, 400.0)
    films = house.ask(GetMovieStats())
    assert (films.watches, films.watch_time_s) == (1, 400.0)
    board = house.ask(GetLeaderboard("time", EVENING))
    assert [row.value for row in board.rows] == [400.0]


def test_the_default_badges_apply_if_the_badges_file_is_wrong(tmp_path: Path, lines: Any) -> None:
    """Every problem is in the log, and tracking continues."""
    (tmp_path / "badges.toml").write_text('[[badge]]\nid = "x"\n')
    house = House(tmp_path)
    try:
        assert len(house.ask(GetBadgeCatalogue()).badges) == 22
        assert any("rule must be a text" in message for message in lines.messages)
    finally:
        house.close()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a = " + b"[" * 3000, "line 1: it is nested more than 8 levels deep"),
        (b"[[badge]]\nthreshold = inf\n", "badge 1.threshold: this is no number of a reasonable size"),
        (b"threshold = " + b"9" * 3900, "threshold: this is no number of a reasonable size"),
        (b"x" * 600_000, "it has more than 512 kB"),
        ("[[badge]]".encode("utf-16"), "it is UTF-16, not UTF-8"),
        (b"[[badge]]\nid = '\xff'\n", "line 2: it is not UTF-8"),
        (None, "it is a named pipe"),
    ],
)
def test_an_unreadable_badges_file_does_not_end_the_actor(
    tmp_path: Path, lines: Any, content: bytes | None, said: str
) -> None:
    """Whatever is in its place: the default badges apply, and the log names file, place and mistake."""
    own = tmp_path / "badges.toml"
    if content is None:
        os.mkfifo(own)
    else:
        own.write_bytes(content)
    house = House(tmp_path)
    try:
        assert len(house.ask(GetBadgeCatalogue()).badges) == 22
        assert any("badges.toml" in message and said.split(": ")[-1] in message for message in lines.messages)
    finally:
        house.close()


def test_a_damaged_store_refuses_to_start(tmp_path: Path) -> None:
    """The actor ends with an error that a restart cannot help, and the file keeps its bytes."""
    (tmp_path / "usher.db").write_bytes(b"no store")
    house = House(tmp_path)
    assert house.gone.wait(WITHIN_S)
    house.close()
    assert (tmp_path / "usher.db").read_bytes() == b"no store"


def test_noting_an_announcement_is_tried_again_at_the_next_tick(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full for a moment: health shows it, and clears although nobody is watching any more."""
    house.report()
    house.ask(GetSaveStatus())  # it has started
    opened = Noted.newest._opened
    assert opened is not None
    noted = opened.mark_announced
    tries: list[str] = []

    def fail_full(viewer_id: str, _badge_ids: list[str]) -> None:
        tries.append(viewer_id)
        raise SaveFailed("the disk is full")

    monkeypatch.setattr(opened, "mark_announced", fail_full)
    house.finish(record())
    house.until(lambda: tries)
    assert house.ask(GetSaveStatus()).last_error == "the disk is full"
    house.tick()
    assert house.ask(GetSaveStatus()).last_error
    monkeypatch.setattr(opened, "mark_announced", noted)
    house.tick()
    assert not house.ask(GetSaveStatus()).last_error
    assert opened.read_unannounced_badges() == []
