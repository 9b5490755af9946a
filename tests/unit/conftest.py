"""What all unit tests share."""

from collections.abc import Iterator

import pytest

from wording.translation import speak


@pytest.fixture
def german() -> Iterator[None]:
    """The bot speaks German, the longest-winded language that there is."""
    speak("de")
    yield
    speak("en")
