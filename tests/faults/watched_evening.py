"""An evening whose service meets faults: what the tests of this folder share."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from launcher.connection.run_state import read_running_state
from simulator.nights.director import Director
from simulator.nights.script import Cue
from simulator.nights.stage import ANNOUNCE, ServiceStage
from simulator.plex import PlayingSession
from tests.deadlines import WITHIN_S
from tests.nights.evidence import evening, sql

SPEED = 60.0
POLL_S = 6.0
"""100 real milliseconds."""
SAVE_S = 30.0
"""Half a real second."""
SETTINGS = {
    "PLEX_POLL_SECONDS": f"{POLL_S:g}",
    "END_GRACE_SECONDS": "12",
    "POSITION_SLACK_SECONDS": "60",
    "GHOST_AFTER_SECONDS": "900",
    "GHOST_END_SECONDS": "3600",
    "MIN_WATCH_SECONDS": "10",
    "AUTO_SAVE_INTERVAL_MINUTES": f"{SAVE_S / 60:g}",
    "HEALTH_INTERVAL_SECONDS": "0.5",
}


class Evening(ServiceStage):
    """A stage on which people watch, with what each really watched in the ledger."""

    def __init__(self, folder: Path, party_user: str = "", **settings: str) -> None:
        super().__init__(
            folder / "data", speed=SPEED, party_user=party_user, evening=evening(), **{**SETTINGS, **settings}
        )
        self.director = Director(self, report_s=0.0)

    def command(self) -> list[str]:
        """Return the command without root's right to write everywhere, so that a read-only folder is read-only."""
        dropped = ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all"]
        return [*(dropped if os.geteuid() == 0 and shutil.which("setpriv") else []), *super().command()]

    def session(self, who: str) -> PlayingSession:
        """Return what somebody plays now."""
        session = self.director.performer.live_session(who)
        assert session is not None, f"{who} plays nothing"
        return session

    def plays(self, who: str, film: str, *, tracked: bool = True) -> None:
        """Let somebody start a film; wait until it is tracked."""
        self.director.perform(Cue(0.0, "play", who, film))
        if tracked:
            self.log_has(f"{who} began “{film}”")

    def stops(self, who: str) -> None:
        """Let them stop it."""
        self.director.perform(Cue(0.0, "stop", who))

    def log_has(self, *words: str, times: int = 1, after: int = 0) -> str:
        """Wait for a line of the log that has all the words (so many times, beyond a length); return it."""
        found: list[str] = []

        def has_come() -> bool:
            lines = self.service_log()[after:].splitlines()
            found[:] = [line for line in lines if all(word in line for word in words)]
            return len(found) >= times

        self.wait_for(has_come, WITHIN_S, f"a line with {' and '.join(words)}")
        return found[-1]

    def health_says(self, actor: str, words: str, state: str = "degraded") -> None:
        """Wait until the health log has an actor in a state, for a reason with these words."""

        def has_come() -> bool:
            row = next(row for row in self.health() if row["actor"] == actor)
            return row["state"] == state and words in (row["last_error"] or "")

        self.wait_for(has_come, WITHIN_S, f"{actor} {state}: {words}")

    def is_well(self, *actors: str) -> None:
        """Wait until actors are running without an error."""
        self.wait_for(
            lambda: all(row["state"] == "running" for row in self.health() if not actors or row["actor"] in actors),
            WITHIN_S, f"{' and '.join(actors) or 'all'} to be well",
        )  # fmt: skip

    def wait_recorded(self, *names: str) -> None:
        """Wait until watches are in the history."""
        self.wait_for(
            lambda: set(names) <= {found["username"] for found in self.history()}, WITHIN_S, f"records of {names}"
        )

    def answer(self, who: str, text: str) -> str:
        """Return the bot's final answer to `!text`, not the one that it is working on it."""
        asked = self.discord.say(who, ANNOUNCE, text)
        return self.discord.wait_for(
            lambda message: message.reply_to == asked.id and not message.text.startswith("💾 Saving"),
            2 * WITHIN_S,
            where=ANNOUNCE,
        ).text

    def pid(self, actor: str) -> int:
        """Return an actor's process id; 0 if it has none."""
        state = read_running_state(self.data_dir)
        assert state is not None
        child = state.children.get(actor)
        return child.pid if child is not None else 0

    def rows(self) -> dict[str, dict[str, Any]]:
        """Return each viewer's only record in the store, by name."""
        rows = sql(self.data_dir, "SELECT * FROM watches")
        by_name = {row["username"]: row for row in rows}
        assert len(by_name) == len(rows), [row["username"] for row in rows]
        assert sorted(row["watch_id"] for row in self.history()) == sorted(row["watch_id"] for row in rows)
        return by_name

    def nothing_is_lost(self, *, within_s: float = 5 * POLL_S, unmeasured: str = "") -> dict[str, dict[str, Any]]:
        """Everybody who watched has one record, of the time that they watched; returns them.

        `unmeasured` has a record of which the length is not known: nobody could see when they went.
        """
        rows = self.rows()
        truth = {watch.name: watch for watch in self.director.performer.ledger.true_watches("")}
        assert rows.keys() == truth.keys() | ({unmeasured} if unmeasured else set())
        for who, watch in truth.items():
            if who != unmeasured:
                lengths = (rows[who]["playing_s"], rows[who]["coverage_ms"] / 1000)
                assert all(abs(length_s - watch.playing_s) <= within_s for length_s in lengths), (watch, lengths)
        return rows

    def no_token_was_written(self) -> None:
        """See that neither a file of the data folder nor the log has a token."""
        for file in (self.log_path, *self.data_dir.rglob("*")):
            content = file.read_bytes() if file.is_file() else b""
            for token in (self.plex.token, self.discord.token):
                assert token.encode() not in content, file


@contextlib.contextmanager
def evening_at(folder: Path, party_user: str = "", **settings: str) -> Iterator[Evening]:
    """An evening under way; the service is stopped at the end of the test."""
    with Evening(folder, party_user, **settings) as stage:
        yield stage
