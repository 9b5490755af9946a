"""The store: resumed watches, repeated deliveries, streaks over restarts, checkpoint, what is never lost."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import select

from messages import GetCommunityYear, GetHistory, GetMovieStats, GetViewerAccount, GetViewerStats, GetYear, Moment
from persistence.database.tables import METADATA
from persistence.operations.finish_watch import EndedWatch, finish_watch, finish_watches
from persistence.operations.save import save
from persistence.store import Store
from tests.unit.persistence.record_builders import (
    DAY,
    EVENING,
    FILM,
    ask,
    closes,
    finish,
    open_store,
    record,
    running,
    state,
)


def rows(store: Store, table: str, *left_out: str) -> list[dict[str, Any]]:
    """All rows of a table, in the order of their keys, without some columns."""
    known = METADATA.tables[table]
    with store.reader.connect() as connection:
        found = [dict(row) for row in connection.execute(select(known)).mappings()]
    kept = [{name: value for name, value in row.items() if name not in left_out} for row in found]
    return sorted(kept, key=lambda row: [str(row[column.name]) for column in known.primary_key])


@pytest.fixture
def store(tmp_path: Path) -> Any:
    """An empty store."""
    opened = open_store(tmp_path)
    yield opened
    opened.close()


def stats(folder: Path, viewer_id: str = "501") -> Any:
    """A viewer's entry of user_stats.json."""
    return json.loads((folder / "user_stats.json").read_text())[viewer_id]


def history(folder: Path) -> Any:
    """The records of watch_history.json."""
    return json.loads((folder / "watch_history.json").read_text())


def test_leaving_and_coming_back_is_one_film(store: Store, tmp_path: Path) -> None:
    """The older bot counted two films: here the record is replaced, with the minutes really watched."""
    left = record(playing_s=1800.0, ended_at_s=EVENING + 1800, completed=False, end_reason="left")
    finish_watch(store, left, closes(left), "m1", [], EVENING + 1831)
    back = record(playing_s=5400.0)
    again = running(record(playing_s=1900.0, ended_at_s=EVENING + 4000))
    save(store, again, EVENING + 4000, "auto")
    assert (stats(tmp_path)["total_movies"], stats(tmp_path)["total_watch_time_seconds"]) == (1, 1900.0)
    finish_watch(store, back, closes(back), "m2", [], EVENING + 7231)
    assert (stats(tmp_path)["total_movies"], stats(tmp_path)["total_watch_time_seconds"]) == (1, 5400.0)
    assert stats(tmp_path)["completed_movies"] == 1
    assert [(row["watch_id"], row["playing_seconds"]) for row in history(tmp_path)] == [("w1", 5400.0)]


def test_a_streak_continues_over_a_restart(tmp_path: Path) -> None:
    """The older bot began at 1 again after each restart: a two-day streak is 2."""
    first = open_store(tmp_path)
    finish(first, record())
    first.close()
    second = open_store(tmp_path)
    finish(second, record("w2", started_at_s=EVENING + DAY, ended_at_s=EVENING + DAY + 7200))
    second.close()
    assert stats(tmp_path)["current_streak_days"] == 2


def test_a_streak_ends_for_viewers_who_stay_away(store: Store, tmp_path: Path) -> None:
    """At a save days later their streak is 0, and the longest one stays."""
    finish(store, record())
    someone = record("w9", "502", started_at_s=EVENING + 3 * DAY, ended_at_s=EVENING + 3 * DAY + 600)
    save(store, running(someone), EVENING + 3 * DAY + 600, "auto")
    assert (stats(tmp_path)["current_streak_days"], stats(tmp_path)["longest_streak_days"]) == (0, 1)


def test_films_of_one_title_are_told_apart(store: Store) -> None:
    """The older bot told films apart by title alone: a remake of the same name is another one."""
    remake = replace(FILM, year=2027, rating_key="200")
    finish(store, record("w1"), record("w2", "502", item=remake))
    found = ask(store, GetMovieStats(), at_s=EVENING + 9000)
    assert (found.titles, found.watches) == (2, 2)
    assert {(film.title, film.year) for film in found.most_watched} == {("Alien", 1979), ("Alien", 2027)}


def test_figures_can_be_those_of_a_week(store: Store) -> None:
    """What ended before does not count; what runs does."""
    later = EVENING + 8 * DAY
    finish(store, record("w1"), record("w2", "502", started_at_s=later, ended_at_s=later + 600))
    late = record("w3", "503", started_at_s=later + 900, ended_at_s=later + 960)
    found = ask(store, GetMovieStats(since_s=later), late, at_s=later + 960)
    assert (found.watches, found.viewers) == (2, 2)
    assert [shown.watch_id for shown in found.recent] == ["w2"]


def test_badges_for_times_of_day_can_be_earned(store: Store, tmp_path: Path) -> None:
    """The older bot's could never be earned: a watch past midnight earns its own."""
    late = record(started_at_s=EVENING + 4.5 * 3600, ended_at_s=EVENING + 5 * 3600, playing_s=1800.0)
    finish(store, late)
    earned = json.loads((tmp_path / "user_badges.json").read_text())["501"]
    assert "night_owl" in [badge["badge_id"] for badge in earned]


