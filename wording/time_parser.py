"""Times as people write them: "20:30", "friday 8pm", "27.11. noon"; in English and in the language that is spoken."""

import datetime
import re
import zoneinfo

from wording.dates import WEEKDAYS
from wording.translation import N_, _

_CLOCK = re.compile(r"(?P<hour>\d{1,2})(?:[:.h](?P<minute>[0-5]\d))?\s*(?P<half>am|pm)?")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})?")
_TODAY, _TONIGHT, _TOMORROW = (N_("today"),), (N_("tonight"),), (N_("tomorrow"),)
_YESTERDAY = (N_("yesterday"),)
_NOON, _MIDNIGHT = (N_("noon"), N_("midday")), (N_("midnight"),)
_HOUR = 60
_DAY = 24 * _HOUR
"""Midnight ends the day that it is said of: "friday midnight" and "friday 24:00" are in the night to saturday."""
_MORNING = 6 * _HOUR
"""Until this time it is still the night before."""
_EVENING, _TWELVE = 5, 12
"""From the first to the second, an hour of tonight is one of the evening: "tonight at 8". Before, it is after midnight.
"""
_AT = N_("at")
_BETWEEN = (N_("on"), _AT)
"""Words that say nothing by themselves: "on friday at 20:30"."""
_OCLOCK = N_("20 o'clock")
"""An hour alone, as people write it."""
_WEEK = 7
_SHORT = 3
"""Letters of the shortest name of a weekday in English: "fri". In other languages two may be enough."""


def parse_when(text: str, now: datetime.datetime) -> datetime.datetime | None:
    """When somebody means who writes `text` at `now` (aware, in the zone that people live in); None if unreadable.

    A day (today, tomorrow, yesterday, a weekday, 2026-11-27, 27.11.) and a clock (20:30, 8pm, at 20, noon, midnight),
    in either order, or the clock alone. Without a year or a day, the next such time to come; a day written out is taken
    as it is, even if past.
    """
    words = _complete_hours(_spell_out_oclock(text.lower().replace(",", " "))).split()
    return _parse_words(words, now) or _parse_words([word for word in words if word not in _filler_words()], now)


def ambiguous_hours(text: str) -> tuple[str, str] | None:
    """The two times that are meant by "at 8", where nothing tells which: 8:00 and 20:00; None where nothing is so."""
    for found in _at_hour_pattern().finditer(_spell_out_oclock(text.lower().replace(",", " "))):
        if 1 <= (hour := int(found["hour"])) <= _TWELVE:
            return f"{hour}:00", f"{hour + 12}:00"
    return None


def is_hour_word(word: str) -> bool:
    """Whether a word alone is a time of the day, and may as well be one of a title: High Noon."""
    return _is_one_of(word.lower(), (*_NOON, *_MIDNIGHT))


def _parse_words(words: list[str], now: datetime.datetime) -> datetime.datetime | None:
    for cut in range(len(words) + 1):
        for day, clock in ((words[:cut], words[cut:]), (words[cut:], words[:cut])):
            if (minutes := _parse_clock(" ".join(clock))) is not None:
                found = _combine(" ".join(day), minutes, now)
                if found is not None:
                    return found
    return None


def _filler_words() -> set[str]:
    said = (*_BETWEEN, _OCLOCK)
    return {word.lower().replace("20", "").strip() for text in said for word in (text, _(text))}


def _spell_out_oclock(text: str) -> str:
    """The text with "20 o'clock", as the language that is spoken writes it, in figures."""
    for written in (_OCLOCK, _(_OCLOCK).lower()):
        pattern = re.escape(written).replace("20", r"(\d{1,2})")
        text = re.sub(rf"(?<![:.\d]){pattern}(?!\w)", r"\1:00", text)
    return text


def _at_hour_pattern() -> re.Pattern[str]:
    """A bare hour after "at", in English and in the language that is spoken."""
    said = "|".join(re.escape(word.lower()) for word in (_AT, _(_AT)))
    return re.compile(rf"(?<!\w)(?:{said})\s+(?P<hour>\d{{1,2}})(?![\w:]|\.\d|\s*[ap]m\b)")


def _complete_hours(text: str) -> str:
    """The text with "at 20" in figures, and "tonight at 8"; "at 8" alone stays, for it may be either of two."""
    words = text.split()
    tonight = any(
        _is_one_of(" ".join(words[at : at + count]), _TONIGHT) for at in range(len(words)) for count in (1, 2)
    )

    def figures(found: re.Match[str]) -> str:
        hour = int(found["hour"])
        if tonight and _EVENING <= hour <= _TWELVE:
            hour += 12
        return f"{hour}:00" if hour > _TWELVE or tonight else found[0]

    return _at_hour_pattern().sub(figures, text)


