"""Plays trials with damaged input: `python -m tests.fuzz --plex 10000 --alerts 1000 --imports 200`."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from multiprocessing import get_context

from tests.fuzz.trials import TRIALS, play_trial


def main(argv: list[str]) -> int:
    """Play the trials; exit status 1 where one found a fault."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    for name in TRIALS:
        parser.add_argument(f"--{name}", type=int, default=0, metavar="CASES")
    parser.add_argument("--seed", type=int, default=0, help="the first one's seed; the others follow (default: 0)")
    asked = vars(parser.parse_args(argv))
    logging.disable(logging.CRITICAL)
    is_sound = True
    for name in TRIALS:
        if asked[name]:
            began_s = time.perf_counter()
            with get_context("spawn").Pool(1) as pool:  # each measures the memory of a process of its own
                result = pool.apply(play_trial, (name, range(asked["seed"], asked["seed"] + asked[name])))
            print(f"{result} in {time.perf_counter() - began_s:.0f} s", flush=True)
            print(*(f"    {fault}" for fault in result.faults[:40]), sep="\n", end="\n" if result.faults else "")
            is_sound = is_sound and not result.faults
    return 0 if is_sound else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
