"""Parses days: tomorrow, next friday, Nov 30, 24.12., 11/30, in three days; and lengths of time from now."""

import datetime
import re
from collections.abc import Iterator, Sequence

from wording.times.phrase import DAY, Ahead, CalendarDay, Day, Instant, RelativeDay, SpokenPart, WeekdayName, Which
from wording.times.reading import DateOrder
from wording.times.vocabulary.language import Vocabulary

Found = tuple[tuple[Day | SpokenPart | Ahead | Instant, ...], int]
"""The pieces, and the number of words that they take."""
_ISO = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})")
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})(?:\.(\d{4}|\d{2})?)?")
_SLASHED = re.compile(r"(\d{1,2})[/-](\d{1,2})(?:[/-](\d{4}|\d{2}))?")
_STAMP = re.compile(r"<t:(\d{1,12})(?::[a-z])?>")
_YEAR = re.compile(r"20\d\d|2[1-9]\d\d")
_NUMBER = re.compile(r"\d{1,3}(?:[.,]\d{1,2})?")
_LENGTH = re.compile(r"(?:(\d{1,2})h)?(?:(\d{1,3})(?:m|min)?)?")
_MOST_WEEKS = 520
_WEEK = 7


def read_days(words: Sequence[str], vocabulary: Vocabulary, order: DateOrder) -> Iterator[Found]:
    """Yield every day, and every length of time from now, that the first words can be."""
    yield from _read_names(words, vocabulary)
    yield from _read_weekdays(words, vocabulary)
    yield from _read_dates(words[0], order)
    yield from _read_months(words, vocabulary)
    yield from _read_ahead(words, vocabulary)
    yield from _read_weeks_from(words, vocabulary)
    if (stamp := _STAMP.fullmatch(words[0])) is not None:
        yield (Instant(float(stamp[1])),), 1


def _list_phrases(words: Sequence[str], most: int) -> Iterator[tuple[str, int]]:
    """Yield the first word, the first two together, and so on."""
    for count in range(1, min(most, len(words)) + 1):
        yield " ".join(words[:count]), count


def _read_names(words: Sequence[str], vocabulary: Vocabulary) -> Iterator[Found]:
    for said, count in _list_phrases(words, 4):
        if said in vocabulary.days:
            yield (RelativeDay(vocabulary.days[said]),), count
        if said in vocabulary.days_with_part:
            days, part = vocabulary.days_with_part[said]
            yield (RelativeDay(days), SpokenPart(part)), count
        if said in vocabulary.parts:
            yield (SpokenPart(vocabulary.parts[said]),), count
        if said in vocabulary.named_days:
            month, day = vocabulary.named_days[said]
            yield (CalendarDay(day, month),), count


