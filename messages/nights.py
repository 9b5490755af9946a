"""What people ask before a film night: who has seen it?"""

from __future__ import annotations

from typing import Literal

from messages.base import Message, Record
from messages.queries import TitleCount
from messages.voice import VoiceMember

SeenState = Literal["not_yet", "in_part", "seen"]


class GetWhoSaw(Message, frozen=True, tag="get_who_saw"):
    """-> persistence, asked: who has seen a film (`whosaw`)."""

    title: str
    """Part of the title, any case; "Title (1979)" for the film of that year alone."""
    watched_percent: float
    """From this share of the film on it counts as seen, also in several sittings; 0 to 100."""
    members: tuple[VoiceMember, ...] = ()
    """Whom it is asked of; empty for every viewer who is known."""
    limit: int = 20
    """Viewers a page."""
    offset: int = 0
    """Viewers to pass over."""


class SeenBy(Record, frozen=True):
    """How much of the film one viewer has seen."""

    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>."""
    username: str
    """The viewer's name."""
    state: SeenState
    """Not yet, in part, or seen."""
    at_s: float | None = None
    """When last watched, or when it was seen whole; seconds since 1970, UTC. None where not yet."""
    percent: float | None = None
    """Share of the film seen in all sittings together, 0 to 100; None where its length is not known, or not yet."""
    now: bool = False
    """Watches it now."""


class WhoSaw(Message, frozen=True, tag="who_saw"):
    """Answer to GetWhoSaw. Brief watches count as none."""

    film: TitleCount | None
    """The film that is meant; None where nobody watched one of that title."""
    others: tuple[TitleCount, ...]
    """At most five other films that fit the title, the most watched first."""
    viewers: tuple[SeenBy, ...]
    """The page: those who have not seen it first, then those who have in part, then the others; each by name."""
    not_yet: int
    """How many have not seen it."""
    in_part: int
    """How many have seen some of it."""
    seen: int
    """How many have seen it."""
