"""Import of the older bot's files and of exports: faithful, idempotent, all or nothing."""

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from messages import LinkAccount, UnlinkAccount
from persistence.database.errors import ImportFault
from persistence.database.tables import VIEWER_BADGES
from persistence.json_files.files import ALL, BADGES, HISTORY, STATS
from persistence.operations.erase import erase_viewer
from persistence.operations.legacy_import import ImportResult, export, import_legacy_files, read_legacy_files
from persistence.operations.link import link, unlink
from persistence.operations.save import save
from persistence.records.viewers import record_erasure
from persistence.rules import StatisticsRules
from persistence.store import Store
from tests.unit.persistence.record_builders import (
    DAY,
    EVENING,
    FILM,
    RULES,
    finish,
    open_store,
    read_hours,
    record,
    running,
)

OLD_STATS = {
    "501": {
        "user_id": "501",
        "username": "Ann",
        "total_movies": 12,
        "total_watch_time_minutes": 1300.0,
        "completed_movies": 10,
        "current_streak_days": 3,
        "longest_streak_days": 9,
        "last_watch_date": "2026-11-19",
        "favorite_genres": {"Horror": 7, "Drama": 5},
        "favorite_decades": {"1980s": 12},
        "directors_watched": ["John Carpenter", "Jane Campion"],
        "ai_interactions": 4,
        "votes_cast": 5,
        "movies_requested": 6,
    },
    "502": {"user_id": "502", "username": "Ben", "total_movies": 0, "last_watch_date": None},
}
OLD_BADGES = {
    "501": [
        {"badge_id": "first_movie", "earned_date": "2025-01-02T03:04:05", "progress_value": 1},
        {"badge_id": "films_1", "earned_date": "2025-01-02T03:04:05+01:00", "progress_value": 1},
    ]
}
OLD_HISTORY = [
    {
        "movie_title": "The Fog",
        "user_id": "501",
        "start_time": "2026-11-19T20:00:00",
        "end_time": "2026-11-19T21:30:00",
        "watch_duration_minutes": 90.0,
        "completion_percentage": 100.0,
        "genres": ["Horror"],
        "year": 1980,
        "director": "John Carpenter",
    },
    {"movie_title": "Open End", "user_id": "502", "start_time": "2026-11-19T22:00:00+00:00", "end_time": None},
]


@pytest.fixture
def old_folder(tmp_path: Path) -> Path:
    """A folder of the older bot."""
    folder = tmp_path / "old"
    folder.mkdir()
    for name, document in zip(ALL, (OLD_STATS, OLD_BADGES, OLD_HISTORY), strict=True):
        (folder / name).write_text(json.dumps(document), encoding="utf-8")
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Any:
    """An empty store."""
    opened = open_store(tmp_path / "data")
    yield opened
    opened.close()


def bring(store: Store, folder: Path, rules: StatisticsRules = RULES) -> ImportResult:
    """Import a folder."""
    return import_legacy_files(store, read_legacy_files(folder, rules), EVENING)


def copies(folder: Path) -> dict[str, Any]:
    """The three files, read."""
    return {name: json.loads((folder / name).read_text()) for name in ALL}


def test_an_import_brings_everything(store: Store, old_folder: Path, tmp_path: Path) -> None:
    """Figures, badges and history of the older bot are those of the copies afterwards."""
    assert bring(store, old_folder) == ImportResult(viewers=2, watches=2, badges=2)
    found = copies(tmp_path / "data")
    ann = found[STATS]["501"]
    for key in ("username", "total_movies", "total_watch_time_minutes", "completed_movies", "longest_streak_days",
                "last_watch_date", "favorite_genres", "ai_interactions", "votes_cast", "movies_requested"):  # fmt: skip
        assert ann[key] == OLD_STATS["501"][key], key
    assert ann["current_streak_days"] == 3, "19 November is yesterday"
    assert set(ann["directors_watched"]) == {"John Carpenter", "Jane Campion"}
    ids = [badge["badge_id"] for badge in found[BADGES]["501"]]
    assert {"first_movie", "films_1", "films_10"} <= set(ids), "unknown ids are kept, explained ones added"
    assert [row["movie_title"] for row in found[HISTORY]] == ["The Fog", "Open End"]
    assert found[HISTORY][1]["end_time"] is None
    assert found[HISTORY][0]["source"] == "import"
    assert store.read_unannounced_badges() == []


