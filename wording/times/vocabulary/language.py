"""The structure of a language's words for times."""

from collections.abc import Mapping

import msgspec

from wording.times.phrase import DayPart, Which


class Vocabulary(msgspec.Struct, frozen=True):
    """One language's words, in lower case; phrases have one space between words."""

    days: Mapping[str, int]
    """Days from today."""
    days_with_part: Mapping[str, tuple[int, DayPart]]
    """Words for a day and a part of it: tonight."""
    weekdays: Mapping[str, int]
    """0 for Monday."""
    months: Mapping[str, int]
    parts: Mapping[str, DayPart]
    named_days: Mapping[str, tuple[int, int]]
    """Month and day."""
    noon: frozenset[str]
    midnight: frozenset[str]
    numbers: Mapping[str, float]
    """Number words, including "half an"."""
    units: Mapping[str, int]
    """Units of time, in minutes."""
    which: Mapping[str, Which]
    """Words before a weekday."""
    which_after: Mapping[str, Which]
    """Words after a weekday, or before it: next week."""
    ahead: frozenset[str]
    """Words before a length of time: in."""
    ahead_after: frozenset[str]
    """Words after a length of time: from now."""
    weeks_from: frozenset[str]
    """Words between a length of time and a day: a week from friday."""
    ordinal_endings: tuple[str, ...]
    """Endings after the number of a day: 24th, 24."""
    oclock: frozenset[str]
    """Words after an hour."""
    past: frozenset[str]
    """Words between minutes and an hour: ten past eight."""
    to: frozenset[str]
    half: Mapping[str, int]
    """Words before an hour, with the minutes from it: half past (30), halb (-30)."""
    quarters: Mapping[str, int]
    """Words directly before an hour, with the minutes from it: dreiviertel (-15)."""
    quarter: frozenset[str]
    at: frozenset[str]
    """Words that make the following number a time."""
    fillers: frozenset[str]
    """Words without a meaning of their own."""
    before_at: frozenset[str] = msgspec.field(default_factory=frozenset)
    """Words that mean nothing before one of `at`, but something elsewhere."""
    joiners: frozenset[str] = msgspec.field(default_factory=frozenset)
    """Words between two lengths of time: and."""
    half_more: frozenset[str] = msgspec.field(default_factory=frozenset)
    """Three-word phrases after one unit that add half a unit: and a half."""


def with_beginnings(names: Mapping[str, int], lengths: tuple[int, ...]) -> dict[str, int]:
    """Return names with their prefixes of these lengths, if a prefix is unique."""
    found: dict[str, int] = dict(names)
    for length in lengths:
        for name, number in names.items():
            begun = name[:length]
            if len({other for text, other in names.items() if text.startswith(begun)}) == 1:
                found.setdefault(begun, number)
    return found
