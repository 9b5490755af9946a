"""What all tests share."""

import gc
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

TESTS = Path(__file__).parent

# How long an example takes says how busy the machine is, and nothing of what is tested.
settings.register_profile("usher", deadline=None)
settings.load_profile("usher")

# A test process keeps thousands of tests, and some syntax trees and catalogues: to look through them at every 700 new
# objects, as Python does by itself, takes a tenth of its processor time.
gc.set_threshold(10_000, 10, 10)


WHOLE_SERVICES = frozenset({"e2e", "faults", "nights"})
"""Folders of tests that run whole services, and mostly wait for them."""
WITHIN = 0.7
"""The part of a run in which their files begin, so that no worker is left with a long one at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the files of tests that mostly wait among those that compute: a machine that runs both is kept busy."""
    files = [list(tests) for _, tests in itertools.groupby(items, lambda item: item.path)]
    waiting = [tests for tests in files if tests[0].path.relative_to(TESTS).parts[0] in WHOLE_SERVICES]
    computing = [tests for tests in files if tests not in waiting]
    every = WITHIN * len(computing) / max(1, len(waiting))
    placed = [(rank * every, tests) for rank, tests in enumerate(waiting)]
    placed += [(float(rank), tests) for rank, tests in enumerate(computing)]
    items[:] = itertools.chain.from_iterable(tests for _, tests in sorted(placed, key=lambda entry: entry[0]))


def pytest_collection_finish() -> None:
    """Spare the collector of garbage the collected tests, which stay until the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def keep_umask() -> Iterator[None]:
    """Put the umask back: the command line sets UMASK for its process, which is the test's own where it is called."""
    before = os.umask(0)
    os.umask(before)
    yield
    os.umask(before)
