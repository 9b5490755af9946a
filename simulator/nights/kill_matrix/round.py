"""Plays one round: a whole short night with the real service, its kills, and the verdict."""

from __future__ import annotations

import contextlib
import datetime
import json
import logging
import sqlite3
import tempfile
import time
from pathlib import Path
from typing import Any

from launcher.connection.service_client import NotReachedError, ServiceClient
from messages import ListActiveWatches
from simulator.nights.blind_spots import Survey
from simulator.nights.kill_matrix.kills import Striker
from simulator.nights.kill_matrix.performer import Players
from simulator.nights.kill_matrix.script import FILMS, HOST, Deed, Script, write
from simulator.nights.stage import ServiceStage
from simulator.nights.verdict import Margins, NightVerdict, judge

SPEED = 240.0
POLL_S = 24.0
"""100 real milliseconds."""
GRACE_S = 48.0
SLACK_S = 60.0
SAVE_S = 60.0
SETTINGS = {
    "PLEX_POLL_SECONDS": f"{POLL_S:g}",
    "END_GRACE_SECONDS": f"{GRACE_S:g}",
    "POSITION_SLACK_SECONDS": f"{SLACK_S:g}",
    "GHOST_AFTER_SECONDS": "600",
    "GHOST_END_SECONDS": "1800",
    "AUTO_SAVE_INTERVAL_MINUTES": f"{SAVE_S / 60:g}",
    "HEALTH_INTERVAL_SECONDS": "1",
    "LOG_LEVEL": "INFO",
}
EVENING = datetime.datetime(2026, 10, 30, 18, tzinfo=datetime.UTC)
"""No film of the night lies in the future."""
SETTLE_WITHIN_S = 15.0
BACK_WITHIN_S = 40.0
POLLS_AFTER = 3
"""Polls that pass after a restart before life goes on, in a night that waits."""
AFTER_ALL_MINUTES = 3.0
"""How long those who stay go on watching when all is well again."""


def play(seed: int, kept: Path | None = None) -> NightVerdict:
    """Play the night of a seed. `kept`: a folder in which what it left behind is kept."""
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # clients that are killed while they send
    began = time.monotonic()
    verdict = NightVerdict(seed)
    with tempfile.TemporaryDirectory(prefix="usher-matrix-") as made:
        folder = kept / str(seed) if kept is not None else Path(made)
        (folder / "frames").mkdir(parents=True, exist_ok=True)
        try:
            _play(write(seed), folder, verdict)
        except Exception as error:  # noqa: BLE001 - a round that broke is a round that failed
            verdict.problems.append(f"the round broke: {type(error).__name__}: {error}")
    verdict.seconds = time.monotonic() - began
    return verdict


def _play(script: Script, folder: Path, verdict: NightVerdict) -> None:
    frames_dir = folder / "frames"
    settings = {**SETTINGS, "frames_dir": str(frames_dir)}
    stage = ServiceStage(folder / "data", speed=SPEED, party_user=HOST, evening=EVENING, **settings)
    for title, minutes in FILMS:
        stage.plex.add_movie(title, minutes=minutes, year=1999, genres=("Drama",))
    with stage:
        players = Players(stage, script.report_s)
        striker = Striker(stage, frames_dir)
        _carry_out(script, stage, players, striker)
        striker.settle()
        players.heal()
        with contextlib.suppress(TimeoutError):
            stage.wait_for(lambda: stage.discord.is_connected, SETTLE_WITHIN_S, "the bot to be back")
        players.calm()
        stage.wait_until(stage.minute + AFTER_ALL_MINUTES)
        players.all_leave()
        _await_the_end(stage, verdict)
        status, _ = stage.stop_service()
    _judge(stage, players, striker, verdict, script)
    if status != 0:
        verdict.problems.append(f"exit status {status}")


