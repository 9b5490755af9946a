"""Privacy choices and forgetting still apply in a store that a backup is restored to."""

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from messages import LinkAccount, SetPrivacy, UnlinkAccount
from persistence.database import backup as backup_module
from persistence.database.errors import BackupError
from persistence.database.tables import VIEWERS
from persistence.operations.erase import erase_viewer
from persistence.operations.link import link, unlink
from persistence.operations.privacy_carry_over import CarriedOver, PrivacyChoices, carry_over, read_privacy_choices
from persistence.records.viewers import read_choices, read_directory, set_privacy
from persistence.store import Store
from tests.integration.test_cli_store import usher
from tests.nights.evidence import load
from tests.unit.persistence.record_builders import DAY, EVENING, finish, open_store, record

ANN, BEN, CLEO, DAN, PLEX = "501", "502", "503", "504", "plex:srv:7"


def choose(store: Store, viewer_id: str, choice: str, at_s: float) -> None:
    """A member's choice."""
    with store.change(at_s) as change:
        set_privacy(change, SetPrivacy(viewer_id, f"name {viewer_id}", choice), at_s)  # type: ignore[arg-type] # any text


def viewers(store: Store) -> set[str]:
    """Everybody in the store."""
    with store.reader.connect() as connection:
        return set(connection.execute(select(VIEWERS.c.viewer_id)).scalars())


def backed_up(folder: Path) -> tuple[Store, Path]:
    """A store of four people with a backup, from when one was private; since then much was asked for."""
    store = open_store(folder)
    finish(store, *(record(f"w{who}", who) for who in (ANN, BEN, CLEO, DAN, PLEX)))
    choose(store, DAN, "private", EVENING + 1)
    made = backup_module.backup(folder / "usher.db", folder / "mine.db")
    choose(store, DAN, "anonymous", EVENING + DAY)
    choose(store, BEN, "untracked", EVENING + DAY)
    with store.change(EVENING + DAY) as change:
        link(change, LinkAccount(PLEX, "benplex", BEN, "Ben", "1"), EVENING + DAY)
    with store.change(EVENING + DAY) as change:
        erase_viewer(change, ANN, EVENING + DAY)
    return store, made.file


def test_privacy_choices_survive_a_restore(tmp_path: Path) -> None:
    """Also for an account that is no longer linked, and for forgotten viewers; applying them once is enough."""
    store, backup = backed_up(tmp_path)
    store.close()
    asked_for = read_privacy_choices(tmp_path / "usher.db")
    assert asked_for is not None
    backup_module.restore(backup, tmp_path / "usher.db")
    store = open_store(tmp_path)
    assert ANN in viewers(store)
    assert carry_over(store, asked_for, EVENING + 2 * DAY) == CarriedOver(choices=2, forgotten=1)
    assert viewers(store) == {BEN, CLEO, DAN, PLEX}
    assert set(load(tmp_path, "user_stats.json")) == {BEN, CLEO, DAN, PLEX}
    with store.reader.connect() as connection:
        assert dict(read_choices(connection)) == {BEN: "untracked", PLEX: "untracked", DAN: "anonymous"}
    assert carry_over(store, asked_for, EVENING + 3 * DAY) == CarriedOver(choices=0, forgotten=0)
    store.close()


def test_an_account_linked_since_stays_as_hidden_as_its_member(tmp_path: Path) -> None:
    """The choice is older than the backup, and the link younger."""
    store = open_store(tmp_path)
    finish(store, record("w1", BEN), record("w2", PLEX))
    choose(store, BEN, "private", EVENING)
    made = backup_module.backup(tmp_path / "usher.db", tmp_path / "mine.db")
    with store.change(EVENING + DAY) as change:
        link(change, LinkAccount(PLEX, "benplex", BEN, "Ben", "1"), EVENING + DAY)
    store.close()
    asked_for = read_privacy_choices(tmp_path / "usher.db")
    assert asked_for is not None
    backup_module.restore(made.file, tmp_path / "usher.db")
    store = open_store(tmp_path)
    carry_over(store, asked_for, EVENING + 2 * DAY)
    with store.reader.connect() as connection:
        assert dict(read_choices(connection)) == {BEN: "private", PLEX: "private"}
    store.close()


