"""Days and months by their names, where Discord's own timestamps cannot say them: a month, a day without an hour."""

import datetime

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


def month(day: datetime.date) -> str:
    """Its month: "November"."""
    return _(MONTHS[day.month - 1])


def day_of_year(day: datetime.date) -> str:
    """A day where the year is known: "Sunday, 22 November"."""
    return _("{weekday}, {day} {month}").format(weekday=_(WEEKDAYS[day.weekday()]), day=day.day, month=month(day))


def short(day: datetime.date) -> str:
    """The same, two words of one width: "02 Nov"."""
    return _("{day:02} {month}").format(day=day.day, month=_(MONTHS_SHORT[day.month - 1]))


def whole(iso: str) -> str:
    """A day of any year, "2026-11-22" in English too; what is no ISO date stays as it is."""
    try:
        day = datetime.date.fromisoformat(iso)
    except ValueError:
        return iso
    return _("{year:04}-{month:02}-{day:02}").format(year=day.year, month=day.month, day=day.day)
