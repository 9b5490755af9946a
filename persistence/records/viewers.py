"""Rows of `viewers`, `privacy` and `forgotten`: names, choices of privacy, and erased viewers."""

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from msgspec.structs import replace
from sqlalchemy import Connection, delete, func, select, update

from messages import Privacy, Problem, SetPrivacy, ViewerAccount, WatchRecord
from messages.ids import is_plex_account
from persistence.database.sql import split_batches, upsert
from persistence.database.tables import CHECKPOINT, FORGOTTEN, PRIVACY, VIEWER_STATS, VIEWERS, WATCHES
from persistence.records.badges import mark_all_announced
from persistence.records.change_set import ChangeSet
from persistence.records.links import read_links, read_unproven_links
from persistence.records.sharing import end_shares
from viewers.directory import HIDDEN_CHOICES, ViewerDirectory
from wording.problems import english

KEEP_FORGOTTEN_S = 30 * 86_400.0
"""How long an erasure is remembered: late messages arrive within hours."""


def read_directory(connection: Connection) -> ViewerDirectory:
    """Return the current links and choices of privacy."""
    return ViewerDirectory.from_message(read_links(connection), read_choices(connection))


def read_choices(connection: Connection) -> tuple[tuple[str, Privacy], ...]:
    """Return the choice of every viewer who chose anything but "open"."""
    query = select(PRIVACY.c.viewer_id, PRIVACY.c.choice).order_by(PRIVACY.c.viewer_id)
    return tuple((viewer_id, choice) for viewer_id, choice in connection.execute(query).all())


def with_current_name(record: WatchRecord, names: Mapping[str, str]) -> WatchRecord:
    """Return a record with its viewer's current name; for a linked account that is the member's.

    `names`: see `ViewerDirectory.member_names`.
    """
    name = names.get(record.viewer_id)
    return record if name is None else replace(record, username=name)


def read_account(connection: Connection, viewer_id: str, problem: Problem | None = None) -> ViewerAccount:
    """Return a member's links and choice. `problem`: why nothing was changed."""
    people = read_directory(connection)
    own = tuple(link for link in people.links.values() if link.viewer_id == viewer_id)
    count = select(func.count()).select_from(WATCHES).where(WATCHES.c.viewer_id == viewer_id)
    watches = connection.execute(count).scalar_one()
    text = english(problem) if problem else ""
    unproven = tuple(link.plex_id for link in read_unproven_links(connection, viewer_id))
    return ViewerAccount(viewer_id, people.choice(viewer_id), own, watches, text, problem, unproven)


def set_privacy(change: ChangeSet, asked: SetPrivacy, at_s: float) -> None:
    """Store a member's choice. Badges of a hidden member are not announced later either.

    Running watches of an untracked member are removed from checkpoint and statistics at once: if nobody else is
    watching, there is no next save.
    """
    connection = change.connection
    if asked.privacy not in get_args(Privacy):
        raise ValueError(f"{asked.privacy!r} is no choice of privacy: it is one of {', '.join(get_args(Privacy))}")
    own = PRIVACY.c.viewer_id == asked.viewer_id
    if asked.privacy == "open":
        connection.execute(delete(PRIVACY).where(own))
        return
    row = {"viewer_id": asked.viewer_id, "username": asked.username, "choice": asked.privacy, "since_s": at_s}
    upsert(connection, PRIVACY, [row])
    if asked.privacy in HIDDEN_CHOICES:
        mark_all_announced(connection, asked.viewer_id)
        end_shares(connection, asked.viewer_id)
    if asked.privacy == "untracked":
        ids = read_directory(connection).ids_of(asked.viewer_id)
        connection.execute(delete(CHECKPOINT).where(CHECKPOINT.c.viewer_id.in_(ids)))
        counted = select(VIEWER_STATS.c.viewer_id).where(VIEWER_STATS.c.viewer_id == asked.viewer_id)
        for viewer_id in connection.execute(counted).scalars():
            change.touch(viewer_id)


