"""`/nights.ics`: the nights as a calendar to subscribe to (RFC 5545)."""

import datetime
from collections.abc import Iterable

from actors.web.document import Document, document, make_uuid
from actors.web.page import PageRequest
from actors.web.pages.nights import list_planned
from actors.web.pages.upcoming import format_rsvps, name_upcoming
from messages import ListNights, NightEntry, UpcomingNight
from wording.numbers import format_count, format_percent
from wording.text import clean_line
from wording.titles import display_title
from wording.translation import _

PAST_S = 366 * 86_400.0
"""How far back the calendar goes."""
USUAL_S = 2 * 3600.0
"""Assumed length of a film whose length is not known."""
LINE_BYTES = 75
"""Bytes after which a line is folded (RFC 5545, 3.1)."""
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n", "\r": None})


@document("nights.ics", "/nights.ics")
async def make_calendar(request: PageRequest) -> Document:
    """Make the calendar of the last year's nights and the coming ones."""
    now_s = request.at.wall_s
    found = await request.ask(ListNights(now_s - PAST_S, now_s))
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Usher//Film nights//EN",
        "CALSCALE:GREGORIAN",
        f"NAME:{escape_text(_('Film nights'))}",
        f"X-WR-CALNAME:{escape_text(_('Film nights'))}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
    ]
    for night in found.nights:
        lines += _describe_night(night, request)
    for planned in list_planned(request):
        lines += _describe_planned(planned, request)
    lines.append("END:VCALENDAR")
    return Document(join_lines(lines), "text/calendar", "film-nights.ics")


def _describe_night(night: NightEntry, request: PageRequest) -> list[str]:
    length_s = night.item.duration_ms / 1000 if night.item.duration_ms else USUAL_S
    facts = [format_count("{count} viewer", "{count} viewers", night.viewers)]
    if night.mean_percent is not None:
        facts.append(_("{percent} seen on average").format(percent=format_percent(night.mean_percent)))
    end_s = night.started_at_s + length_s
    return [
        "BEGIN:VEVENT",
        f"UID:{make_uuid(request.key, 'night', night.screening_id)}",
        f"DTSTAMP:{format_utc(end_s)}",
        f"DTSTART:{format_utc(night.started_at_s)}",
        f"DTEND:{format_utc(end_s)}",
        f"SUMMARY:{escape_text(clean_line(display_title(night.item), 200))}",
        f"DESCRIPTION:{escape_text(' · '.join(facts))}",
        f"URL:{request.base_url}/nights/{night.screening_id}",
        "STATUS:CONFIRMED",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    ]


def _describe_planned(night: UpcomingNight, request: PageRequest) -> list[str]:
    length_ms = night.item.duration_ms if night.item is not None else None
    facts = [_("planned"), format_rsvps(len(night.said))]
    return [
        "BEGIN:VEVENT",
        f"UID:{make_uuid(request.key, 'planned', night.event_id)}",
        f"DTSTAMP:{format_utc(request.at.wall_s // 3600 * 3600)}",
        f"DTSTART:{format_utc(night.starts_at_s)}",
        f"DTEND:{format_utc(night.starts_at_s + (length_ms / 1000 if length_ms else USUAL_S))}",
        f"SUMMARY:{escape_text(name_upcoming(night))}",
        f"DESCRIPTION:{escape_text(' · '.join(filter(None, facts)))}",
        f"URL:{night.url}",
        "STATUS:CONFIRMED",
        "END:VEVENT",
    ]


def format_utc(wall_s: float) -> str:
    """Return an instant in the calendar's form, in UTC, so that it needs no time zone: 20261129T200500Z."""
    return f"{datetime.datetime.fromtimestamp(round(wall_s), datetime.UTC):%Y%m%dT%H%M%SZ}"


def escape_text(text: str) -> str:
    """Return a text as the value of a property (RFC 5545, 3.3.11)."""
    return text.translate(_ESCAPES)


def join_lines(lines: Iterable[str]) -> str:
    """Return the lines of a calendar, folded to at most 75 bytes of UTF-8 without cutting a character in two."""
    return "".join(f"{folded}\r\n" for line in lines for folded in _fold(line))


def _fold(line: str) -> Iterable[str]:
    part, length = "", 0
    for char in line:
        size = len(char.encode())
        if length + size > LINE_BYTES:
            yield part
            part, length = " ", 1
        part += char
        length += size
    yield part
