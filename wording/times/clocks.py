"""Parses times of the day: 20:30, 8pm, half past eight, Viertel vor acht, noon."""

import re
from collections.abc import Iterator, Sequence

from wording.times.phrase import DAY, HOUR, ClockTime
from wording.times.vocabulary.language import Vocabulary

Found = tuple[ClockTime, int]
"""A time, and the number of words that it takes."""
_FIGURES = re.compile(r"(\d{1,2})(?:[:.]([0-5]\d)h?|(h)([0-5]\d)?)?([ap]m?)?")
_WHOLE = re.compile(r"(\d{1,2})([0-5]\d)(?:([ap]m)|h)")
"""830pm, 2030h."""
_TWELVE = 12
_HALF = {"am": "am", "pm": "pm", "a": "am", "p": "pm"}


def read_clocks(words: Sequence[str], vocabulary: Vocabulary) -> Iterator[Found]:
    """Yield every time of the day that the first words can be."""
    yield from _read_names(words, vocabulary)
    yield from _read_figures(words, vocabulary)
    yield from _read_spoken(words, vocabulary)


def _read_names(words: Sequence[str], vocabulary: Vocabulary) -> Iterator[Found]:
    for count in (1, 2, 3):
        name = " ".join(words[:count])
        if len(words) >= count and name in vocabulary.noon:
            yield ClockTime(_TWELVE * HOUR, is_exact=True), count
        if len(words) >= count and name in vocabulary.midnight:
            yield ClockTime(0, is_exact=True, is_midnight=True), count


def _read_figures(words: Sequence[str], vocabulary: Vocabulary) -> Iterator[Found]:
    if (whole := _WHOLE.fullmatch(words[0])) is not None:
        if whole[3]:
            yield from _make_half(int(whole[1]), int(whole[2]), _HALF[whole[3]], 1)
        else:
            yield from _make(int(whole[1]), int(whole[2]), 1, is_exact=True)
    has_at = words[0] in vocabulary.at and len(words) > 1
    start = 1 if has_at else 0
    hour = _read_hour(words[start], vocabulary)
    if hour is None:
        return
    number, minute, half, is_written_out = hour
    count, following = start + 1, words[start + 1 :]
    if following and following[0] in vocabulary.oclock:
        is_written_out, count = True, count + 1
        if minute is None and len(following) > 1:
            yield from _read_minutes_after(following[1], number, count + 1, vocabulary, words[start])
    elif following and following[0] == "h":
        is_written_out, count = True, count + 1
    if half or (following and following[0] in ("am", "pm")):
        yield from _make_half(number, minute or 0, half or following[0], start + (1 if half else 2))
    if not half:
        is_bare = not (has_at or is_written_out or minute is not None)
        yield from _make(number, minute or 0, count, is_exact=_is_exact(number, words[start]), is_bare=is_bare)


def _is_exact(hour: int, written: str) -> bool:
    """Tell whether an hour without am or pm fits only one half of the day."""
    return hour > _TWELVE or hour == 0 or written.startswith("0")


def _read_hour(word: str, vocabulary: Vocabulary) -> tuple[int, int | None, str, bool] | None:
    """Return hour, minute, am or pm, and whether it is clearly a time: 20:30, 20h."""
    if (found := _FIGURES.fullmatch(word)) is not None:
        minute = found[2] or found[4]
        return int(found[1]), int(minute) if minute else None, _HALF.get(found[5] or "", ""), bool(found[3])
    number = vocabulary.numbers.get(word)
    if number is None or number != int(number) or word in ("a", "an", "ein", "eine", "einer", "einem"):
        return None
    return int(number), None, "", False


def _read_minutes_after(word: str, hour: int, count: int, vocabulary: Vocabulary, written: str) -> Iterator[Found]:
    """Read "20 Uhr 30"."""
    minute = vocabulary.numbers.get(word, float(word) if re.fullmatch(r"\d{1,2}", word) else -1.0)
    if minute == int(minute) and 0 <= minute < HOUR:
        yield from _make(hour, int(minute), count, is_exact=_is_exact(hour, written))


def _read_spoken(words: Sequence[str], vocabulary: Vocabulary) -> Iterator[Found]:
    """Read "half past eight", "ten to nine", "halb neun", "fünf vor halb neun", with or without a filler before it."""
    start = 1 if words[0] in vocabulary.at else 0
    for at, minutes in _read_distance(words[start:], vocabulary):
        rest = words[start + at :]
        for length, half in _read_half(rest, vocabulary):
            yield from _read_spoken_hour(rest[length:], minutes + half, start + at + length, vocabulary)
        if at:
            yield from _read_spoken_hour(rest, minutes, start + at, vocabulary)


def _read_distance(words: Sequence[str], vocabulary: Vocabulary) -> Iterator[tuple[int, int]]:
    """Yield the number of words of a distance from the hour ("ten past"), and its minutes."""
    yield 0, 0
    for count in (1, 2, 3):
        if len(words) <= count:
            return
        said, direction = " ".join(words[:count]), words[count]
        sign = 1 if direction in vocabulary.past else -1 if direction in vocabulary.to else 0
        amount = 15.0 if said in vocabulary.quarter else vocabulary.numbers.get(said, -1.0)
        if count == 1 and re.fullmatch(r"\d{1,2}", said):
            amount = float(said)
        if count == 2 and words[1] in vocabulary.units and vocabulary.units[words[1]] == 1:
            amount = vocabulary.numbers.get(words[0], float(words[0]) if words[0].isdecimal() else -1.0)
        if sign and 0 < amount <= 30 and amount == int(amount):
            yield count + 1, sign * int(amount)


def _read_half(words: Sequence[str], vocabulary: Vocabulary) -> Iterator[tuple[int, int]]:
    for count in (1, 2):
        said = " ".join(words[:count])
        for table in (vocabulary.half, vocabulary.quarters):
            if len(words) > count and said in table:
                yield count, table[said]


def _read_spoken_hour(words: Sequence[str], minutes: int, count: int, vocabulary: Vocabulary) -> Iterator[Found]:
    """Yield an hour with the minutes that precede it."""
    if not words or not minutes or (hour := _read_hour(words[0], vocabulary)) is None:
        return
    number, minute, half, is_written_out = hour
    if minute is not None or is_written_out or not 1 <= number <= 24:
        return
    if not half and len(words) > 1 and words[1] in ("am", "pm"):
        yield from _make_half(number, minutes, words[1], count + 2)
    if len(words) > 1 and words[1] in vocabulary.oclock:
        count += 1
    if half:
        yield from _make_half(number, minutes, half, count + 1)
    elif number > _TWELVE:
        yield from _make(number, minutes, count + 1, is_exact=True)
    else:
        hours, minute = divmod((number * HOUR + minutes) % (_TWELVE * HOUR), HOUR)
        yield from _make(hours or _TWELVE, minute, count + 1, is_exact=False)


def _make(hour: int, minute: int, count: int, *, is_exact: bool, is_bare: bool = False) -> Iterator[Found]:
    minutes = hour * HOUR + minute
    if 0 <= minutes <= DAY:
        yield ClockTime(minutes, is_exact=is_exact, is_bare=is_bare), count


def _make_half(hour: int, minute: int, half: str, count: int) -> Iterator[Found]:
    """Yield a time with am or pm; 12am is midnight by another name."""
    minutes = hour % _TWELVE * HOUR + minute + (_TWELVE * HOUR if half == "pm" else 0)
    if 1 <= hour <= _TWELVE and 0 <= minutes < DAY:
        yield ClockTime(minutes, is_exact=True, is_midnight=minutes == 0), count
