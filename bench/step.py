"""How long a step of the tracking takes, at 10 to 10,000 sessions: `python -m bench.step`.

It measures processor time, which other load on the machine does not affect.
"""

import statistics
import time

from messages import Item, Moment, Playback, PlaybackSnapshot
from messages.base import DurationMs, PositionMs
from tracking.engine import TrackingEngine
from tracking.rules import Rules

SIZES = (10, 100, 1_000, 10_000)
POLLS = 30


def snapshot(sessions: int, number: int) -> PlaybackSnapshot:
    """Return a poll, ten seconds after the last one, with all sessions still playing."""
    playbacks = tuple(
        Playback(
            session_key=str(index),
            item=Item(
                server_id="srv",
                rating_key=str(index % 500),
                kind="movie",
                title=f"Film {index % 500}",
                year=1995,
                duration_ms=DurationMs(7_200_000),
                genres=("Crime", "Drama"),
                directors=("Michael Mann",),
            ),
            account_id=str(index),
            account_name=f"viewer-{index}",
            machine_id=f"player-{index}",
            player="TV",
            state="playing",
            position_ms=PositionMs(number * 10_000),
        )
        for index in range(sessions)
    )
    return PlaybackSnapshot("srv", "Cinema", "plex", Moment(1.7e9 + number * 10, number * 10.0), playbacks)


def run() -> dict[str, dict[int, float]]:
    """Return microseconds per session of the median step, and of the median report of a step, by number of sessions."""
    steps: dict[int, float] = {}
    reports: dict[int, float] = {}
    for sessions in SIZES:
        tracking = TrackingEngine(Rules())
        polls = POLLS if sessions <= 1_000 else 8
        step_s, report_s = [], []
        for number in range(polls):
            seen = snapshot(sessions, number)
            begin = time.process_time()
            tracking.observe(seen)
            stepped = time.process_time()
            tracking.report(seen.taken)
            reported = time.process_time()
            if number:  # the first poll opens the watches
                step_s.append(stepped - begin)
                report_s.append(reported - stepped)
        steps[sessions] = statistics.median(step_s) / sessions * 1e6
        reports[sessions] = statistics.median(report_s) / sessions * 1e6
    return {"step_us_per_session": steps, "report_us_per_session": reports}


def main() -> None:
    """Print the figures."""
    figures = run()
    print(f"{'sessions':>10} {'step us/session':>17} {'report us/session':>19}")
    for sessions in SIZES:
        step, report = (figures[name][sessions] for name in ("step_us_per_session", "report_us_per_session"))
        print(f"{sessions:>10} {step:>17.1f} {report:>19.1f}")


if __name__ == "__main__":
    main()
