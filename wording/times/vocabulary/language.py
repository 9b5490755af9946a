"""The words of a language that say times."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from wording.times.phrase import DayPart, Which


@dataclass(frozen=True)
class Vocabulary:
    """One language's words, in lower case; of several words with one blank between them."""

    days: Mapping[str, int]
    """Days from today."""
    days_with_part: Mapping[str, tuple[int, DayPart]]
    """A day and a part of it in one: tonight."""
    weekdays: Mapping[str, int]
    """0 for Monday."""
    months: Mapping[str, int]
    parts: Mapping[str, DayPart]
    named_days: Mapping[str, tuple[int, int]]
    """Month and day."""
    noon: frozenset[str]
    midnight: frozenset[str]
    numbers: Mapping[str, float]
    """Number words, "half an" included."""
    units: Mapping[str, int]
    """Units of time, in minutes."""
    which: Mapping[str, Which]
    """Before a weekday."""
    which_after: Mapping[str, Which]
    """After a weekday, or before it: next week."""
    ahead: frozenset[str]
    """Before a length of time: in."""
    ahead_after: frozenset[str]
    """After one: from now."""
    weeks_from: frozenset[str]
    """Between a length of time and a day: a week from friday."""
    ordinal_endings: tuple[str, ...]
    """After the number of a day: 24th, 24."""
    oclock: frozenset[str]
    """After an hour."""
    past: frozenset[str]
    """Between minutes and an hour: ten past eight."""
    to: frozenset[str]
    half: Mapping[str, int]
    """Before an hour: the minutes from it, as in half past (30) or halb (-30)."""
    quarters: Mapping[str, int]
    """Before an hour, without a word between: dreiviertel (-15)."""
    quarter: frozenset[str]
    at: frozenset[str]
    """Makes a time of the number after it."""
    fillers: frozenset[str]
    """Words that say nothing by themselves."""
    before_at: frozenset[str] = field(default_factory=frozenset)
    """Words that say nothing before one of `at`, and something elsewhere."""
    joiners: frozenset[str] = field(default_factory=frozenset)
    """Between two lengths of time: and."""
    half_more: frozenset[str] = field(default_factory=frozenset)
    """After one, in three words: half as much again."""


def with_beginnings(names: Mapping[str, int], lengths: tuple[int, ...]) -> dict[str, int]:
    """Return names with their beginnings of these lengths, where one belongs to one name alone."""
    found: dict[str, int] = dict(names)
    for length in lengths:
        for name, number in names.items():
            begun = name[:length]
            if len({other for text, other in names.items() if text.startswith(begun)}) == 1:
                found.setdefault(begun, number)
    return found
