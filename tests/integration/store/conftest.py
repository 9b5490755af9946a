"""What several tests of the persistence actor begin with."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.store.persistence_fixture import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A running persistence actor with an empty store."""
    made = House(tmp_path)
    yield made
    made.close()


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Every line of the log."""
    caplog.set_level(logging.DEBUG)
    return caplog
