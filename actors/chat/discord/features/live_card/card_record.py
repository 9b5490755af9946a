"""The stored record of a card, which outlasts restarts."""

import hashlib

import msgspec
from msgspec.structs import replace

from actors.chat.discord.core.state import ViewerIdentity
from messages import Attendee, ScreeningEnded
from viewers.redact import redact_screening

MOST_BADGES = 60
"""Badges that a card remembers at most."""


class CardRecord(msgspec.Struct):
    """A screening's own message in the announce channel."""

    screening_id: str
    message_id: int
    opened_s: float
    """When it was first posted; seconds since 1970, UTC."""
    files: list[str] = []
    """Names of the files that the message has."""
    awarded: list[tuple[str, str, str]] = []
    """Badges that were earned with this screening: viewer id, viewer's name, badge as it is shown."""
    ended: ScreeningEnded | None = None
    """The screening's end; None while it runs."""
    before: ScreeningEnded | None = None
    """The earlier end of a screening that somebody continued; None if nobody did."""
    charted: bool = False
    """Whether its chart was drawn, or will not be."""
    said: list[str] = []
    """Ids of those who had said on Discord that they would come; empty if the night was not planned."""
    owed: bool = False
    """Whether its message does not show the end yet, because Discord accepted no more edits of it."""
    obsolete: bool = False
    """Whether its message is to be deleted: another card shows its film."""

    def add_badges(self, earned: list[tuple[str, str, str]]) -> bool:
        """Add badges; return whether any is new."""
        new = [badge for badge in earned if badge not in self.awarded]
        self.awarded = [*self.awarded, *new][:MOST_BADGES]
        return bool(new)

    def shown_badges(self) -> list[tuple[str, str, str]]:
        """Return the badges of viewers who may be seen: a hidden viewer's attendance has no id any more."""
        attendees: tuple[Attendee, ...] = self.ended.screening.seats if self.ended is not None else ()
        visible = {attendee.viewer_id for attendee in attendees}
        return [badge for badge in self.awarded if badge[0] in visible]

    def hide(self, viewer: ViewerIdentity) -> None:
        """Remove a viewer from the record of the screening, which may be shown again."""
        self.ended = _redact(self.ended, viewer)
        self.before = _redact(self.before, viewer)

    def forget(self, viewer: ViewerIdentity) -> None:
        """Remove a viewer's attendance, badges, and promise to come."""
        self.awarded = [badge for badge in self.awarded if badge[0] not in viewer.ids]
        self.said = [member for member in self.said if member not in viewer.ids]
        self.hide(viewer)

    @property
    def repost_nonce(self) -> str:
        """The nonce of the post that replaces a deleted message; restarts keep it, so that Discord posts it once."""
        return hashlib.blake2s(f"{self.screening_id}\n{self.message_id}".encode(), digest_size=12).hexdigest()


def _redact(ended: ScreeningEnded | None, viewer: ViewerIdentity) -> ScreeningEnded | None:
    if ended is None:
        return None
    redacted = redact_screening(
        ended.screening, lambda viewer_id: viewer_id in viewer.ids, hides_host=lambda name: name in viewer.names
    )
    return replace(ended, screening=redacted)
