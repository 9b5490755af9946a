"""What several tests of the actor layer begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.runtime.endpoint_pair import Pair


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Ann and Bob; both are closed in the end."""
    made = Pair(tmp_path)
    yield made
    made.ann.close()
    made.bob.close()
