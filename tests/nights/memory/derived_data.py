"""Holds what persistence derived from the records against the records: statistics, badges, announcements, copies."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, func, select

from awards import Totals, add_watches, build_stats, find_newly_earned, oldest_current_day
from awards.days import to_local
from messages import BadgesAwarded, WatchRecord
from persistence.database.rows import watch_record
from persistence.database.tables import CHECKPOINT, SAVES, VIEWER_BADGES, VIEWER_STATS, WATCHES
from persistence.json_files.documents import build_badges_document, build_stats_document
from persistence.json_files.history import read_history_lines
from tests.nights.memory.night import MemoryNight
from tests.unit.persistence.record_builders import RULES

PLAIN = (
    *("total_movies", "total_episodes", "completed_movies"),
    *("longest_streak_days", "last_watch_date", "watching_now"),
)
COUNTED = ("genres", "decades", "directors")


def read_records(connection: Connection) -> list[WatchRecord]:
    """All records of the store, in the order of the history."""
    return [watch_record(row) for row in connection.execute(select(WATCHES).order_by(WATCHES.c.seq)).mappings()]


def check(night: MemoryNight, connection: Connection, records: list[WatchRecord]) -> list[str]:
    """What is wrong with the data derived from the records."""
    problems = (
        _statistics(night, connection, records) + _copies(night, connection) + _badges(night, connection, records)
    )
    left = connection.execute(select(CHECKPOINT.c.watch_id)).scalars().all()
    stored = {record.watch_id for record in records}
    # A watch that is finished may stay in the checkpoint until the next save; one without a record may not.
    problems += [
        f"{watch_id} is left in the checkpoint without a record" for watch_id in left if watch_id not in stored
    ]
    return problems


def _statistics(night: MemoryNight, connection: Connection, records: list[WatchRecord]) -> list[str]:
    zone = ZoneInfo(night.settings.timezone)
    problems = []
    rows = {row["viewer_id"]: row for row in connection.execute(select(VIEWER_STATS)).mappings()}
    for viewer in sorted({record.viewer_id for record in records} | rows.keys()):
        row = rows.get(viewer)
        if row is None:
            problems.append(f"{viewer} has no statistics")
            continue
        totals = add_watches(Totals(), [record for record in records if record.viewer_id == viewer], zone)
        today = night.today(zone)
        right = build_stats(totals, viewer, row["username"], today)
        pairs = [(name, row[name], getattr(right, name)) for name in PLAIN]
        pairs += [(name, json.loads(row[name]), getattr(right, name)) for name in COUNTED]
        seconds = ("total_watch_time_s", round(row["total_watch_time_s"], 2), round(right.total_watch_time_s, 2))
        problems += [
            f"{viewer}: {name} is {found!r}, by the history it is {wanted!r}"
            for name, found, wanted in (*pairs, seconds)
            if found != wanted
        ]
    return problems


def _badges(night: MemoryNight, connection: Connection, records: list[WatchRecord]) -> list[str]:
    zone, badges = ZoneInfo(night.settings.timezone), RULES.badges
    held: dict[str, set[str]] = {}
    for row in connection.execute(select(VIEWER_BADGES)).mappings():
        held.setdefault(row["viewer_id"], set()).add(row["badge_id"])
    problems = []
    for viewer in {record.viewer_id for record in records}:
        totals = add_watches(Totals(), [record for record in records if record.viewer_id == viewer], zone)
        missing = [badge.id for badge, _ in find_newly_earned(badges, totals, held.get(viewer, ()))]
        if missing:
            problems.append(f"{viewer} earned {missing} and has not got it")
    told = Counter(
        (message.viewer_id, badge.badge_id)
        for message in night.announced
        if isinstance(message, BadgesAwarded)
        for badge in message.badges
    )
    for viewer, ids in held.items():
        problems += [f"badge {badge} of {viewer} was never announced" for badge in ids if not told[viewer, badge]]
    problems += [f"badge {key[1]} of {key[0]} was announced {times} times" for key, times in told.items() if times > 1]
    problems += [
        f"badge {key[1]} of {key[0]} was announced and is not held"
        for key in told
        if key[1] not in held.get(key[0], ())
    ]
    return problems


def _read_oldest_day(night: MemoryNight, connection: Connection) -> str:
    """The day on which a streak must have ended at the earliest to go on, as of the last save."""
    saved_s = connection.execute(select(func.max(SAVES.c.saved_at_s))).scalar()
    zone = ZoneInfo(night.settings.timezone)
    return "" if saved_s is None else oldest_current_day(to_local(saved_s, zone).date())


def _copies(night: MemoryNight, connection: Connection) -> list[str]:
    lines = b",\n".join(read_history_lines(connection))
    right: dict[str, Any] = {
        "user_stats.json": json.loads(
            msgspec.json.encode(build_stats_document(connection, _read_oldest_day(night, connection)))
        ),
        "user_badges.json": json.loads(msgspec.json.encode(build_badges_document(connection))),
        "watch_history.json": json.loads(b"[" + lines + b"]"),
    }
    problems = []
    for name, content in right.items():
        file = night.disk.folder / name
        if not content and not file.exists():
            continue
        try:
            found = json.loads(file.read_bytes())
        except (OSError, ValueError) as error:
            problems.append(f"{name} cannot be read: {error}")
            continue
        if found != content:
            problems.append(f"{name} is not what the store says")
    return problems
