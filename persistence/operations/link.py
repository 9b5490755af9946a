"""Links a Plex account and a Discord member, and unlinks them; inside a transaction of the store.

Every record keeps the id under which it was watched (`identity`), and a link keeps the rows of both from before.
"""

import functools
from typing import Any

from sqlalchemy import Connection, delete, func, select

from awards.totals import combine_totals
from messages import PLEX_TV, LinkAccount, Problem, UnlinkAccount
from messages.ids import server_of
from persistence.database.rows import PreLinkState, decode_totals, encode_totals
from persistence.database.sql import upsert
from persistence.database.tables import PRIVACY, VIEWER_STATS, VIEWERS, WATCHES
from persistence.records.badges import delete_badges, merge_badges, read_badge_rows, split_badges
from persistence.records.change_set import ChangeSet
from persistence.records.links import (
    has_linked_account,
    insert_link,
    pop_link,
    prove_link,
    read_first_link,
    read_pre_link_states,
    set_display_name,
)
from persistence.records.statistics import count_moved, read_totals
from persistence.records.viewers import new_viewer_row, read_directory, read_viewer_row
from persistence.records.watch_parts import extent_of, merge_near, read_extents, read_records_with_part, restore_parts
from persistence.records.watches import move_rows
from wording.problems import ProblemError

_COUNTS = ("ai_interactions", "votes_cast", "movies_requested")


class CannotLink(ProblemError):
    """The link cannot be made. Nothing was changed; the problem says why and what to do."""


def link(change: ChangeSet, asked: LinkAccount, at_s: float) -> int:
    """Link the account to the member; return how many records the member got.

    Raises CannotLink if the account is somebody else's. Linking a linked account again only marks the link as proven,
    if the member signed in.
    """
    connection = change.connection
    already = read_directory(connection).links.get(asked.plex_id)
    if already is not None:
        if already.viewer_id == asked.viewer_id:
            if asked.confirmed_by == PLEX_TV:
                prove_link(connection, asked.plex_id)
            return 0
        raise CannotLink(Problem.of("link.linked_elsewhere"))
    account, member = read_viewer_row(connection, asked.plex_id), read_viewer_row(connection, asked.viewer_id)
    account_badges = read_badge_rows(connection, asked.plex_id)
    before = PreLinkState(account, account_badges, *_read_unlinked_member(connection, asked.viewer_id))
    plex_name = asked.plex_name or (account["username"] if account else asked.plex_id)
    insert_link(connection, asked, plex_name, before, at_s)
    set_display_name(connection, asked.viewer_id, asked.username)
    brought = read_extents(connection, asked.plex_id)
    both = [read_totals(connection, each) for each in (asked.viewer_id, asked.plex_id)]
    moved = move_rows(change, asked.plex_id, asked.viewer_id)
    merge_near(change, asked.viewer_id, brought)
    _merge_viewer_rows(connection, asked, member, account)
    merge_badges(connection, asked.viewer_id, account_badges)
    delete_badges(connection, asked.plex_id)
    connection.execute(delete(VIEWER_STATS).where(VIEWER_STATS.c.viewer_id == asked.plex_id))
    counted = [totals for totals in both if totals is not None]
    if moved or account or member:
        change.touch(asked.viewer_id, totals=functools.reduce(combine_totals, counted) if counted else None)
    return moved


def unlink(change: ChangeSet, asked: UnlinkAccount) -> int:
    """Unlink the account; return how many records went back to it.

    Raises CannotLink if they are not linked. The member keeps badges earned while linked.
    """
    connection = change.connection
    stored = pop_link(connection, asked.plex_id, asked.viewer_id)
    if stored is None:
        raise CannotLink(Problem.of("link.not_linked"))
    before = stored.before
    _copy_choice(connection, asked)
    merged = read_records_with_part(connection, asked.viewer_id, asked.plex_id)
    restored = restore_parts(change, asked.viewer_id, merged)  # their lines are inserted within the history
    account_alone = count_moved(connection, change.rules.zone, asked.viewer_id, asked.plex_id)
    moved = move_rows(change, asked.viewer_id, asked.plex_id, asked.plex_id)
    if has_linked_account(connection, asked.viewer_id):
        merge_near(change, asked.viewer_id, [extent_of(row) for row in restored if row["identity"] != asked.plex_id])
    _split_badges(connection, asked.viewer_id, before, stored.linked_at_s)
    base = None if before.account is None else before.account["base"]
    if _restore_viewer(change, asked.plex_id, before.account, stored.plex_name):
        change.touch(asked.plex_id, totals=combine_totals(decode_totals(base), account_alone))
    member = _subtract_account(connection, asked.viewer_id, before)
    if _restore_viewer(change, asked.viewer_id, member, stored.username):
        change.touch(asked.viewer_id, moved_away=account_alone)
        if base is not None:  # the totals of an import have no watches to subtract
            change.viewers.add(asked.viewer_id)
    return moved


