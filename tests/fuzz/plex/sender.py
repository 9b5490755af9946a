"""The process that answers in Plex's place: `python -m tests.fuzz.plex.sender` says its address, then obeys.

Each line on its standard input says what the next poll gets: `sound`, `damaged SEED`, or `heavy KIND`. It builds that,
and says `ready`.
"""

from __future__ import annotations

import dataclasses
import random
import socket
import sys

from tests.fuzz.plex.damage import build_damaged_answer, build_sound_answer, record_answers
from tests.fuzz.plex.heavy import HEAVY
from tests.integration.plex.raw_server import request_of, serving

SESSIONS = "/status/sessions"


@dataclasses.dataclass(frozen=True)
class _Prepared:
    """The answer at one path; at all others it is the sound one."""

    path: str
    answer: bytes
    is_ended: bool = True
    """Whether the connection is closed after it."""


def prepare(wanted: str, sound: dict[str, bytes]) -> _Prepared:
    """Return what is answered next."""
    kind, _, which = wanted.partition(" ")
    if kind == "damaged":
        dice = random.Random(int(which))  # noqa: S311 - to be repeated by its seed
        path = dice.choice((SESSIONS, SESSIONS, *sound))
        return _Prepared(path, build_damaged_answer(sound[path], dice), is_ended=dice.random() < 0.9)
    return _Prepared(SESSIONS, HEAVY[which]() if kind == "heavy" else build_sound_answer(sound[SESSIONS]))


def main() -> None:
    """Answer until the standard input ends."""
    sound = record_answers()
    current = prepare("sound", sound)
    held: list[socket.socket] = []

    def script(connection: socket.socket, _: int) -> None:
        path = request_of(connection).split(b" ")[1].decode("latin-1").partition("?")[0] or "/"
        prepared = current if path == current.path else _Prepared(path, build_sound_answer(sound.get(path, b"")))
        if not prepared.is_ended:
            held.append(connection)
        try:
            connection.sendall(prepared.answer)
        finally:
            if prepared.is_ended:
                connection.close()

    with serving(script) as url:
        print(url, flush=True)
        for line in sys.stdin:
            while held:
                held.pop().close()
            current = prepare(line.strip(), sound)
            print("ready", flush=True)


if __name__ == "__main__":
    main()
