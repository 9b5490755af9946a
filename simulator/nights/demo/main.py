"""`run.py simulate`: plays the scripted night and checks the result; in a terminal, offers a prompt instead."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from config import languages
from simulator.discord.model.messages import ChannelMessage
from simulator.nights.demo.club_records import ClubStage
from simulator.nights.demo.console_view import OVER, Show, chapter
from simulator.nights.demo.expectations import Evidence, check_expectations
from simulator.nights.demo.prompt import Prompt
from simulator.nights.demo.script import CUES, CURTAIN, HOST, STARTS
from simulator.nights.director import Director
from simulator.nights.stage import ANNOUNCE, ServiceStage, find_free_port

SPEED, PROMPT_SPEED = 180.0, 60.0
"""Minutes of the night in a real minute: the scripted night takes 40 s; the prompt is slower, to leave time to read."""
CHART_WITHIN_S = 30.0
"""Real seconds: drawing a chart takes as long at any speed."""
SETTINGS = {
    "PLEX_POLL_SECONDS": "30",
    "END_GRACE_SECONDS": "180",
    "POSITION_SLACK_SECONDS": "240",
    "GHOST_AFTER_SECONDS": "600",
    "GHOST_END_SECONDS": "1800",
    "HEALTH_INTERVAL_SECONDS": "1",
    "LOG_LEVEL": "INFO",
}
"""If a busy machine stops the service for one second, three minutes of the night pass: so all intervals are longer."""


def main(arguments: list[str]) -> int:
    """Play the night; return exit status 0 only if every expectation of the script held."""
    options = _build_parser().parse_args(arguments)
    alone = options.once or not (sys.stdin.isatty() and sys.stdout.isatty())
    console = Console(width=None if sys.stdout.isatty() else 100, highlight=False, emoji=False)
    speed = options.speed or (SPEED if alone else PROMPT_SPEED)
    with _open_folder(options.keep) as folder:
        show = Show(console, speed=speed)
        settings = {**SETTINGS, "WEB_PORT": str(find_free_port())}
        data_dir, evening = folder / "data", _choose_evening()
        if alone:
            with ServiceStage(data_dir, speed=speed, party_user=HOST, evening=evening, **settings) as stage:
                return _play_script(stage, show)
        console.print("Setting up a film club with a year of history ...")
        settings["BOT_LANGUAGE"] = options.language
        with ClubStage(data_dir, speed=speed, party_user=HOST, evening=evening, **settings) as stage:
            return Prompt(stage, show, CUES).run()


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="run.py simulate",
        description="A film night between a simulated Plex and a simulated Discord: in a terminal with a prompt, "
        "otherwise a scripted one.",
    )
    parser.add_argument("--once", action="store_true", help="play the scripted night without a prompt, then stop")
    parser.add_argument(
        "--speed",
        type=float,
        help=f"minutes of the night in a real one (default {SPEED:g}, at the prompt {PROMPT_SPEED:g})",
    )
    parser.add_argument(
        "--language", choices=languages(), default="en", help="what the bot speaks at the prompt (default %(default)s)"
    )
    parser.add_argument("--keep", metavar="DIR", type=Path, help="keep data and logs in this folder")
    return parser


@contextlib.contextmanager
def _open_folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        if any(kept.iterdir()):
            raise SystemExit(f"{kept} is not empty: name a new folder for the night's data.")
        yield kept
        return
    made = Path(tempfile.mkdtemp(prefix="usher-night-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _choose_evening() -> datetime.datetime:
    """Return 20:30 UTC of the day before: the whole night is in the past, so that no film lies in the future."""
    yesterday = datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=1)
    return datetime.datetime.combine(yesterday, datetime.time(20, 30), datetime.UTC)


def _has_chart(message: ChannelMessage) -> bool:
    """Tell whether a message has its chart; true for messages that get none (only records and year cards do)."""
    is_drawn = chapter(message) == OVER or "🎁" in message.text
    return not is_drawn or any(each.description for each in message.attachments)


def _play_script(stage: ServiceStage, show: Show) -> int:
    director = Director(stage, show.print_event)
    show.print_opening(stage)
    with show.follow_channel(stage):
        before = [cue for cue in CUES if cue.at_s < STARTS * 60]
        director.play(before)
        stage.wait_until(STARTS - 0.3)
        files_before_film = stage.files()
        director.play(CUES[len(before) :])
        stage.wait_until(CURTAIN)
        director.performer.end_all()
        unanswered = director.list_unanswered()
        stage.discord.wait_until(lambda: all(map(_has_chart, stage.discord.messages(ANNOUNCE))), CHART_WITHIN_S)
    messages = stage.discord.messages(ANNOUNCE)
    health = tuple(stage.health())
    status, stop_s = stage.stop_service()
    evidence = Evidence(
        truth=tuple(director.performer.ledger.true_watches(HOST)),
        data_dir=stage.data_dir,
        service_log=stage.service_log(),
        texts=tuple(message.text for message in messages),
        files=tuple(tuple(each.filename for each in message.attachments) for message in messages),
        nights=tuple((each["name"], each["status"]) for each in stage.discord.guild.events.values()),
        unanswered=unanswered,
        slowest_ack_s=director.slowest_ack_s(),
        health=health,
        files_before_film=files_before_film,
        exit_code=status,
        stop_s=stop_s,
    )
    show.print_saving_log(evidence.service_log)
    show.print_saved_files(stage.data_dir)
    show.print_health(health)
    held = show.print_results(check_expectations(evidence))
    if held:
        show.print_next_steps()
    else:
        show.print_log_end(evidence.service_log)
    return 0 if held else 1