def test_a_badge_is_never_taken_away(store: Store) -> None:
    """A badge earned by a running watch stays, though the watch is replaced by a lesser record."""
    save(store, running(record()), EVENING + 7200, "auto")
    held = {row["badge_id"] for row in rows(store, "viewer_badges")}
    brief = record(playing_s=20.0, brief=True, completed=False)
    finish_watch(store, brief, closes(brief), "m1", [], EVENING + 7300)
    assert {row["badge_id"] for row in rows(store, "viewer_badges")} == held >= {"films_1"}
    assert rows(store, "viewer_stats")[0]["total_movies"] == 0


def test_a_badge_is_awarded_once(store: Store) -> None:
    """What a tick awarded waits to be announced, once, and a finish awards it no second time."""
    save(store, running(record()), EVENING + 7200, "auto")
    waiting = store.read_unannounced_badges()
    finish(store, record())
    assert store.read_unannounced_badges() == waiting
    store.mark_announced("501", [row[3] for row in waiting])
    assert store.read_unannounced_badges() == []
    finish(store, record("w2", started_at_s=EVENING + DAY, ended_at_s=EVENING + DAY + 7200))
    assert store.read_unannounced_badges() == []


def test_the_checkpoint_restores_watches_in_full(store: Store, tmp_path: Path) -> None:
    """What a save wrote is read back equal in every field, also by the next process."""
    watches = running(record("w1"), record("w2", "502"))
    save(store, watches, EVENING + 7200, "auto")
    store.close()
    again = open_store(tmp_path)
    assert again.read_checkpoint() == tuple(watch.state for watch in watches)
    again.close()


def test_a_finished_watch_no_longer_runs_and_a_resumed_one_does(store: Store) -> None:
    """A report from before the record is old news; one from after it is a resumed watch."""
    ended = record()
    finish_watch(store, ended, closes(ended), "m1", [], EVENING + 7231)
    old, new = state(ended), state(ended, EVENING + 7300)
    assert store.drop_finished([old]) == ()
    assert store.drop_finished([new]) == (new,)


@pytest.mark.parametrize("saved", [True, False])
@pytest.mark.parametrize("watched", [True, False])
def test_a_watch_of_which_nothing_was_shown_leaves_nothing(
    store: Store, tmp_path: Path, watched: bool, saved: bool
) -> None:
    """What a save counted of it while it ran is taken back: no later save may come that evening."""
    if watched:
        finish(store, record("w0"))
    at_s = EVENING + 7300
    shown = record("w1", started_at_s=at_s, ended_at_s=at_s + 60, playing_s=0.0, spans=(), coverage_ms=0)
    if saved:
        save(store, running(shown), at_s + 60, "auto")
        assert stats(tmp_path)["watching_now"] == "Alien"
    for _ in range(2):  # it may be delivered twice
        finish_watches(store, [EndedWatch(shown, closes(shown), "m1", leaves_record=False)], [], at_s + 91)
    assert [row["watch_id"] for row in rows(store, "watches")] == ["w0"] * watched
    assert store.read_checkpoint() == ()
    assert [row["watching_now"] for row in rows(store, "viewer_stats")] == [""] * (watched or saved)
    assert not (watched or saved) or stats(tmp_path)["watching_now"] == ""


def test_a_clock_set_back_does_not_lose_a_resumed_watch(store: Store) -> None:
    """The wall clock shows an earlier time, but the steady clock a later one and more than in the record: it runs."""
    ended = record()
    finish_watch(store, ended, closes(ended), "m1", [], EVENING + 7231)
    resumed = replace(state(ended), seen=Moment(EVENING + 3600, 7400.0), playing_s=ended.playing_s + 10)
    assert store.drop_finished([resumed]) == (resumed,)


def test_a_clock_set_back_does_not_keep_a_finished_watch_running(store: Store) -> None:
    """The report from before names a later time than the record, but is older."""
    ended = record()
    before = state(ended, EVENING + 7190)
    finish_watch(store, ended, Moment(EVENING + 30, 7230.0), "m1", running(ended), EVENING + 31)
    assert store.drop_finished([before]) == ()
    assert rows(store, "viewer_stats")[0]["watching_now"] == ""


def test_a_boot_with_the_clock_set_back_loses_no_resumed_watch(store: Store) -> None:
    """A machine without a battery-backed clock boots in the past: both clocks are behind, and the watch continues."""
    left = record(playing_s=600.0, completed=False)
    finish_watch(store, left, closes(left), "m1", [], EVENING + 7231)
    booted = Moment(EVENING + 300, 90.0)
    resumed = replace(state(left), seen=booted, playing_s=660.0)
    assert store.drop_finished([resumed]) == (resumed,)
    finish_watch(store, replace(left, playing_s=1200.0), Moment(EVENING + 900, 690.0), "m2", [], EVENING + 901)
    assert [row["playing_s"] for row in rows(store, "watches")] == [1200.0]


