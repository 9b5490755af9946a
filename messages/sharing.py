"""Pages that a member shares by a link; RSVPs of planned nights."""

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
    """A shared page."""

    token: str
    """The token in its address."""
    kind: ShareKind
    """A year of the owner, a night that the owner attended, or a badge that the owner has."""
    subject: str
    """The year, the screening's id, or the badge's id."""
    created_at_s: float
    """When it was shared; seconds since 1970, UTC."""


class ShareOpened(Answer, frozen=True, tag="share_opened"):
    """Answer to OpenShare."""

    share: Share | None
    """The shared page; None if there is none, or if the owner may not share it: hidden viewers share nothing."""


class OpenShare(Question[ShareOpened], frozen=True, tag="open_share", to="persistence"):
    """A member shares a page; a page that is already shared keeps its address."""

    token: str
    """The token for its address: 128 random bits."""
    viewer_id: str
    """Discord id of the owner, as digits."""
    kind: ShareKind
    """The kind of page."""
    subject: str
    """The year, the screening's id, or the badge's id."""


class ShareList(Answer, frozen=True, tag="share_list"):
    """Answer to ListShares."""

    shares: tuple[Share, ...]
    """The shared pages, the newest first."""


class ListShares(Question[ShareList], frozen=True, tag="list_shares", to="persistence"):
    """The pages that a member shares."""

    viewer_id: str
    """Discord id, as digits."""


class SharesEnded(Answer, frozen=True, tag="shares_ended"):
    """Answer to EndShares."""

    shares: int
    """How many shares were ended."""


class EndShares(Question[SharesEnded], frozen=True, tag="end_shares", to="persistence"):
    """A member ends one share, or all of theirs."""

    viewer_id: str
    """Discord id of the owner, as digits."""
    token: str = ""
    """Token of the share; empty for all."""


class ShareFound(Answer, frozen=True, tag="share_found"):
    """Answer to FindShare."""

    share: Share | None
    """The shared page; None if there is none, if it was ended, or if its owner is hidden now."""
    viewer_id: str = ""
    """The owner, Discord id as digits."""
    username: str = ""
    """The owner's name."""


class FindShare(Question[ShareFound], frozen=True, tag="find_share", to="persistence"):
    """The shared page at an address."""

    token: str
    """The token in the address."""


class RecordRsvps(Command, frozen=True, tag="record_rsvps"):
    """Discord -> persistence: the RSVPs of a planned night whose screening has begun."""

    delivery: ClassVar[Delivery] = Delivery.AT_LEAST_ONCE

    screening_id: str
    """The screening."""
    viewer_ids: tuple[str, ...]
    """Discord ids, as digits; they replace those of earlier messages."""
