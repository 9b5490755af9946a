"""A long history copy is rewritten beside the saves: nothing waits for it, and it is complete at the end."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import event

from messages import LinkAccount, UnlinkAccount
from persistence.json_files import history
from persistence.json_files.files import HISTORY, JsonFiles
from persistence.json_files.history import read_history_lines
from persistence.operations.erase import erase_viewer
from persistence.operations.link import CannotLink, link, unlink
from persistence.operations.save import save
from persistence.store import Store
from tests.deadlines import WITHIN_S
from tests.unit.persistence.record_builders import DAY, EVENING, FILM, finish, open_store, record

ACCOUNTS = ("plex:srv:1", "plex:srv:2")
MEMBERS = ("501", "502")


class Rewriting:
    """A store whose history counts as long, with what the actor does when another thread has written it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = open_store(folder)
        self._written = threading.Semaphore(0)
        self.store.json_sync.rewriter.start(self._written.release)

    def complete(self) -> None:
        """Wait for the other thread until nothing is left to be written."""
        while self.store.json_sync.rewriter.is_running:
            assert self._written.acquire(timeout=WITHIN_S), "the other thread is not done"
            self.store.json_sync.complete_rewriting()

    def complete_what_is_there(self) -> None:
        """Take what the other thread has written by now."""
        if self._written.acquire(blocking=False):
            self.store.json_sync.complete_rewriting()

    def read_copy(self) -> bytes:
        """The bytes of the history copy."""
        return (self.folder / HISTORY).read_bytes()

    def read_right(self) -> bytes:
        """What they should be, by the store."""
        with self.store.reader.connect() as connection:
            return b"[\n" + b",\n".join(read_history_lines(connection)) + b"\n]\n"


@pytest.fixture
def rewriting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rewriting]:
    """A store of three records, which are many."""
    monkeypatch.setattr(history, "LARGE", 3)
    opened = Rewriting(tmp_path)
    finish(opened.store, *(record(f"w{number}", MEMBERS[number % 2]) for number in range(3)), at_s=EVENING)
    opened.complete()
    yield opened
    opened.store.json_sync.rewriter.close()
    opened.store.close()


