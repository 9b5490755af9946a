"""Nights: screenings that are over, as the page shows them."""

from __future__ import annotations

from messages.base import Answer, Question, Struct
from messages.statistics import EarnedBadge
from messages.tracking import Screening

__all__ = ["GetNight", "Night", "NightBadge"]


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


class GetNight(Question[Night], frozen=True, tag="get_night", to="persistence"):
    """A screening that is over. Brief watches are not in it."""

    screening_id: str = ""
    """Which; empty for the last watch party."""
    asker: str = ""
    """Who asks, Discord id as digits; who is hidden is shown to themselves. Empty: nobody in particular."""
