"""Days, months and decades in the language of the bot."""

import datetime
import re

from wording.translation import N_, _

MONTHS = (
    N_("January"), N_("February"), N_("March"), N_("April"), N_("May"), N_("June"),
    N_("July"), N_("August"), N_("September"), N_("October"), N_("November"), N_("December"),
)  # fmt: skip
MONTHS_SHORT = (
    N_("Jan"), N_("Feb"), N_("Mar"), N_("Apr"), N_("May"), N_("Jun"),
    N_("Jul"), N_("Aug"), N_("Sep"), N_("Oct"), N_("Nov"), N_("Dec"),
)  # fmt: skip
WEEKDAYS = (
    N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"),
    N_("Sunday"),
)  # fmt: skip
WEEKDAYS_SHORT = (
    N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"),
)  # fmt: skip

_DECADE = re.compile(r"(\d{4})s")


def month_name(day: datetime.date) -> str:
    """Return the name of a day's month: "November"."""
    return _(MONTHS[day.month - 1])


def format_weekday(day: datetime.date) -> str:
    """Return a day whose year is clear: "Sunday, 22 November"."""
    return _("{weekday}, {day} {month}").format(weekday=_(WEEKDAYS[day.weekday()]), day=day.day, month=month_name(day))


def format_short_day(day: datetime.date) -> str:
    """Return a day as two words of constant width: "02 Nov"."""
    return _("{day:02} {month}").format(day=day.day, month=_(MONTHS_SHORT[day.month - 1]))


def format_date(iso: str) -> str:
    """Return a day with its year: "2026-11-22" in English. A text that is not an ISO date is returned unchanged."""
    try:
        day = datetime.date.fromisoformat(iso)
    except ValueError:
        return iso
    return _("{year:04}-{month:02}-{day:02}").format(year=day.year, month=day.month, day=day.day)


def decade_of(year: int | None) -> str:
    """Return the decade of a year in its stored form: "1980s"; empty if the year is not known."""
    return f"{year // 10 * 10}s" if year is not None and year > 0 else ""


def format_decade(decade: str) -> str:
    """Return a stored decade ("1980s") in the language of the bot; any other text is returned unchanged."""
    match = _DECADE.fullmatch(decade)
    return _("{year}s").format(year=match[1]) if match else decade