@pytest.fixture
def held_writer(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """The other thread writes nothing until this is set."""
    may_write = threading.Event()

    def hold(write: Callable[..., Any]) -> Callable[..., Any]:
        def wait_and_write(*given: Any) -> Any:
            assert may_write.wait(WITHIN_S)
            return write(*given)

        return wait_and_write

    for name in ("prepare_history", "prepare_changed"):
        monkeypatch.setattr(JsonFiles, name, hold(getattr(JsonFiles, name)))
    return may_write


def test_saves_do_not_wait_for_it(rewriting: Rewriting, held_writer: threading.Event) -> None:
    """A save on command, and watches that end and go on meanwhile, while the other thread has not written a line."""
    (rewriting.folder / HISTORY).write_bytes(b"torn")
    save(rewriting.store, [], EVENING + 10, "command")
    done = rewriting.store.json_sync.rewriter.await_written()
    finish(rewriting.store, record("w7", "503"), record("w8", "504"), at_s=EVENING + 20)
    resumed = record("w7", "503", playing_s=7300.0, ended_at_s=EVENING + 8000)
    with rewriting.store.change(EVENING + 30) as change:
        link(change, LinkAccount(ACCOUNTS[0], "", MEMBERS[0], "Ana", "1"), EVENING + 30)
    finish(rewriting.store, replace(resumed, watch_id="w9"), at_s=EVENING + 40)
    assert not done.done() and rewriting.read_copy() == b"torn"
    held_writer.set()
    rewriting.complete()
    assert done.done() and done.exception() is None
    assert rewriting.read_copy() == rewriting.read_right()
    assert not rewriting.store.json_files_outdated and rewriting.store.repair_json_files() == []


def test_an_interrupted_rewrite_is_done_at_the_next_start(rewriting: Rewriting, held_writer: threading.Event) -> None:
    """The service stops in the middle of it: the copy counts as outdated."""
    with rewriting.store.change(EVENING + 30) as change:
        erase_viewer(change, MEMBERS[0], EVENING + 30)
    held_writer.set()
    rewriting.store.json_sync.rewriter.close()
    rewriting.store.close()
    again = Rewriting(rewriting.folder)
    again.store.repair_json_files()
    again.complete()
    assert again.read_copy() == again.read_right()
    assert not list(rewriting.folder.glob(".*prepared*"))
    again.store.json_sync.rewriter.close()
    again.store.close()


def test_a_failed_rewrite_is_reported_to_the_asker(rewriting: Rewriting, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk; the next save writes it."""

    def fill(*_given: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(JsonFiles, "prepare_history", fill)
        save(rewriting.store, [], EVENING + 10, "command")
        done = rewriting.store.json_sync.rewriter.await_written()
        with pytest.raises(Exception, match="No space left"):
            rewriting.complete()
    assert "No space left" in str(done.exception()) and rewriting.store.json_files_outdated
    rewriting.store.repair_json_files()
    rewriting.complete()
    assert rewriting.read_copy() == rewriting.read_right()


def test_a_link_reads_no_history(rewriting: Rewriting) -> None:
    """Lines of records that move are changed where they stand: no record of anybody else is read from the store."""
    other = replace(FILM, rating_key="7", title="Brazil")
    finish(rewriting.store, *(record(f"a{number}", ACCOUNTS[0], item=other) for number in range(4)), at_s=EVENING)
    linked, unlinked = LinkAccount(ACCOUNTS[0], "", MEMBERS[1], "Ana", "1"), UnlinkAccount(ACCOUNTS[0], MEMBERS[1], "1")
    for is_link in (True, False):
        read: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any, read: list[str] = read) -> None:
            read.append(statement)

        event.listen(rewriting.store.reader, "before_cursor_execute", note)
        with rewriting.store.change(EVENING + 30) as change:
            assert (link(change, linked, EVENING) if is_link else unlink(change, unlinked)) == 4
        rewriting.complete()
        event.remove(rewriting.store.reader, "before_cursor_execute", note)
        assert not [statement for statement in read if "FROM watches ORDER BY watches.seq" in statement]
        assert rewriting.read_copy() == rewriting.read_right()


@pytest.mark.parametrize("seed", range(6))
def test_the_copy_is_right_after_any_changes(rewriting: Rewriting, seed: int) -> None:
    """Watches end and continue, accounts are linked and unlinked, somebody is forgotten, during a rewrite or not."""
    chance = random.Random(seed)  # noqa: S311 - a game
    for number in range(50):
        at_s = EVENING + number * DAY / 8
        work = chance.choices(("finish", "link", "unlink", "command", "forget", "take"), (8, 2, 2, 1, 0.3, 4))[0]
        if work == "finish":
            _finish_some(rewriting.store, chance, number, at_s)
        elif work == "command":
            save(rewriting.store, [], at_s, "command")
        elif work == "take":
            rewriting.complete_what_is_there()
        else:
            with suppress(CannotLink), rewriting.store.change(at_s) as change:
                account, member = chance.choice(ACCOUNTS), chance.choice(MEMBERS)
                if work == "link":
                    link(change, LinkAccount(account, "", member, "Ana", "1"), at_s)
                elif work == "unlink":
                    unlink(change, UnlinkAccount(account, member, "1"))
                else:
                    erase_viewer(change, member, at_s)
    rewriting.complete()
    assert rewriting.read_copy() == rewriting.read_right()


def _finish_some(store: Store, chance: random.Random, number: int, at_s: float) -> None:
    """A watch of somebody, at the same time as others of the same film; or more of one that had ended."""
    watch = chance.choice([number, *range(max(0, number - 4), number)])
    who = random.Random(watch).choice([*ACCOUNTS, *MEMBERS, "503"])  # noqa: S311 - a game
    begun_s = EVENING + watch // 3 * DAY / 2
    item = replace(FILM, rating_key=str(watch // 3 % 4), title='"user_id":"plex:srv:1"')
    playing_s = 1800.0 + number
    made = record(
        f"l{watch}", who, item=item, started_at_s=begun_s, ended_at_s=begun_s + playing_s, playing_s=playing_s
    )
    finish(store, made, at_s=at_s)
