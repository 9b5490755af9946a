"""Nights: screenings that are over, as the page shows them."""

from __future__ import annotations

from typing import ClassVar

from messages.base import Answer, Delivery, Event, Question, Struct
from messages.media import Item
from messages.statistics import EarnedBadge
from messages.tracking import Screening

__all__ = [
    "GetNight",
    "ListNights",
    "ListUpcomingNights",
    "Night",
    "NightBadge",
    "NightEntry",
    "NightList",
    "NightPlanned",
    "UpcomingNight",
    "UpcomingNights",
]


class NightBadge(Struct, frozen=True):
    """A badge that was earned at a screening."""

    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>."""
    badge: EarnedBadge
    """Which."""


class Night(Answer, frozen=True, tag="night"):
    """Answer to GetNight."""

    screening: Screening | None
    """The screening with everybody who watched it, hidden viewers as Somebody; `seen` is its end. None: there is none
    that may be seen."""
    badges: tuple[NightBadge, ...] = ()
    """Of those who may be seen."""
    rsvps: int = 0
    """How many had said on Discord that they would come; 0 where it was no planned night."""
    came: tuple[str, ...] = ()
    """Who of them came: viewer ids of those who may be seen."""
    rating: float | None = None
    """Mean of the film's ratings, 1 to 5; None where there are too few to show."""
    ratings: int = 0
    """How many rated it; 0 where there are too few to show."""


class GetNight(Question[Night], frozen=True, tag="get_night", to="persistence"):
    """A screening that is over. Brief watches are not in it."""

    screening_id: str = ""
    """Which; empty for the last watch party."""
    asker: str = ""
    """Who asks, Discord id as digits; who is hidden is shown to themselves. Empty: nobody in particular."""


class NightEntry(Struct, frozen=True):
    """A watch party in a list. Only those whom others may see are in its figures."""

    screening_id: str
    """Unique for ever."""
    item: Item
    """What was watched."""
    started_at_s: float
    """When the first of them came in; seconds since 1970, UTC."""
    viewers: int
    """How many were there."""
    mean_percent: float | None
    """How much of the film they saw on average, 0 to 100; None where its length is not known."""
    curve: tuple[int, ...] = ()
    """How many watched in each of 24 equal parts of the film; empty where its length is not known."""


class NightList(Answer, frozen=True, tag="night_list"):
    """Answer to ListNights."""

    nights: tuple[NightEntry, ...]
    """The first to begin first."""
    earlier: bool = False
    """Whether there are any before."""


class ListNights(Question[NightList], frozen=True, tag="list_nights", to="persistence"):
    """The watch parties that began within some time."""

    from_s: float
    """Seconds since 1970, UTC."""
    until_s: float
    """Seconds since 1970, UTC; not included."""


class NightPlanned(Event, frozen=True, tag="night_planned"):
    """Discord -> webhooks: a film night was planned, or the film of an open night was chosen."""

    delivery: ClassVar[Delivery] = Delivery.AT_LEAST_ONCE

    at_s: float
    """When; seconds since 1970, UTC."""
    event_id: str
    """The event on Discord, id as digits."""
    url: str
    """Its address."""
    starts_at_s: float
    """When the night begins; seconds since 1970, UTC."""
    item: Item | None = None
    """The film; None where it is chosen later."""

    def dedup_id(self) -> str:
        """Return the same id for an event that is planned once, another when its film is chosen."""
        film = f"{self.item.server_id}/{self.item.rating_key}" if self.item is not None else ""
        return f"night:{self.event_id}:{film}"


class UpcomingNight(Struct, frozen=True):
    """A night that is planned as an event on Discord, or that runs."""

    event_id: str
    """The event on Discord, id as digits."""
    url: str
    """Its address."""
    starts_at_s: float
    """When it begins; seconds since 1970, UTC."""
    item: Item | None
    """The film; None where it is chosen later."""
    said: tuple[str, ...]
    """Who said that they would come, Discord ids as digits; hidden viewers too."""
    screening_id: str = ""
    """The screening that it became; empty until the film began."""


class UpcomingNights(Answer, frozen=True, tag="upcoming_nights"):
    """Answer to ListUpcomingNights."""

    nights: tuple[UpcomingNight, ...]
    """The first to begin first; at most ten."""


class ListUpcomingNights(Question[UpcomingNights], frozen=True, tag="list_upcoming_nights", to="discord"):
    """Which nights are planned or run, and who said that they would come?"""
