"""What several tests of the actor layer begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deadlines import WITHIN_S
from tests.unit.runtime.endpoint_pair import Pair
from tests.unit.runtime.scripted_actor import Stage


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Ann and Bob; both are closed in the end."""
    made = Pair(tmp_path)
    yield made
    made.ann.close()
    made.bob.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """An actor's stage; every actor on it is stopped at the end."""
    made = Stage(tmp_path)
    yield made
    for actor in made.actors:
        actor.stop_in_order()
        assert actor.terminated.wait(WITHIN_S)
    made.ann.close()
    made.report_file.close()
