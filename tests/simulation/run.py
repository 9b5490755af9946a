"""Runs nights and says what is wrong with them."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

from persistence.engine import reader_engine
from tests.simulation import books, ledger
from tests.simulation.disk import Disk
from tests.simulation.night import Night
from tests.simulation.timeline import memory_folder


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


def play(seed: int, disk: Disk) -> tuple[Night, list[str]]:
    """Play one night; returns it and what is wrong."""
    night = Night(seed, disk)
    night.run()
    problems = list(night.problems)
    engine = reader_engine(disk.store_url)
    try:
        with engine.connect() as connection:
            records = books.records_of(connection)
            night.records = records
            problems += ledger.check(night, records)
            problems += books.check(night, connection, records)
    finally:
        engine.dispose()
    return night, problems
