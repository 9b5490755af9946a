"""`backup` and `restore` on the command line, with and without a running service."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config import Settings
from launcher.commands import store as store_commands
from launcher.connection.lock import FolderLock
from launcher.connection.run_state import ProcessIdentity, RunFile, RunState
from messages import LinkAccount
from persistence.database.open_store import open_writer
from persistence.json_files.files import HISTORY
from persistence.operations.legacy_import import export
from persistence.operations.link import link
from tests.unit.persistence.record_builders import EVENING, finish, open_store, record

ROOT = Path(__file__).resolve().parent.parent.parent


def usher(
    folder: Path, *arguments: str, full_beyond: int = resource.RLIM_INFINITY, code: str = "", **settings: str
) -> subprocess.CompletedProcess[str]:
    """The command line in a folder, on its data folder `data`; no file may grow beyond so many bytes.

    `code`: Python to run in the command line's place.
    """
    program = ["-c", code] if code else [str(ROOT / "run.py")]
    return subprocess.run(
        [sys.executable, *program, *arguments], cwd=folder, capture_output=True, text=True,
        env={"PATH": os.environ["PATH"], "DATA_DIR": "data", "PYTHONPATH": str(ROOT), **settings},
        timeout=60, encoding="utf-8",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (full_beyond, resource.RLIM_INFINITY)),
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working folder whose data folder holds an empty store."""
    data = tmp_path / "data"
    data.mkdir()
    open_writer(Settings(data_dir=str(data)).store_url, data / "backups").dispose()
    return tmp_path


def test_a_backup_gets_a_name_or_the_one_given(folder: Path) -> None:
    """Verified, its figures on stdout; the path given is the user's own, not the service's."""
    done = usher(folder, "backup")
    assert done.returncode == 0, done.stderr
    assert len(list((folder / "data" / "backups").glob("usher-*.db"))) == 1
    assert "0 watch records of 0 viewers" in done.stdout
    assert usher(folder, "backup", "mine.db").returncode == 0
    assert (folder / "mine.db").exists()


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX's")
@pytest.mark.parametrize(("umask", "mode"), [("077", 0o600), ("027", 0o640)])
def test_umask_decides_who_reads_the_files(tmp_path: Path, umask: str, mode: int) -> None:
    """Store, copies and exports, whatever umask the shell has; 077 is the default."""
    settings = {} if umask == "077" else {"UMASK": umask}
    old = tmp_path / "old"
    old.mkdir()
    (old / "user_badges.json").write_text('{"5": [{"badge_id": "first", "earned_date": "2024-01-01"}]}')
    before = os.umask(0)
    try:
        for arguments in (("import", "old"), ("export", "out")):
            done = usher(tmp_path, *arguments, code="", full_beyond=resource.RLIM_INFINITY, **settings)
            assert done.returncode == 0, done.stderr
    finally:
        os.umask(before)
    files = {file for folder in ("data", "out") for file in (tmp_path / folder).rglob("*") if file.is_file()}
    assert {"usher.db", "user_stats.json"} <= {file.name for file in files}
    assert [file.name for file in files if file.stat().st_mode & 0o777 & ~mode] == []
    assert (tmp_path / "out" / "user_stats.json").stat().st_mode & 0o777 == mode


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("backup", "nowhere/x.db"), "There is no folder {here}/nowhere for the backup: make it, or name another."),
        (("backup", "data"), "{here}/data is a folder: name a file in it for the backup."),
        (("restore", "data"), "There is no file data to restore"),
        (("export", "note.txt"), "{here}/note.txt is a file: name a folder to export to."),
        (
            ("export", "note.txt/x"),
            "{here}/note.txt/x: Not a directory. A file is in the place of a folder: move it away",
        ),
        (("import", "nowhere"), "{here}/nowhere is not there: name a folder of the older bot"),
        (
            ("import", "old"),
            "{here}/old/user_stats.json cannot be read: it is a folder: put a regular file in",
        ),
        (("import", "old2"), "{here}/old2/user_stats.json cannot be read: it is UTF-16, not UTF-8: save it as UTF-8."),
        (("import", "old3"), "user_stats.json, line 1, column 2: this is no JSON (Expecting property name enclosed in"),
        (("restore", "note.txt"), "{here}/note.txt is damaged (file is not a database): name another backup."),
    ],
)
def test_a_failing_command_says_why_in_one_sentence(arguments: tuple[str, ...], said: str, folder: Path) -> None:
    """And what to do; no file is made on the way."""
    (folder / "note.txt").write_text("a note of somebody's " * 500)
    (folder / "old" / "user_stats.json").mkdir(parents=True)
    for name, content in (("old2", b"\xff\xfe\xff"), ("old3", b"{")):
        (folder / name).mkdir()
        (folder / name / "user_stats.json").write_bytes(content)
    before = sorted(folder.iterdir())
    done = usher(folder, *arguments)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert said.format(here=folder) in done.stderr.replace("\n", " ")
    assert sorted(folder.iterdir()) == before


