"""`/feed.xml`: the newest nights as an Atom feed (RFC 4287)."""

import datetime
from html import escape

from actors.web.document import Document, document, make_uuid
from actors.web.page import PageRequest
from actors.web.pages.clock import format_clock, format_day
from messages import ListNights, NightEntry
from wording.numbers import format_count, format_percent
from wording.text import clean_line
from wording.titles import display_title
from wording.translation import _

PAST_S = 366 * 86_400.0
MOST = 30
"""Nights in the feed at most: feed readers fetch it often."""


@document("feed.xml", "/feed.xml")
async def make_feed(request: PageRequest) -> Document:
    """Make the feed of the newest nights."""
    now_s = request.at.wall_s
    found = await request.ask(ListNights(now_s - PAST_S, now_s))
    newest = sorted(found.nights, key=lambda night: night.started_at_s, reverse=True)[:MOST]
    changed_s = max((_end_of(night) for night in newest), default=0.0)
    address = f"{request.base_url}/feed.xml"
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{escape(request.language)}">',
        f"<id>urn:uuid:{make_uuid(request.key, 'feed', 'nights')}</id>",
        f"<title>{escape(_('Film nights'))}</title>",
        f"<updated>{format_instant(changed_s)}</updated>",
        "<author><name>Usher</name></author>",
        "<generator>Usher</generator>",
        f'<link rel="self" type="application/atom+xml" href="{escape(address)}"/>',
        f'<link rel="alternate" type="text/html" href="{escape(request.base_url + "/nights")}"/>',
    ]
    for night in newest:
        lines += _describe_night(night, request)
    lines.append("</feed>")
    return Document("\n".join(lines) + "\n", "application/atom+xml")


def _describe_night(night: NightEntry, request: PageRequest) -> list[str]:
    address = f"{request.base_url}/nights/{night.screening_id}"
    facts = [
        f"{format_day(night.started_at_s, request.zone)}, {format_clock(night.started_at_s, request.zone)}",
        format_count("{count} viewer", "{count} viewers", night.viewers),
    ]
    if night.mean_percent is not None:
        facts.append(_("{percent} seen on average").format(percent=format_percent(night.mean_percent)))
    return [
        "<entry>",
        f"<id>urn:uuid:{make_uuid(request.key, 'night', night.screening_id)}</id>",
        f"<title>{escape(clean_line(display_title(night.item), 200))}</title>",
        f'<link rel="alternate" type="text/html" href="{escape(address)}"/>',
        f"<published>{format_instant(night.started_at_s)}</published>",
        f"<updated>{format_instant(_end_of(night))}</updated>",
        f"<summary>{escape(' · '.join(facts))}</summary>",
        "</entry>",
    ]


def format_instant(wall_s: float) -> str:
    """Return an instant in the feed's form: 2026-11-29T20:05:00Z. `wall_s`: seconds since 1970, UTC."""
    return f"{datetime.datetime.fromtimestamp(round(wall_s), datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"


def _end_of(night: NightEntry) -> float:
    return night.started_at_s + (night.item.duration_ms or 0) / 1000