def test_the_same_folder_twice_changes_nothing(store: Store, old_folder: Path, tmp_path: Path) -> None:
    """The second import finds nothing new, and the files keep their bytes."""
    bring(store, old_folder)
    before = copies(tmp_path / "data")
    assert bring(store, old_folder) == ImportResult(0, 0, 0)
    assert copies(tmp_path / "data") == before


def test_a_cut_history_counts_once(store: Store, old_folder: Path, tmp_path: Path) -> None:
    """A later folder whose history lost its oldest row: the row here explains its film, nothing counts twice."""
    bring(store, old_folder)
    (old_folder / HISTORY).write_text("[]")
    bring(store, old_folder)
    found = copies(tmp_path / "data")
    assert found[STATS]["501"]["total_movies"] == 12
    assert len(found[HISTORY]) == 2


def test_watches_go_on_after_an_import(store: Store, old_folder: Path, tmp_path: Path) -> None:
    """A watch on the next day adds one film to the old figures and a day to the old streak."""
    bring(store, old_folder)
    finish(store, record())
    ann = copies(tmp_path / "data")[STATS]["501"]
    assert (ann["total_movies"], ann["current_streak_days"]) == (13, 4)
    assert ann["total_watch_time_minutes"] == 1420.0


def test_naive_times_are_in_the_time_zone(store: Store, old_folder: Path) -> None:
    """A time without an offset is one of TIMEZONE; one with an offset is what it says."""
    files = read_legacy_files(old_folder, StatisticsRules(ZoneInfo("Europe/Berlin"), (), 80.0, 60.0))
    naive, aware = (watch.record.started_at_s for watch in files.watches)
    assert naive == EVENING - DAY - 3600
    assert aware == EVENING - DAY + 7200


def test_more_than_a_thousand_rows_stay(store: Store, old_folder: Path, tmp_path: Path) -> None:
    """The older bot cut its history to 1,000 rows at each save: here the 1,101st leaves all others there."""
    many = [
        {"movie_title": f"F{n}", "user_id": "9", "start_time": f"2024-01-01T00:{n // 60 % 60:02d}:{n % 60:02d}"}
        for n in range(1100)
    ]
    (old_folder / HISTORY).write_text(json.dumps(many))
    bring(store, old_folder)
    finish(store, record())
    titles = [row["movie_title"] for row in copies(tmp_path / "data")[HISTORY]]
    assert titles == [*(f"F{n}" for n in range(1100)), "Alien"]


def test_an_export_comes_back_whole(store: Store, old_folder: Path, tmp_path: Path) -> None:
    """Export, import into a new store: the same three files; import into the same store: nothing changes."""
    bring(store, old_folder)
    finish(store, record(), record("w2", "plex:srv:7", playing_s=1234.567))
    files = export(store, tmp_path / "out")
    assert [file.read_bytes() for file in files] == [(tmp_path / "data" / name).read_bytes() for name in ALL]
    before = copies(tmp_path / "data")
    bring(store, tmp_path / "out")
    assert copies(tmp_path / "data") == before
    other = open_store(tmp_path / "other")
    bring(other, tmp_path / "out")
    there = copies(tmp_path / "other")
    other.close()
    assert there[HISTORY] == before[HISTORY]
    assert there[BADGES] == before[BADGES]
    for viewer_id, entry in before[STATS].items():
        for key in ("total_movies", "total_watch_time_seconds", "current_streak_days", "favorite_genres"):
            assert there[STATS][viewer_id][key] == pytest.approx(entry[key]), (viewer_id, key)


