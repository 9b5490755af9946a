"""Rows of `saves` and `handled_messages`: what was saved when, and which messages took effect."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select

from persistence.database.sql import read_history_count, upsert
from persistence.database.tables import HANDLED_MESSAGES, SAVES, VIEWER_BADGES, VIEWER_STATS

KEEP_HANDLED_S = 30 * 86400.0
"""Ids of handled messages are kept this long; a sender tries again for seconds, not for weeks."""
KEEP_SAVES = 5000
"""Rows of `saves` that are kept."""


@dataclass(frozen=True)
class SaveResult:
    """What a save left in the store."""

    users: int
    watches: int
    badges: int
    active: int


def is_handled(connection: Connection, message_id: str) -> bool:
    """Tell whether a message took effect already."""
    query = select(HANDLED_MESSAGES.c.message_id).where(HANDLED_MESSAGES.c.message_id == message_id)
    return connection.execute(query).first() is not None


def record_handled(connection: Connection, message_id: str, at_s: float) -> None:
    """Note that a message takes effect with this transaction; seconds since 1970, UTC."""
    upsert(connection, HANDLED_MESSAGES, [{"message_id": message_id, "handled_at_s": at_s}])
    connection.execute(delete(HANDLED_MESSAGES).where(HANDLED_MESSAGES.c.handled_at_s < at_s - KEEP_HANDLED_S))


def read_last_saved_s(connection: Connection) -> float | None:
    """Return when the last save was, seconds since 1970, UTC; None where there was none."""
    return connection.execute(select(SAVES.c.saved_at_s).order_by(SAVES.c.save_id.desc()).limit(1)).scalar()


def count_stored(connection: Connection, active: int) -> SaveResult:
    """Return what the store holds now. `active`: running watches."""
    users = connection.execute(select(func.count()).select_from(VIEWER_STATS)).scalar_one()
    badges = connection.execute(select(func.count()).select_from(VIEWER_BADGES)).scalar_one()
    # Counted as they come in: to count a million rows at each save would make it slower with each watch.
    return SaveResult(users, read_history_count(connection), badges, active)


def record_save(connection: Connection, reason: str, result: SaveResult, at_s: float) -> None:
    """Note a save; the oldest go where there are too many."""
    row = {
        "saved_at_s": at_s,
        "reason": reason,
        "active": result.active,
        "users": result.users,
        "watches": result.watches,
        "badges": result.badges,
    }
    save_id = connection.execute(SAVES.insert().returning(SAVES.c.save_id), row).scalar_one()
    connection.execute(delete(SAVES).where(SAVES.c.save_id <= save_id - KEEP_SAVES))