def test_an_untracked_members_account_is_not_tracked_after_a_forgetting(tmp_path: Path) -> None:
    """The choice held for it while it was linked."""
    store = open_store(tmp_path)
    with store.change(EVENING) as change:
        link(change, LinkAccount(PLEX, "benplex", BEN, "Ben", "1"), EVENING)
    choose(store, BEN, "untracked", EVENING)
    with store.change(EVENING + DAY) as change:
        erase_viewer(change, BEN, EVENING + DAY)
    finish(store, record("w1", PLEX, started_at_s=EVENING + 2 * DAY, ended_at_s=EVENING + 2 * DAY + 7200))
    assert viewers(store) == set()
    store.close()


def test_newer_choices_in_the_backup_stay(tmp_path: Path) -> None:
    """The store that it replaces may be the older one."""
    store = open_store(tmp_path)
    finish(store, record("w1", ANN), record("w2", BEN))
    with store.change(EVENING + DAY) as change:
        erase_viewer(change, ANN, EVENING + DAY)
    finish(store, record("w3", ANN, started_at_s=EVENING + 2 * DAY, ended_at_s=EVENING + 2 * DAY + 60))
    choose(store, BEN, "private", EVENING + DAY)
    old = PrivacyChoices(((SetPrivacy(BEN, "Ben", "anonymous"), EVENING),), {}, {ANN: EVENING + DAY})
    assert carry_over(store, old, EVENING + 3 * DAY) == CarriedOver(0, 0)
    assert viewers(store) == {ANN, BEN}
    store.close()


def test_an_unreadable_store_differs_from_one_without_choices(tmp_path: Path) -> None:
    """A store of an early revision has no such tables, and so no choices."""
    assert read_privacy_choices(tmp_path / "usher.db") is None
    (tmp_path / "usher.db").write_bytes(b"no database at all" * 100)
    assert read_privacy_choices(tmp_path / "usher.db") is None
    with closing(sqlite3.connect(tmp_path / "early.db")) as connection, connection:
        connection.execute("CREATE TABLE watches (watch_id TEXT)")
    assert read_privacy_choices(tmp_path / "early.db") == PrivacyChoices()


KILLED = """
import os, sys
def die(event, arguments):
    if event == "{event}" and "{place}" in str(arguments): os._exit(137)
sys.addaudithook(die)
import run
run.main(["restore", "data/mine.db"])
"""
STOPPED = """
import os, sys
from pathlib import Path
from tests.integration.store.test_store_wishes import backed_up, finish, record
store, _ = backed_up(Path("data"))
finish(store, record("last", "503"))
os._exit(9)
"""
OLD = {"w502", "w503", "w504", "last"}
"""What is in the old store by then: one was forgotten, and one is linked."""


def places(folder: Path) -> dict[str, set[str]]:
    """The stores in a folder, each with the ids of its watches."""
    files = [
        file
        for file in folder.glob("usher.db*")
        if file.is_file() and file.suffix != ".lock" and file.suffix != ".owner"
    ]
    files = [file for file in files if not file.name.endswith(("-wal", "-shm"))]
    found = {}
    for file in files:
        with closing(sqlite3.connect(file)) as connection:
            found[file.name] = {watch_id for (watch_id,) in connection.execute("SELECT watch_id FROM watches")}
    return found


