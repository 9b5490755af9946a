"""Bad frames at a running actor: it keeps running, answers, and uses no more memory.

Fifty thousand of them in each run of the tests; BAD_FRAMES=1000000 in the environment sends a million.
"""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import zmq

from messages import CATALOGUE, GetSaveStatus, SaveStatus
from messages.codec import encode
from messages.envelope import Envelope, Kind
from tests.golden.write import example
from tests.integration.runtime.process_actors import stage

FRAMES = int(os.environ.get("BAD_FRAMES", "50000"))
WARM = 10_000
KINDS: tuple[Kind, ...] = ("tell", "ask", "kept", "answer", "error", "done", "set_aside", "ping", "pong")


def frames(rng: random.Random) -> list[bytes]:
    """A good frame of every message in every kind."""
    return [
        encode(Envelope(kind, f"s:{number}", f"s{rng.randrange(200)}", "life", example(message), number % 50, 1))
        for number, message in enumerate(CATALOGUE)
        for kind in KINDS
    ]


def mutate(frame: bytes, rng: random.Random) -> bytes:
    """Return a damaged frame: random, cut off, or with bytes changed, inserted and removed."""
    way = rng.randrange(6)
    if way == 0:
        return rng.randbytes(rng.randrange(80))
    if way == 1:
        return frame[: rng.randrange(len(frame))]
    changed = bytearray(frame)
    for _ in range(rng.randrange(1, 5)):
        at = rng.randrange(len(changed))
        if way == 2:
            changed[at] = rng.randrange(256)
        elif way == 3:
            changed[at:at] = rng.randbytes(rng.randrange(1, 5))
        elif way == 4 and len(changed) > 1:
            del changed[at]
    return bytes(changed)


def rss_mb(pid: int) -> float:
    """Resident memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def test_bad_frames_neither_end_an_actor_nor_fill_its_memory(tmp_path: Path) -> None:
    """One in six frames is valid; the others are random or broken, some of two parts."""
    rng = random.Random(20261123)  # noqa: S311  # the same frames each time
    good = frames(rng)
    with stage(tmp_path) as theatre, zmq.Context() as context:
        bob = theatre.start()
        stranger = context.socket(zmq.DEALER)
        stranger.setsockopt(zmq.LINGER, 0)
        stranger.setsockopt(zmq.SNDTIMEO, 10_000)
        stranger.connect(theatre.spec.addresses["bob"])
        warm_mb = 0.0
        for number in range(FRAMES):
            frame = mutate(rng.choice(good), rng)
            stranger.send_multipart([frame, b"more"] if number % 997 == 0 else [frame])
            if number == WARM:
                theatre.heartbeat()
                warm_mb = rss_mb(bob.pid)
            while stranger.poll(0):  # its answers: a stranger that hears none would fill bob's queue
                stranger.recv_multipart()
        stranger.close()
        deadline = time.monotonic() + 20
        while (heartbeat := theatre.heartbeat()).mailbox_depth and time.monotonic() < deadline:
            theatre.ann.pump(0.05)
        assert theatre.ann.ask("bob", GetSaveStatus()) == SaveStatus(None, float(bob.pid))
        assert heartbeat.dead_letters > FRAMES / 3
        assert heartbeat.handled > 50
        assert rss_mb(bob.pid) - warm_mb < 8
        assert bob.poll() is None
        assert theatre.lines("saved") == []
