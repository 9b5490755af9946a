"""Pages that a member shares with whoever has the link, and who had said that they would come to a night."""

from __future__ import annotations

from typing import ClassVar, Literal

from messages.base import Answer, Command, Delivery, Question, Struct

__all__ = [
    "EndShares",
    "FindShare",
    "ListShares",
    "OpenShare",
    "RecordRsvps",
    "Share",
    "ShareFound",
    "ShareKind",
    "ShareList",
    "ShareOpened",
    "SharesEnded",
]

ShareKind = Literal["year", "night", "badge"]


class Share(Struct, frozen=True):
    """A page that is shared."""

    token: str
    """What stands in its address."""
    kind: ShareKind
    """A year of the owner's, a night that the owner was at, or a badge that the owner has."""
    subject: str
    """The year, the screening's id, or the badge's id."""
    created_at_s: float
    """Seconds since 1970, UTC."""


class ShareOpened(Answer, frozen=True, tag="share_opened"):
    """Answer to OpenShare."""

    share: Share | None
    """None where there is nothing to share, or nothing that the owner may: who is hidden shares nothing."""


class OpenShare(Question[ShareOpened], frozen=True, tag="open_share", to="persistence"):
    """A member shares a page; one that is shared already keeps its address."""

    token: str
    """What is to stand in its address: 128 random bits."""
    viewer_id: str
    """Discord id of the owner, as digits."""
    kind: ShareKind
    """What is shared."""
    subject: str
    """The year, the screening's id, or the badge's id."""


class ShareList(Answer, frozen=True, tag="share_list"):
    """Answer to ListShares."""

    shares: tuple[Share, ...]
    """The newest first."""


class ListShares(Question[ShareList], frozen=True, tag="list_shares", to="persistence"):
    """What does a member share?"""

    viewer_id: str
    """Discord id, as digits."""


class SharesEnded(Answer, frozen=True, tag="shares_ended"):
    """Answer to EndShares."""

    shares: int
    """How many were ended."""


class EndShares(Question[SharesEnded], frozen=True, tag="end_shares", to="persistence"):
    """A member ends one share, or all of theirs."""

    viewer_id: str
    """Discord id of the owner, as digits."""
    token: str = ""
    """Which; empty for all."""


class ShareFound(Answer, frozen=True, tag="share_found"):
    """Answer to FindShare."""

    share: Share | None
    """None where there is none, it ended, or its owner is hidden by now."""
    viewer_id: str = ""
    """The owner, Discord id as digits."""
    username: str = ""
    """The owner's name."""


class FindShare(Question[ShareFound], frozen=True, tag="find_share", to="persistence"):
    """What is shared at an address?"""

    token: str
    """What stands in it."""


class RecordRsvps(Command, frozen=True, tag="record_rsvps"):
    """Discord -> persistence: who had said that they would come to a planned night that became a screening."""

    delivery: ClassVar[Delivery] = Delivery.AT_LEAST_ONCE

    screening_id: str
    """The screening."""
    viewer_ids: tuple[str, ...]
    """Discord ids, as digits; they replace those that were told before."""