def _carry_out(script: Script, stage: ServiceStage, players: Players, striker: Striker) -> None:
    late = 0.0
    for deed in script.deeds:
        stage.wait_until(deed.minute + late)
        if script.waits and striker.busy and deed.verb != "kill":
            players.heal()  # a service whose Plex is away is not said to be well
            stage.wait_for(lambda: not striker.busy, BACK_WITHIN_S, "what was killed to work again")
            stage.wait_until(stage.minute + POLLS_AFTER * POLL_S / 60)
            late = stage.minute - deed.minute
        _do(deed, players, striker)


def _do(deed: Deed, players: Players, striker: Striker) -> None:
    if deed.verb == "kill":
        striker.strike(deed)
    else:
        players.do(deed)


def _await_the_end(stage: ServiceStage, verdict: NightVerdict) -> None:
    """Wait until the tracker says that nobody watches any more."""
    last: list[str] = []

    def over() -> bool:
        try:
            with ServiceClient(stage.data_dir) as caller:
                active = caller.ask(ListActiveWatches(), 2.0)
        except NotReachedError as error:
            last[:] = [str(error)]
            return False
        last[:] = [f"{watch.username} at {watch.item.title}" for watch in active.watches]
        return not active.watches and not active.notice

    try:
        stage.wait_for(over, SETTLE_WITHIN_S, "the last watch to end")
    except TimeoutError:
        verdict.problems.append(f"still running {SETTLE_WITHIN_S:g} s after everybody left: {', '.join(last)}")


def _judge(stage: ServiceStage, players: Players, striker: Striker, verdict: NightVerdict, script: Script) -> None:
    rows = _rows(stage.data_dir, "SELECT * FROM watches")
    survey = Survey(
        POLL_S,
        SAVE_S,
        polls=[request.at_s for request in stage.plex.requests_for("/status/sessions")],
        saves=[row["saved_at_s"] for row in _rows(stage.data_dir, "SELECT saved_at_s FROM saves")],
        kills=striker.kills,
        plex_faults=players.plex_faults,
        voice_faults=players.voice_faults,
    )
    margins = Margins(POLL_S, max(script.report_s.values()), GRACE_S, SLACK_S)
    judge(verdict, players.ledger.attendances(HOST), rows, survey, margins)
    verdict.kills = [f"{kill.victim} {kill.moment}" for kill in striker.kills]
    verdict.unacknowledged = sum(kill.unacknowledged for kill in striker.kills)
    verdict.problems += striker.problems + _books(stage, rows)


def _books(stage: ServiceStage, rows: list[dict[str, Any]]) -> list[str]:
    """What is wrong with what was derived from the records, and with the log."""
    problems = []
    history = [record["watch_id"] for record in stage.history()]
    if sorted(history) != sorted(row["watch_id"] for row in rows):
        problems.append(f"watch_history.json has {len(history)} records, the store has {len(rows)}")
    stats = json.loads(stage.files().get("user_stats.json", b"{}"))
    for viewer_id in sorted({row["viewer_id"] for row in rows}):
        counted = [row["playing_s"] for row in rows if row["viewer_id"] == viewer_id and not row["brief"]]
        found = stats.get(viewer_id, {})
        films, seconds = found.get("total_movies"), found.get("total_watch_time_seconds", -1.0)
        if films != len(counted) or abs(seconds - sum(counted)) > 0.2 or found.get("watching_now"):
            right = f"{len(counted)} films and {sum(counted):.1f} s"
            problems.append(f"{viewer_id} has {found} in the statistics, and {right} in the records")
    stored = {row["watch_id"] for row in rows}
    left = {row["watch_id"] for row in _rows(stage.data_dir, "SELECT watch_id FROM checkpoint")}
    problems += [f"{watch_id} is in the checkpoint without a record" for watch_id in sorted(left - stored)]
    log = stage.service_log()
    problems += [f"the log has {sign}" for sign in ("❌", "Traceback", "set aside") if sign in log]
    return problems


def _rows(data_dir: Path, query: str) -> list[dict[str, Any]]:
    with contextlib.closing(sqlite3.connect(f"file:{data_dir / 'usher.db'}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query)]