def record_erasure(connection: Connection, viewer_ids: Iterable[str], at_s: float) -> None:
    """Note an erasure, so that late messages about watches that began before it are not stored."""
    connection.execute(delete(FORGOTTEN).where(FORGOTTEN.c.at_s < at_s - KEEP_FORGOTTEN_S))
    rows: list[dict[str, Any]] = [{"viewer_id": viewer_id, "at_s": at_s} for viewer_id in viewer_ids]
    upsert(connection, FORGOTTEN, rows)


def correct_erasure_times(connection: Connection, now_s: float) -> None:
    """Limit erasure times to now: after a clock far ahead, nothing of these viewers would be stored for years."""
    connection.execute(update(FORGOTTEN).where(FORGOTTEN.c.at_s > now_s).values(at_s=now_s))


def read_erasures(connection: Connection) -> dict[str, float]:
    """Return the erased viewers, and when; seconds since 1970, UTC."""
    query = select(FORGOTTEN.c.viewer_id, FORGOTTEN.c.at_s)
    return dict(connection.execute(query).all())


def read_viewer_row(connection: Connection, viewer_id: str) -> dict[str, Any] | None:
    """Return the row of a viewer; None if there is none."""
    return read_viewer_rows(connection, [viewer_id]).get(viewer_id)


def read_viewer_rows(connection: Connection, viewer_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the rows of those viewers who have one."""
    rows: dict[str, dict[str, Any]] = {}
    for some in split_batches(viewer_ids):
        for row in connection.execute(select(VIEWERS).where(VIEWERS.c.viewer_id.in_(some))).mappings():
            rows[row["viewer_id"]] = dict(row)
    return rows


def record_viewers(
    connection: Connection, records: Iterable[WatchRecord], known: Mapping[str, dict[str, Any]] | None = None
) -> dict[str, dict[str, Any]]:
    """Update the rows of viewers with their newest name; return the rows. `known`: the stored rows, if already read."""
    seen = list(records)
    rows = read_viewer_rows(connection, {record.viewer_id for record in seen}) if known is None else dict(known)
    for record in seen:
        rows[record.viewer_id] = _seen_in(rows.get(record.viewer_id), record)
    changed = {record.viewer_id: rows[record.viewer_id] for record in seen}
    upsert(connection, VIEWERS, list(changed.values()))
    return changed


def _seen_in(row: Mapping[str, Any] | None, record: WatchRecord) -> dict[str, Any]:
    """Return the row of a viewer, updated from a watch."""
    fresh = new_viewer_row(
        record.viewer_id,
        record.username,
        record.item.server_id,
        record.guild_id,
        record.started_at_s,
        record.ended_at_s,
    )
    if row is not None:
        is_news = record.ended_at_s >= row["last_seen_s"]
        fresh |= {name: row[name] for name in ("base", "ai_interactions", "votes_cast", "movies_requested")}
        fresh["first_seen_s"] = min(row["first_seen_s"], record.started_at_s)
        fresh["last_seen_s"] = max(row["last_seen_s"], record.ended_at_s)
        fresh["username"] = record.username if is_news else row["username"]
        fresh["guild_id"] = (record.guild_id if is_news else "") or row["guild_id"]
    return fresh


def add_to_counts(
    connection: Connection, viewer_id: str, username: str, at_s: float, *, votes: int = 0, requests: int = 0
) -> None:
    """Add to a viewer's counts of votes and suggestions; the viewer may never have watched anything."""
    row = read_viewer_row(connection, viewer_id) or new_viewer_row(viewer_id, username, "", "", at_s, at_s)
    row["votes_cast"] = max(0, row["votes_cast"] + votes)
    row["movies_requested"] = max(0, row["movies_requested"] + requests)
    upsert(connection, VIEWERS, [row])


def new_viewer_row(
    viewer_id: str, username: str, server_id: str, guild_id: str, first_seen_s: float, last_seen_s: float
) -> dict[str, Any]:
    """Return the row of a new viewer."""
    return {
        "viewer_id": viewer_id,
        "username": username,
        "server_id": server_id if is_plex_account(viewer_id) else "",
        "guild_id": guild_id,
        "first_seen_s": first_seen_s,
        "last_seen_s": last_seen_s,
        "base": None,
        "ai_interactions": 0,
        "votes_cast": 0,
        "movies_requested": 0,
    }
