"""Rows of `viewer_badges`: who has which badge, and whether that was announced."""

import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, select, update

from awards import Totals, build_progress
from awards.badges import undeclared_badge
from messages import BadgeProgress, EarnedBadge
from persistence.database.sql import split_batches, upsert
from persistence.database.tables import VIEWER_BADGES, VIEWER_STATS
from persistence.rules import StatisticsRules


class UnannouncedBadge(NamedTuple):
    """A badge that was not yet sent to Discord."""

    viewer_id: str
    username: str
    screening_id: str
    badge_id: str
    earned_at_s: float
    """Seconds since 1970, UTC."""
    progress: float
    """The figure that earned it."""


def describe_badge(rules: StatisticsRules, badge_id: str, earned_at_s: float, figure: float) -> EarnedBadge:
    """Return the description of an earned badge, even if it is no longer declared."""
    badge = next((badge for badge in rules.badges if badge.id == badge_id), None)
    return badge.as_earned(earned_at_s, figure) if badge else undeclared_badge(badge_id, earned_at_s, figure)


def read_earned_badges(connection: Connection, rules: StatisticsRules, viewer_id: str) -> tuple[EarnedBadge, ...]:
    """Return a viewer's badges, the newest first."""
    query = (
        select(VIEWER_BADGES)
        .where(VIEWER_BADGES.c.viewer_id == viewer_id)
        .order_by(VIEWER_BADGES.c.earned_at_s.desc(), VIEWER_BADGES.c.badge_id)
    )
    rows = connection.execute(query).mappings()
    return tuple(describe_badge(rules, row["badge_id"], row["earned_at_s"], row["progress"]) for row in rows)


def build_badge_progress(
    connection: Connection,
    rules: StatisticsRules,
    totals: Totals,
    held: Mapping[str, float],
    hidden: Collection[str],
) -> tuple[BadgeProgress, ...]:
    """Return the progress of a viewer's totals towards each badge, and how many visible viewers have it.

    `held`: when each was earned, by badge id. `hidden`: viewers who are not counted, because a rising count would
    reveal that a hidden viewer earned the badge.
    """
    query = select(VIEWER_BADGES.c.badge_id, func.count()).group_by(VIEWER_BADGES.c.badge_id)
    holders: dict[str, int] = dict(connection.execute(query).all())
    for some in split_batches(hidden):  # faster than checking the viewer of each row
        for badge_id, count in connection.execute(query.where(VIEWER_BADGES.c.viewer_id.in_(some))).all():
            holders[badge_id] -= count
    return build_progress(rules.badges, totals, held, holders)


def read_unannounced(connection: Connection) -> list[UnannouncedBadge]:
    """Return the badges that were not yet sent to Discord, the earliest first."""
    query = (
        select(
            VIEWER_BADGES.c.viewer_id,
            VIEWER_STATS.c.username,
            VIEWER_BADGES.c.screening_id,
            VIEWER_BADGES.c.badge_id,
            VIEWER_BADGES.c.earned_at_s,
            VIEWER_BADGES.c.progress,
        )
        .join(VIEWER_STATS, VIEWER_STATS.c.viewer_id == VIEWER_BADGES.c.viewer_id)
        .where(VIEWER_BADGES.c.announced.is_(False))
        .order_by(VIEWER_BADGES.c.earned_at_s, VIEWER_BADGES.c.viewer_id, VIEWER_BADGES.c.badge_id)
    )
    return [UnannouncedBadge(*row) for row in connection.execute(query).all()]


def mark_announced(connection: Connection, viewer_id: str, badge_ids: Iterable[str]) -> None:
    """Mark badges of a viewer as announced: Discord has accepted the message."""
    own = (VIEWER_BADGES.c.viewer_id == viewer_id) & VIEWER_BADGES.c.badge_id.in_(list(badge_ids))
    connection.execute(update(VIEWER_BADGES).where(own).values(announced=True))


def mark_all_announced(connection: Connection, viewer_id: str) -> None:
    """Mark all badges of a viewer as announced, so that none is announced later."""
    waiting = (VIEWER_BADGES.c.viewer_id == viewer_id) & VIEWER_BADGES.c.announced.is_(False)
    connection.execute(update(VIEWER_BADGES).where(waiting).values(announced=True))


def read_badge_rows(connection: Connection, viewer_id: str) -> list[dict[str, Any]]:
    """Return the rows of a viewer's badges, by badge id."""
    query = select(VIEWER_BADGES).where(VIEWER_BADGES.c.viewer_id == viewer_id).order_by(VIEWER_BADGES.c.badge_id)
    return [dict(row) for row in connection.execute(query).mappings()]


def delete_badges(connection: Connection, viewer_id: str) -> None:
    """Remove all badges of a viewer."""
    connection.execute(delete(VIEWER_BADGES).where(VIEWER_BADGES.c.viewer_id == viewer_id))


def merge_badges(connection: Connection, viewer_id: str, account_badges: list[dict[str, Any]]) -> None:
    """Give the account's badges to the member; if both have one, keep the one that was earned first."""
    held = {badge["badge_id"]: badge["earned_at_s"] for badge in read_badge_rows(connection, viewer_id)}
    better = [
        badge | {"viewer_id": viewer_id, "announced": True}
        for badge in account_badges
        if badge["earned_at_s"] < held.get(badge["badge_id"], math.inf)
    ]
    upsert(connection, VIEWER_BADGES, better)


def split_badges(
    connection: Connection, viewer_id: str, brought: Iterable[str], own: Iterable[dict[str, Any]], linked_at_s: float
) -> None:
    """Remove the badges that a linked account `brought` to a member; badges earned since the link stay.

    `own`: the badges of the member and of the account before the link, which are restored.
    """
    theirs = VIEWER_BADGES.c.viewer_id == viewer_id
    before_it = theirs & VIEWER_BADGES.c.badge_id.in_(list(brought)) & (VIEWER_BADGES.c.earned_at_s < linked_at_s)
    connection.execute(delete(VIEWER_BADGES).where(before_it))
    # Restore them as announced: since the link they were announced, or are no longer news.
    upsert(connection, VIEWER_BADGES, [badge | {"announced": True} for badge in own])
