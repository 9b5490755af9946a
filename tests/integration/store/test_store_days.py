"""Figures by day out of a real store: sittings kept, copied, imported, merged, and counted alike everywhere."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace
from sqlalchemy import select, update

from messages import (
    GetLeaderboard,
    GetMovieStats,
    GetViewerStats,
    GetYear,
    LinkAccount,
    Sitting,
    WatchRecord,
)
from persistence.database.errors import ImportFault
from persistence.database.tables import VIEWER_STATS, WATCHES
from persistence.json_files.files import HISTORY, STATS
from persistence.operations.legacy_import import export, import_legacy_files, read_legacy_files
from persistence.operations.link import link
from persistence.queries.data_export import build_export
from persistence.store import Store
from tests.unit.persistence.record_builders import DAY, EVENING, FILM, RULES, ask, finish, open_store, record, running

BERLIN = replace(RULES, zone=ZoneInfo("Europe/Berlin"))
MONDAY = EVENING - 4 * DAY
"""21:00 in Berlin."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    opened = open_store(tmp_path / "data", BERLIN)
    yield opened
    opened.close()


def in_parts(watch_id: str, *parts: tuple[float, float], **changes: Any) -> WatchRecord:
    """Return a record of sittings, each from seconds after Monday evening and so long."""
    sittings = tuple(Sitting(MONDAY + start, MONDAY + start + length, length) for start, length in parts)
    plain: dict[str, Any] = {
        "started_at_s": sittings[0].start_s,
        "ended_at_s": sittings[-1].end_s,
        "playing_s": sum(each.playing_s for each in sittings),
        "sittings": sittings,
    }
    return record(watch_id, **{**plain, **changes})


EVENINGS = in_parts("w1", (0, 2400), (DAY, 2400), (2 * DAY, 2388))
OVER_NEW_YEAR = in_parts("w2", (42 * DAY + 2 * 3600 + 1800, 3600), item=replace(FILM, rating_key="2", title="Aliens"))


def test_calendar_streak_weeks_and_year_agree(store: Store) -> None:
    """A film on three evenings, and one over New Year: the same days in every answer, finished or running."""
    for watches in ((), (EVENINGS, OVER_NEW_YEAR)):
        now_s = OVER_NEW_YEAR.ended_at_s
        profile = ask(store, GetViewerStats("501"), *(() if watches else (EVENINGS, OVER_NEW_YEAR)), at_s=now_s)
        if watches:
            finish(store, *watches)
            profile = ask(store, GetViewerStats("501"), at_s=now_s)
        expected = {"2026-11-16": 2400, "2026-11-17": 2400, "2026-11-18": 2388, "2026-12-28": 1800, "2026-12-29": 1800}
        assert dict(profile.days) == expected
        assert profile.stats is not None and profile.stats.longest_streak_days == 3
    year = ask(store, GetYear("501", 2026), at_s=now_s)
    assert dict(year.figures.days) == expected
    assert year.figures.longest_streak_days == 3
    weeks = dict(ask(store, GetMovieStats(), at_s=now_s).weeks)
    assert {week: seconds for week, seconds in weeks.items() if seconds} == {"2026-11-16": 7188, "2026-12-28": 3600}


def test_a_streak_that_is_over_is_on_no_leaderboard(store: Store) -> None:
    """Two days after its last day it is over for whoever asks, with no save in between."""
    finish(store, EVENINGS)
    wednesday_s = EVENINGS.ended_at_s
    for later_s, streak in ((0, 3), (DAY, 3), (2 * DAY, 0)):
        rows = ask(store, GetLeaderboard("streak"), at_s=wednesday_s + later_s).rows
        assert [row.value for row in rows] == ([streak] if streak else [])
        profile = ask(store, GetViewerStats("501"), at_s=wednesday_s + later_s)
        assert profile.stats is not None and profile.stats.current_streak_days == streak
        with store.snapshot((), wednesday_s + later_s) as snapshot:
            content, _watches = build_export(snapshot, "501")
        assert content["statistics"][0]["current_streak_days"] == streak


def test_sittings_are_in_the_history_copy_and_come_back(store: Store, tmp_path: Path) -> None:
    """ISO 8601 times with an offset; an export brings them and the guid to another store, and twice changes nothing."""
    finish(store, replace(EVENINGS, item=replace(FILM, guid="plex://movie/5d7768"), sittings=EVENINGS.sittings))
    (line,) = json.loads((tmp_path / "data" / HISTORY).read_text())
    assert line["guid"] == "plex://movie/5d7768"
    assert line["sittings"][0] == {
        "start_time": "2026-11-16T20:00:00.000+00:00",
        "end_time": "2026-11-16T20:40:00.000+00:00",
        "playing_seconds": 2400.0,
    }
    export(store, tmp_path / "out")
    other = open_store(tmp_path / "other", BERLIN)
    for _ in range(2):
        import_legacy_files(other, read_legacy_files(tmp_path / "out", BERLIN), EVENING)
        (again,) = json.loads((tmp_path / "other" / HISTORY).read_text())
        assert (again["guid"], again["sittings"]) == (line["guid"], line["sittings"])
    assert json.loads((tmp_path / "other" / STATS).read_text())["501"]["longest_streak_days"] == 3
    other.close()


