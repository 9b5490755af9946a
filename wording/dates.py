"""Days, months and decades in the language of the bot."""

import datetime
import re

from wording.translation import _, later

MONTHS = (
    later("January"), later("February"), later("March"), later("April"), later("May"), later("June"),
    later("July"), later("August"), later("September"), later("October"), later("November"), later("December"),
)  # fmt: skip
MONTHS_SHORT = (
    later("Jan"), later("Feb"), later("Mar"), later("Apr"), later("May"), later("Jun"),
    later("Jul"), later("Aug"), later("Sep"), later("Oct"), later("Nov"), later("Dec"),
)  # fmt: skip
WEEKDAYS = (
    later("Monday"), later("Tuesday"), later("Wednesday"), later("Thursday"), later("Friday"), later("Saturday"),
    later("Sunday"),
)  # fmt: skip
WEEKDAYS_SHORT = (
    later("Mon"), later("Tue"), later("Wed"), later("Thu"), later("Fri"), later("Sat"), later("Sun"),
)  # fmt: skip

_DECADE = re.compile(r"(\d{4})s")


def month_name(day: datetime.date) -> str:
    """Return the name of a day's month: "November"."""
    return _(MONTHS[day.month - 1])


def format_weekday(day: datetime.date) -> str:
    """Return a day of a year that is clear: "Sunday, 22 November"."""
    return _("{weekday}, {day} {month}").format(weekday=_(WEEKDAYS[day.weekday()]), day=day.day, month=month_name(day))


def format_short_day(day: datetime.date) -> str:
    """Return a day as two words of one width: "02 Nov"."""
    return _("{day:02} {month}").format(day=day.day, month=_(MONTHS_SHORT[day.month - 1]))


def format_date(iso: str) -> str:
    """Return a day with its year: "2026-11-22" in English. A text that is no ISO date comes back as it is."""
    try:
        day = datetime.date.fromisoformat(iso)
    except ValueError:
        return iso
    return _("{year:04}-{month:02}-{day:02}").format(year=day.year, month=day.month, day=day.day)


def decade_of(year: int | None) -> str:
    """Return the decade of a year as statistics store it: "1980s"; empty where the year is not known."""
    return f"{year // 10 * 10}s" if year is not None and year > 0 else ""


def format_decade(decade: str) -> str:
    """Return a stored decade ("1980s") in the language of the bot; any other text comes back as it is."""
    match = _DECADE.fullmatch(decade)
    return _("{year}s").format(year=match[1]) if match else decade
