"""Small actors to be supervised. Files in the data folder say what each of them does."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

from actors.runtime.actor import Actor, FatalStartupError
from messages import (
    AutoSaveTick,
    Item,
    Message,
    PositionMs,
    Problem,
    SessionChoice,
    StartTracking,
    TrackingOutcome,
    TrackingPlan,
    VoiceMember,
)


class Marker(Actor):
    """Notes its start, its ticks and its last save. Told by `NAME.does` to crash, refuse or stop slowly."""

    def on_start(self) -> None:
        """Note the pid; crash or refuse where told so."""
        self._note("started", str(os.getpid()))
        if self._does("crash"):
            raise RuntimeError("told to crash")
        if self._does("complain"):
            text = f"token {self.context.settings.plex_token}\nwas refused " + "x" * 1000
            self.report_degraded(Problem.of("text", text=text))
        if self._does("refuse"):
            raise FatalStartupError("told to refuse")

    def on_stop(self) -> None:
        """Note the save."""
        if self._does("linger"):
            self._note("lingers", "")
            time.sleep(60)
        self._note("saved", f"{time.time():.6f}")

    def handlers(self) -> Mapping[type[Message], Callable[[Any], Message | None]]:
        """Ticks alone."""
        return {AutoSaveTick: self._tick}

    def _tick(self, tick: AutoSaveTick) -> None:
        self._note("tick", f"{tick.at.wall_s:.6f}")
        if self._does("devour"):
            bytearray(8 * 2**30)
        if self._does("devour in a thread"):
            threading.Thread(target=lambda: bytearray(8 * 2**30)).start()

    def _does(self, what: str) -> bool:
        file = self.context.data_dir / f"{self.context.name}.does"
        return file.exists() and file.read_text() == what

    def _note(self, what: str, text: str) -> None:
        with (self.context.data_dir / f"{self.context.name}.{what}").open("a") as file:
            file.write(text + "\n")


class Stagehand(Marker):
    """A tracker that answers manual recovery: it does what it is asked, or has a problem where told so."""

    def handlers(self) -> Mapping[type[Message], Callable[[Any], Message | None]]:
        """Manual recovery too."""
        return {**super().handlers(), StartTracking: self._recover}

    def _recover(self, request: StartTracking) -> TrackingPlan:
        self._note("asked", repr(request))
        item = Item(server_id="s", rating_key="1", kind="movie", title="Nosferatu [1922]", year=1922)
        session = SessionChoice("7", "s", item, "Anton", "Living room", "playing", PositionMs(2_550_000))
        people = (VoiceMember("200000000000000001", "Zoë *star*"), VoiceMember("200000000000000002", "Cem"))
        if self._does("problem"):
            return TrackingPlan((session,), people, "", (), problem="Two sessions run: say which with --session.")
        if request.user_ids and not {person.user_id for person in people} & set(request.user_ids):
            absent = tuple(TrackingOutcome(user_id, "", "not_in_channel") for user_id in request.user_ids)
            return TrackingPlan((session,), people, "7", absent)
        word: Literal["would_start", "started"] = "would_start" if request.simulate else "started"
        done = tuple(TrackingOutcome(person.user_id, person.name, word) for person in people)
        return TrackingPlan((session,), people, "7", done)


MARKER = "tests.integration.launcher.scripted_actors:Marker"
FOUR = dict.fromkeys(("persistence", "tracker", "discord", "plex"), MARKER)
WITH_STAGEHAND = {**FOUR, "tracker": "tests.integration.launcher.scripted_actors:Stagehand"}
