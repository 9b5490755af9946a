"""Recurring film nights, as people write them: "every friday 20:30", "jeden zweiten Freitag 20 Uhr"."""

import datetime
import re
from typing import NamedTuple

from wording.dates import WEEKDAYS
from wording.translation import _, ngettext

_EVERY = re.compile(
    r"(?:^|(?<=\s))(?:every|each|jede[nrs]?|alle)\s+"
    r"(?:(?P<weeks>(?:two|2|zwei)\s+(?:weeks|wochen)(?:\s+(?:on|am))?)\s+|(?P<second>second|other|2nd|zweiten?|2\.)\s+)?"
    r"(?P<weekday>[^\W\d]+)(?P<rest>.*)$",
    re.IGNORECASE,
)
_GERMAN = ("montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag")
_SATURDAY, _SATURDAY_IN_THE_NORTH = 5, "sonnabend"
_SHORTEST = 2
"""Length of the shortest weekday name: "fr"."""


class Recurrence(NamedTuple):
    """The parts of a text with a recurrence."""

    before: str
    """The text before it: a film's title, or nothing."""
    weeks: int
    """Weeks between two nights."""
    when: str
    """Weekday and time of the first night, for `read_time`."""


def split_recurrence(text: str) -> Recurrence | None:
    """Find "every friday 20:30" at the end of a text; None if there is none. A title like Every Day has none."""
    found = _EVERY.search(text.strip())
    if found is None:
        return None
    weekday = find_weekday(found["weekday"])
    if weekday is None:
        return None
    when = f"{WEEKDAYS[weekday]} {found['rest'].strip(' ,')}".strip()
    return Recurrence(text.strip()[: found.start()].strip(), 2 if found["weeks"] or found["second"] else 1, when)


def find_weekday(word: str) -> int | None:
    """Return the weekday that a word names or abbreviates, in English or German, Monday is 0; None if it is none."""
    typed = word.casefold()
    if len(typed) < _SHORTEST:
        return None
    if typed in (_SATURDAY_IN_THE_NORTH, f"{_SATURDAY_IN_THE_NORTH}s"):
        return _SATURDAY
    for weekday, spellings in enumerate(zip(map(str.casefold, WEEKDAYS), _GERMAN, strict=True)):
        if any(name.startswith(typed) or typed == f"{name}s" for name in spellings):
            return weekday
    return None


def format_recurrence(start: datetime.datetime, weeks: int) -> str:
    """Return a recurrence in words, like "every Friday 20:30"."""
    parts = {"weekday": _(WEEKDAYS[start.weekday()]), "clock": f"{start:%H:%M}"}
    if weeks == 1:
        return _("every {weekday} {clock}").format(**parts)
    text = ngettext("every {count} week, {weekday} {clock}", "every {count} weeks, {weekday} {clock}", weeks)
    return text.format(count=weeks, **parts)


def next_start(start: datetime.datetime, weeks: int, now: datetime.datetime) -> datetime.datetime:
    """Return the first repetition after `now`, at the same local time. Both datetimes are aware."""
    day = start.date()
    while True:
        day += datetime.timedelta(weeks=weeks)
        repeated = datetime.datetime.combine(day, start.time(), start.tzinfo)
        if repeated.timestamp() > now.timestamp():
            return repeated
