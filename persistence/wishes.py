"""What people asked for in a store that a backup takes the place of: it holds in the restored one too.

A backup is older than the last choices of privacy. Without this it would show those who have become private since, go
on recording those who want none of it, and bring back those who were forgotten.
"""

import contextlib
import math
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from messages import SetPrivacy
from persistence.backups import reading
from persistence.changes import Change
from persistence.errors import CopiesFailed
from persistence.forgetting import forget
from persistence.people import forgotten, known, set_privacy
from persistence.store import Store
from persistence.tables import ACCOUNT_LINKS, FORGOTTEN, PRIVACY


@dataclass(frozen=True)
class Wishes:
    """Choices of privacy, and who was forgotten."""

    choices: tuple[tuple[SetPrivacy, float], ...] = ()
    """Each with when it was made; seconds since 1970, UTC."""
    links: dict[str, str] = field(default_factory=dict)
    """Members by the ids of the Plex accounts that are linked to them."""
    forgotten: dict[str, float] = field(default_factory=dict)
    """When each was forgotten; seconds since 1970, UTC."""


@dataclass(frozen=True)
class Held:
    """What had to be done in a restored store."""

    choices: int
    forgotten: int


def wishes_of(file: Path) -> Wishes | None:
    """Return what people asked for in a SQLite store; None where it cannot be read. No file: nobody asked for anything.

    Of any revision, older or newer: a table that it does not have is empty.
    """
    if not file.exists():
        return Wishes()
    try:
        with closing(reading(file)) as connection:
            connection.row_factory = sqlite3.Row
            choices = [
                (SetPrivacy(row["viewer_id"], row["username"], row["choice"]), row["since_s"])
                for row in _rows(connection, PRIVACY.name)
            ]
            links = {row["plex_id"]: row["viewer_id"] for row in _rows(connection, ACCOUNT_LINKS.name)}
            gone = {row["viewer_id"]: row["at_s"] for row in _rows(connection, FORGOTTEN.name)}
    except sqlite3.Error:
        return None
    return Wishes(tuple(choices), links, gone)


def hold(store: Store, wishes: Wishes, at_s: float) -> Held:
    """Have it hold in a restored store what people asked for in the one before. `at_s`: now.

    A choice of the backup that is newer stays; who has become open again since the backup has to say so once more.
    Raises SaveFailed with nothing changed.
    """
    with contextlib.suppress(CopiesFailed):  # the next start makes them anew
        store.repair_copies()
    with contextlib.suppress(CopiesFailed), store.changing(at_s) as change:
        before = forgotten(change.connection)
        gone = {who: when_s for who, when_s in wishes.forgotten.items() if when_s > before.get(who, -math.inf)}
        for viewer_id, when_s in gone.items():
            forget(change, viewer_id, when_s)
        held = Held(_hold_choices(change, wishes), len(gone))
    return held


def _hold_choices(change: Change, wishes: Wishes) -> int:
    """Write down the choices that are newer than those of the backup; return how many they are."""
    rows = change.connection.execute(select(PRIVACY.c.viewer_id, PRIVACY.c.since_s))
    since: dict[str, float] = dict(rows.all())
    linked_now = known(change.connection).links
    newer = [(asked, at_s) for asked, at_s in wishes.choices if at_s > since.get(asked.viewer_id, -math.inf)]
    for asked, at_s in newer:
        set_privacy(change, asked, at_s)
    for asked, at_s in wishes.choices:
        for plex_id, member in wishes.links.items():
            is_apart = member == asked.viewer_id and plex_id not in linked_now
            if is_apart and at_s > since.get(plex_id, -math.inf):
                # Linked after the backup was made: by itself again, the account would be shown and tracked.
                set_privacy(change, SetPrivacy(plex_id, asked.username, asked.privacy), at_s)
    return len(newer)


def _rows(connection: sqlite3.Connection, table: str) -> list[Any]:
    has = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone()
    return connection.execute(f'SELECT * FROM "{table}"').fetchall() if has else []  # noqa: S608  # a constant