def test_a_full_disk_leaves_all_or_nothing(folder: Path) -> None:
    """No part of an export, nor an import's; what is stored already is said to be, and each has its cure."""
    old_folder(folder)
    record = json.loads((folder / "old" / "watch_history.json").read_text("utf-8"))[0]
    films = [{**record, "movie_title": f"Film {number}"} for number in range(300)]
    (folder / "old" / "watch_history.json").write_text(json.dumps(films), "utf-8")
    done = usher(folder, "import", "old", full_beyond=100_000)
    assert done.returncode == 1 and "Nothing was changed." in done.stderr and "Make room on the disk" in done.stderr
    assert "memory" not in done.stderr and "Traceback" not in done.stderr
    (folder / "data" / ".user_stats.json.arriving").mkdir()
    done = usher(folder, "import", "old")
    assert done.returncode == 1 and "arriving: Is a directory." in done.stderr
    assert "All of it is in the store; the three JSON files follow" in done.stderr and "memory" not in done.stderr
    (folder / "data" / ".user_stats.json.arriving").rmdir()
    done = usher(folder, "export", "out", full_beyond=70_000)
    assert done.returncode == 1 and done.stderr.startswith(f"{folder}/out: File too large. Make room on the disk")
    assert not (folder / "out").exists()
    done = usher(folder, "export", "out")
    assert done.returncode == 0 and len(json.loads((folder / "out" / "watch_history.json").read_text("utf-8"))) == 300


def test_a_backup_of_nothing_is_an_error_and_makes_nothing(tmp_path: Path) -> None:
    """Exit 1, in words."""
    done = usher(tmp_path, "backup")
    assert done.returncode == 1 and "no store" in done.stderr and "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_restore_keeps_the_old_store_and_says_where(folder: Path) -> None:
    """There and back."""
    assert usher(folder, "backup", "mine.db").returncode == 0
    done = usher(folder, "restore", "mine.db")
    assert done.returncode == 0, done.stderr
    kept = [file.name for file in (folder / "data").glob("usher.db.before-restore-*") if file.name[-1].isdigit()]
    assert len(kept) == 1 and kept[0] in done.stdout


def test_a_bad_badges_file_keeps_no_store_from_being_restored(folder: Path) -> None:
    """It is named, and the default badges hold."""
    assert usher(folder, "backup", "mine.db").returncode == 0
    (folder / "data" / "badges.toml").write_text("[[badge]]\nthreshold = inf\n")
    done = usher(folder, "restore", "mine.db")
    assert done.returncode == 0, done.stderr
    assert "badges.toml, badge 1.threshold: this is no number of a reasonable size" in done.stderr


def test_a_restore_on_a_full_disk_leaves_the_store_and_says_what_to_do(folder: Path) -> None:
    """Nothing of it stays beside the store either."""
    assert usher(folder, "backup", "mine.db").returncode == 0
    before = (folder / "data" / "usher.db").read_bytes()
    done = usher(folder, "restore", "mine.db", full_beyond=60_000)
    assert done.returncode == 1
    said = " ".join(done.stderr.split())
    assert (
        "could not be restored: " in said
        and "Make room on the disk" in said
        and said.endswith("The store is as it was.")
    )
    assert (folder / "data" / "usher.db").read_bytes() == before
    assert not list((folder / "data").glob("*restor*"))


