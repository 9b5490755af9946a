"""Announcements that wait name nobody who has since chosen not to be seen, or was forgotten.

The tracker and persistence name nobody in what they say after a choice. What they said before it may wait here for
hours, and comes from them again, as it was, after a restart: so it is remembered for a while whom to leave out.
"""

import hashlib

from msgspec.structs import replace

from actors.chat.discord.core.state import Keepsake
from actors.chat.discord.features.announcements.announcement_embeds import Announcement
from actors.runtime import Clock
from messages import BadgesAwarded, ViewerAccount
from viewers.redact import redact_screening

ON_THE_WAY_S = 30.0
"""What was said this long after a choice may have been said before its sender heard of it."""
KEPT_S = 2 * 86_400.0
"""How long it is remembered: longer than any announcement waits, here or with its sender."""


def _mark(text: str) -> str:
    """What stands for an id or a name in the file, which is not to name whom it is to forget."""
    return hashlib.blake2s(text.casefold().encode(), digest_size=16).hexdigest()


def ids_of(person: ViewerAccount) -> set[str]:
    """The ids under which a member is seen."""
    return {person.viewer_id, *(link.plex_id for link in person.links)}


def names_of(person: ViewerAccount) -> set[str]:
    """The names under which a member's Plex sessions are told of."""
    return {name for link in person.links for name in (link.plex_name, link.username) if name}


class Redactor:
    """Whom what was said up to some moment must not name."""

    def __init__(self, keepsake: Keepsake, clock: Clock) -> None:
        self._keepsake = keepsake
        self._clock = clock
        if len(still := self._still(clock.now().wall_s)) < len(keepsake.veiled):
            keepsake.veil(still)

    def redact_past(self, person: ViewerAccount) -> None:
        """This member is not to be seen in what was said until now, under any id, or as the host of a session.

        Not under the bare name on Discord: another may have the same, and who has no account linked hosts nothing.
        """
        now_s = self._clock.now().wall_s
        self._keepsake.mask(ids_of(person), names_of(person))
        marks = {_mark(text) for text in ids_of(person) | names_of(person)}
        kept = self._keepsake.veiled
        if any(kept.get(mark, 0.0) < now_s for mark in marks):
            self._keepsake.veil(self._still(now_s) | dict.fromkeys(marks, now_s + ON_THE_WAY_S))

    def _still(self, now_s: float) -> dict[str, float]:
        return {mark: until_s for mark, until_s in self._keepsake.veiled.items() if until_s + KEPT_S > now_s}

    def redact(self, notice: Announcement) -> Announcement | None:
        """An announcement as others may see it; None where nothing is left of it."""
        if not self._keepsake.veiled:
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
        return bool(text) and said_s <= self._keepsake.veiled.get(_mark(text), 0.0)
