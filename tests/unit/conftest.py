"""What all unit tests share."""

from collections.abc import Iterator

import pytest

from wording.translation import set_language


@pytest.fixture
def german() -> Iterator[None]:
    """The bot speaks German, the longest-winded language that there is."""
    set_language("de")
    yield
    set_language("en")
