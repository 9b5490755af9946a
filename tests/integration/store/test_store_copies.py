"""The JSON copies: whole or rebuilt, in the shapes of the older bot, and never written over somebody's file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from persistence.database.errors import CopiesFailed
from persistence.json_files.files import ALL, BADGES, HISTORY, STATS, JsonFiles
from persistence.operations.finish_watch import finish_watch
from persistence.operations.save import save
from persistence.store import Store
from tests.unit.persistence.record_builders import EVENING, closes, finish, open_store, record, running


@pytest.fixture
def store(tmp_path: Path) -> Any:
    """A store with three finished watches."""
    opened = open_store(tmp_path)
    finish(opened, record("w1"), record("w2", "502"), record("w3", "plex:srv:7", username="Zoë „Z“ 🎬"))
    yield opened
    opened.close()


def contents(folder: Path) -> dict[str, bytes]:
    """The bytes of the three files."""
    return {name: (folder / name).read_bytes() for name in ALL}


def test_the_keys_of_the_copies_are_those_of_the_older_bot(store: Store, tmp_path: Path) -> None:
    """In its order; ours follow."""
    stats, badges, history = (json.loads((tmp_path / name).read_text()) for name in ALL)
    assert list(stats["501"]) == [
        "user_id", "username", "total_movies", "total_watch_time_minutes", "completed_movies",
        "current_streak_days", "longest_streak_days", "last_watch_date", "favorite_genres", "favorite_decades",
        "directors_watched", "ai_interactions", "votes_cast", "movies_requested",
        "total_watch_time_seconds", "watching_now", "total_episodes",
    ]  # fmt: skip
    assert list(badges["501"][0]) == ["badge_id", "earned_date", "progress_value"]
    assert list(history[0])[:26] == [
        "movie_title", "user_id", "start_time", "end_time", "watch_duration_minutes", "completion_percentage",
        "genres", "year", "director", "watch_id", "viewer_id", "username", "source", "server_id", "rating_key",
        "media_type", "join_position_ms", "leave_position_ms", "movie_duration_ms", "playing_seconds",
        "paused_seconds", "coverage_ms", "completed", "brief", "end_reason", "screening_id",
    ]  # fmt: skip
    assert history[0]["start_time"] == "2026-11-20T20:00:00.000+00:00"
    assert stats["501"]["directors_watched"] == ["Ridley Scott"]
    assert "plex:srv:7" in stats


def test_the_copies_are_readable(store: Store, tmp_path: Path) -> None:
    """Plain UTF-8, indented, and one history record per line."""
    assert "Zoë „Z“ 🎬" in (tmp_path / STATS).read_text(encoding="utf-8")
    assert (tmp_path / STATS).read_text(encoding="utf-8").startswith('{\n  "501": {\n    "user_id"')
    assert len((tmp_path / HISTORY).read_text(encoding="utf-8").splitlines()) == 5


TORN: dict[str, Callable[[bytes], bytes | None]] = {
    "cut": lambda content: content[: len(content) // 2],
    "empty": lambda _content: b"",
    "longer": lambda content: content + b"\n[",
    "garbled end": lambda content: content[:-9] + b"#########",
    "missing": lambda _content: None,
}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("how", TORN)
def test_a_torn_copy_is_rebuilt_at_the_start(how: str, name: str, store: Store, tmp_path: Path) -> None:
    """However a file was torn, the next start makes it as it was, and only it."""
    store.close()
    whole = contents(tmp_path)
    torn = TORN[how](whole[name])
    (tmp_path / name).unlink()
    if torn is not None:
        (tmp_path / name).write_bytes(torn)
    again = open_store(tmp_path)
    again.close()
    assert contents(tmp_path) == whole


@pytest.mark.parametrize("how", TORN)
def test_a_torn_history_is_rebuilt_by_the_next_finish(how: str, store: Store, tmp_path: Path) -> None:
    """A record is never appended to a torn file: the whole history is made anew instead."""
    torn = TORN[how]((tmp_path / HISTORY).read_bytes())
    (tmp_path / HISTORY).unlink()
    if torn is not None:
        (tmp_path / HISTORY).write_bytes(torn)
    finish(store, record("w4"))
    assert [row["watch_id"] for row in json.loads((tmp_path / HISTORY).read_text())] == ["w1", "w2", "w3", "w4"]


def test_damage_in_the_middle_of_the_history_is_noticed_at_the_start(store: Store, tmp_path: Path) -> None:
    """Neither its size nor its end tells; also after lines were appended and replaced."""
    file = tmp_path / HISTORY
    for step in range(4):
        if step == 1:
            finish(store, record("w4"))
        elif step == 2:
            finish(store, record("w4", username="Longer name"))
        elif step == 3:
            finish(store, record("w2", "502", username="In the middle"))
        whole = file.read_bytes()
        assert store.repair_json_files() == []
        file.write_bytes(whole.replace(b'"movie_title"', b'"movie_titlX"', 1))
        assert store.repair_json_files() == [HISTORY], step
        assert file.read_bytes() == whole


def test_copies_missed_by_a_crash_are_written_at_the_start(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The crash came after the commit and before the copies were written."""

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(JsonFiles, "write", dies)
        with pytest.raises(KeyboardInterrupt):
            finish(store, record("w4"))
    store.close()
    assert len(json.loads((tmp_path / HISTORY).read_text())) == 3
    again = open_store(tmp_path)
    assert len(json.loads((tmp_path / HISTORY).read_text())) == 4
    assert json.loads((tmp_path / STATS).read_text())["501"]["total_movies"] == 2
    again.close()


