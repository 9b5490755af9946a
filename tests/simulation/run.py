"""Runs nights and says what is wrong with them."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from persistence.database.engine import reader_engine
from tests.simulation import books, ledger
from tests.simulation.disk import Disk
from tests.simulation.night import Night
from tests.simulation.timeline import memory_folder


@dataclass
class Verdict:
    """What one night came to, or many together."""

    seed: int
    problems: list[str] = field(default_factory=list)
    story: str = ""
    """What went wrong in it, and when."""
    watches: int = 0
    """Viewers and items that belong together, in truth."""
    records: int = 0
    kills: int = 0
    frames: int = 0
    hours: float = 0.0

    def __iadd__(self, other: Verdict) -> Verdict:
        for name in ("watches", "records", "kills", "frames", "hours"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self


@contextlib.contextmanager
def theatre() -> Iterator[Disk]:
    """A disk for nights, in memory where there is such; nothing is logged meanwhile."""
    with tempfile.TemporaryDirectory(prefix="usher-nights-", dir=memory_folder()) as folder:
        disk = Disk(Path(folder))
        before = logging.root.manager.disable
        logging.disable(logging.CRITICAL)
        try:
            yield disk
        finally:
            logging.disable(before)
            disk.close()


def judge(seeds: Iterable[int], *, shy: bool = False) -> list[Verdict]:
    """Play the nights of these seeds, one after another. `shy`: in each, somebody chooses not to be tracked."""
    with theatre() as disk:
        return [verdict(seed, disk, shy=shy) for seed in seeds]


def verdict(seed: int, disk: Disk, *, shy: bool = False) -> Verdict:
    """Play one night and look at what it left."""
    night, problems = play(seed, disk, shy=shy)
    return Verdict(
        seed,
        problems,
        ", ".join(f"{fault.at_s:.0f} s {fault.name}" for fault in night.faults) or "no faults",
        watches=len(ledger.attendances(night)),
        records=len(night.records),
        kills=sum(host.lives - 1 for host in night.hosts.values()),
        frames=night.network.frames,
        hours=night.timeline.now_s / 3600,
    )


def play(seed: int, disk: Disk, *, shy: bool = False) -> tuple[Night, list[str]]:
    """Play one night; returns it and what is wrong."""
    night = Night(seed, disk, shy=shy)
    night.run()
    problems = list(night.problems)
    if night.shy is not None:
        problems += night.shy.wrong(disk.store_url)
    engine = reader_engine(disk.store_url)
    try:
        with engine.connect() as connection:
            night.records = books.records_of(connection)
            problems += ledger.check(night, night.records)
            problems += books.check(night, connection, night.records)
    finally:
        engine.dispose()
    return night, problems