def _copy_choice(connection: Connection, asked: UnlinkAccount) -> None:
    """Copy the member's privacy choice to the account, so that an unlink does not expose or track anybody."""
    chosen = connection.execute(select(PRIVACY).where(PRIVACY.c.viewer_id == asked.viewer_id)).mappings().first()
    if chosen is not None:
        upsert(connection, PRIVACY, [{**chosen, "viewer_id": asked.plex_id}])


def _read_unlinked_member(connection: Connection, viewer_id: str) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """Return the row and badges that a member would have without any link."""
    held = read_badge_rows(connection, viewer_id)
    first = read_first_link(connection, viewer_id)
    if first is None:
        return read_viewer_row(connection, viewer_id), held
    held_before = {badge["badge_id"] for badge in first.before.member_badges}
    since = [
        badge for badge in held if badge["earned_at_s"] >= first.linked_at_s and badge["badge_id"] not in held_before
    ]
    return first.before.member, [*first.before.member_badges, *since]


def _merge_viewer_rows(
    connection: Connection, asked: LinkAccount, member: dict[str, Any] | None, account: dict[str, Any] | None
) -> None:
    """Merge the two rows of `viewers` into the member's."""
    connection.execute(delete(VIEWERS).where(VIEWERS.c.viewer_id == asked.plex_id))
    if account is None:
        return
    first_s, last_s = account["first_seen_s"], account["last_seen_s"]
    row = member or new_viewer_row(asked.viewer_id, asked.username, "", "", first_s, last_s)
    upsert(connection, VIEWERS, [row | _merge_columns(row, account)])


def _merge_columns(member: dict[str, Any], account: dict[str, Any]) -> dict[str, Any]:
    return {name: member[name] + account[name] for name in _COUNTS} | {
        "first_seen_s": min(member["first_seen_s"], account["first_seen_s"]),
        "last_seen_s": max(member["last_seen_s"], account["last_seen_s"]),
        "base": _sum_bases(member["base"], account["base"]),
    }


def _sum_bases(*bases: str | None) -> str | None:
    """Return the sum of the totals that imports stated beyond their history; None if there are none."""
    known_ones = [base for base in bases if base is not None]
    if len(known_ones) < 2:
        return known_ones[0] if known_ones else None
    return encode_totals(functools.reduce(combine_totals, map(decode_totals, known_ones)))


def _split_badges(connection: Connection, viewer_id: str, before: PreLinkState, linked_at_s: float) -> None:
    """Restore both sets of badges from before the link; the member keeps those earned since."""
    brought = [badge["badge_id"] for badge in before.account_badges]
    split_badges(connection, viewer_id, brought, [*before.member_badges, *before.account_badges], linked_at_s)
    for other in read_pre_link_states(connection, viewer_id):
        merge_badges(connection, viewer_id, other.account_badges)


def _subtract_account(connection: Connection, viewer_id: str, before: PreLinkState) -> dict[str, Any] | None:
    """Return the member's row without the account's part; None if there was no row before the link."""
    now, account = read_viewer_row(connection, viewer_id), before.account
    if now is None:
        return None
    counts = {name: max(0, now[name] - (account[name] if account else 0)) for name in _COUNTS}
    is_new = before.member is None and not any(counts.values())
    if is_new and not has_linked_account(connection, viewer_id):
        return None
    if account is None:
        return now
    base = now["base"]
    if account["base"] is not None:
        others = (
            other.account["base"] for other in read_pre_link_states(connection, viewer_id) if other.account is not None
        )
        base = _sum_bases((before.member or {}).get("base"), *others)
    times = {name: (before.member or now)[name] for name in ("first_seen_s", "last_seen_s")}
    return now | counts | times | {"base": base}


def _restore_viewer(change: ChangeSet, viewer_id: str, before: dict[str, Any] | None, name: str) -> bool:
    """Restore the member's or the account's row, updated with what was watched since; return whether there is one."""
    connection = change.connection
    own = WATCHES.c.viewer_id == viewer_id
    times = connection.execute(
        select(func.min(WATCHES.c.started_at_s), func.max(WATCHES.c.ended_at_s)).where(own)
    ).one()
    if before is None and times[0] is None:
        for table in (VIEWERS, VIEWER_STATS):
            connection.execute(delete(table).where(table.c.viewer_id == viewer_id))
        return False
    server_id = server_of(viewer_id)
    row = before or new_viewer_row(viewer_id, name, server_id, "", times[0], times[1])
    if times[0] is not None:
        seen = {"first_seen_s": min(row["first_seen_s"], times[0]), "last_seen_s": max(row["last_seen_s"], times[1])}
        row = row | seen
    upsert(connection, VIEWERS, [row])
    return True
