"""Somebody who does not want to be tracked any more, in the middle of a night."""

from __future__ import annotations

import random

from sqlalchemy import select

from messages import WatchesReported, WatchRecord
from persistence.database.engine import reader_engine
from persistence.database.rows import watch_record
from persistence.database.tables import WATCHES
from simulator.nights.script import PLAYER_VERBS, VOICE_VERBS, Script
from tests.nights.observations import SERVER

WORD_S = 30.0
"""Within this time the tracker has heard of it, or another tracker has taken its place."""


class UntrackedViewer:
    """Asks until it is promised: from then on nothing more is recorded, and what was recorded stays as it is."""

    def __init__(self, seed: int, script: Script) -> None:
        rng = random.Random(f"shy {seed}")  # noqa: S311  # chance that can be had again
        accounts = sorted({f"plex:{SERVER}:{cue.who}" for cue in script.cues if cue.verb in PLAYER_VERBS})
        members = sorted({cue.who for cue in script.cues if cue.verb in VOICE_VERBS})
        self.viewer = rng.choice([*accounts, *members])
        self.asks_at_s = rng.uniform(0.1, 0.9) * script.length_s
        """Seconds of the night."""
        self.promised_s: float | None = None
        self.problems: list[str] = []
        self._before: list[WatchRecord] = []

    def note_promise(self, now_s: float, store_url: str) -> None:
        """Persistence has said yes."""
        if self.promised_s is None:
            self.promised_s = now_s
            self._before = self._read_stored(store_url)

    def check_report(self, report: WatchesReported, at_s: float) -> None:
        """The tracker has said what runs."""
        late = self.promised_s is not None and at_s > self.promised_s + WORD_S
        if late and any(state.viewer_id == self.viewer for state in report.active):
            self.problems.append(f"{self.viewer} is still tracked at {at_s:.0f} s, promised at {self.promised_s:.0f} s")

    def find_problems(self, store_url: str) -> list[str]:
        """What is wrong in the end."""
        if self.promised_s is None:
            return [*self.problems, f"{self.viewer} was never promised not to be tracked"]
        if self._read_stored(store_url) != self._before:
            return [*self.problems, f"the records of {self.viewer} are others than at {self.promised_s:.0f} s"]
        return self.problems

    def _read_stored(self, store_url: str) -> list[WatchRecord]:
        engine = reader_engine(store_url)
        try:
            with engine.connect() as connection:
                own = select(WATCHES).where(WATCHES.c.viewer_id == self.viewer).order_by(WATCHES.c.seq)
                return [watch_record(row) for row in connection.execute(own).mappings()]
        finally:
            engine.dispose()
