"""The web actor on a thread of its own, with its neighbours worked by the test, and a browser's requests."""

from __future__ import annotations

import contextlib
import functools
import http.client
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from msgspec.structs import replace

from actors.runtime import Clock, Context, Endpoint
from actors.runtime.delivery.dead_letters import DeadLetters
from actors.runtime.transport.memory import MemoryNetwork
from actors.web.actor import WebActor
from actors.web.http import server
from actors.web.http.guards import AddressLimiter
from config import Settings
from messages import (
    ActiveWatches,
    Answer,
    Attendee,
    Item,
    ListActiveWatches,
    Moment,
    NowPlaying,
    Question,
    Screening,
    Sitting,
)
from messages.base import DurationMs, PositionMs
from tests.deadlines import WITHIN_S

MINUTE_MS = 60_000
QuestionT = TypeVar("QuestionT", bound=Question[Any])
RASHOMON = Item(
    "srv", "1", "movie", "Rashomon", 1950, DurationMs(88 * MINUTE_MS), ("Crime", "Drama", "Mystery"), thumb="/poster/1"
)


def make_seat(
    name: str, *minutes: tuple[float, float], present: bool = True, at_s: float = 0.0, viewer_id: str = ""
) -> Attendee:
    """Return an attendee who saw these stretches of the film, in minutes; `at_s` is when the film was at 0."""
    spans = tuple((round(start * MINUTE_MS), round(end * MINUTE_MS)) for start, end in minutes)
    coverage = sum(end - start for start, end in spans)
    sittings = tuple(Sitting(at_s + start * 60, at_s + end * 60, (end - start) * 60) for start, end in minutes)
    return Attendee(
        viewer_id or str(abs(hash(name)) % 10**12),
        name,
        at_s + minutes[0][0] * 60,
        PositionMs(spans[0][0]),
        coverage / 1000,
        DurationMs(coverage),
        100 * coverage / (RASHOMON.duration_ms or 1),
        present=present,
        left_at_s=None if present else at_s + minutes[-1][1] * 60,
        spans=spans,
        sittings=sittings,
    )


def make_screening(at: Moment, minute: float, seats: tuple[Attendee, ...], **changes: object) -> Screening:
    """Return a party's screening of Rashomon that is at this minute at `at`."""
    screening = Screening(
        screening_id="s1",
        server_id="srv",
        session_key="7",
        item=RASHOMON,
        host="Rosa",
        player="TV",
        state="playing",
        position_ms=PositionMs(round(minute * MINUTE_MS)),
        seen=at,
        started_at_s=at.wall_s - minute * 60,
        party=True,
        seats=seats,
    )
    return replace(screening, **changes)


def make_evening(at: Moment) -> Screening:
    """Return an evening with people who came late, left and came back; the film is at minute 62."""
    start = at.wall_s - 62 * 60
    return make_screening(
        at,
        62,
        (
            make_seat("Rosa", (0, 62), at_s=start),
            make_seat("Björn", (0, 62), at_s=start),
            make_seat("Iris", (0, 62), at_s=start),
            make_seat("Chiara", (30, 62), at_s=start),
            make_seat("אורי", (0, 25), (58, 62), at_s=start),
            make_seat("Dr. *Noodle*", (0, 42), present=False, at_s=start),
        ),
    )


class PatientWebActor(WebActor):
    """A web actor that lets a test ask as fast as it can."""

    burst = 1e9


def stop_limiters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no address be allowed more as time passes, however long the requests of a test take. For later stages."""
    monkeypatch.setattr(server, "AddressLimiter", functools.partial(AddressLimiter, now_s=lambda: 0.0))


class PageStage:
    """The web actor beside a tracker that the test works."""

    def __init__(self, folder: Path, clock: Clock | None = None, **settings: Any) -> None:
        self.network = MemoryNetwork()
        self.clock = clock or Clock()
        self.tracker = Endpoint("tracker", self.network.transport("tracker"), DeadLetters(None, "tracker"))
        node = Endpoint("web", self.network.transport("web"), DeadLetters(None, "web"))
        chosen = Settings(timezone="Europe/Berlin", **settings)
        self.ref = PatientWebActor.start(Context(node, chosen, self.clock, folder))
        actor = self.ref._actor_weakref()
        assert isinstance(actor, WebActor)
        self.actor = actor
        self.port = actor._listening.result(WITHIN_S)
        self._neighbours = [self.tracker]

    def show(self, *screenings: Screening) -> None:
        """Tell what plays."""
        self.tracker.tell("web", NowPlaying(self.clock.now(), screenings))
        self.tracker.pump(0.01)

    def answer_load(self, *screenings: Screening) -> None:
        """Answer what the actor asks at its start."""
        self.answer(self.tracker, ListActiveWatches, ActiveWatches(self.clock.now(), (), screenings))

    def add_neighbour(self, name: str) -> Endpoint:
        """Return the endpoint of another actor, to be worked by the test."""
        self._neighbours.append(Endpoint(name, self.network.transport(name), DeadLetters(None, name)))
        return self._neighbours[-1]

    def answer(self, neighbour: Endpoint, kind: type[QuestionT], answer: Answer) -> QuestionT:
        """Answer the next question of a kind, and return it."""
        end = time.monotonic() + WITHIN_S
        while time.monotonic() < end:
            neighbour.pump(0.02)
            while (incoming := neighbour.mailbox.get()) is not None:
                if isinstance(incoming.message, kind):
                    neighbour.answer(incoming, answer)
                    neighbour.pump(0.01)
                    return incoming.message
        raise AssertionError(f"nobody asked {kind.__name__}")

    def answer_waiting(self, neighbour: Endpoint, *answers: tuple[type[Question[Any]], Answer]) -> None:
        """Answer the questions of some kinds that wait for a neighbour: a late answer makes the actor ask again."""
        neighbour.pump(0.01)
        while (incoming := neighbour.mailbox.get()) is not None:
            for kind, answer in answers:
                if isinstance(incoming.message, kind):
                    neighbour.answer(incoming, answer)
        neighbour.pump(0.01)

    def get_bytes(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and content."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WITHIN_S)
        with contextlib.closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()

    def get(self, path: str = "/", **headers: str) -> tuple[int, dict[str, str], str]:
        """Return status, headers and text of a page."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WITHIN_S)
        with contextlib.closing(connection):
            connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()

    def close(self) -> None:
        """Stop the actor."""
        self.ref.stop()
        for neighbour in self._neighbours:
            neighbour.close()


@contextlib.contextmanager
def open_stage(folder: Path, **settings: Any) -> Iterator[PageStage]:
    """Yield a running stage."""
    stage = PageStage(folder, **settings)
    try:
        yield stage
    finally:
        stage.close()
