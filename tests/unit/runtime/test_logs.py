"""Log lines: their form, and that no secret stands in any of them, on any console."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.runtime.logs import CHATTY, HIDDEN, set_up_logging

SECRET = "x-Plex token/ä\"1\\2'"
ROOT = Path(__file__).parents[3]


class Said:
    """What was logged so far."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture
        self._text = ""

    def __call__(self) -> str:
        """All of it."""
        self._text += self._capture.readouterr().err
        return self._text


@pytest.fixture
def log_text(capsys: pytest.CaptureFixture[str]) -> Iterator[Said]:
    """What is logged; all is as before afterwards."""
    root = logging.getLogger()
    before, level, hook = root.handlers[:], root.level, threading.excepthook
    levels = {name: logging.getLogger(name).level for name in CHATTY}
    yield Said(capsys)
    root.handlers[:] = before
    root.setLevel(level)
    threading.excepthook = hook
    logging.captureWarnings(False)
    for name, was in levels.items():
        logging.getLogger(name).setLevel(was)


def test_a_line_of_text(log_text: Said) -> None:
    """Time, level, actor, message."""
    set_up_logging("INFO", "text", [])
    logging.getLogger("persistence").info("💾 Auto-saved badge data (%d active watches)", 3)
    form = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00 INFO    persistence 💾 Auto-saved badge data \(3 active watches\)\n"
    assert re.fullmatch(form, log_text())


def test_a_library_is_named_in_its_actors_line(log_text: Said) -> None:
    """Whose process it is, then who says it."""
    set_up_logging("INFO", "text", [], "discord")
    logging.getLogger("discord.gateway").warning("no heartbeat")
    assert "WARNING discord     discord.gateway: no heartbeat" in log_text()


def test_a_line_of_json(log_text: Said) -> None:
    """One object a line, emoji as they are."""
    set_up_logging("INFO", "json", [], "persistence")
    logging.getLogger("persistence").info("💾 saved", extra={"watches": 3})
    line = json.loads(log_text())
    assert (line["level"], line["actor"], line["message"], line["watches"]) == ("INFO", "persistence", "💾 saved", 3)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", line["ts"]), "ISO 8601, extended"
    assert "💾" in log_text()


def test_a_traceback_is_one_line_of_json(log_text: Said) -> None:
    """A collector of logs reads line by line."""
    set_up_logging("INFO", "json", [], "persistence")
    try:
        raise ValueError("two\nlines")
    except ValueError as error:
        logging.getLogger("persistence").error("crashed", exc_info=error)
    assert len(log_text().splitlines()) == 1
    assert "two\\nlines" in log_text()


@pytest.mark.parametrize("kind", ["text", "json"])
@pytest.mark.parametrize("shown", [SECRET, repr(SECRET), json.dumps(SECRET), {"token": SECRET}, [SECRET.encode()]])
def test_no_secret_in_a_message(log_text: Said, kind: str, shown: Any) -> None:
    """However it is written."""
    set_up_logging("INFO", kind, [SECRET, "plainsecret"])
    logging.getLogger("plex").info("refused: %s, plainsecret", shown)
    assert "plainsecret" not in log_text()
    if not isinstance(shown, list):  # bytes have no letters beyond ASCII; tokens have none either
        assert HIDDEN in log_text()
        assert "Plex token" not in log_text()


@pytest.mark.parametrize("kind", ["text", "json"])
def test_no_secret_in_an_address_or_a_traceback(log_text: Said, kind: str) -> None:
    """Where libraries put it."""
    set_up_logging("INFO", kind, [SECRET])
    try:
        raise ConnectionError(f"http://plex:32400/?X-Plex-Token=x-Plex%20token%2F%C3%A4%221%5C2%27 failed: {SECRET!r}")
    except ConnectionError as error:
        logging.getLogger("plex").error("down", exc_info=error)
    assert "Plex token" not in log_text()
    assert "Plex%20token" not in log_text()
    assert "ConnectionError" in log_text()


def test_a_longer_secret_hides_before_one_within_it(log_text: Said) -> None:
    """Or its rest would stand there."""
    set_up_logging("INFO", "text", ["abcd", "abcdefgh"])
    logging.getLogger("plex").info("it is abcdefgh")
    assert log_text().endswith("it is ***\n")


def test_a_very_short_secret_is_not_masked(log_text: Said) -> None:
    """A password of one letter would make every line unreadable."""
    set_up_logging("INFO", "text", ["", "e"])
    logging.getLogger("plex").info("three sessions")
    assert "three sessions" in log_text()


def test_a_line_that_cannot_be_formatted_is_still_said(log_text: Said) -> None:
    """logging itself would print the arguments, secrets among them."""

    class Odd:
        def __str__(self) -> str:
            raise RuntimeError(SECRET)

    set_up_logging("INFO", "text", [SECRET])
    logging.getLogger("plex").info("it says %s", Odd())
    logging.getLogger("plex").info("one %s too few: %s", SECRET)
    assert "not to be formatted: RuntimeError" in log_text()
    assert "not to be formatted: TypeError" in log_text()
    assert "Plex token" not in log_text()


def test_verbose_libraries_are_logged_from_warning_on(log_text: Said) -> None:
    """Whatever LOG_LEVEL is."""
    set_up_logging("DEBUG", "text", [])
    logging.getLogger("urllib3.connectionpool").info("Starting new HTTP connection")
    logging.getLogger("plex").debug("polled")
    assert "Starting" not in log_text()
    assert "polled" in log_text()


def test_a_thread_that_dies_is_logged_without_secrets(log_text: Said) -> None:
    """Python would print its traceback past every filter."""
    set_up_logging("INFO", "text", [SECRET])

    def fail() -> None:
        raise ValueError(f"token {SECRET}")

    thread = threading.Thread(target=fail, name="websocket")
    thread.start()
    thread.join()
    assert "websocket ended: token ***" in log_text()
    assert "Plex token" not in log_text()


def test_a_thread_that_exits_is_not_an_error(log_text: Said) -> None:
    """SystemExit in a thread ends it, as Python has it."""
    set_up_logging("INFO", "text", [])
    thread = threading.Thread(target=sys.exit)
    thread.start()
    thread.join()
    assert log_text() == ""


def test_warnings_are_logged(log_text: Said) -> None:
    """With the actor's name, as all else."""
    set_up_logging("INFO", "text", [], "plex")
    warnings.showwarning("odd certificate", UserWarning, "ssl.py", 7)
    assert "py.warnings: " in log_text()
    assert "odd certificate" in log_text()


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_any_console_takes_any_line(encoding: str) -> None:
    """A real process with a console that has no emoji: escapes, and no error."""
    script = (
        "import logging, sys; from actors.runtime.logs import set_up_logging; set_up_logging('INFO', 'text', []);"
        "logging.getLogger('persistence').info('💾 saved \\ud800')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, timeout=30, check=True,
        env={"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
    )  # fmt: skip
    shown = done.stderr.decode(encoding)
    assert "saved \\ud800" in shown
    assert ("💾" if encoding == "utf-8" else "\\U0001f4be") in shown
    assert "Traceback" not in shown
