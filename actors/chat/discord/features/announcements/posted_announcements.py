"""Remembers which announcements were posted, so that one that is delivered again is not posted again."""

import concurrent.futures

import msgspec

from actors.chat.discord.core.state import FeatureState, ViewerIdentity
from actors.runtime import Clock

KEPT_S = 2 * 86_400.0
"""How long a post is remembered: longer than any announcement waits, here or with its sender."""
_PENDING, _POSTED = "pending", "posted:"


class AnnouncementRecord(msgspec.Struct):
    """A post that is on Discord, or one that was begun and may be on Discord."""

    at_s: float
    """When it was posted or begun; seconds since 1970, UTC."""
    nonce: str = ""
    """The nonce of the post: if the post is sent again, Discord recognises it."""
    ids: list[str] = []
    """Message ids of the announcements in a post that was begun."""


class PostedAnnouncements:
    """Remembers posted announcements, and the post that was begun."""

    def __init__(self, state: FeatureState[AnnouncementRecord], clock: Clock) -> None:
        self._state = state
        self._clock = clock

    @property
    def pending(self) -> AnnouncementRecord | None:
        """The post that was begun and whose result is not known; None if there is none."""
        return self._state.records.get(_PENDING)

    def was_posted(self, message_id: str) -> bool:
        """Tell whether the announcement of this message is on Discord already."""
        return _POSTED + message_id in self._state.records

    def begin(self, nonce: str, ids: list[str]) -> concurrent.futures.Future[None]:
        """Note that a post is about to be sent. It should be sent only once the returned Future is done."""
        return self._state.put(_PENDING, AnnouncementRecord(self._now_s(), nonce, ids))

    def finish(self, ids: list[str]) -> None:
        """Note that announcements are on Discord, and that no post is pending."""
        now_s = self._now_s()
        outdated = [key for key, record in self._state.records.items() if record.at_s < now_s - KEPT_S]
        posted = {_POSTED + message_id: AnnouncementRecord(now_s) for message_id in ids}
        self._state.update(posted, removed=[_PENDING, *outdated])

    def give_up(self) -> None:
        """Note that the post that was begun will not be sent again."""
        self._state.remove(_PENDING)

    def forget(self, viewer: ViewerIdentity) -> None:
        """Forget the announcements of a viewer's badges: their ids name the viewer."""

        def is_about(message_id: str) -> bool:
            return any(f":{viewer_id}:" in message_id for viewer_id in viewer.ids)

        self._state.remove(*[key for key in self._state.records if is_about(key)])
        if (pending := self.pending) is not None:
            ids = [message_id for message_id in pending.ids if not is_about(message_id)]
            if ids:
                self._state.put(_PENDING, AnnouncementRecord(pending.at_s, pending.nonce, ids))
            else:
                self.give_up()

    def _now_s(self) -> float:
        return self._clock.now().wall_s
