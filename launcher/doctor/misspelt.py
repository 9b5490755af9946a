"""Finds names that differ only slightly from those of settings: they would be ignored silently."""

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path

from config import DECLARED
from diagnosis.findings import Finding, note

_NEARNESS = 0.85
"""Share of letters that still match after two or three typing errors."""
_WORD_NEARNESS = 0.6
"""The same for each word of a name: a different word is no typing error."""


def check_misspelt(environ: Mapping[str, str], dotenv_path: Path) -> Iterator[Finding]:
    """Report names that nearly match a setting, in the environment or in a `.env` file, which may be missing."""
    known = [*DECLARED, *(f"FILE__{name}" for name in DECLARED)]
    for written in sorted({*environ, *_read_names(dotenv_path)} - set(known)):
        near = difflib.get_close_matches(written.upper(), known, n=3, cutoff=_NEARNESS)
        for meant in [name for name in near if _has_near_words(written.upper(), name)][:1]:
            yield note("settings", "settings.misspelt", setting=written, meant=meant)


def _has_near_words(written: str, meant: str) -> bool:
    """Return whether each word nearly matches that of the other name; True if one of them has more words."""
    words = [name.strip("_").split("_") for name in (written, meant)]
    if len(words[0]) != len(words[1]):
        return True
    ratios = (difflib.SequenceMatcher(None, *pair).ratio() for pair in zip(*words, strict=True))
    return all(ratio >= _WORD_NEARNESS for ratio in ratios)


def _read_names(dotenv_path: Path) -> Iterator[str]:
    """Yield the names that a file sets; none if it cannot be read, which another check reports."""
    from dotenv import dotenv_values

    try:
        yield from dotenv_values(dotenv_path, interpolate=False)
    except (OSError, ValueError):
        return
