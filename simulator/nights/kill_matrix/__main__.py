"""The kill matrix: `python -m simulator.nights.kill_matrix --rounds 200` (`make faults ROUNDS=200`)."""

from __future__ import annotations

import argparse
import collections
import sys
import time
from collections.abc import Iterable
from concurrent.futures import as_completed
from pathlib import Path

from rich.console import Console
from rich.table import Table

from simulator.nights.kill_matrix.kill_round import RoundResult
from simulator.nights.kill_matrix.worker_pool import open_pool, play_in_worker

SIDE_BY_SIDE = 2
"""Rounds played at the same time: a round mostly waits, so that two of them keep two cores busy."""

REMARKABLE_POLLS = 3.0
"""Errors larger than this are shown with their record."""


def main(argv: list[str]) -> int:
    """Play the rounds; return exit status 1 if a watch was missing or duplicated, or anything else was wrong."""
    parser = argparse.ArgumentParser(prog="python -m simulator.nights.kill_matrix", description=__doc__)
    parser.add_argument("--rounds", type=int, default=12, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the first; the others follow (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=SIDE_BY_SIDE, help="side by side (default: %(default)s)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep what each round left behind in this folder")
    asked = parser.parse_args(argv)
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    began = time.monotonic()
    results = []
    with open_pool(asked.jobs) as pool:
        rounds = [
            pool.submit(play_in_worker, seed, asked.keep) for seed in range(asked.seed, asked.seed + asked.rounds)
        ]
        for done in as_completed(rounds):
            results.append(done.result())
            _print_round(console, results[-1], len(results), asked.rounds)
    return _sum_up(console, results, time.monotonic() - began)


def _print_round(console: Console, result: RoundResult, number: int, of: int) -> None:
    """Print a round in one line, with its faults."""
    state = "[red]✘[/red]" if result.failed else "[green]✔[/green]"
    console.print(
        f"{state} {number}/{of} seed {result.seed}: {result.judgement.found} of {result.judgement.expected} watches, "
        f"off by {result.judgement.worst_polls:.1f} polls at most, {result.seconds:.0f} s; "
        f"killed: {', '.join(result.kills) or 'nobody'}"
    )
    for problem in result.problems:
        console.print(f"    {problem}", style="red", markup=False)
    if result.judgement.worst_polls > REMARKABLE_POLLS:
        console.print(f"    {result.judgement.worst}", style="dim", markup=False)


def _sum_up(console: Console, results: list[RoundResult], took_s: float) -> int:
    failed = sorted(result.seed for result in results if result.failed)
    kills = collections.Counter(kill for result in results for kill in result.kills)
    table = Table(title="Kill matrix", title_justify="left", box=None, show_header=False)
    table.add_column(justify="left")
    table.add_column(justify="right")
    rows = (
        ("rounds", str(len(results))),
        ("kills", str(kills.total())),
        ("of them between commit and acknowledgement", str(sum(each.unacknowledged for each in results))),
        ("watches expected", str(sum(each.judgement.expected for each in results))),
        ("found", str(sum(each.judgement.found for each in results))),
        ("missing", str(sum(each.judgement.missing for each in results))),
        ("double", str(sum(each.judgement.double for each in results))),
        ("error in playing time: half of all, 95 %, worst", _spread(each.judgement.playing_polls for each in results)),
        ("error in coverage: half of all, 95 %, worst", _spread(each.judgement.coverage_polls for each in results)),
        ("rounds that failed", str(len(failed))),
        ("real seconds", f"{took_s:.0f}"),
    )
    for row in rows:
        table.add_row(*row)
    console.print(table)
    console.print("Kills: " + ", ".join(f"{kill} {count}" for kill, count in sorted(kills.items())), markup=False)
    if failed:
        seeds = ", ".join(map(str, failed))
        console.print(f"Failed: {seeds}. One alone: make faults ROUNDS=1 SEED={failed[0]}", style="red")
    return 1 if failed else 0


def _spread(errors: Iterable[list[float]]) -> str:
    """Return the median, the 95th percentile and the maximum, in polls."""
    every = sorted(error for of_round in errors for error in of_round) or [0.0]
    return ", ".join(f"{every[round(share * (len(every) - 1))]:.1f}" for share in (0.5, 0.95, 1.0)) + " polls"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
