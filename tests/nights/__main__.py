"""Plays random nights: `python -m tests.nights --nights 2000`."""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from tests.nights.memory.results import NightResult, play_nights

SEEDS_A_TIME = 10


def main(argv: list[str]) -> int:
    """Play the nights of so many seeds; exit status 1 where something was wrong with one."""
    parser = argparse.ArgumentParser(prog="python -m tests.nights", description=__doc__)
    parser.add_argument("--nights", type=int, default=1000, help="how many (default: 1000)")
    parser.add_argument("--seed", type=int, default=0, help="the first one's seed; the others follow (default: 0)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one a core)")
    asked = parser.parse_args(argv)
    seeds = range(asked.seed, asked.seed + asked.nights)
    began_s = time.perf_counter()
    failed, played = 0, 0
    total = NightResult(0)
    with ProcessPoolExecutor(asked.jobs) as pool:
        for result in itertools.chain.from_iterable(
            pool.map(play_nights, [list(seeds[at : at + SEEDS_A_TIME]) for at in range(0, len(seeds), SEEDS_A_TIME)])
        ):
            played += 1
            failed += bool(result.problems)
            total += result
            if result.problems:
                print(f"night {result.seed}: {result.story}")
                print(*(f"    {problem}" for problem in result.problems), sep="\n", flush=True)
    took_s = time.perf_counter() - began_s
    print(
        f"{played} nights in {took_s:.1f} s ({played / took_s * 60:.0f} a minute), {failed} of them wrong: "
        f"{total.watches} watches in the ledger, {total.records} records, {total.kills} kills, "
        f"{total.frames} frames, {total.hours:.0f} hours"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
