"""What the long evening's processes sent each other, and what none of it may hold."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import msgpack
import pytest

from messages import CATALOGUE, WatchRecord
from simulator.nights.kill_matrix.process_killer import frames
from tests.e2e.long_evening import FILM, Evening
from tests.nights.evidence import read_told

pytestmark = pytest.mark.slow

SENDERS = ("launcher", "plex", "tracker", "persistence", "discord")
KINDS = {"tell", "ask", "answer", "error", "kept", "done", "set_aside", "ping", "pong", "stop"}
SAME = ("viewer_id", "username", "source", "started_at_s", "ended_at_s", "playing_s", "coverage_ms", "end_reason")


def test_every_frame_is_plain_msgpack(long_evening: Evening) -> None:
    """Each of thousands decodes with the msgpack package alone: an envelope, and in it a message of the catalogue."""
    tags = {str(kind.__struct_config__.tag) for kind in CATALOGUE}
    for sender in SENDERS:
        kinds: Counter[str] = Counter()
        for frame in frames(long_evening.frames_dir / f"{sender}.frames"):
            kind, _, by, _, body, *_ = msgpack.unpackb(frame)
            kinds[kind] += 1
            assert kind in KINDS and by == sender
            if kind in ("tell", "ask", "answer", "kept"):
                assert body[0] in tags
        assert kinds, f"{sender} sent nothing"


def test_what_was_sent_is_what_was_stored(long_evening: Evening) -> None:
    """The tracker closed exactly the watches that the store has, and last as the store has them."""
    closed = {body[2][0]: body[2] for body in read_told(long_evening.frames_dir, "tracker", "watch_finished")}
    assert closed.keys() == {found["watch_id"] for found in long_evening.history}
    for watch_id, record in closed.items():
        row = long_evening.row(watch_id)
        sent = dict(zip(WatchRecord.__struct_fields__, record, strict=True))
        assert [sent[name] for name in SAME] == [row[name] for name in SAME]
        assert sent["spans"] == json.loads(row["spans"])


def holding(secret: str, folder: Path) -> list[str]:
    """Every file below a folder that holds a secret."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    assert files
    return [str(path.relative_to(folder)) for path in files if secret.encode() in path.read_bytes()]


def test_no_token_is_in_any_file_log_or_frame(long_evening: Evening) -> None:
    """The store, the copies, backups, logs, frames and requests of a whole evening know neither token."""
    assert len(long_evening.secrets) == 2 and all(long_evening.secrets)
    assert len(holding(FILM, long_evening.folder)) > 5, "what is no secret is found in many of them"
    for secret in long_evening.secrets:
        assert holding(secret, long_evening.folder) == []


def test_nothing_was_undeliverable(long_evening: Evening) -> None:
    """A good evening has no dead letters."""
    assert not (long_evening.data_dir / "logs" / "dead_letters.jsonl").exists()
