"""Removes viewers who have since become hidden, or were forgotten, from waiting announcements.

The tracker and persistence leave a hidden viewer out of announcements that they send after the choice. Earlier ones
may wait here for hours, and are sent again unchanged after a restart, so hidden viewers are remembered for a while.
"""

import hashlib

from msgspec.structs import replace

from actors.chat.discord.core.state import FeatureState, ViewerIdentity
from actors.chat.discord.features.announcements.announcement_embeds import Announcement
from actors.runtime import Clock
from messages import BadgesAwarded
from viewers.redact import redact_screening

ON_THE_WAY_S = 30.0
"""Announcements sent up to so many seconds after a choice may still name the viewer: the sender learns of it later."""
KEPT_S = 2 * 86_400.0
"""How long a choice is remembered, seconds: longer than any announcement waits, here or with its sender."""


def _mark(text: str) -> str:
    """Return a hash of an id or a name, for the store must not name a forgotten viewer."""
    return hashlib.blake2s(text.casefold().encode(), digest_size=16).hexdigest()


class Redactor:
    """Removes hidden and forgotten viewers from announcements that were sent before their choice."""

    def __init__(self, state: FeatureState[float], clock: Clock) -> None:
        """Keep in `state`, by the hash of an id or name, until when announcements may not name it (s since 1970)."""
        self._state = state
        self._clock = clock

    def hide(self, viewer: ViewerIdentity) -> None:
        """Hide a viewer in announcements that were sent until now: every id, and the name as the host of a session.

        The name alone is not used elsewhere: another member may have the same one.
        """
        now_s = self._clock.now().wall_s
        marks = {_mark(text) for text in viewer.ids | viewer.names}
        if any(self._state.records.get(mark, 0.0) < now_s for mark in marks):
            self._state.update(dict.fromkeys(marks, now_s + ON_THE_WAY_S), removed=self._find_outdated(now_s))

    def drop_outdated(self) -> None:
        """Forget hashes that no announcement can need any more."""
        self._state.remove(*self._find_outdated(self._clock.now().wall_s))

    def _find_outdated(self, now_s: float) -> list[str]:
        return [mark for mark, until_s in self._state.records.items() if until_s + KEPT_S <= now_s]

    def redact(self, notice: Announcement) -> Announcement | None:
        """Return an announcement without hidden viewers, or None if nothing is left of it."""
        if not self._state.records:
            return notice
        if isinstance(notice, BadgesAwarded):
            said_s = max((badge.earned_at_s for badge in notice.badges), default=0.0)
            return None if self._hides(notice.viewer_id, said_s) else notice
        said_s = notice.at.wall_s

        def hides(text: str) -> bool:
            return self._hides(text, said_s)

        redacted = redact_screening(notice.screening, hides, hides_host=hides)
        return notice if redacted is notice.screening else replace(notice, screening=redacted)

    def _hides(self, text: str, said_s: float) -> bool:
        return bool(text) and said_s <= self._state.records.get(_mark(text), 0.0)
