"""Runs nights and says what is wrong with them."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from persistence.database.engine import reader_engine
from simulator.nights.judge import Judgement, Margins, judge
from simulator.nights.ledger import TrueWatch
from tests.nights.memory import derived_data
from tests.nights.memory.disk import Disk
from tests.nights.memory.night import MemoryNight
from tests.nights.memory.timeline import memory_folder


@dataclass
class NightResult:
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

    def __iadd__(self, other: NightResult) -> NightResult:
        for name in ("watches", "records", "kills", "frames", "hours"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self


@contextlib.contextmanager
def memory_disk() -> Iterator[Disk]:
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


def play_nights(seeds: Iterable[int], *, with_untracked: bool = False) -> list[NightResult]:
    """Play the nights of these seeds, one after another.

    `with_untracked`: in each, somebody chooses not to be tracked any more.
    """
    with memory_disk() as disk:
        return [play_one(seed, disk, with_untracked=with_untracked) for seed in seeds]


def play_one(seed: int, disk: Disk, *, with_untracked: bool = False) -> NightResult:
    """Play one night and look at what it left."""
    night, problems = play(seed, disk, with_untracked=with_untracked)
    return NightResult(
        seed,
        problems,
        ", ".join(map(str, night.faults)) or "no faults",
        watches=len(_true_watches(night)),
        records=len(night.records),
        kills=sum(process.lives - 1 for process in night.processes.values()),
        frames=night.network.frames,
        hours=night.timeline.now_s / 3600,
    )


def play(seed: int, disk: Disk, *, with_untracked: bool = False) -> tuple[MemoryNight, list[str]]:
    """Play one night; returns it and what is wrong."""
    night = MemoryNight(seed, disk, with_untracked=with_untracked)
    night.run()
    problems = list(night.problems)
    if night.untracked is not None:
        problems += night.untracked.find_problems(disk.store_url)
    engine = reader_engine(disk.store_url)
    try:
        with engine.connect() as connection:
            night.records = derived_data.read_records(connection)
            problems += _judge(night).problems
            problems += derived_data.check(night, connection, night.records)
    finally:
        engine.dispose()
    return night, problems


def _true_watches(night: MemoryNight) -> list[TrueWatch]:
    settings = night.settings
    return night.world.ledger.true_watches(settings.watch_party_plex_user, settings.excluded_plex_users)


def _judge(night: MemoryNight) -> Judgement:
    settings, untracked = night.settings, night.untracked
    margins = Margins(
        settings.plex_poll_seconds,
        settings.end_grace_seconds,
        settings.position_slack_seconds,
        ghost_after_s=settings.ghost_after_seconds,
        watched_percent=settings.watched_percent,
        min_watch_s=settings.min_watch_seconds,
    )
    return judge(
        night.world.ledger,
        settings.watch_party_plex_user,
        night.records,
        night.observation(),
        margins,
        excluded=settings.excluded_plex_users,
        not_judged=() if untracked is None else (untracked.viewer,),
    )
