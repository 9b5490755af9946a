"""Damaged and heavy answers over a real connection: the poller's client names what is wrong, or reads it.

Another process sends them, so that the memory of this one is that of Usher alone.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgpack
import msgspec

from actors.media.plex.client import PlexClient
from actors.media.plex.errors import POSSIBLE, classify_failure
from actors.media.plex.http import BoundedSession
from messages import FindHistory, Moment, PlaybackSnapshot
from messages.codec import MAX_FRAME_BYTES
from tests.fuzz.plex.heavy import HEAVY
from tests.fuzz.trial import Case

HEAVY_KINDS = tuple(HEAVY)


@contextmanager
def damaged_answers() -> Iterator[Case]:
    """Yield the case of a seed: one answer of a poll is damaged."""
    with _sender() as (url, prepare):

        def play(seed: int) -> str:
            prepare("sound" if seed < 0 else f"damaged {seed}")
            return _poll(url, total_s=1.5, read_s=0.5)

        yield play


@contextmanager
def heavy_answers() -> Iterator[Case]:
    """Yield the case of a number: the list of sessions is one of HEAVY, in turn."""
    with _sender() as (url, prepare):

        def play(number: int) -> str:
            kind = HEAVY_KINDS[number % len(HEAVY_KINDS)]
            prepare("sound" if number < 0 else f"heavy {kind}")
            return f"{_poll(url, total_s=30.0, read_s=10.0)} {kind if number >= 0 else ''}"

        yield play


@contextmanager
def _sender() -> Iterator[tuple[str, Callable[[str], None]]]:
    """Start the process that answers; yield its address, and what has it prepare an answer."""
    command = [sys.executable, "-m", "tests.fuzz.plex.sender"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        asked, told = process.stdin, process.stdout

        def prepare(answer: str) -> None:
            asked.write(f"{answer}\n")
            asked.flush()
            assert told.readline() == "ready\n"

        try:
            yield told.readline().strip(), prepare
        finally:
            asked.close()  # which ends it


def _poll(url: str, total_s: float, read_s: float) -> str:
    """Ask as a poller does; return how it went."""
    with BoundedSession(url, total_s=total_s, read_s=read_s) as http:
        client = PlexClient(url, "tok3n", http)
        try:
            client.connect()
            parsed = client.parse_sessions(client.fetch_sessions())
            rows = client.read_history(FindHistory("w1", "srv", "1", "1005", 0.0))
        except (*POSSIBLE, ArithmeticError) as error:
            return classify_failure(error, url).kind
    _check_sendable(parsed.playbacks)
    return "read" if parsed.playbacks or rows else "empty"


def _check_sendable(playbacks: Any) -> None:
    """What was read fits into a message."""
    snapshot = PlaybackSnapshot(
        server_id="srv",
        server_name="srv",
        poller="plex",
        taken=Moment(0.0, 0.0),
        playbacks=playbacks,
        stopped_keys=(),
        unreadable=(),
    )
    assert len(msgpack.packb(msgspec.to_builtins(snapshot))) < MAX_FRAME_BYTES
