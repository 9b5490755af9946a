"""The audit log: whole lines, nothing lost, and no forgotten person named."""

import json
import os
import stat
from pathlib import Path

import pytest
from msgspec.structs import replace

from messages import AuditEntry, AuditSubject
from persistence import audit_log
from persistence.audit_log import AuditLog

IRIS, CEM = AuditSubject("100000000000000001", "iris"), AuditSubject("100000000000000002", "cem\x1b[31m\u202e")
ENTRY = AuditEntry(1_795_000_000.5, IRIS, "link", (CEM, AuditSubject("plex:srv:7", "annaplex")), "done", "Discord")


def lines(log: AuditLog) -> list[dict[str, object]]:
    """Every line of the file."""
    return [json.loads(line) for line in log.file.read_bytes().splitlines()]


def test_an_act_is_one_line_in_a_private_file(tmp_path: Path) -> None:
    """With time, who, what, to whom, outcome and where from; control characters are escaped."""
    log = AuditLog(tmp_path)
    log.append(ENTRY)
    (line,) = lines(log)
    assert list(line) == ["ts", "who", "act", "targets", "outcome", "from"]
    assert line["who"] == {"id": IRIS.id, "name": "iris"} and line["from"] == "Discord"
    assert str(line["ts"]).endswith(".500+00:00")
    assert b"\x1b" not in log.file.read_bytes()
    if os.name == "posix":
        assert stat.S_IMODE(log.file.stat().st_mode) == 0o600
    assert log.read(10, 0).entries == (ENTRY,)


def test_the_newest_come_first_over_all_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full file is put aside, and so many are kept."""
    monkeypatch.setattr(audit_log, "MAX_BYTES", 1000)
    log = AuditLog(tmp_path)
    for number in range(40):
        log.append(replace(ENTRY, act=f"act {number}"))
    assert len(list(log.file.parent.glob("audit.jsonl*"))) == 1 + audit_log.KEPT
    page = log.read(3, 1)
    assert [entry.act for entry in page.entries] == ["act 38", "act 37", "act 36"]
    assert 3 < page.total < 40


def test_a_line_that_was_cut_short_spoils_no_other(tmp_path: Path) -> None:
    """Of a power cut, say."""
    log = AuditLog(tmp_path)
    log.append(ENTRY)
    with log.file.open("ab") as file:
        file.write(b'{"ts": "2026-')
    log.append(replace(ENTRY, act="unlink"))
    assert [entry.act for entry in log.read(10, 0).entries] == ["unlink", "link"]


def test_forgotten_viewers_are_no_longer_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In no file; the acts stay, and can still be assigned to one person."""
    monkeypatch.setattr(audit_log, "MAX_BYTES", 500)
    log = AuditLog(tmp_path)
    for _ in range(4):
        log.append(ENTRY)
    log.forget([CEM.id, "plex:srv:7"])
    text = b"".join(file.read_bytes() for file in log.file.parent.glob("audit.jsonl*")).decode()
    assert CEM.id not in text and "cem" not in text and "annaplex" not in text and text.count("iris") == 4
    targets = {entry.targets for entry in log.read(10, 0).entries}
    assert len(targets) == 1 and {each.name for each in next(iter(targets))} == {"forgotten"}
