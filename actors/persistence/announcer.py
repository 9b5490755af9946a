"""Sends earned badges to Discord until it has acknowledged each of them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

from sqlalchemy.exc import SQLAlchemyError

from actors.runtime import Actor
from actors.runtime.errors import OutboxFull
from messages import BadgesAwarded
from persistence.database.causes import cause_and_cure
from persistence.database.errors import SaveFailed
from persistence.records.badges import describe_badge
from persistence.rules import StatisticsRules
from persistence.store import Store


class BadgeAnnouncer:
    """Sends badges to Discord, and marks each as announced once Discord has acknowledged it."""

    def __init__(
        self, actor: Actor, store: Store, rules: StatisticsRules, on_save_failed: Callable[[SaveFailed], None]
    ) -> None:
        """`on_save_failed` is called if storing which badges were announced fails."""
        self._actor = actor
        self._store = store
        self._rules = rules
        self._on_save_failed = on_save_failed
        self._order = {badge.id: number for number, badge in enumerate(rules.badges)}
        self._on_their_way: set[tuple[str, str]] = set()
        """Viewer and badge, sent to Discord and not acknowledged yet."""
        self._is_unsent = False
        """Whether some badges could not be sent."""
        self._to_mark: list[tuple[str, list[str]]] = []
        """Badges that were announced and are still to be marked so: viewer and badge ids."""

    @property
    def is_behind(self) -> bool:
        """Whether announced badges are still to be marked so."""
        return bool(self._to_mark)

    @property
    def is_unsent(self) -> bool:
        """Whether the last try to send badges to Discord failed."""
        return self._is_unsent

    def announce(self) -> None:
        """Send Discord every badge that it has not acknowledged yet; each is marked once it has."""
        self._is_unsent = True
        try:
            unannounced = self._store.read_unannounced_badges()
        except SQLAlchemyError as error:  # the save itself succeeded, and the next one sends the badges
            cause, _ = cause_and_cure(error, self._store.file)
            self._actor.log.warning("It could not be read which badges are still to be announced: %s", cause)
            return
        waiting = [badge for badge in unannounced if (badge.viewer_id, badge.badge_id) not in self._on_their_way]
        waiting.sort(
            key=lambda badge: (
                badge.viewer_id,
                badge.screening_id,
                badge.earned_at_s,
                self._order.get(badge.badge_id, len(self._order)),
            )
        )
        # Badges of one save go together: after a restart they are the same announcement, which Discord recognises.
        for (viewer_id, username, screening_id, _), group in groupby(
            waiting, key=lambda badge: (badge.viewer_id, badge.username, badge.screening_id, badge.earned_at_s)
        ):
            badges = list(group)
            ids = [badge.badge_id for badge in badges]
            earned = tuple(
                describe_badge(self._rules, badge.badge_id, badge.earned_at_s, badge.progress) for badge in badges
            )
            message = BadgesAwarded(viewer_id, username, earned, screening_id)
            try:
                self._actor.ref("discord").tell(message, done=self._acknowledged_callback(viewer_id, ids))
            except OutboxFull:
                return  # Discord is unreachable: they stay unannounced, and the next save tries again
            self._on_their_way.update((viewer_id, badge_id) for badge_id in ids)
            self._send_to_webhooks(message)
        self._is_unsent = False

    def _send_to_webhooks(self, message: BadgesAwarded) -> None:
        """Send badges to the webhooks too; after a restart some come again, with the same id."""
        if self._actor.context.settings.webhook_urls:
            try:
                self._actor.ref("webhooks").tell(message)
            except OutboxFull as error:
                self._actor.log.warning("Badges are not posted: %s", error)

    def mark_announced(self) -> None:
        """Mark the badges that were announced; if that cannot be stored now, the next tick tries again."""
        while self._to_mark:
            viewer_id, badge_ids = self._to_mark[0]
            try:
                self._store.mark_announced(viewer_id, badge_ids)
            except SaveFailed as error:
                self._actor.log.warning("It could not be noted which badges were announced: %s", error)
                self._on_save_failed(error)
                return
            del self._to_mark[0]
            self._on_their_way.difference_update((viewer_id, badge_id) for badge_id in badge_ids)

    def _acknowledged_callback(self, viewer_id: str, badge_ids: list[str]) -> Callable[[], None]:
        def mark() -> None:
            self._to_mark.append((viewer_id, badge_ids))
            self.mark_announced()

        return mark
