"""Builds what is posted for each event, as docs/webhooks.md documents it; tests compare the two.

`title` and `body` are for people, in BOT_LANGUAGE; everything else is for programs. Fields are only ever added. Hidden
viewers are left out here; an event whose viewers are all hidden is not sent.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from messages import (
    SOMEBODY,
    Attendee,
    BadgesAwarded,
    EarnedBadge,
    Item,
    NightPlanned,
    Screening,
    ScreeningEnded,
    ScreeningStarted,
    VisibleViewers,
)
from viewers.directory import ViewerDirectory
from viewers.redact import redact_screening
from wording.dates import format_weekday
from wording.durations import format_duration
from wording.titles import display_title
from wording.translation import _, gettext_badge, ngettext

Notice = ScreeningStarted | ScreeningEnded | NightPlanned | BadgesAwarded
ON_THE_WAY_S = 30.0
"""An event up to this long after an erasure may still be from before it: its sender learns of it later. Seconds."""


class WebhookEvent(msgspec.Struct, frozen=True):
    """An event that is to be posted."""

    name: str
    """Its name in WEBHOOK_EVENTS."""
    event_id: str
    """The same at each try, and after a restart."""
    notice: Notice
    """The message that reported the event."""
    at_s: float
    """When the event happened; seconds since 1970, UTC."""


def make_event(notice: Notice) -> WebhookEvent:
    """Return the event that another actor's message reports."""
    match notice:
        case ScreeningStarted():
            name, at_s, key = "film_started", notice.at.wall_s, notice.screening.screening_id
        case ScreeningEnded():
            name, at_s = "film_ended", notice.at.wall_s
            key = f"{notice.screening.screening_id} {at_s:.3f}"  # a film night that continues after its end ends again
        case NightPlanned():
            name, at_s, key = "night_planned", notice.at_s, notice.dedup_id()
        case BadgesAwarded():
            name, key = "badge_earned", notice.dedup_id()
            at_s = max((badge.earned_at_s for badge in notice.badges), default=0.0)
    digest = hashlib.blake2s(f"{name} {key}".encode(), digest_size=12).hexdigest()
    return WebhookEvent(name, f"{name}-{digest}", notice, at_s)


def build_payload(event: WebhookEvent, viewers: VisibleViewers, zone: ZoneInfo) -> dict[str, Any] | None:
    """Return the payload as plain values, or None if nobody in it may be named."""
    directory = ViewerDirectory.from_message(viewers.links, viewers.privacy)
    forgotten = dict(viewers.erasures)

    def hides(viewer_id: str) -> bool:
        is_forgotten = event.at_s <= forgotten.get(viewer_id, float("-inf")) + ON_THE_WAY_S
        return viewer_id == "" or is_forgotten or directory.hides(viewer_id)

    notice = event.notice
    details: Mapping[str, Any] | None
    if isinstance(notice, NightPlanned):
        details = _describe_night(notice, zone)
    elif isinstance(notice, BadgesAwarded):
        details = None if hides(notice.viewer_id) else _describe_badges(notice, zone)
    else:
        details = _describe_screening(notice, redact_screening(notice.screening, hides), hides, zone)
    if details is None:
        return None
    return {"event": event.name, "id": event.event_id, "at": _format_time(event.at_s, zone), **details}


def _describe_screening(
    notice: ScreeningStarted | ScreeningEnded, screening: Screening, hides: Callable[[str], bool], zone: ZoneInfo
) -> dict[str, Any] | None:
    host = None if screening.host == SOMEBODY else screening.host
    named = [seat for seat in screening.seats if not seat.brief and not hides(seat.viewer_id)]
    if host is None and not named:
        return None
    is_over = isinstance(notice, ScreeningEnded)
    length = [format_duration(screening.item.duration_ms / 1000)] if screening.item.duration_ms else []
    count = ngettext("{count} viewer", "{count} viewers", len(named)).format(count=len(named))
    facts = [_("Film ended"), *([count] if named else [])] if is_over else [_("Film started"), *length]
    described = {
        "id": screening.screening_id,
        "party": screening.party,
        "host": host,
        "started_at": _format_time(screening.started_at_s, zone),
        "ended_at": _format_time(notice.at.wall_s, zone) if is_over else None,
        "viewers": [_describe_viewer(seat, zone) for seat in named],
    }
    return {
        "title": display_title(screening.item),
        "body": " · ".join(facts),
        "film": _describe_film(screening.item),
        "screening": described,
    }


def _describe_viewer(seat: Attendee, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "name": seat.username,
        "joined_at": _format_time(seat.joined_at_s, zone),
        "left_at": None if seat.left_at_s is None else _format_time(seat.left_at_s, zone),
        "watched_minutes": round(seat.playing_s / 60, 1),
        "completion_percent": None if seat.completion_percent is None else round(seat.completion_percent, 1),
    }


def _describe_film(item: Item) -> dict[str, Any]:
    return {
        "title": item.title,
        "year": item.year,
        "type": item.kind,
        "show": item.show or None,
        "season": item.season,
        "episode": item.episode,
        "duration_minutes": round(item.duration_ms / 60_000, 1) if item.duration_ms else None,
        "genres": list(item.genres),
        "directors": list(item.directors),
        "guid": item.guid or None,
    }


def _describe_night(planned: NightPlanned, zone: ZoneInfo) -> dict[str, Any]:
    starts_at = datetime.datetime.fromtimestamp(planned.starts_at_s, zone)
    return {
        "title": _("Film night") if planned.item is None else display_title(planned.item),
        "body": f"{_('Film night')} · {format_weekday(starts_at.date())}, {starts_at:%H:%M}",
        "film": None if planned.item is None else _describe_film(planned.item),
        "night": {
            "id": planned.event_id,
            "starts_at": _format_time(planned.starts_at_s, zone),
            "url": planned.url,
        },
    }


def _describe_badges(awarded: BadgesAwarded, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "title": awarded.username,
        "body": _list_badges(awarded.badges),
        "viewer": awarded.username,
        "badges": [
            {
                "id": badge.badge_id,
                "name": gettext_badge(badge.name),
                "emoji": badge.emoji,
                "rarity": badge.rarity,
                "description": gettext_badge(badge.description),
                "earned_at": _format_time(badge.earned_at_s, zone),
            }
            for badge in awarded.badges
        ],
    }


def _list_badges(badges: Sequence[EarnedBadge]) -> str:
    names = ", ".join(f"{_plain_emoji(badge)} {gettext_badge(badge.name)}".strip() for badge in badges)
    return _("Badge earned: {names}").format(names=names)


def _plain_emoji(badge: EarnedBadge) -> str:
    """Return a badge's emoji; "" for a Discord server's own, which only Discord can show."""
    return "" if badge.emoji.startswith("<") else badge.emoji


def _format_time(at_s: float, zone: ZoneInfo) -> str:
    """Return seconds since 1970 as ISO 8601 with the offset of TIMEZONE, to the second."""
    return datetime.datetime.fromtimestamp(round(at_s), zone).isoformat()