def _parse_clock(text: str) -> int | None:
    """A clock's time, in minutes of the day. A bare number is none: it may as well be a part of a title."""
    word = re.sub(r"^12(:00)?\s+", "", text)  # "12 noon"
    if _is_one_of(word, _NOON):
        return _TWELVE * _HOUR
    if _is_one_of(word, _MIDNIGHT):
        return _DAY
    found = _CLOCK.fullmatch(text)
    if found is None or not (found["minute"] or found["half"]):
        return None
    hour = int(found["hour"])
    if found["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found["half"] == "pm" else 0)
    minutes = hour * _HOUR + int(found["minute"] or 0)
    return minutes if minutes <= _DAY else None


def _combine(day: str, minutes: int, now: datetime.datetime) -> datetime.datetime | None:
    today = now.date()
    if _is_one_of(day, _TODAY):
        return _local_datetime(today, minutes, now)
    if _is_one_of(day, _TONIGHT):
        is_after_midnight = minutes < _MORNING <= now.hour * _HOUR
        return _local_datetime(today + datetime.timedelta(days=is_after_midnight), minutes, now)
    if _is_one_of(day, _TOMORROW):
        return _local_datetime(today + datetime.timedelta(days=1), minutes, now)
    if _is_one_of(day, _YESTERDAY):
        return _local_datetime(today - datetime.timedelta(days=1), minutes, now)
    if not day:
        return _next_occurrence(today, 1, minutes, now)
    if (weekday := _parse_weekday(day)) is not None:
        ahead = (weekday - today.weekday()) % _WEEK
        return _next_occurrence(today + datetime.timedelta(days=ahead), _WEEK, minutes, now)
    return _parse_date(day, minutes, now)


def _is_one_of(text: str, words: tuple[str, ...]) -> bool:
    return text in words or text in {_(word).lower() for word in words}


def _parse_weekday(text: str) -> int | None:
    """Which weekday is meant by its name or the beginning of it, 0 for Monday; None for none."""
    text = text.removesuffix(".")
    english = [number for number, name in enumerate(WEEKDAYS) if name.lower().startswith(text)]
    spoken = [number for number, name in enumerate(WEEKDAYS) if _(name).lower().startswith(text)]
    if len(text) >= _SHORT and english:
        return english[0]
    if len(spoken) == 1 and len(text) >= _SHORT - 1 and _(WEEKDAYS[spoken[0]]) != WEEKDAYS[spoken[0]]:
        return spoken[0]
    return None


def _parse_date(day: str, minutes: int, now: datetime.datetime) -> datetime.datetime | None:
    try:
        if found := _ISO.fullmatch(day):
            return _local_datetime(datetime.date(*map(int, found.groups())), minutes, now)
        if found := _DOTTED.fullmatch(day):
            number, month, year = found.groups()
            meant = _local_datetime(datetime.date(int(year or now.year), int(month), int(number)), minutes, now)
            if year or meant > now:
                return meant
            return _local_datetime(datetime.date(now.year + 1, int(month), int(number)), minutes, now)
    except (ValueError, OverflowError):
        return None
    return None


def _next_occurrence(day: datetime.date, every_days: int, minutes: int, now: datetime.datetime) -> datetime.datetime:
    """That time of the day, or of the next such day where it is past."""
    meant = _local_datetime(day, minutes, now)
    return meant if meant > now else _local_datetime(day + datetime.timedelta(days=every_days), minutes, now)


def _local_datetime(day: datetime.date, minutes: int, now: datetime.datetime) -> datetime.datetime:
    """A wall clock's time; one that the zone leaves out in spring is the one an hour later."""
    zone = now.tzinfo
    days, minutes = divmod(minutes, _DAY)
    day += datetime.timedelta(days=days)
    meant = datetime.datetime.combine(day, datetime.time(*divmod(minutes, _HOUR)), zone)
    return meant.astimezone(datetime.UTC).astimezone(zone)


def local_time(zone: str, wall_s: float) -> datetime.datetime:
    """Seconds since 1970 as the clocks of a zone show them."""
    return datetime.datetime.fromtimestamp(wall_s, zoneinfo.ZoneInfo(zone))
