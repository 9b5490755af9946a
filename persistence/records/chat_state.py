"""Rows of `chat_state`: the state of a chat platform's features."""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, select

from messages import ChatStateEntry
from persistence.database.sql import upsert
from persistence.database.tables import CHAT_STATE


def read_entries(connection: Connection) -> tuple[ChatStateEntry, ...]:
    """Return every entry, by feature; within a feature the longest unchanged first."""
    columns = CHAT_STATE.c
    order = columns.feature, columns.updated_at_s, columns.key
    rows = connection.execute(select(columns.feature, columns.key, columns.value).order_by(*order))
    return tuple(ChatStateEntry(*row) for row in rows)


def write_entries(connection: Connection, entries: Iterable[ChatStateEntry], at_s: float) -> None:
    """Insert, replace or (if the value is empty) delete entries. `at_s`: seconds since 1970, UTC."""
    for entry in entries:
        if entry.value:
            row = {"feature": entry.feature, "key": entry.key, "value": entry.value, "updated_at_s": at_s}
            upsert(connection, CHAT_STATE, [row])
        else:
            own = (CHAT_STATE.c.feature == entry.feature) & (CHAT_STATE.c.key == entry.key)
            connection.execute(delete(CHAT_STATE).where(own))
