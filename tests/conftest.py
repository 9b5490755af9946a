"""What all tests share."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

# How long an example takes says how busy the machine is, and nothing of what is tested.
settings.register_profile("usher", deadline=None)
settings.load_profile("usher")


@pytest.fixture(autouse=True)
def keep_umask() -> Iterator[None]:
    """Put the umask back: the command line sets UMASK for its process, which is the test's own where it is called."""
    before = os.umask(0)
    os.umask(before)
    yield
    os.umask(before)