def test_what_the_statistics_hold_of_a_running_watch_is_in_the_checkpoint(store: Store) -> None:
    """A finish saves its viewer's other watch with the statistics: if everything dies then, it must not be lost."""
    others = running(record("w1"), record("w2"), record("w3", "502"))
    finish_watch(store, record("w1"), closes(record("w1")), "m1", others, EVENING + 7231)
    assert {row["viewer_id"]: row["watching_now"] for row in rows(store, "viewer_stats")} == {"501": "Alien"}
    assert [found.watch_id for found in store.read_checkpoint()] == ["w2"], "of 502 nothing was counted yet"


def test_a_finish_writes_nothing_of_other_viewers(store: Store) -> None:
    """Neither their checkpoint nor their statistics."""
    others = running(record("w2", "502"), record("w3", "503"))
    save(store, [*running(record("w1")), *others], EVENING + 3600, "auto")
    before = {name: rows(store, name) for name in ("checkpoint", "viewers", "viewer_stats", "viewer_badges")}
    finish_watch(store, record("w1"), closes(record("w1")), "m1", others, EVENING + 7231)
    for name, was in before.items():
        assert [row for row in rows(store, name) if row["viewer_id"] != "501"] == [
            row for row in was if row["viewer_id"] != "501"
        ]
    assert [found.watch_id for found in store.read_checkpoint()] == ["w2", "w3"]


def test_the_checkpoint_stays_while_it_is_unknown_who_watches(store: Store) -> None:
    """A save then deletes no checkpoint and ends no watch."""
    save(store, running(record()), EVENING + 7200, "auto")
    save(store, None, EVENING + 7300, "command")
    assert [found.watch_id for found in store.read_checkpoint()] == ["w1"]
    assert rows(store, "viewer_stats")[0]["watching_now"] == "Alien"


def test_only_watches_within_the_window_can_be_resumed(store: Store) -> None:
    """By the time at which they ended."""
    finish(store, record("w1"), record("w2", started_at_s=EVENING + DAY, ended_at_s=EVENING + DAY + 60))
    assert [found.watch_id for found in store.read_resumable(EVENING + 7201)] == ["w2"]
    assert store.read_resumable(EVENING)[0] == record("w1")


VERSIONS = [
    (
        f"m-{watch}{version}",
        record(
            watch,
            viewer,
            started_at_s=EVENING + day * DAY,
            ended_at_s=EVENING + day * DAY + 1000 * version,
            playing_s=512.0 * version,
        ),
    )
    for day, (viewer, watch) in enumerate([("501", "a"), ("501", "b"), ("502", "c")])
    for version in (1, 2)
]
"""Three watches, each with the record of its first end and that of its end after it was resumed."""


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(st.sampled_from(VERSIONS), max_size=8), rest=st.permutations(VERSIONS))
def test_any_order_of_repeated_deliveries_gives_the_same_rows(
    order: list[Any], rest: list[Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """However often and in whatever order records arrive, the rows and figures are those of a plain night."""

    def replay(deliveries: list[Any]) -> list[Any]:
        opened = open_store(tmp_path_factory.mktemp("store"))
        for message_id, each in deliveries:
            finish_watch(opened, each, closes(each), message_id, [], EVENING + 4 * DAY)
        found = [
            rows(opened, "watches", "seq"),
            rows(opened, "viewers"),
            rows(opened, "viewer_stats"),
            rows(opened, "handled_messages"),
            [(row["viewer_id"], row["badge_id"]) for row in rows(opened, "viewer_badges")],
        ]
        opened.close()
        return found

    assert replay(order + rest) == replay(VERSIONS)


@pytest.mark.parametrize("viewer_id", ["404", "plex:srv:404", "", "nobody"])
def test_questions_about_a_viewer_without_records_are_answered(store: Store, viewer_id: str) -> None:
    """With an empty answer, not with an error."""
    finish(store, record("w1", "501"))
    profile = ask(store, GetViewerStats(viewer_id, asker=viewer_id))
    assert (profile.stats, profile.badges, profile.rank_by_time, profile.hidden) == (None, (), 0, False)
    assert profile.progress
    year = ask(store, GetYear(viewer_id, 2026, asker=viewer_id))
    assert (year.username, year.figures.films, year.badges, year.hidden) == ("", 0, (), False)
    if viewer_id:
        assert ask(store, GetHistory(viewer_id, asker=viewer_id)).total == 0
    account = ask(store, GetViewerAccount(viewer_id))
    assert (account.privacy, account.links, account.watches) == ("open", (), 0)


@pytest.mark.parametrize("year", [1, 1969, 9998])
def test_a_year_without_watches_is_empty(store: Store, year: int) -> None:
    """Whatever year is asked for."""
    finish(store, record("w1", "501"))
    assert ask(store, GetYear("501", year)).figures.films == 0
    assert ask(store, GetCommunityYear(year)).viewers == 0
