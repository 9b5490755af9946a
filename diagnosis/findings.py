"""What the doctor finds."""

from __future__ import annotations

import dataclasses
from typing import Literal

Verdict = Literal["good", "note", "bad"]


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing looked at: how it is, and what to do where it is not good."""

    verdict: Verdict
    """A note is worth knowing and does not keep the service from running."""
    what: str
    """What was looked at, in a word or two."""
    found: str
    cure: str = ""


def good(what: str, found: str) -> Finding:
    """All is well."""
    return Finding("good", what, found)


def note(what: str, found: str, cure: str) -> Finding:
    """Worth knowing."""
    return Finding("note", what, found, cure)


def bad(what: str, found: str, cure: str) -> Finding:
    """The service cannot do all it should."""
    return Finding("bad", what, found, cure)
