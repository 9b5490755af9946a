"""Dead letters: one readable line each, whatever the message contains, and never an error of their own."""

from __future__ import annotations

import json
import logging
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from actors.runtime.delivery import dead_letters as module
from actors.runtime.delivery.dead_letters import SAID_AT_MOST, SHOWN, DeadLetters
from messages import AutoSaveTick, Moment, SaveNow


def lines(path: Path) -> list[dict[str, Any]]:
    """What stands there."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where they go; the folder is not there yet."""
    return tmp_path / "logs" / "dead_letters.jsonl"


def test_a_message_is_written_with_its_field_names(path: Path) -> None:
    """Readable by people, with who sent it, its tag, its id and the reason."""
    DeadLetters(path, "persistence").add("the mailbox is full", sender="discord", message=SaveNow("7"), message_id="x1")
    [line] = lines(path)
    assert line.pop("ts").startswith("20")
    assert line == {
        "actor": "persistence", "from": "discord", "reason": "the mailbox is full", "tag": "save_now", "id": "x1",
        "size": 0, "body": {"requested_by": "7"},
    }  # fmt: skip


def test_bytes_that_are_no_message_are_shown_in_hex(path: Path) -> None:
    """The beginning of them, and their size."""
    DeadLetters(path, "persistence").add("NotMsgpack: nonsense", size=100_000, body=b"\xc1" * 100_000)
    [line] = lines(path)
    assert line["body"] == "c1" * 64
    assert line["size"] == 100_000


@pytest.mark.parametrize(
    "body",
    [{1: 2}, {b"x": object}, [float("nan")], {(1, 2): 3}, "half a letter \ud800", [b"\xff"], None, {"a": {1, 2}}],
)
def test_any_body_is_one_line_of_json(path: Path, body: object) -> None:
    """What JSON has no word for is shown as Python does."""
    letters = DeadLetters(path, "tracker")
    letters.add("odd", body=body)
    letters.add("next", message=SaveNow("1"))
    assert [line["reason"] for line in lines(path)] == ["odd", "next"]


def test_a_body_too_deep_to_be_shown_says_so(path: Path) -> None:
    """Neither JSON nor repr goes that deep."""
    deep: list[Any] = []
    for _ in range(5_000):
        deep = [deep]
    DeadLetters(path, "tracker").add("deep", body=deep)
    assert lines(path)[0]["body"] == "nested too deeply to be shown"


def test_a_long_body_is_cut_unless_it_is_wanted_whole(path: Path) -> None:
    """What was set aside can be brought back by hand; what a flood left behind fills no disk."""
    letters = DeadLetters(path, "tracker")
    letters.add("cut", message=SaveNow("x" * 2 * SHOWN))
    letters.add("whole", message=SaveNow("x" * 2 * SHOWN), whole=True)
    cut, whole = lines(path)
    assert len(cut["body"]) == SHOWN + 1
    assert whole["body"] == {"requested_by": "x" * 2 * SHOWN}


def test_without_a_file_they_are_counted_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    """As in the command line's own endpoint."""
    letters = DeadLetters(None, "health")
    letters.add("the asker is gone", message=SaveNow("1"), sender="discord")
    assert letters.count == 1
    assert caplog.messages == ["Message dropped: the asker is gone (save_now) from discord"]


def test_a_flood_fills_no_log(path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file has each; the log has the first, and later how many more there were."""
    now_s = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now_s)
    letters = DeadLetters(path, "tracker")
    for _ in range(500):
        letters.add("the mailbox is full", message=AutoSaveTick(Moment(1.0, 1.0)))
    assert len(caplog.messages) == SAID_AT_MOST
    assert letters.count == len(lines(path)) == 500
    now_s += module.SAID_WITHIN_S
    letters.add("the last one")
    assert f"{500 - SAID_AT_MOST} before it" in caplog.messages[-1]


def test_a_full_disk_is_logged_and_survived(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what to do about it."""

    def fail_full(*_: Any, **__: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", fail_full)
    DeadLetters(path, "tracker").add("odd")
    assert caplog.records[-1].levelno == logging.WARNING
    assert "No space left on device (make room on the disk)" in caplog.messages[-1]


def test_a_full_file_moves_on(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One older file is kept: neither the disk nor the last letters are lost."""
    monkeypatch.setattr(module, "MAX_BYTES", 1_000)
    letters = DeadLetters(path, "tracker")
    for number in range(20):
        letters.add(f"letter {number}")
    older = path.with_name(path.name + ".1")
    kept = lines(older) + (lines(path) if path.exists() else [])
    reasons = [line["reason"] for line in kept]
    assert reasons == [f"letter {number}" for number in range(20 - len(reasons), 20)]
    assert older.stat().st_size < 1_500


def test_several_writers_share_a_file(path: Path) -> None:
    """Every line stands for itself: one write each, at the end of the file."""

    def write(actor: str) -> None:
        letters = DeadLetters(path, actor)
        for number in range(100):
            letters.add("x" * 500, message_id=str(number))

    writers = [threading.Thread(target=write, args=(actor,)) for actor in ("plex", "tracker", "discord")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    found = lines(path)
    for actor in ("plex", "tracker", "discord"):
        assert [int(line["id"]) for line in found if line["actor"] == actor] == list(range(100))


@pytest.mark.skipif(os.name != "posix", reason="file modes are posix")
def test_dead_letters_are_private(path: Path) -> None:
    """They contain what people watched."""
    DeadLetters(path, "tracker").add("odd")
    assert path.stat().st_mode & 0o077 == 0