def test_a_crash_before_the_commit_leaves_everything_as_it_was(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever fails inside the transaction, neither rows nor files change."""
    whole = contents(tmp_path)

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("persistence.operations.finish_watch.record_save", dies)
        with pytest.raises(KeyboardInterrupt):
            finish(store, record("w4"))
    assert contents(tmp_path) == whole
    assert [found.watch_id for found in store.read_resumable(0)] == ["w1", "w2", "w3"]
    finish(store, record("w4"))
    assert len(json.loads((tmp_path / HISTORY).read_text())) == 4


def test_copies_are_written_later_if_the_folder_is_read_only(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store is saved, the error names the folder, and the next save writes the copies."""

    def fail_full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(JsonFiles, "write", fail_full)
        with pytest.raises(CopiesFailed, match=r"No space left on device \(make room on the disk"):
            finish(store, record("w4"))
    behind = [store.json_files_outdated]
    save(store, running(record("w5")), EVENING + 9000, "auto")
    assert [*behind, store.json_files_outdated] == [True, False]
    assert len(json.loads((tmp_path / HISTORY).read_text())) == 4


def test_a_replaced_record_keeps_its_place(store: Store, tmp_path: Path) -> None:
    """A resumed watch's record is replaced where it stands; the others' lines keep their bytes."""
    before = (tmp_path / HISTORY).read_bytes().splitlines()
    longer = record("w2", "502", playing_s=8000.0, ended_at_s=EVENING + 9000)
    finish_watch(store, longer, closes(longer), "again", [], EVENING + 9100)
    after = (tmp_path / HISTORY).read_bytes().splitlines()
    assert (before[1], before[3]) == (after[1], after[3])
    assert json.loads((tmp_path / HISTORY).read_text())[1]["playing_seconds"] == 8000.0
    finish(store, record("w4"))
    assert [row["watch_id"] for row in json.loads((tmp_path / HISTORY).read_text())] == ["w1", "w2", "w3", "w4"]


def test_a_crash_before_a_line_is_replaced_is_noticed(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old line may be as long as the new one, and in the middle: neither size nor end of the file show it."""

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    other = record("w2", "502", playing_s=7201.0)
    with monkeypatch.context() as patch:
        patch.setattr(JsonFiles, "replace", dies)
        with pytest.raises(KeyboardInterrupt):
            finish_watch(store, other, closes(other), "again", [], EVENING + 9100)
    assert json.loads((tmp_path / HISTORY).read_text())[1]["playing_seconds"] == 7200.0
    assert store.repair_json_files() == [HISTORY]
    assert json.loads((tmp_path / HISTORY).read_text())[1]["playing_seconds"] == 7201.0


def test_a_disk_that_is_full_before_a_line_is_replaced_is_noticed(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a line was replaced just before, and no save has stored how the history looks since then."""

    def fails(*_: object, **__: object) -> None:
        raise OSError("No space left on device")

    first, second = record("w1", "501", playing_s=7202.0), record("w2", "502", playing_s=7201.0)
    finish_watch(store, first, closes(first), "again 1", [], EVENING + 9100)
    assert store.repair_json_files() == []
    with monkeypatch.context() as patch:
        patch.setattr(JsonFiles, "write", fails)
        with pytest.raises(CopiesFailed):
            finish_watch(store, second, closes(second), "again 2", [], EVENING + 9200)
    finish(store, record("w4"))
    assert [row["playing_seconds"] for row in json.loads((tmp_path / HISTORY).read_text())][:2] == [7202.0, 7201.0]
    assert store.repair_json_files() == []


def test_files_of_another_program_are_kept(tmp_path: Path) -> None:
    """The older bot's files in a new data folder are moved aside, never replaced by empty ones."""
    (tmp_path / STATS).write_text('{"1": "precious"}')
    (tmp_path / HISTORY).write_text("unreadable {")
    opened = open_store(tmp_path)
    finish(opened, record())
    opened.close()
    assert (tmp_path / f"{STATS}.before-usher").read_text() == '{"1": "precious"}'
    assert (tmp_path / f"{HISTORY}.before-usher").read_text() == "unreadable {"
    assert not (tmp_path / f"{BADGES}.before-usher").exists()


def test_an_idle_start_writes_nothing(store: Store, tmp_path: Path) -> None:
    """Opening a store whose copies are right leaves their times alone."""
    store.close()
    times = {name: (tmp_path / name).stat().st_mtime_ns for name in ALL}
    again = open_store(tmp_path)
    with again.reader.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM saves")).scalar() == 3
    again.close()
    assert {name: (tmp_path / name).stat().st_mtime_ns for name in ALL} == times
