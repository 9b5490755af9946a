"""What every trial counts, and how much memory it took."""

from __future__ import annotations

import dataclasses
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

ALLOWED_MB: Final = 64.0
"""Memory above idle that damaged input may take, MB."""


@dataclasses.dataclass
class TrialResult:
    """How a trial went."""

    name: str
    cases: int = 0
    outcomes: Counter[str] = dataclasses.field(default_factory=Counter)
    """How often a case ended in which way."""
    faults: list[str] = dataclasses.field(default_factory=list)
    """What must not be, with the seed of the case."""
    above_idle_mb: float = 0.0
    heaviest: int = -1
    """The seed of the case that took the most memory."""
    slowest_s: float = 0.0
    slowest: int = -1
    """The seed of the case that took the longest."""

    def __str__(self) -> str:
        ways = ", ".join(f"{count} {outcome}" for outcome, count in self.outcomes.most_common())
        return (
            f"{self.name}: {self.cases} cases, {len(self.faults)} faults, "
            f"at most {self.above_idle_mb:.0f} MB above idle (seed {self.heaviest}), "
            f"slowest {self.slowest_s:.2f} s (seed {self.slowest}; {ways})"
        )


Case = Callable[[int], str]
"""Plays the case of a seed; returns how it ended, raises where it must not end so."""


def run_trial(name: str, case: Case, seeds: range) -> TrialResult:
    """Play a case for each seed, after one whose memory counts as idle."""
    result = TrialResult(name)
    case(-1)
    forget_peak()
    idle_mb = _read_memory_mb("VmRSS")
    for seed in seeds:
        began_s = time.perf_counter()
        try:
            result.outcomes[case(seed)] += 1
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what the trial looks for
            result.faults.append(f"{name} {seed}: {type(error).__name__}: {str(error)[:200]}")
        result.cases += 1
        took_s = time.perf_counter() - began_s
        if took_s > result.slowest_s:
            result.slowest_s, result.slowest = took_s, seed
        above_idle_mb = _read_memory_mb("VmHWM") - idle_mb
        if above_idle_mb > result.above_idle_mb:
            result.above_idle_mb, result.heaviest = above_idle_mb, seed
            if above_idle_mb > ALLOWED_MB:
                result.faults.append(f"{name} {seed}: {above_idle_mb:.0f} MB above idle")
    return result


def _read_memory_mb(field: str) -> float:
    found = re.search(rf"{field}:\s+(\d+)", Path("/proc/self/status").read_text(encoding="ascii"))
    return int(found[1]) / 1024 if found else 0.0


def forget_peak() -> None:
    """Have Linux measure the peak anew: after a case has made its damage, which counts for nothing."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