def _read_weekdays(words: Sequence[str], vocabulary: Vocabulary) -> Iterator[Found]:
    for before, which, count in _read_which_before(words, vocabulary):
        rest = words[count:]
        if not rest or rest[0] not in vocabulary.weekdays:
            continue
        number, count = vocabulary.weekdays[rest[0]], count + 1
        yield (WeekdayName(number, which),), count
        if before:
            continue
        for said, more in _list_phrases(rest[1:], 4):
            if said in vocabulary.which_after:
                yield (WeekdayName(number, vocabulary.which_after[said]),), count + more
            if rest[1] in vocabulary.ahead and vocabulary.days.get(said, 1) % _WEEK == 0:  # in acht Tagen is a week
                yield (WeekdayName(number, Which.COMING, vocabulary.days[said] // _WEEK),), count + more
            if said == "week" and more == 1:  # British: friday week
                yield (WeekdayName(number, Which.COMING, 1),), count + more
        for minutes, more in _read_length(rest[1:], vocabulary):
            if minutes % (_WEEK * DAY) == 0 and minutes <= _MOST_WEEKS * _WEEK * DAY:
                yield (WeekdayName(number, Which.COMING, round(minutes / (_WEEK * DAY))),), count + more


def _read_which_before(words: Sequence[str], vocabulary: Vocabulary) -> Iterator[tuple[str, Which, int]]:
    yield "", Which.COMING, 0
    for said, count in _list_phrases(words, 4):
        if said in vocabulary.which:
            yield said, vocabulary.which[said], count
        if said in vocabulary.which_after:
            yield said, vocabulary.which_after[said], count


def _read_dates(word: str, order: DateOrder) -> Iterator[Found]:
    """Yield dates in figures."""
    if (found := _ISO.fullmatch(word)) is not None:
        yield from _make(int(found[3]), int(found[2]), int(found[1]))
    if (found := _DOTTED.fullmatch(word)) is not None:
        yield from _make(int(found[1]), int(found[2]), _read_year(found[3]))
    if (found := _SLASHED.fullmatch(word)) is not None:
        first, second, year = int(found[1]), int(found[2]), _read_year(found[3])
        if order is not DateOrder.MONTH_FIRST or first > 12:
            yield from _make(first, second, year)
        if order is not DateOrder.DAY_FIRST or second > 12:
            yield from _make(second, first, year)


def _read_months(words: Sequence[str], vocabulary: Vocabulary) -> Iterator[Found]:
    """Yield dates with the month in words, and the day of a month alone: the 24th."""
    for start in (0, 1):
        if start and (words[0] not in vocabulary.fillers or len(words) < 2):
            break
        rest = words[start:]
        day = _read_day_number(rest[0], vocabulary)
        if day is not None:
            number, is_ordinal = day
            after = 2 if len(rest) > 2 and rest[1] == "of" else 1
            if len(rest) > after and rest[after] in vocabulary.months:
                month = vocabulary.months[rest[after]]
                yield from _add_year(number, month, rest[after + 1 :], start + after + 1)
            if is_ordinal:
                yield from _make(number, None, None, start + 1)
    if words[0] in vocabulary.months and len(words) > 1:
        at = 2 if words[1] == "the" and len(words) > 2 else 1
        if (day := _read_day_number(words[at], vocabulary)) is not None:
            yield from _add_year(day[0], vocabulary.months[words[0]], words[at + 1 :], at + 1)


def _read_day_number(word: str, vocabulary: Vocabulary) -> tuple[int, bool] | None:
    """Return the day of a month, and whether it is clearly one (24th)."""
    for ending in vocabulary.ordinal_endings:
        if word.endswith(ending) and re.fullmatch(r"\d{1,2}", word.removesuffix(ending)):
            return int(word.removesuffix(ending)), True
    return (int(word), False) if re.fullmatch(r"\d{1,2}", word) else None


def _add_year(day: int, month: int, rest: Sequence[str], count: int) -> Iterator[Found]:
    if rest and _YEAR.fullmatch(rest[0]):
        yield from _make(day, month, int(rest[0]), count + 1)
    else:
        yield from _make(day, month, None, count)


def _read_ahead(words: Sequence[str], vocabulary: Vocabulary) -> Iterator[Found]:
    """Read "in two hours", "half an hour from now", "in three days"."""
    start = 1 if words[0] in vocabulary.ahead else 0
    for minutes, count in _read_length(words[start:], vocabulary):
        count += start
        after = next((more for said, more in _list_phrases(words[count:], 2) if said in vocabulary.ahead_after), 0)
        if not start and not after:
            continue
        if not minutes:
            continue
        has_day = any(vocabulary.units.get(word, 0) >= DAY for word in words[:count])
        if has_day and minutes % DAY == 0:  # not 24 hours
            yield (RelativeDay(round(minutes / DAY)),), count + after
        else:
            yield (Ahead(minutes),), count + after


def _read_length(words: Sequence[str], vocabulary: Vocabulary) -> Iterator[tuple[float, int]]:
    """Yield lengths of time, in minutes: two hours; 1 hour 30 minutes; 2h30; without a preceding "in"."""
    if not words:
        return
    if words[0] in vocabulary.ahead:
        for minutes, count in _read_length(words[1:], vocabulary):
            yield minutes, count + 1
        return
    if (short := _LENGTH.fullmatch(words[0])) is not None and not words[0].isdigit():
        yield int(short[1] or 0) * 60 + int(short[2] or 0), 1
    for minutes, count in _read_single_length(words, vocabulary):
        yield minutes, count
        if any(said in vocabulary.half_more for said, _count in _list_phrases(words[count:], 3)):
            yield minutes + vocabulary.units[words[count - 1]] / 2, count + 3
        rest = count + (1 if len(words) > count and words[count] in vocabulary.joiners else 0)
        for more, length in _read_single_length(words[rest:], vocabulary):
            if more < minutes:
                yield minutes + more, rest + length


def _read_single_length(words: Sequence[str], vocabulary: Vocabulary) -> Iterator[tuple[float, int]]:
    if words and words[0] in vocabulary.units and vocabulary.units[words[0]] < 60 and len(words[0]) > 10:
        return  # a quarter of an hour needs its article
    for said, count in _list_phrases(words, 4):
        amount = vocabulary.numbers.get(said)
        if amount is None and _NUMBER.fullmatch(said):
            amount = float(said.replace(",", "."))
        if amount is not None and len(words) > count and words[count] in vocabulary.units:
            yield amount * vocabulary.units[words[count]], count + 1


def _read_weeks_from(words: Sequence[str], vocabulary: Vocabulary) -> Iterator[Found]:
    """Read "a week from friday", "two weeks after tomorrow"."""
    for minutes, count in _read_length(words, vocabulary):
        if len(words) <= count + 1 or words[count] not in vocabulary.weeks_from or minutes % DAY:
            continue
        days, rest = round(minutes / DAY), words[count + 1 :]
        if rest[0] in vocabulary.weekdays and days % _WEEK == 0:
            yield (WeekdayName(vocabulary.weekdays[rest[0]], Which.COMING, days // _WEEK),), count + 2
        if rest[0] in vocabulary.days:
            yield (RelativeDay(vocabulary.days[rest[0]] + days),), count + 2


def _read_year(text: str | None) -> int | None:
    return None if text is None else int(text) if len(text) == 4 else 2000 + int(text)


def _make(day: int, month: int | None, year: int | None, count: int = 1) -> Iterator[Found]:
    """Yield a date if it exists, at least in some year."""
    try:
        datetime.date(year or 2000, month or 1, day)
    except ValueError:
        return
    yield (CalendarDay(day, month, year),), count