@pytest.mark.parametrize(
    ("event", "place", "is_done"),
    [("os.link", "before-restore", False), ("os.rename", "data/usher.db", False), ("shutil.rmtree", "restoring", True)],
)
def test_a_restore_that_is_killed_loses_nothing(tmp_path: Path, event: str, place: str, is_done: bool) -> None:
    """There is a whole store in its place all the time, with the last commits of a service that was killed."""
    (tmp_path / "data").mkdir()
    assert usher(tmp_path, code=STOPPED).returncode == 9
    data = tmp_path / "data"
    assert (data / "usher.db-wal").stat().st_size, "the last commits are not in the one file yet"
    killed = usher(tmp_path, code=KILLED.format(event=event, place=place))
    assert killed.returncode == 137, killed.stderr
    left = places(data)
    assert set(left) >= {"usher.db"} and OLD in left.values()
    assert (left["usher.db"] == OLD) != is_done
    done = usher(tmp_path, "restore", "data/mine.db")
    assert done.returncode == 0, done.stderr
    assert is_done or "2 choices of privacy, 1 viewer forgotten" in done.stdout.replace("\n", " ")
    assert not list(data.glob("*restoring*"))
    store = open_store(data)
    assert viewers(store) == {BEN, CLEO, DAN, PLEX}
    with store.reader.connect() as connection:
        assert dict(read_choices(connection)) == {BEN: "untracked", PLEX: "untracked", DAN: "anonymous"}
    store.close()


def test_a_store_that_was_put_aside_comes_back_whole(tmp_path: Path) -> None:
    """With what a service that was killed had committed last; that nobody reads what is said does no harm."""
    (tmp_path / "data").mkdir()
    assert usher(tmp_path, code=STOPPED).returncode == 9
    data = tmp_path / "data"
    (data / "usher.db").chmod(0o600)

    def note(line: str) -> None:
        if line.startswith("Kept"):
            raise BrokenPipeError("nobody reads it")

    with pytest.raises(BrokenPipeError):
        backup_module.restore(data / "mine.db", data / "usher.db", note)
    (aside,) = data.glob("usher.db.before-restore-*")
    assert stat.S_IMODE((data / "usher.db").stat().st_mode) == 0o600
    done = usher(tmp_path, "restore", f"data/{aside.name}")
    assert done.returncode == 0, done.stderr
    assert places(data)["usher.db"] == OLD


def test_a_restore_is_refused_if_choices_cannot_be_applied(tmp_path: Path) -> None:
    """The store stays as it was, and shows nobody who has hidden."""
    store, backup = backed_up(tmp_path)
    store.close()
    before = (tmp_path / "usher.db").read_bytes()

    def fail(arriving: Path) -> None:
        assert arriving.exists()
        raise BackupError("no room for it")

    with pytest.raises(BackupError, match=r"no room for it"):
        backup_module.restore(backup, tmp_path / "usher.db", prepare=fail)
    assert (tmp_path / "usher.db").read_bytes() == before
    assert not list(tmp_path.glob("*restor*"))


def test_the_restore_command_reports_applied_choices(tmp_path: Path) -> None:
    """If the old store cannot be read at all, it says which choices are lost."""
    data = tmp_path / "data"
    data.mkdir()
    store, _ = backed_up(data)
    store.close()
    done = usher(tmp_path, "restore", "data/mine.db")
    assert done.returncode == 0, done.stderr
    assert "2 choices of privacy, 1 viewer forgotten" in done.stdout.replace("\n", " ")
    store = open_store(data)
    assert ANN not in viewers(store)
    store.close()
    for file in data.glob("usher.db*"):
        file.write_bytes(b"no database at all" * 100)
    done = usher(tmp_path, "restore", "data/mine.db")
    assert done.returncode == 0, done.stderr
    assert "/forgetme, does not hold in it" in done.stdout.replace("\n", " ")


def test_forgetting_in_a_backup_leaves_accounts_unlinked_since(tmp_path: Path) -> None:
    """The account was linked wrongly when the backup was made, and unlinked before its member was forgotten."""
    store = open_store(tmp_path)
    finish(store, record("w1", ANN), record("w2", PLEX))
    with store.change(EVENING) as change:
        link(change, LinkAccount(PLEX, "ben's tv", ANN, "Ann", "1"), EVENING)
    made = backup_module.backup(tmp_path / "usher.db", tmp_path / "mine.db")
    with store.change(EVENING + DAY) as change:
        unlink(change, UnlinkAccount(PLEX, ANN, "1"))
    with store.change(EVENING + 2 * DAY) as change:
        erase_viewer(change, ANN, EVENING + 2 * DAY)
    store.close()
    assert restore_backup(tmp_path, made.file) == CarriedOver(0, 1)
    assert places(tmp_path)["usher.db"] == {"w2"}


