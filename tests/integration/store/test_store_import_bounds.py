"""What an import cannot take: named with file, record and field, and never a traceback."""

import json
import os
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from persistence.database.errors import ImportFault
from persistence.json_files.files import BADGES, HISTORY, STATS
from persistence.operations.legacy_import import import_legacy_files, read_legacy_files
from persistence.rules import StatisticsRules
from tests.unit.persistence.record_builders import EVENING, RULES, open_store

WATCHED: dict[str, Any] = {"movie_title": "X", "user_id": "501", "watch_duration_minutes": 90}


def history(**fields: Any) -> dict[str, Any]:
    """A folder's history, of one watch."""
    return {HISTORY: [WATCHED | fields]}


def stats(**fields: Any) -> dict[str, Any]:
    """A folder's statistics, of one viewer."""
    return {STATS: {"501": {"username": "Ann", "total_movies": 3, **fields}}}


def badge(earned: str) -> dict[str, Any]:
    """A folder's badges: one."""
    return {BADGES: {"501": [{"badge_id": "films_1", "earned_date": earned}]}}


def write_folder(folder: Path, files: dict[str, Any]) -> Path:
    """A folder of the older bot's files."""
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (history(start_time="9999-12-31T23:30:00-12:00"), "record 1, start_time: expected an ISO 8601 time"),
        (history(start_time="9999-12-31T22:30:00+00:00"), "record 1, start_time: expected an ISO 8601 time"),
        (history(start_time="0001-01-01T00:00:00+14:00"), "record 1, start_time: expected an ISO 8601 time"),
        (
            history(start_time="2025-01-01T20:00:00+00:00", end_time="9999-12-31T23:30:00-12:00"),
            "record 1, end_time: expected an ISO 8601 time",
        ),
        (
            history(start_time="2025-01-01T20:00:00+00:00", watch_duration_minutes=1e15),
            "record 1, watch_duration_minutes: expected",
        ),
        (stats(favorite_genres={"Drama": 10**30}), "line 1, Drama: this is no number of a reasonable size"),
        (stats(favorite_genres={"Drama": 10**16}), "user 501, favorite_genres: expected an object of whole numbers"),
        (stats(total_movies=10**16), "user 501, total_movies: expected"),
        (stats(current_streak_days=36_526, last_watch_date="2025-11-23"), "user 501, current_streak_days: expected"),
        (stats(longest_streak_days=730_000), "user 501, longest_streak_days: expected at most 36,525 days"),
        (
            {STATS: {str(n): {"current_streak_days": 36_525, "last_watch_date": "2025-11-23"} for n in range(12)}},
            "user 10: the current streaks up to here have more than 400,000 days",
        ),
        (stats(username="x" * 10_001), "user 501, username: expected a text of at most 10,000 characters"),
        (badge("9999-12-31T23:30:00-12:00"), "badge 1, earned_date: expected an ISO 8601 time"),
        (stats(last_watch_date="9999-12-31T23:30:00-12:00"), "user 501, last_watch_date: expected an ISO date"),
        (stats(last_watch_date="0001-01-02", current_streak_days=3), "user 501, current_streak_days: expected"),
        ({STATS: {"501": {}, "50\ud83c1": {}}}, "user 501 is there twice"),
        ({STATS: {"\ud83c": {}}}, r'found the id "\\ud83c"'),
        (history(start_time="\ud83c"), r'start_time: .* found "\\ud83c"'),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/Los_Angeles"])
def test_values_beyond_calendar_and_store_are_named(
    files: dict[str, Any], said: str, zone: str, tmp_path: Path
) -> None:
    """In each time zone; the text can be printed."""
    with pytest.raises(ImportFault, match=said) as caught:
        read_legacy_files(
            write_folder(tmp_path / "old", files), StatisticsRules(ZoneInfo(zone), RULES.badges, 80.0, 60.0)
        )
    str(caught.value).encode()


@pytest.mark.parametrize(
    "files",
    [
        history(start_time="9999-12-29T22:30:00+00:00"),
        history(start_time="0001-01-03T00:00:00+00:00"),
        stats(last_watch_date="0001-01-02", current_streak_days=2),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/Los_Angeles"])
def test_values_at_the_limits_are_imported(files: dict[str, Any], zone: str, tmp_path: Path) -> None:
    """Into the store and the copies."""
    store = open_store(tmp_path)
    store.rules = StatisticsRules(ZoneInfo(zone), RULES.badges, 80.0, 60.0)
    import_legacy_files(store, read_legacy_files(write_folder(tmp_path / "old", files), store.rules), EVENING)
    store.close()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[" * 200_000, "line 1: it is nested more than 16 levels deep"),
        (b'{"501": {"total_movies": ' + b"9" * 5000 + b"}}", "line 1, total_movies: this is no number"),
        (b'{"501": {"total_movies": 1e999}}', "line 1, total_movies: this is no number"),
        (b'{"501": {},\n "501": {}}', "line 2, 501: a key is there twice"),
        ("{}".encode("utf-16"), "it is UTF-16, not UTF-8: save it as UTF-8"),
        (b'{"\xff": 1}', "line 1: it is not UTF-8"),
        (None, "it is a named pipe: put a regular file in its place"),
    ],
)
def test_a_document_beyond_the_limits_is_named_with_its_place(content: bytes | None, said: str, tmp_path: Path) -> None:
    """Nothing of it escapes as another error, and a pipe does not hang."""
    file = tmp_path / STATS
    if content is None:
        os.mkfifo(file)
    else:
        file.write_bytes(content)
    with pytest.raises(ImportFault) as caught:
        read_legacy_files(tmp_path, RULES)
    assert str(file) in str(caught.value)
    assert said in str(caught.value)
    assert "Nothing was changed." in str(caught.value)