def test_running_watches_are_not_exported(store: Store, tmp_path: Path) -> None:
    """Their records are still to come: in another store the film would count twice."""
    half, whole = record("w2", playing_s=1800.0), record("w2")
    finish(store, record("w1", item=replace(FILM, rating_key="2", title="Other")))
    save(store, running(half, record("w3", "502")), EVENING + 1900, "auto")
    assert copies(tmp_path / "data")[STATS]["501"]["total_movies"] == 2
    export(store, tmp_path / "out")
    told = copies(tmp_path / "out")[STATS]
    assert {key: told["501"][key] for key in ("total_movies", "watching_now")} == {
        "total_movies": 1,
        "watching_now": "",
    }
    assert (told["502"]["total_movies"], told["502"]["favorite_genres"]) == (0, {})
    bring(store, tmp_path / "out")
    finish(store, whole)
    assert copies(tmp_path / "data")[STATS]["501"]["total_movies"] == 2
    assert read_hours(store)["501"] == record("w1").playing_s + whole.playing_s


def test_an_export_overwrites_nothing(store: Store, tmp_path: Path) -> None:
    """A folder that holds such files already is refused by name."""
    finish(store, record())
    with pytest.raises(FileExistsError, match="name an empty folder"):
        export(store, tmp_path / "data")


def test_importing_the_data_folder_itself_keeps_its_files(tmp_path: Path, old_folder: Path) -> None:
    """DATA_DIR is the older bot's own folder: its files are read, and kept under another name."""
    files = read_legacy_files(old_folder, RULES)
    opened = open_store(old_folder)
    import_legacy_files(opened, files, EVENING)
    opened.close()
    assert json.loads((old_folder / f"{STATS}.before-usher").read_text()) == OLD_STATS
    assert copies(old_folder)[STATS]["501"]["total_movies"] == 12


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        (HISTORY, '[{"movie_title": "A", "user_id": "1", "start_time": "noon"}]', "record 1, start_time: expected"),
        (HISTORY, '[{"user_id": "1", "start_time": "2024-01-01"}]', "record 1, movie_title: expected a text"),
        (HISTORY, '[{"movie_title": "A"', "line 1, column"),
        (HISTORY, '{"a": 1}', "expected a list of records"),
        (HISTORY, "[7]", "record 1: expected an object"),
        (
            HISTORY,
            '[{"movie_title": "A", "user_id": "1", "start_time": "2024-01-01", "watch_duration_minutes": "x"}]',
            "record 1, watch_duration_minutes: expected a number",
        ),
        (STATS, '{"5": {"total_movies": -1}}', "user 5, total_movies: expected a number from 0"),
        (STATS, '{"5": {"total_movies": 1.5}}', "user 5, total_movies: expected a whole number"),
        (STATS, '{"5": {"favorite_genres": ["A"]}}', "user 5, favorite_genres: expected an object"),
        (BADGES, '{"5": [{"badge_id": "x"}]}', "user 5, badge 1, earned_date: expected"),
        (BADGES, '{"5": {}}', "user 5: expected a list of badges"),
    ],
)
def test_a_bad_file_is_named_and_nothing_changes(
    name: str, content: str, told: str, store: Store, old_folder: Path, tmp_path: Path
) -> None:
    """The error names file, record and field; the store is as it was."""
    (old_folder / name).write_text(content)
    with pytest.raises(ImportFault) as caught:
        bring(store, old_folder)
    assert str(old_folder / name) in str(caught.value)
    assert told in str(caught.value)
    assert not (tmp_path / "data" / STATS).exists()


def test_a_folder_without_such_files_is_told_so(store: Store, tmp_path: Path) -> None:
    """A wrong folder is an error, not an import of nothing."""
    with pytest.raises(ImportFault, match="nothing to import"):
        bring(store, tmp_path)
    with pytest.raises(ImportFault, match="is no folder"):
        bring(store, tmp_path / "nowhere")


