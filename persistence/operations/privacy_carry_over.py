"""Applies choices of privacy and erasures to a restored store.

A backup is older than the last privacy choices. Without this, a restore would show viewers who have become private
since, record untracked ones, and bring back erased ones.
"""

import contextlib
import math
import sqlite3
from collections.abc import Iterable, Mapping, Set
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from messages import Problem, SetPrivacy, UnlinkAccount
from persistence.database.causes import cause_and_cure, is_damage
from persistence.database.errors import BackupError, CopiesFailed
from persistence.database.examination import find_damage, open_read_only
from persistence.database.tables import ACCOUNT_LINKS, FORGOTTEN, PRIVACY, PUBLIC_NAMES, WATCHES
from persistence.operations.erase import erase_viewer
from persistence.operations.link import unlink
from persistence.records.change_set import ChangeSet
from persistence.records.viewers import read_directory, read_erasures, set_privacy
from persistence.store import Store


class PrivacyChoices(msgspec.Struct, frozen=True):
    """Choices of privacy, and erasures."""

    choices: tuple[tuple[SetPrivacy, float], ...] = ()
    """Each choice, and when it was made; seconds since 1970, UTC."""
    links: dict[str, str] = msgspec.field(default_factory=dict)
    """Members by the ids of the Plex accounts that are linked to them."""
    forgotten: dict[str, float] = msgspec.field(default_factory=dict)
    """When each viewer was erased; seconds since 1970, UTC."""
    named: frozenset[str] = frozenset()
    """Members who are named on a public page."""

    def __bool__(self) -> bool:
        """Tell whether there are any choices or erasures."""
        return bool(self.choices or self.forgotten)


class CarriedOver(msgspec.Struct, frozen=True):
    """What was changed in a restored store."""

    choices: int
    forgotten: int


def read_privacy_choices(file: Path) -> PrivacyChoices | None:
    """Return the privacy choices in an SQLite store; None if there is no store, or if it is damaged.

    The store may have any revision, older or newer: a missing table counts as empty. Raises BackupError if it cannot be
    read now but may be sound.
    """
    if not file.exists():
        return None
    try:
        with closing(open_read_only(file)) as connection:
            connection.row_factory = sqlite3.Row
            choices = [
                (SetPrivacy(row["viewer_id"], row["username"], row["choice"]), row["since_s"])
                for row in _read_table(connection, PRIVACY.name)
            ]
            links = {row["plex_id"]: row["viewer_id"] for row in _read_table(connection, ACCOUNT_LINKS.name)}
            gone = {row["viewer_id"]: row["at_s"] for row in _read_table(connection, FORGOTTEN.name)}
            named = frozenset(row["viewer_id"] for row in _read_table(connection, PUBLIC_NAMES.name))
    except sqlite3.DatabaseError as error:
        is_held = isinstance(error, sqlite3.OperationalError)
        if not is_held and not (is_damage(error) and _is_sound(file)):
            return None
        cause, cure = cause_and_cure(error, file)
        raise BackupError(Problem.of("restore.old_store_unreadable", store=str(file), cause=cause, cure=cure)) from None
    return PrivacyChoices(tuple(choices), links, gone, named)


def _is_sound(file: Path) -> bool:
    """Tell whether a store that SQLite reported as damaged is sound, so that only a read had failed."""
    try:
        return not find_damage(file)
    except (OSError, sqlite3.Error):
        return True  # not known: choices must not be lost because of that


def carry_over(store: Store, wishes: PrivacyChoices, at_s: float) -> CarriedOver:
    """Apply the previous store's choices and erasures to a restored one. `at_s`: now.

    A newer choice in the backup stays, and so does a viewer who came back after an erasure. A viewer who became open
    after the backup must choose that again. Raises SaveFailed with nothing changed.
    """
    with contextlib.suppress(CopiesFailed), store.change(at_s) as change:
        connection = change.connection
        before = read_erasures(connection)
        gone = {
            who: when_s
            for who, when_s in wishes.forgotten.items()
            if when_s > before.get(who, -math.inf) and not _watched_since(connection, who, when_s)
        }
        since: dict[str, float] = dict(connection.execute(select(PRIVACY.c.viewer_id, PRIVACY.c.since_s)).all())
        newer = [(asked, at_s) for asked, at_s in wishes.choices if at_s > since.get(asked.viewer_id, -math.inf)]
        _undo_links(change, wishes, gone.keys(), {asked.viewer_id for asked, _ in newer})
        for viewer_id, when_s in gone.items():
            erase_viewer(change, viewer_id, when_s)
        _carry_over_choices(change, wishes, newer, since)
    return CarriedOver(len(newer), len(gone))


def _watched_since(connection: Connection, viewer_id: str, when_s: float) -> bool:
    """Tell whether the backup contains watches of a viewer from after the erasure."""
    since = (WATCHES.c.identity == viewer_id) & (WATCHES.c.started_at_s > when_s)
    return connection.execute(select(WATCHES.c.watch_id).where(since).limit(1)).first() is not None


def _undo_links(change: ChangeSet, wishes: PrivacyChoices, gone: Set[str], choosing: Set[str]) -> None:
    """Undo links that were undone since the backup, if a later request concerns only one of the two."""
    for plex_id, link in read_directory(change.connection).links.items():
        is_anothers = link.viewer_id in gone and plex_id not in gone
        if wishes.links.get(plex_id) != link.viewer_id and (is_anothers or plex_id in choosing):
            unlink(change, UnlinkAccount(plex_id, link.viewer_id, "restore"))


def _carry_over_choices(
    change: ChangeSet, wishes: PrivacyChoices, newer: Iterable[tuple[SetPrivacy, float]], since: Mapping[str, float]
) -> None:
    """Store the choices that are newer than the backup's. `since`: when those were made."""
    linked_now = read_directory(change.connection).links
    for asked, at_s in newer:
        set_privacy(change, asked, at_s)
    for asked, at_s in wishes.choices:
        for plex_id, member in wishes.links.items():
            is_apart = member == asked.viewer_id and plex_id not in linked_now
            if is_apart and at_s > since.get(plex_id, -math.inf):
                # Linked after the backup was made: unlinked again, the account would be shown and tracked.
                set_privacy(change, SetPrivacy(plex_id, asked.username, asked.privacy), at_s)


def _read_table(connection: sqlite3.Connection, table: str) -> list[Any]:
    has = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone()
    return connection.execute(f'SELECT * FROM "{table}"').fetchall() if has else []  # noqa: S608  # a constant
