"""Texts and years that come from elsewhere, as every store can hold them."""

from __future__ import annotations

from typing import Final

YEAR_LIMIT: Final = 9999
"""A later year is none: PostgreSQL would refuse some of them."""
_UNSTORABLE = dict.fromkeys([0, *range(0xD800, 0xE000)])
"""NUL, which PostgreSQL cannot hold; lone surrogates (half a letter), which UTF-8 has no bytes for."""


def storable(text: str) -> str:
    """Return a text without the characters that no store can hold."""
    return text if text.isprintable() else text.translate(_UNSTORABLE)