def test_an_account_that_was_hidden_after_the_backup_is_hidden_again(tmp_path: Path) -> None:
    """In the backup it belongs to an open member, who then became private, and from whom it was unlinked."""
    store = open_store(tmp_path)
    finish(store, record("w1", PLEX))
    with store.change(EVENING) as change:
        link(change, LinkAccount(PLEX, "tv", ANN, "Ann", "1"), EVENING)
    made = backup_module.backup(tmp_path / "usher.db", tmp_path / "mine.db")
    choose(store, ANN, "private", EVENING + DAY)
    with store.change(EVENING + 2 * DAY) as change:
        unlink(change, UnlinkAccount(PLEX, ANN, "1"))
    choose(store, ANN, "open", EVENING + 3 * DAY)
    store.close()
    assert restore_backup(tmp_path, made.file) == CarriedOver(1, 0)
    store = open_store(tmp_path)
    with store.reader.connect() as connection:
        people = read_directory(connection)
    assert not people.shows(PLEX) and people.shows(ANN)
    store.close()


def test_a_viewer_who_came_back_after_forgetme_stays(tmp_path: Path) -> None:
    """The backup is newer than the store that it replaces, and has nobody who was forgotten."""
    store = open_store(tmp_path)
    finish(store, record("w1", ANN, started_at_s=EVENING + DAY, ended_at_s=EVENING + DAY + 7200))
    assert carry_over(store, PrivacyChoices((), {}, {ANN: EVENING}), EVENING + 40 * DAY) == CarriedOver(0, 0)
    assert viewers(store) == {ANN}
    store.close()


def test_an_old_store_that_cannot_be_read_now_is_waited_for(tmp_path: Path) -> None:
    """It may be sound, and hold what people asked for: another user's, or another program has it."""
    (tmp_path / "usher.db").mkdir()
    with pytest.raises(BackupError, match=r"cannot be read: .* nothing was changed"):
        read_privacy_choices(tmp_path / "usher.db")


def test_a_restore_warns_of_an_old_backup(tmp_path: Path) -> None:
    """Viewers forgotten so long ago are not remembered any more."""
    (tmp_path / "data").mkdir()
    store = open_store(tmp_path / "data")
    long_ago_s = EVENING - 400 * DAY
    finish(store, record("w1", ANN, started_at_s=long_ago_s, ended_at_s=long_ago_s + 7200))
    backup_module.backup(tmp_path / "data" / "usher.db", tmp_path / "mine.db")
    store.close()
    done = usher(tmp_path, "restore", "mine.db")
    assert "The backup is from 16 October 2025: whoever was forgotten" in done.stdout, done.stderr


def test_the_copies_are_rewritten_after_a_restore(tmp_path: Path) -> None:
    """A line in the middle may have been replaced by one of the same length: neither size nor end show it."""
    data = tmp_path / "data"
    data.mkdir()
    store = open_store(data)
    finish(store, record("w1", ANN), record("w2", BEN))
    backup_module.backup(data / "usher.db", tmp_path / "mine.db")
    store.close()
    history = (data / "watch_history.json").read_bytes()
    (data / "watch_history.json").write_bytes(history.replace(b"7200.0", b"7100.0", 1))
    assert usher(tmp_path, "restore", "mine.db").returncode == 0
    open_store(data).close()
    assert (data / "watch_history.json").read_bytes() == history


def restore_backup(folder: Path, backup: Path) -> CarriedOver:
    """Restore a backup as the command line does; return what had to be done in it."""
    asked_for, held = read_privacy_choices(folder / "usher.db"), CarriedOver(0, 0)
    assert asked_for is not None

    def prepare(arriving: Path) -> None:
        nonlocal held
        store = open_store(arriving.parent)
        held = carry_over(store, asked_for, EVENING + 40 * DAY)
        store.close()

    backup_module.restore(backup, folder / "usher.db", prepare=prepare)
    return held
