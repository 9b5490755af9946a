"""Plays one round of the kill matrix: a whole short night with the real service, the kills, and the judgement."""

from __future__ import annotations

import contextlib
import datetime
import logging
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from launcher.connection.service_client import NotReachedError, ServiceClient
from messages import ListActiveWatches
from simulator.nights.judge import Judgement, Margins, judge
from simulator.nights.kill_matrix.faults import OutsideFaults
from simulator.nights.kill_matrix.process_killer import ProcessKiller
from simulator.nights.kill_matrix.random_night import FILMS, HOST, RandomNight, write_night
from simulator.nights.observation import ProcessSurvey
from simulator.nights.performer import Performer
from simulator.nights.script import PLAYER_VERBS, VOICE_VERBS, Cue
from simulator.nights.stage import ServiceStage
from simulator.nights.stored import find_problems, read_records, read_rows

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
"""Start of the night: long enough ago that no film is in the future."""
AUTO_SAVES = "SELECT saved_at_s FROM saves WHERE reason = 'auto'"
"""Only auto-saves: a finished watch is saved with persistence's last report, which may be a poll or two behind."""
SAVE_LAG_S = 0.5 * SPEED
"""Half a real second: a busy machine delays a process by more than a poll of this night."""
SETTLE_WITHIN_S = 15.0
BACK_WITHIN_S = 40.0
POLLS_AFTER = 3
"""Number of polls after a restart before the script continues, in a night that waits."""
AFTER_ALL_MINUTES = 3.0
"""How long the remaining viewers continue watching after all faults are over."""


@dataclass
class RoundResult:
    """The result of one night."""

    seed: int
    judgement: Judgement = field(default_factory=Judgement)
    problems: list[str] = field(default_factory=list)
    kills: list[str] = field(default_factory=list)
    unacknowledged: int = 0
    """Number of kills between a commit and its acknowledgement."""
    seconds: float = 0.0
    """Duration in real seconds."""

    @property
    def failed(self) -> bool:
        """Whether anything was wrong."""
        return bool(self.judgement.missing or self.judgement.double or self.problems)


def play_round(seed: int, keep: Path | None = None) -> RoundResult:
    """Play the night of a seed. `keep`: a folder in which its files are kept."""
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # expected: clients are killed while they send
    began = time.monotonic()
    result = RoundResult(seed)
    with tempfile.TemporaryDirectory(prefix="usher-matrix-") as made:
        folder = keep / str(seed) if keep is not None else Path(made)
        (folder / "frames").mkdir(parents=True, exist_ok=True)
        try:
            _play(write_night(seed), folder, result)
        except Exception as error:  # noqa: BLE001 - a round that broke is a round that failed
            result.problems.append(f"the round broke: {type(error).__name__}: {error}")
    result.seconds = time.monotonic() - began
    return result


def _play(night: RandomNight, folder: Path, result: RoundResult) -> None:
    frames_dir = folder / "frames"
    settings = {**SETTINGS, "frames_dir": str(frames_dir)}
    stage = ServiceStage(folder / "data", speed=SPEED, party_user=HOST, evening=EVENING, **settings)
    for film in FILMS:
        stage.plex.add_item(film)
    with stage:
        performer = stage.performer(night.script.report_s)
        faults = OutsideFaults(stage)
        killer = ProcessKiller(stage, frames_dir)
        _play_cues(night, stage, performer, faults, killer)
        killer.wait_until_all_work()
        faults.heal_plex()
        with contextlib.suppress(TimeoutError):
            stage.wait_for(lambda: stage.discord.is_connected, SETTLE_WITHIN_S, "the bot to be back")
        faults.note_reconnection()
        stage.wait_until(stage.minute + AFTER_ALL_MINUTES)
        performer.end_all()
        _await_the_end(stage, result)
        status, _ = stage.stop_service()
    if status != 0:
        result.problems.append(f"exit status {status}")
    _judge(stage, performer, faults, killer, result)


def _play_cues(
    night: RandomNight, stage: ServiceStage, performer: Performer, faults: OutsideFaults, killer: ProcessKiller
) -> None:
    late = 0.0
    for cue in night.script.cues:
        minute = cue.at_s / 60
        stage.wait_until(minute + late)
        if night.waits and killer.busy and cue.verb != "kill":
            faults.heal_plex()  # the service does not count as healthy while Plex is unreachable
            stage.wait_for(lambda: not killer.busy, BACK_WITHIN_S, "what was killed to work again")
            stage.wait_until(stage.minute + POLLS_AFTER * POLL_S / 60)
            late = stage.minute - minute
        faults.note_reconnection()
        _play_cue(cue, performer, faults, killer)


def _play_cue(cue: Cue, performer: Performer, faults: OutsideFaults, killer: ProcessKiller) -> None:
    if cue.verb == "kill":
        killer.begin_kill(cue)
    elif cue.verb in PLAYER_VERBS | VOICE_VERBS:
        performer.perform(cue)
    else:
        faults.play(cue)


def _await_the_end(stage: ServiceStage, result: RoundResult) -> None:
    """Wait until the tracker reports that nobody is watching any more."""
    last: list[str] = []

    def is_over() -> bool:
        try:
            with ServiceClient(stage.data_dir) as caller:
                active = caller.ask(ListActiveWatches(), 2.0)
        except NotReachedError as error:
            last[:] = [str(error)]
            return False
        last[:] = [f"{watch.username} at {watch.item.title}" for watch in active.watches]
        return not active.watches and not active.notice

    try:
        stage.wait_for(is_over, SETTLE_WITHIN_S, "the last watch to end")
    except TimeoutError:
        result.problems.append(f"still running {SETTLE_WITHIN_S:g} s after everybody left: {', '.join(last)}")


def _judge(
    stage: ServiceStage, performer: Performer, faults: OutsideFaults, killer: ProcessKiller, result: RoundResult
) -> None:
    survey = ProcessSurvey(
        POLL_S,
        SAVE_LAG_S,
        polls=[request.at_s for request in stage.plex.requests_for("/status/sessions")],
        saves=[row["saved_at_s"] for row in read_rows(stage.data_dir, AUTO_SAVES)],
        kills=killer.kills,
        plex_faults=faults.plex_faults,
        voice_faults=faults.voice_faults,
    )
    margins = Margins(POLL_S, GRACE_S, SLACK_S, polls_a_change=2)
    records = read_records(stage.data_dir)
    result.judgement = judge(performer.ledger, HOST, records, survey.observation(), margins)
    result.kills = [f"{kill.victim} {kill.moment}" for kill in killer.kills]
    result.unacknowledged = sum(kill.unacknowledged for kill in killer.kills)
    result.problems += result.judgement.problems + killer.problems + find_problems(stage, records)