def test_restore_of_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Said, and no folder made for it."""
    done = usher(tmp_path, "restore", "gone.db")
    assert done.returncode == 1 and "gone.db" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_restore_refuses_while_a_service_runs(folder: Path) -> None:
    """It names the process and the way out, and touches nothing."""
    assert usher(folder, "backup", "mine.db").returncode == 0
    data = folder / "data"
    with FolderLock(data), contextlib.ExitStack() as undo:
        file = RunFile(data)
        undo.callback(file.remove)
        file.write(RunState(ProcessIdentity.from_pid(os.getpid())))
        done = usher(folder, "restore", "mine.db")
    assert done.returncode == 1
    assert f"process {os.getpid()}" in done.stderr and "Stop that one first" in done.stderr
    assert not list(data.glob("*before-restore*"))


def test_backup_of_a_database_server_names_pg_dump(folder: Path) -> None:
    """Usher does not imitate it."""
    done = usher(folder, "backup", DATABASE_URL="postgresql+psycopg://usher:hidden@127.0.0.1:1/usher")
    assert done.returncode == 1 and "pg_dump" in done.stderr and "hidden" not in done.stderr


OLD = {
    "user_stats.json": {
        "200000000000000001": {
            "user_id": "200000000000000001", "username": "Zoë", "total_movies": 1, "total_watch_time_minutes": 90,
            "completed_movies": 1, "current_streak_days": 1, "longest_streak_days": 1,
            "last_watch_date": "2026-10-31T22:00:00", "favorite_genres": {"Horror": 1},
            "favorite_decades": {"1920s": 1}, "directors_watched": ["F. W. Murnau"], "ai_interactions": 3,
            "votes_cast": 2, "movies_requested": 1,
        }
    },
    "user_badges.json": {
        "200000000000000001": [
            {"badge_id": "of_another_time", "earned_date": "2026-10-31T22:00:00", "progress_value": 1}
        ]
    },
    "watch_history.json": [
        {
            "movie_title": "Nosferatu", "user_id": "200000000000000001", "start_time": "2026-10-31T20:30:00",
            "end_time": "2026-10-31T22:00:00", "watch_duration_minutes": 90, "completion_percentage": 96.0,
            "genres": ["Horror"], "year": 1922, "director": "F. W. Murnau",
        }
    ],
}  # fmt: skip


def old_folder(folder: Path) -> Path:
    """The older bot's files, as it wrote them."""
    old = folder / "old"
    old.mkdir()
    for name, content in OLD.items():
        (old / name).write_text(json.dumps(content), encoding="utf-8")
    return old


def test_a_second_import_finds_nothing_new(tmp_path: Path) -> None:
    """It says so; the export has the record and the unknown badge."""
    old_folder(tmp_path)
    first = usher(tmp_path, "import", "old")
    assert first.returncode == 0, first.stderr
    assert "1 watch record, 1 viewer, 1 badge." in first.stdout
    second = usher(tmp_path, "import", "old")
    assert second.returncode == 0 and "nothing was changed" in second.stdout
    done = usher(tmp_path, "export", "out")
    assert done.returncode == 0, done.stderr
    history = json.loads((tmp_path / "out" / "watch_history.json").read_text(encoding="utf-8"))
    badges = json.loads((tmp_path / "out" / "user_badges.json").read_text(encoding="utf-8"))
    assert [record["movie_title"] for record in history] == ["Nosferatu"]
    assert "of_another_time" in json.dumps(badges)
    assert all(name in done.stdout for name in OLD)


def test_export_overwrites_nothing(tmp_path: Path) -> None:
    """A second export into the same folder is refused."""
    old_folder(tmp_path)
    assert usher(tmp_path, "import", "old").returncode == 0
    assert usher(tmp_path, "export", "old").returncode == 1
    assert json.loads((tmp_path / "old" / "watch_history.json").read_text()) == OLD["watch_history.json"]


def test_a_broken_file_is_named_and_nothing_is_made(tmp_path: Path) -> None:
    """All or nothing: not even a data folder."""
    (old_folder(tmp_path) / "watch_history.json").write_text('[{"movie_title": ')
    done = usher(tmp_path, "import", "old")
    assert done.returncode == 1 and "watch_history.json" in done.stderr and "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_export_of_nothing_makes_nothing(tmp_path: Path) -> None:
    """No store, no folder."""
    done = usher(tmp_path, "export", "out")
    assert done.returncode == 1 and "no store" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_import_refuses_while_a_service_runs(folder: Path) -> None:
    """Two writers would undo each other's memory: it names the process and the way out."""
    old_folder(folder)
    data = folder / "data"
    with FolderLock(data), contextlib.ExitStack() as undo:
        file = RunFile(data)
        undo.callback(file.remove)
        file.write(RunState(ProcessIdentity.from_pid(os.getpid())))
        done = usher(folder, "import", "old")
    assert done.returncode == 1 and f"process {os.getpid()}" in done.stderr


