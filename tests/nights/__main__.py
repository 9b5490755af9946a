"""Plays random nights: `python -m tests.nights --nights 2000`.

Without `--kind` on the stage in memory, with faults; a `--kind` is played on the stage of the rules alone.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from tests.nights.memory.results import NightResult, play_nights
from tests.nights.random_scripts import KINDS, judge_kind

SEEDS_A_TIME = 10


def main(argv: list[str]) -> int:
    """Play the nights of so many seeds, as they are asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.nights", description=__doc__)
    parser.add_argument("--nights", type=int, default=1000, help="how many (default: 1000)")
    parser.add_argument("--seed", type=int, default=0, help="the first one's seed; the others follow (default: 0)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one a core)")
    parser.add_argument("--kind", choices=KINDS, help="random scripts of this kind, for the tracking rules alone")
    asked = parser.parse_args(argv)
    seeds = range(asked.seed, asked.seed + asked.nights)
    return play_scripts(asked.kind, seeds, asked.jobs) if asked.kind else play_in_memory(seeds, asked.jobs)


def play_scripts(kind: str, seeds: range, jobs: int) -> int:
    """Play random scripts on the stage of the rules; exit status 1 where something was wrong with one."""
    began_s = time.perf_counter()
    failed = played = watches = 0
    with ProcessPoolExecutor(jobs) as pool:
        for judgements in pool.map(judge_kind, itertools.repeat(kind), _split(seeds)):
            for seed, judgement in judgements.items():
                played, failed = played + 1, failed + bool(judgement.problems)
                watches += judgement.expected
                if judgement.problems:
                    print(f"script {seed}:", *judgement.problems, sep="\n    ", flush=True)
    took_s = time.perf_counter() - began_s
    print(f"{played} scripts ({kind}) in {took_s:.1f} s, {failed} of them wrong: {watches} watches that must be there")
    return 1 if failed else 0


def _split(seeds: range) -> list[list[int]]:
    return [list(seeds[at : at + SEEDS_A_TIME]) for at in range(0, len(seeds), SEEDS_A_TIME)]


def play_in_memory(seeds: range, jobs: int) -> int:
    """Play nights on the stage in memory; exit status 1 where something was wrong with one."""
    began_s = time.perf_counter()
    failed, played = 0, 0
    total = NightResult(0)
    with ProcessPoolExecutor(jobs) as pool:
        for result in itertools.chain.from_iterable(pool.map(play_nights, _split(seeds))):
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