def test_an_import_that_fails_midway_changes_nothing(
    store: Store, old_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All or nothing: a failure after the watches were written takes them back."""

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("persistence.operations.legacy_import.write_statistics", dies)
        with pytest.raises(KeyboardInterrupt):
            bring(store, old_folder)
    assert store.read_resumable(0) == ()
    assert bring(store, old_folder) == ImportResult(2, 2, 2)


def test_progress_is_told(store: Store, old_folder: Path) -> None:
    """Each kind of work says how much of it is done."""
    said: list[tuple[str, int, int]] = []
    import_legacy_files(store, read_legacy_files(old_folder, RULES), EVENING, lambda *told: said.append(told))
    assert {doing for doing, done, of in said if done == of} == {"watches", "viewers", "statistics", "copies"}


def test_old_figures_of_a_linked_member_are_refused(store: Store, old_folder: Path) -> None:
    """To take the link back would take them along; before the link, and again after it, they are brought in whole."""
    asked = LinkAccount("plex:srv:7", "annaplex", "501", "Ann", "1")
    with store.change(EVENING) as change:
        link(change, asked, EVENING)
    with pytest.raises(ImportFault, match=r"figures of 501 from before .*/unlink"):
        bring(store, old_folder)
    assert read_hours(store) == {}
    with store.change(EVENING) as change:
        unlink(change, UnlinkAccount("plex:srv:7", "501", "1"))
    bring(store, old_folder)
    finish(store, record("own", "plex:srv:7"))
    with store.change(EVENING) as change:
        link(change, asked, EVENING)
    before = read_hours(store)
    assert bring(store, old_folder) == ImportResult(0, 0, 0) and read_hours(store) == before


def test_importing_ones_own_export_changes_nothing(store: Store, tmp_path: Path) -> None:
    """No figure and no count of new records; a watch that can be resumed still can."""
    finish(store, record("w1", completed=False, playing_s=3600.0, ended_at_s=EVENING + 3600), record("w2", "502"))
    before = (read_hours(store), store.read_resumable(EVENING))
    export(store, tmp_path / "own")
    assert import_legacy_files(store, read_legacy_files(tmp_path / "own", RULES), EVENING + 7300) == ImportResult(
        0, 0, 0
    )
    assert (read_hours(store), store.read_resumable(EVENING)) == before
    assert [each.watch_id for each in before[1]] == ["w1", "w2"]


def test_an_import_does_not_bring_back_forgotten_viewers(store: Store, tmp_path: Path) -> None:
    """Except what they watched since; all others are there."""
    later: dict[str, Any] = {"started_at_s": EVENING + 3 * DAY, "ended_at_s": EVENING + 3 * DAY + 7200}
    finish(store, record("w1"), record("w2", "502"), record("w3", "503"))
    export(store, tmp_path / "before")
    for viewer_id in ("501", "503"):
        with store.change(EVENING + DAY) as change:
            erase_viewer(change, viewer_id, EVENING + DAY)
    finish(store, record("w4", "503", **later))
    export(store, tmp_path / "since")
    emptied = open_store(tmp_path / "new")
    with emptied.change(EVENING + DAY) as change:
        record_erasure(change.connection, ["501", "503"], EVENING + DAY)
    for folder, forgotten in (("before", 2), ("since", 1)):
        files = read_legacy_files(tmp_path / folder, RULES)
        import_legacy_files(store, files, EVENING + 4 * DAY)
        assert import_legacy_files(emptied, files, EVENING + 4 * DAY).left_out == forgotten
    assert read_hours(store) == read_hours(emptied) == {"502": 7200.0, "503": 7200.0}
    for opened in (store, emptied):
        with opened.reader.connect() as connection:
            badges = connection.execute(select(VIEWER_BADGES.c.viewer_id, VIEWER_BADGES.c.earned_at_s)).all()
        assert {who for who, at_s in badges if at_s < EVENING + DAY} == {"502"}
    emptied.close()