@pytest.mark.parametrize(("percent", "completed"), [("30", True), ("50", False)])
def test_import_follows_watched_percent(percent: str, completed: bool, tmp_path: Path) -> None:
    """What a member and the linked account watched at one time becomes one watch, completed or not by the setting."""
    early = record("P", "plex:srv:7", source="plex", **_part(0, 48))
    late = record("V", **_part(24, 72))
    before = open_store(tmp_path / "before")
    finish(before, late)
    export(before, tmp_path / "files")
    before.close()
    store = open_store(tmp_path / "data")
    with store.change(EVENING) as change:
        link(change, LinkAccount("plex:srv:7", "annaplex", "501", "Anna", "1"), EVENING)
    finish(store, early)
    store.close()
    done = usher(tmp_path, "import", "files", WATCHED_PERCENT=percent)
    assert done.returncode == 0, done.stderr
    (line,) = json.loads((tmp_path / "data" / HISTORY).read_text())
    assert (line["completion_percentage"], line["completed"]) == (40.0, completed)


def test_commands_use_the_settings_of_what_counts_as_watched() -> None:
    """`import`, `restore` and `export` count as the service does."""
    rules = store_commands.build_rules(Settings(watched_percent=42.0, min_watch_seconds=7.0))
    assert (rules.watched_percent, rules.min_watch_s) == (42.0, 7.0)


def _part(begins: int, ends: int) -> dict[str, Any]:
    """From one minute of the film to another, without a pause."""
    stretch = (begins * 60_000, ends * 60_000)
    length_ms = stretch[1] - stretch[0]
    return {
        "started_at_s": EVENING + begins * 60,
        "ended_at_s": EVENING + ends * 60,
        "spans": (stretch,),
        "playing_s": length_ms / 1000,
        "coverage_ms": length_ms,
        "completion_percent": length_ms / 72_000,
        "completed": False,
    }


def test_the_audit_log_has_what_was_done_to_the_store(folder: Path) -> None:
    """Who, what, with which file, and how it ended; a full disk is said, and fails nothing."""
    assert usher(folder, "backup", "mine.db").returncode == 0
    assert usher(folder, "restore", "missing.db").returncode == 1
    log = folder / "data" / "logs" / "audit.jsonl"
    done, failed = map(json.loads, log.read_text(encoding="utf-8").splitlines())
    assert (done["act"], done["outcome"], done["from"]) == ("backup", "done", "command line")
    assert done["targets"] == [{"id": "mine.db", "name": ""}] and done["who"]["id"] == str(os.getuid())
    assert failed["act"] == "restore" and failed["outcome"].startswith("failed: ") and "missing.db" in failed["outcome"]
    log.unlink()
    log.mkdir()
    noted = usher(folder, "backup", "other.db")
    assert noted.returncode == 0 and "not in the audit log" in noted.stderr


def test_the_summaries_command_finds_and_corrects_errors(folder: Path) -> None:
    """It reports only what is wrong, which is right afterwards."""
    store = open_store(folder / "data")
    finish(store, record("w1"), record("w2", "502"))
    with store.transaction() as connection:
        connection.exec_driver_sql("UPDATE film_periods SET playing_us = playing_us + 1")
    store.close()
    for said in ("Counted again from the records because they differed: film_periods.", "what the records add up to"):
        done = usher(folder, "summaries")
        assert done.returncode == 0 and said in done.stdout, done.stderr


def test_no_core_dump_is_left(tmp_path: Path) -> None:
    """Tokens are in the memory of a process that crashes; what it starts inherits the limit."""
    code = "import resource, run; run.main(['health']); print(resource.getrlimit(resource.RLIMIT_CORE))"
    assert usher(tmp_path, code=code).stdout.splitlines()[-1] == "(0, 0)"
