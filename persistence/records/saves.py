"""Rows of `saves` and `handled_messages`: past saves, and the messages that took effect."""

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, select

from persistence.database.sql import upsert
from persistence.database.tables import HANDLED_MESSAGES, SAVES, VIEWER_BADGES, VIEWER_STATS

KEEP_HANDLED_S = 30 * 86400.0
"""How long ids of handled messages are kept; a sender retries for seconds, not for weeks."""
KEEP_SAVES = 5000
"""Minimum number of `saves` rows that are kept."""
_CLEAN_UP_EVERY = 50
"""Number of saves between two deletions of old rows."""
_INSERT_SAVE = SAVES.insert().returning(SAVES.c.save_id)


class SaveResult(msgspec.Struct, frozen=True):
    """The result of a save."""

    users: int
    watches: int
    badges: int
    active: int
    has_new_badges: bool = False
    """Whether anybody earned a badge."""
    has_new_names: bool = False
    """Whether a member's name changed."""
    is_repeat: bool = False
    """Whether nothing was done because the store already contained it all."""


def is_handled(connection: Connection, message_id: str) -> bool:
    """Tell whether a message already took effect."""
    query = select(HANDLED_MESSAGES.c.message_id).where(HANDLED_MESSAGES.c.message_id == message_id)
    return connection.execute(query).first() is not None


def record_handled(connection: Connection, message_ids: Iterable[str], at_s: float) -> None:
    """Note that messages take effect with this transaction. `at_s`: seconds since 1970, UTC."""
    rows: list[dict[str, Any]] = [{"message_id": message_id, "handled_at_s": at_s} for message_id in message_ids]
    upsert(connection, HANDLED_MESSAGES, rows)


def read_last_saved_s(connection: Connection) -> float | None:
    """Return when the last save was, seconds since 1970, UTC; None if there was none."""
    return connection.execute(select(SAVES.c.saved_at_s).order_by(SAVES.c.save_id.desc()).limit(1)).scalar()


class StoredCounts(msgspec.Struct, frozen=True):
    """Numbers of stored viewers and badges."""

    users: int
    badges: int

    def add(self, users: int, badges: int) -> "StoredCounts":
        """Return the numbers after adding these."""
        return StoredCounts(self.users + users, self.badges + badges)


def count_stored(connection: Connection) -> StoredCounts:
    """Count viewers and badges."""
    users = select(func.count()).select_from(VIEWER_STATS).scalar_subquery()
    badges = select(func.count()).select_from(VIEWER_BADGES).scalar_subquery()
    return StoredCounts(*connection.execute(select(users, badges)).one())


def record_save(connection: Connection, reason: str, result: SaveResult, at_s: float) -> None:
    """Insert a save; from time to time delete the oldest saves, and messages that no sender resends any more."""
    row = {
        "saved_at_s": at_s,
        "reason": reason,
        "active": result.active,
        "users": result.users,
        "watches": result.watches,
        "badges": result.badges,
    }
    save_id = connection.execute(_INSERT_SAVE, row).scalar_one()
    if save_id % _CLEAN_UP_EVERY == 0:
        connection.execute(delete(SAVES).where(SAVES.c.save_id <= save_id - KEEP_SAVES))
        connection.execute(delete(HANDLED_MESSAGES).where(HANDLED_MESSAGES.c.handled_at_s < at_s - KEEP_HANDLED_S))
