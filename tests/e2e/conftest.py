"""One long evening at speed, shared by the tests that look at what it left behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.long_evening import Evening, spend


@pytest.fixture(scope="package")
def long_evening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening]:
    """The evening, over and stopped. Nothing of it runs any more."""
    yield spend(tmp_path_factory.mktemp("evening"))
