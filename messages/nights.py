"""Nights: finished screenings, as the web page shows them."""

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
    "NightDay",
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
    """The badge."""


class Night(Answer, frozen=True, tag="night"):
    """Answer to GetNight."""

    screening: Screening | None
    """The screening with all its viewers, hidden ones as Somebody; `seen` is its end. None if there is no such
    screening, or none that may be seen."""
    badges: tuple[NightBadge, ...] = ()
    """Badges that visible viewers earned at it."""
    rsvps: int = 0
    """Number of RSVPs on Discord; 0 if it was not a planned night."""
    came: tuple[str, ...] = ()
    """Viewer ids of the visible viewers with an RSVP who came."""
    rating: float | None = None
    """The film's mean rating, 1 to 5; None if there are too few ratings to show."""
    ratings: int = 0
    """Number of ratings; 0 if there are too few to show."""


class GetNight(Question[Night], frozen=True, tag="get_night", to="persistence"):
    """A finished screening, without brief watches."""

    screening_id: str = ""
    """The screening; empty for the last watch party."""
    asker: str = ""
    """Who asks, Discord id as digits; hidden viewers see themselves. Empty: nobody in particular."""


class NightEntry(Struct, frozen=True):
    """A watch party in a list. Its figures count visible viewers only."""

    screening_id: str
    """Unique for ever."""
    item: Item
    """The film."""
    started_at_s: float
    """When the first viewer joined; seconds since 1970, UTC."""
    viewers: int
    """Number of viewers."""
    mean_percent: float | None
    """How much of the film they saw on average, 0 to 100; None if its length is not known."""
    curve: tuple[int, ...] = ()
    """Number of viewers in each of 24 equal parts of the film; empty if its length is not known."""


class NightDay(Struct, frozen=True):
    """A day on which watch parties began."""

    day: str
    """Local day, ISO date."""
    nights: int
    """How many watch parties began on it."""
    listed: int
    """How many of them the answer lists."""


class NightList(Answer, frozen=True, tag="night_list"):
    """Answer to ListNights."""

    nights: tuple[NightEntry, ...]
    """The watch parties, the earliest first."""
    earlier: bool = False
    """Whether there are earlier ones."""
    days: tuple[NightDay, ...] = ()
    """If `most_a_day` was asked for: the days with watch parties, in order; `nights` follow the same order."""


class ListNights(Question[NightList], frozen=True, tag="list_nights", to="persistence"):
    """The watch parties that began within a period."""

    from_s: float
    """Begin of the period; seconds since 1970, UTC."""
    until_s: float
    """End of the period, excluded; seconds since 1970, UTC."""
    most_a_day: int = 0
    """How many of each local day to list at most, the earliest first; 0 lists the newest 400 of the period."""


class NightPlanned(Event, frozen=True, tag="night_planned"):
    """Discord -> webhooks: a film night was planned, or the film of an open night was chosen."""

    delivery: ClassVar[Delivery] = Delivery.AT_LEAST_ONCE

    at_s: float
    """When it was planned or chosen; seconds since 1970, UTC."""
    event_id: str
    """Id of the Discord event, as digits."""
    url: str
    """Address of the event."""
    starts_at_s: float
    """When the night begins; seconds since 1970, UTC."""
    item: Item | None = None
    """The film; None if it is chosen later."""

    def dedup_id(self) -> str:
        """Return an id of the event, which changes when the film is chosen."""
        film = f"{self.item.server_id}/{self.item.rating_key}" if self.item is not None else ""
        return f"night:{self.event_id}:{film}"


class UpcomingNight(Struct, frozen=True):
    """A planned or running night with an event on Discord."""

    event_id: str
    """Id of the Discord event, as digits."""
    url: str
    """Address of the event."""
    starts_at_s: float
    """When it begins; seconds since 1970, UTC."""
    item: Item | None
    """The film; None if it is chosen later."""
    said: tuple[str, ...]
    """The RSVPs, Discord ids as digits; hidden viewers too."""
    screening_id: str = ""
    """The night's screening; empty until the film begins."""


class UpcomingNights(Answer, frozen=True, tag="upcoming_nights"):
    """Answer to ListUpcomingNights."""

    nights: tuple[UpcomingNight, ...]
    """The nights, the earliest first; at most ten."""


class ListUpcomingNights(Question[UpcomingNights], frozen=True, tag="list_upcoming_nights", to="discord"):
    """The planned and running nights, with their RSVPs."""
