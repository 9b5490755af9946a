"""Parses times as people write them: the meaning, or the question to ask back.

A text is parsed in every way that the grammar allows: words (`words.py`) become pieces (`clocks.py`, `days.py`,
`zones.py`), pieces become a phrase (`phrase.py`), and a phrase becomes every instant that it can mean (`calendar.py`).
A single instant is clear; several are asked about; a word that fits nowhere makes the text unreadable. Nothing is
guessed.
"""

import datetime
import re
from collections.abc import Iterator, Sequence

from wording.dates import MONTHS_SHORT, WEEKDAYS_SHORT
from wording.times.calendar import Candidate, find_instants
from wording.times.clocks import read_clocks
from wording.times.days import read_days
from wording.times.phrase import CalendarDay, ClockTime, Phrase, Piece, WeekdayName, Zones
from wording.times.reading import DateOrder, Doubt, TimeReading
from wording.times.vocabulary.english import ENGLISH
from wording.times.vocabulary.german import GERMAN
from wording.times.vocabulary.language import Vocabulary
from wording.times.words import MOST_WORDS, split_words
from wording.times.zones import parse_zones
from wording.translation import _

MOST_CHOICES = 10
_VOCABULARIES = {"en": (ENGLISH,), "de": (GERMAN, ENGLISH)}
_ISO = re.compile(r"(\d{4}-\d{1,2}-\d{1,2})[t ](\d{1,2}:\d\d)(?::[0-5]\d(?:\.\d+)?)?(z|[+-]\d\d:?\d\d)?")
_PRINTED = re.compile(
    r"(?P<weekday>[^\W\d]+)\.? (?P<day>\d{1,2})\.? (?P<month>[^\W\d]+)\.?(?: (?P<year>\d{4}))?, "
    r"(?P<hour>\d\d):(?P<minute>[0-5]\d)(?: (?P<zone>utc[+-]\d{1,2}(?::\d\d)?))?"
)
"""Usher's own format of a time (`labels.format_choice`), always with 24 hours."""


_NOTHING = TimeReading((), Doubt.UNREADABLE)


def read_time(
    text: str, now: datetime.datetime, language: str = "en", order: DateOrder = DateOrder.UNKNOWN
) -> TimeReading:
    """Parse a time that somebody writes at `now` (aware, in the community's zone).

    `language`: de for German and English; otherwise English. `order`: of the numbers in a date like 11/12.
    """
    phrases = set(_read_printed(text, language)) or set(_read_phrases(text, language, order))
    candidates = [candidate for phrase in phrases for candidate in _find_safely(phrase, now)]
    consistent = [candidate for candidate in candidates if not candidate.is_contradictory]
    found: dict[float, Candidate] = {}
    for candidate in consistent or candidates:
        at_s = candidate.start.timestamp()
        known = found.get(at_s)
        if known is None or _weakness(candidate) < _weakness(known):
            found[at_s] = candidate
    return _judge([found[at_s] for at_s in sorted(found)], now)


def _weakness(candidate: Candidate) -> int:
    """Return the sort key of candidates for one instant: explicit ones before those that are only offered."""
    return candidate.is_offered * 4 + candidate.is_clock_missing * 2 + candidate.is_unsure


def _find_safely(phrase: Phrase, now: datetime.datetime) -> list[Candidate]:
    try:
        return list(find_instants(phrase, now))
    except (ValueError, OverflowError, OSError):  # beyond the calendar
        return []


def _judge(candidates: Sequence[Candidate], now: datetime.datetime) -> TimeReading:
    if any(not candidate.is_clock_missing for candidate in candidates):
        candidates = [candidate for candidate in candidates if not candidate.is_clock_missing]
    ahead = [each for each in candidates if each.start.timestamp() > now.timestamp()]
    outright = [each for each in ahead if not each.is_offered]
    if not candidates:
        return _NOTHING
    if not outright:
        past = [each.start for each in candidates if each.start.timestamp() <= now.timestamp()]
        offered = tuple(each.start for each in ahead)[:MOST_CHOICES]
        return TimeReading(offered, Doubt.PAST, past[-1] if past else None)
    choices = tuple(each.start for each in outright)[:MOST_CHOICES]
    if all(each.is_clock_missing for each in outright):
        return TimeReading(choices, Doubt.NO_CLOCK)
    if len(choices) == 1 and not outright[0].is_unsure:
        return TimeReading(choices, None)
    return TimeReading(choices, _classify(choices))


