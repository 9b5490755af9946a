"""`python run.py record`: writes what the Plex server sends, without personal data, as a scenario for tests."""

from __future__ import annotations

import datetime
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import urlsplit

from rich.console import Console

from actors.media.plex.alerts import AlertBuffer, AlertSubscription, PlayingAlert
from actors.media.plex.client import PlexClient, introduce_usher
from actors.media.plex.errors import POSSIBLE, classify_failure
from actors.media.plex.http import BoundedSession
from actors.media.plex.scrubber import Scrubber
from actors.runtime import Clock
from config import Settings
from wording.numbers import count_noun

HEAD = """\
# Recorded from a Plex server by `python run.py record`. Accounts, players and their ids are pseudonyms; tokens and
# addresses are left out. Titles of films are as they were. To make a test of it, add what should have come of it
# (see tests/scenarios/README.md) and put it there:
#   expect records
#   account-1 | Heat | 0:00 | 10:00 | 10:00 | 0 | * | left
"""
LONGEST_MINUTES = 7 * 24 * 60.0
BETWEEN_ALERTED_S = 0.5
"""Shortest time between two polls that alerts cause, real seconds."""


class AlertRecorder(AlertBuffer):
    """Collects complete alerts, each with its time, for the recorder's thread."""

    def __init__(self, came: Callable[[], None], now: Callable[[], float]) -> None:
        super().__init__(came)
        self._came = came
        self._now = now
        self._heard: list[tuple[float, Any]] = []

    def put(self, alert: Any) -> None:
        """Add an alert, from the reader's thread."""
        self._heard.append((self._now(), alert))
        self._came()

    def take(self) -> tuple[PlayingAlert, ...]:
        """Return nothing: `drain` returns the complete alerts."""
        return ()

    def drain(self) -> list[tuple[float, Any]]:
        """Return all alerts since the last call, each with its time."""
        heard, self._heard = self._heard, []
        return heard


class Recorder:
    """Polls one server and writes each answer to a file. Usable once, from one thread; `stop` from any thread."""

    def __init__(self, settings: Settings, out: TextIO, clock: Clock | None = None) -> None:
        introduce_usher()
        server = settings.servers[0]
        self._out = out
        self._clock = clock or Clock()
        self._poll_s = settings.plex_poll_seconds
        address = urlsplit(server.url)
        self._scrubber = Scrubber((*settings.secrets(), server.url, address.netloc, address.hostname or ""))
        self._source = PlexClient(server.url, server.token, BoundedSession(server.url))
        self._woken = threading.Event()
        self._stopped = threading.Event()
        self._began_s = self._clock.now().steady_s
        self._alerts = AlertRecorder(self._woken.set, self._at_s)
        self.polls = 0
        self.failed = 0
        self.problem = ""
        """Why the last poll failed; empty if it succeeded."""

    def stop(self) -> None:
        """End the recording."""
        self._stopped.set()
        self._woken.set()

    def run(self, seconds: float | None) -> None:
        """Record for `seconds`, or until stopped if None."""
        keeper = AlertSubscription(self._alerts, logging.getLogger("record"))
        self._out.write(HEAD)
        due_s = 0.0
        try:
            while not self._stopped.is_set() and (seconds is None or self._at_s() < seconds):
                self._poll()
                keeper.keep_open(self._source.server) if self._source.server is not None else None
                due_s = max(due_s + self._poll_s, self._at_s())
                self._wait(due_s if seconds is None else min(due_s, seconds))
        finally:
            keeper.close()
            self._source.close()

    def _wait(self, until_s: float) -> None:
        """Wait until the next poll is due, or an alert has come and the last poll is BETWEEN_ALERTED_S ago."""
        self._stopped.wait(min(BETWEEN_ALERTED_S, self._clock.to_real_s(max(0.0, until_s - self._at_s()))))
        self._woken.wait(self._clock.to_real_s(max(0.0, until_s - self._at_s())))
        self._woken.clear()
        for at_s, alert in self._alerts.drain():
            if shown := self._scrubber.alert(alert):
                self._write(at_s, "alert", shown)

    def _poll(self) -> None:
        try:
            self._source.connect()
            container = self._source.fetch_sessions()
        except POSSIBLE as error:
            failure = classify_failure(error, self._source.url)
            self._source.forget()
            self.failed += 1
            self.problem = failure.detail
            self._write(self._at_s(), "plex", f"failed {failure.kind}")
            return
        self.polls += 1
        self._write(self._at_s(), "plex", self._scrubber.sessions(container))

    def _at_s(self) -> float:
        return self._clock.now().steady_s - self._began_s

    def _write(self, at_s: float, source: str, what: str) -> None:
        minutes, seconds = divmod(at_s, 60)
        self._out.write(f"{int(minutes)}:{seconds:06.3f} | {source:5} | {what}\n")
        self._out.flush()


def main(settings: Settings, file: Path | None, minutes: float | None, console: Console) -> int:
    """Record into `file` for `minutes` or until Ctrl-C; return 1 if no poll succeeded or the file exists."""
    if not settings.servers:
        console.print("No Plex server is set: PLEX_URL and PLEX_TOKEN name one.")
        return 1
    if minutes is not None and not 0 < minutes <= LONGEST_MINUTES:
        console.print(f"--minutes takes a number above 0 and up to {LONGEST_MINUTES:g}.")
        return 1
    file = file or Path(f"recording-{datetime.datetime.now():%Y%m%d-%H%M%S}.txt")
    try:
        out = file.open("x", encoding="utf-8")
    except OSError as error:
        console.print(f"{file} cannot be written ({error.strerror}): name another file.")
        return 1
    logging.getLogger("plexapi").setLevel(logging.CRITICAL)
    logging.getLogger("websocket").setLevel(logging.CRITICAL)
    console.print(f"Recording what Plex sends into {file}" + ("" if minutes else "; Ctrl-C ends it"))
    with out:
        recorder = Recorder(settings, out)
        began_s = time.monotonic()
        try:
            recorder.run(None if minutes is None else minutes * 60)
        except KeyboardInterrupt:
            recorder.stop()
    took_s = time.monotonic() - began_s
    console.print(
        f"{count_noun(recorder.polls, 'poll')} in {took_s:.0f} s, {recorder.failed} more failed. "
        "Look at the file, then send it."
    )
    if recorder.problem:
        console.print(f"The last that failed: {recorder.problem}")
    return 0 if recorder.polls else 1
