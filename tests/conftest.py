"""What all tests share."""

import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

# How long an example takes says how busy the machine is, and nothing of what is tested.
settings.register_profile("usher", deadline=None)
settings.load_profile("usher")

# A test process keeps thousands of tests, and some syntax trees and catalogues: to look through them at every 700 new
# objects, as Python does by itself, takes a tenth of its processor time.
gc.set_threshold(10_000, 10, 10)


@pytest.fixture(autouse=True)
def keep_umask() -> Iterator[None]:
    """Put the umask back: the command line sets UMASK for its process, which is the test's own where it is called."""
    before = os.umask(0)
    os.umask(before)
    yield
    os.umask(before)