def _classify(choices: Sequence[datetime.datetime]) -> Doubt:
    first, last = choices[0], choices[-1]
    apart = (last.replace(tzinfo=None) - first.replace(tzinfo=None)).total_seconds()
    if len(choices) == 2 and first.utcoffset() != last.utcoffset() and abs(apart) <= 2 * 3600:
        return Doubt.CLOCK_CHANGE
    if len(choices) == 2 and abs(apart) == 12 * 3600:
        return Doubt.HALF_OF_DAY
    if len({each.time() for each in choices}) == 1 and len(choices) > 1:
        return Doubt.WHICH_DAY
    return Doubt.SEVERAL


def _read_phrases(text: str, language: str, order: DateOrder) -> Iterator[Phrase]:
    """Yield every interpretation of all words of a text."""
    vocabularies = _VOCABULARIES.get(language[:2], _VOCABULARIES["en"])
    text = text.strip()
    if (iso := _ISO.fullmatch(text.lower())) is not None:
        hour, minute = map(int, iso[2].split(":"))
        clock = ClockTime(hour * 60 + minute, is_exact=True)
        for day, _count in read_days([iso[1]], ENGLISH, order):
            phrase = _add_all(Phrase(clock=clock), day)
            zones = parse_zones(iso[3]) if iso[3] else ()
            if phrase is not None and clock.minutes <= 24 * 60 and (zones or not iso[3]):
                yield phrase if not zones else phrase.add(Zones(zones)) or phrase
        return
    words = split_words(text, vocabularies)
    if 0 < len(words) <= MOST_WORDS:
        yield from _complete(Phrase(), words, vocabularies, order)


def _complete(
    phrase: Phrase, words: Sequence[str], vocabularies: tuple[Vocabulary, ...], order: DateOrder
) -> Iterator[Phrase]:
    """Yield the complete phrases that extend `phrase` by all of `words`."""
    if not words:
        if phrase.is_whole:
            yield phrase
        return
    for vocabulary in vocabularies:
        is_before_at = words[0] in vocabulary.before_at and len(words) > 1 and words[1] in vocabulary.at
        if words[0] in vocabulary.fillers or is_before_at:
            yield from _complete(phrase, words[1:], vocabularies, order)
        for pieces, count in _read_pieces(words, vocabulary, order):
            longer = _add_all(phrase, pieces)
            if longer is not None:
                yield from _complete(longer, words[count:], vocabularies, order)


def _read_pieces(
    words: Sequence[str], vocabulary: Vocabulary, order: DateOrder
) -> Iterator[tuple[tuple[Piece, ...], int]]:
    for clock, count in read_clocks(words, vocabulary):
        yield (clock,), count
    yield from read_days(words, vocabulary, order)
    if zones := parse_zones(words[0]):
        yield (Zones(zones),), 1


def _add_all(phrase: Phrase, pieces: Sequence[Piece]) -> Phrase | None:
    longer: Phrase | None = phrase
    for piece in pieces:
        longer = longer.add(piece) if longer is not None else None
    return longer


def _read_printed(text: str, language: str) -> Iterator[Phrase]:
    """Yield the time of a text in Usher's own format."""
    found = _PRINTED.fullmatch(text.strip().lower())
    if found is None:
        return
    for vocabulary in _VOCABULARIES.get(language[:2], _VOCABULARIES["en"]):
        weekdays = {**vocabulary.weekdays, **_read_catalogue(WEEKDAYS_SHORT, 0)}
        months = {**vocabulary.months, **_read_catalogue(MONTHS_SHORT, 1)}
        weekday, month = weekdays.get(found["weekday"]), months.get(found["month"])
        clock = ClockTime(int(found["hour"]) * 60 + int(found["minute"]), is_exact=True)
        if weekday is None or month is None or clock.minutes >= 24 * 60:
            continue
        day = CalendarDay(int(found["day"]), month, int(found["year"]) if found["year"] else None)
        zones = parse_zones(found["zone"]) if found["zone"] else ()
        yield Phrase((WeekdayName(weekday), day), clock, zones=zones)


def _read_catalogue(names: Sequence[str], first: int) -> dict[str, int]:
    """Return the numbers of names in the language set, as `format_choice` prints them."""
    return {_(name).lower().removesuffix("."): number for number, name in enumerate(names, first)}