@pytest.mark.parametrize(
    "sitting",
    [
        {"start_time": "2026-11-16T20:00:00+00:00", "end_time": "2026-11-16T19:00:00+00:00", "playing_seconds": 1},
        {"start_time": "0001-02-01T20:00:00+00:00", "end_time": "2026-11-16T19:00:00+00:00", "playing_seconds": 1},
        {"start_time": "2026-11-16T20:00:00+00:00", "end_time": "2026-11-16T20:00:01+00:00", "playing_seconds": 9},
        {"start_time": "2026-11-16T20:00:00+00:00", "end_time": "2026-11-17T20:00:01+00:00", "playing_seconds": 8000},
        {"start_time": "2026-11-16T20:00:00+00:00", "playing_seconds": 9},
        "long ago",
    ],
)
def test_sittings_that_cannot_be_are_refused(store: Store, tmp_path: Path, sitting: object) -> None:
    """An end before its start, more play than time or than the record has: named, and nothing is imported."""
    finish(store, EVENINGS)
    export(store, tmp_path / "out")
    (line,) = json.loads((tmp_path / "out" / HISTORY).read_text())
    (tmp_path / "out" / HISTORY).write_text(json.dumps([{**line, "sittings": [sitting]}]))
    with pytest.raises(ImportFault, match=r"sittings 1|sittings: expected"):
        read_legacy_files(tmp_path / "out", BERLIN)


def test_rows_of_an_older_version_keep_their_line_and_figures(store: Store, tmp_path: Path) -> None:
    """Where an older version wrote the row there are no sittings: nothing is added to its line in the copy."""
    finish(store, record("w1"))
    with store.transaction() as connection:
        connection.execute(update(WATCHES).values(guid=None, sittings=None))
    export(store, tmp_path / "out")
    (line,) = json.loads((tmp_path / "out" / HISTORY).read_text())
    assert "sittings" not in line and "guid" not in line
    profile = ask(store, GetViewerStats("501"), at_s=EVENING + 7200)
    assert dict(profile.days) == {"2026-11-20": 7200.0}


def test_linked_viewers_have_the_time_of_their_sittings_together(store: Store) -> None:
    """An hour each, half of it at the same time: an hour and a half, of which a save counts no second twice."""
    account = in_parts("w1", (0, 3600), viewer_id="plex:srv:7", source="plex")
    member = in_parts("w2", (1800, 3600), viewer_id="501")
    finish(store, account)
    with store.change(EVENING) as change:
        link(change, LinkAccount("plex:srv:7", "ann", "501", "Ann", "1"), EVENING)
    now = ask(store, GetViewerStats("501"), member, at_s=EVENING)
    finish(store, member)
    stored = ask(store, GetViewerStats("501"), at_s=EVENING)
    for profile in (now, stored):
        assert profile.stats is not None and profile.stats.total_watch_time_s == pytest.approx(5400)
        assert dict(profile.days) == {"2026-11-16": pytest.approx(5400)}


def test_a_save_ends_streaks_that_are_over(store: Store, tmp_path: Path) -> None:
    """The saved column follows the same rule as the answers."""
    from persistence.operations.save import save

    finish(store, EVENINGS)
    save(store, running(), EVENINGS.ended_at_s + 3 * DAY, "command")
    with store.reader.connect() as connection:
        assert connection.execute(select(VIEWER_STATS.c.current_streak_days)).scalar() == 0
    assert json.loads((tmp_path / "data" / STATS).read_text())["501"]["current_streak_days"] == 0


def test_equal_displayed_figures_share_a_rank(store: Store) -> None:
    """Twenty seconds more are not shown: 2 h 0 min twice is one rank, in order of the names."""
    for name, seconds in (("Zoe", 7210.0), ("Ana", 7190.0), ("Ben", 7100.0)):
        seen = in_parts(f"w-{name}", (0.0, seconds), viewer_id=f"50{len(name)}{ord(name[0])}", username=name)
        finish(store, seen)
    board = ask(store, GetLeaderboard("time"), at_s=MONDAY + DAY)
    assert [(row.rank, row.username) for row in board.rows] == [(1, "Ana"), (1, "Zoe"), (3, "Ben")]
    since = ask(store, GetLeaderboard("time", since_s=MONDAY - DAY), at_s=MONDAY + DAY)
    assert [(row.rank, row.username) for row in since.rows] == [(1, "Ana"), (1, "Zoe"), (3, "Ben")]
