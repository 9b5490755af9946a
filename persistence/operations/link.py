"""Makes a Plex account and a Discord member one viewer, and two again; inside a transaction of the store.

Every record keeps the id that it was watched under (`identity`). Records of one film that overlap in time are one
watch (`merging`): `watches` has what they are together, `watch_parts` each of them as it was.
"""

import functools
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, RowMapping, delete, func, or_, select, update

from awards.totals import combine_totals
from messages import LinkAccount, Moment, UnlinkAccount, WatchRecord
from messages.ids import server_of
from persistence.database.rows import Row, as_json, watch_record, watch_row
from persistence.database.sql import read_last_seq, upsert
from persistence.database.tables import (
    ACCOUNT_LINKS,
    PRIVACY,
    VIEWER_BADGES,
    VIEWER_STATS,
    VIEWERS,
    WATCH_PARTS,
    WATCHES,
)
from persistence.json_files.files import history_line
from persistence.records.change_set import ChangeSet
from persistence.records.statistics import decode_totals, encode_totals, new_viewer_row
from persistence.records.viewers import read_directory, set_display_name
from viewers.merge import Extent, group_same_watch, merge_records

_COUNTS = ("ai_interactions", "votes_cast", "movies_requested")


class FilmKey(NamedTuple):
    """A film of one server."""

    server_id: str
    rating_key: str


class PreLinkState(msgspec.Struct):
    """What was each one's own when they were linked."""

    account: dict[str, Any] | None
    """The account's row of `viewers`; None where it never watched anything."""
    account_badges: list[dict[str, Any]]
    member: dict[str, Any] | None
    """The member's row of `viewers`; None where the member never watched anything."""
    member_badges: list[dict[str, Any]]


class CannotLink(ValueError):
    """Nothing was changed. Its text says why, and what to do."""


def link(change: ChangeSet, asked: LinkAccount, at_s: float) -> int:
    """Make the two one viewer; return how many records came to the member.

    Raises CannotLink where the account is somebody else's. To link again what is linked changes nothing.
    """
    connection = change.connection
    already = read_directory(connection).links.get(asked.plex_id)
    if already is not None:
        if already.viewer_id == asked.viewer_id:
            return 0
        raise CannotLink("That Plex account is linked to another member already: unlink it there first.")
    account, member = _read_viewer(connection, asked.plex_id), _read_viewer(connection, asked.viewer_id)
    aside = PreLinkState(
        account, _read_badges(connection, asked.plex_id), *_read_unlinked_member(connection, asked.viewer_id)
    )
    row = {
        "plex_id": asked.plex_id,
        "plex_name": asked.plex_name or (account["username"] if account else asked.plex_id),
        "viewer_id": asked.viewer_id,
        "username": asked.username,
        "confirmed_by": asked.confirmed_by,
        "linked_at_s": at_s,
        "aside": as_json(aside),
    }
    connection.execute(ACCOUNT_LINKS.insert(), row)
    set_display_name(connection, asked.viewer_id, asked.username)
    films = _read_films(connection, asked.plex_id)
    came = WATCHES.c.viewer_id == asked.plex_id
    moved = connection.execute(update(WATCHES).where(came).values(viewer_id=asked.viewer_id)).rowcount
    merge_films(change, asked.viewer_id, films)
    _merge_viewer_rows(connection, asked, member, account)
    _merge_badges(connection, asked.viewer_id, aside.account_badges)
    connection.execute(delete(VIEWER_BADGES).where(VIEWER_BADGES.c.viewer_id == asked.plex_id))
    connection.execute(delete(VIEWER_STATS).where(VIEWER_STATS.c.viewer_id == asked.plex_id))
    if moved or account or member:
        change.viewers.add(asked.viewer_id)
    change.rebuild_history = change.rebuild_history or moved > 0
    return moved


def unlink(change: ChangeSet, asked: UnlinkAccount) -> int:
    """Make them two again; return how many records went back to the account.

    Raises CannotLink where they are not linked. What the member earned while linked stays with the member.
    """
    connection = change.connection
    own = (ACCOUNT_LINKS.c.plex_id == asked.plex_id) & (ACCOUNT_LINKS.c.viewer_id == asked.viewer_id)
    found = connection.execute(select(ACCOUNT_LINKS).where(own)).mappings().first()
    if found is None:
        raise CannotLink("That Plex account is not linked to this member: choose one that /unlink offers.")
    aside = msgspec.json.decode(found["aside"], type=PreLinkState)
    connection.execute(delete(ACCOUNT_LINKS).where(own))
    _copy_choice(connection, asked)
    films = _read_films(connection, asked.plex_id)
    _restore_parts(change, asked.viewer_id, films)
    went = (WATCHES.c.viewer_id == asked.viewer_id) & (WATCHES.c.identity == asked.plex_id)
    moved = connection.execute(update(WATCHES).where(went).values(viewer_id=asked.plex_id)).rowcount
    if has_linked_account(connection, asked.viewer_id):
        merge_films(change, asked.viewer_id, films)
    _split_badges(connection, asked, aside, found["linked_at_s"])
    _restore_viewer(change, asked.plex_id, aside.account, found["plex_name"])
    _restore_viewer(change, asked.viewer_id, _subtract_account(connection, asked.viewer_id, aside), found["username"])
    change.rebuild_history = change.rebuild_history or moved > 0
    return moved


def _copy_choice(connection: Connection, asked: UnlinkAccount) -> None:
    """What the member chose holds for the account as well from now on: parting them must show or track nobody."""
    chosen = connection.execute(select(PRIVACY).where(PRIVACY.c.viewer_id == asked.viewer_id)).mappings().first()
    if chosen is not None:
        upsert(connection, PRIVACY, [{**chosen, "viewer_id": asked.plex_id}])


def has_linked_account(connection: Connection, viewer_id: str) -> bool:
    """Tell whether some account is linked to a viewer."""
    return (
        connection.execute(select(ACCOUNT_LINKS.c.plex_id).where(ACCOUNT_LINKS.c.viewer_id == viewer_id)).first()
        is not None
    )


def read_part(connection: Connection, watch_id: str) -> dict[str, Any] | None:
    """Return a record that is a part of another, as it was; None where it is none."""
    text = connection.execute(select(WATCH_PARTS.c.row).where(WATCH_PARTS.c.watch_id == watch_id)).scalar()
    return None if text is None else msgspec.json.decode(text, type=dict[str, Any])


def read_all_parts(connection: Connection) -> dict[str, dict[str, Any]]:
    """Return every record that is a part of another, as it was, by its watch_id."""
    found = connection.execute(select(WATCH_PARTS.c.watch_id, WATCH_PARTS.c.row))
    return {watch_id: msgspec.json.decode(text, type=dict[str, Any]) for watch_id, text in found}


def replace_part(connection: Connection, row: Row) -> None:
    """Write a record anew that is a part of another; `settle` then reckons anew what they are together."""
    own = WATCH_PARTS.c.watch_id == row["watch_id"]
    connection.execute(update(WATCH_PARTS).where(own).values(row=as_json(dict(row))))


@dataclass
class MergeResult:
    """What came of a record of a member."""

    added_row: Row | None = None
    """The row that the history copy did not have yet; None where there is none."""


@contextmanager
def merging_watch(change: ChangeSet, record: WatchRecord) -> Iterator[MergeResult]:
    """Have a member's record written meanwhile made one with what else of the film was watched at the time."""
    film, settled = FilmKey(record.item.server_id, record.item.rating_key), MergeResult()
    before = _read_rows(change.connection, record.viewer_id, film)
    yield settled
    _merge_film(change, record.viewer_id, film)
    after = _read_rows(change.connection, record.viewer_id, film)
    fresh = [after[watch_id] for watch_id in after if watch_id not in before]
    if len(fresh) == 1 and fresh[0]["seq"] == read_last_seq(change.connection):
        settled.added_row = fresh[0]
        del after[fresh[0]["watch_id"]]
    _note_changed_lines(change, before, after)


def merge_films(change: ChangeSet, viewer_id: str, films: Iterable[FilmKey]) -> None:
    """See that `watches` has one record for what a viewer watched of a film at one time, and its parts aside."""
    known_films = [film for film in films if film.rating_key]  # an older bot's record does not say which film it was
    before = {film: _read_rows(change.connection, viewer_id, film) for film in known_films}
    _restore_parts(change, viewer_id, known_films)
    for film in known_films:
        _merge_overlapping(change, viewer_id, film)
        _note_changed_lines(change, before[film], _read_rows(change.connection, viewer_id, film))


def _merge_film(change: ChangeSet, viewer_id: str, film: FilmKey) -> None:
    if film.rating_key:
        _restore_parts(change, viewer_id, [film])
        _merge_overlapping(change, viewer_id, film)


def _merge_overlapping(change: ChangeSet, viewer_id: str, film: FilmKey) -> None:
    originals = _read_rows(change.connection, viewer_id, film)
    for rows in group_same_watch(originals.values(), _extent_of, lambda row: row["identity"]):
        if len(rows) > 1:
            _store_merged(change, rows)


def _extent_of(row: Row) -> Extent:
    return Extent(row["started_at_s"], row["ended_at_s"], row["watch_id"])


def _note_changed_lines(change: ChangeSet, before: dict[str, Row], after: dict[str, Row]) -> None:
    """Note what became of the lines of some records."""
    for watch_id, row in before.items():
        old, new = history_line(row), history_line(after[watch_id]) if watch_id in after else None
        if old != new:
            change.history_lines[old] = new
    change.rebuild_history = change.rebuild_history or bool(after.keys() - before.keys())


def _store_merged(change: ChangeSet, rows: Sequence[Row]) -> None:
    """Put the parts aside, and what they are together in the place of the longest."""
    connection = change.connection
    whole = merge_records([watch_record(row) for row in rows], change.thresholds)
    kept = next(row for row in rows if row["watch_id"] == whole.watch_id)
    ids = [row["watch_id"] for row in rows]
    aside = [
        {
            "watch_id": row["watch_id"],
            "viewer_id": row["viewer_id"],
            "kept_as": whole.watch_id,
            "row": as_json(dict(row)),
        }
        for row in rows
    ]
    connection.execute(WATCH_PARTS.insert(), aside)
    connection.execute(delete(WATCHES).where(WATCHES.c.watch_id.in_(ids)))
    closed = Moment(kept["closed_wall_s"], kept["closed_steady_s"])
    row = watch_row(
        whole, kept["seq"], closed, imported=kept["imported"], end_known=kept["end_known"], identity=kept["identity"]
    )
    connection.execute(WATCHES.insert(), row)
    change.add_to_count(1 - len(rows))


def _restore_parts(change: ChangeSet, viewer_id: str, films: Iterable[FilmKey]) -> None:
    """Put every part of a viewer's records of some films back as it was."""
    wanted = set(films)
    back = [row for row in read_parts(change.connection, viewer_id) if film_of(row) in wanted]
    ids = [row["watch_id"] for row in back]
    there = change.connection.execute(select(WATCHES.c.watch_id).where(WATCHES.c.watch_id.in_(ids))).all()
    upsert(change.connection, WATCHES, back)
    change.connection.execute(delete(WATCH_PARTS).where(WATCH_PARTS.c.watch_id.in_(ids)))
    change.add_to_count(len(back) - len(there))


def read_parts(connection: Connection, viewer_id: str) -> list[dict[str, Any]]:
    """Return a viewer's records that are parts of others, each as it was."""
    found = connection.execute(select(WATCH_PARTS.c.row).where(WATCH_PARTS.c.viewer_id == viewer_id)).scalars()
    return [msgspec.json.decode(text, type=dict[str, Any]) for text in found]


def _read_rows(connection: Connection, viewer_id: str, film: FilmKey) -> dict[str, Row]:
    chosen = (WATCHES.c.viewer_id == viewer_id, *_is_film(film))
    found = connection.execute(select(WATCHES).where(*chosen).order_by(WATCHES.c.seq)).mappings()
    return {row["watch_id"]: dict(row) for row in found}


def _is_film(film: FilmKey) -> tuple[Any, Any]:
    return WATCHES.c.server_id == film.server_id, WATCHES.c.rating_key == film.rating_key


def _read_films(connection: Connection, plex_id: str) -> list[FilmKey]:
    """Every film that was watched under an id, also those of parts."""
    stored = select(WATCHES.c.server_id, WATCHES.c.rating_key).where(
        or_(WATCHES.c.viewer_id == plex_id, WATCHES.c.identity == plex_id)
    )
    found = {FilmKey(*row) for row in connection.execute(stored.distinct())}
    for text in connection.execute(select(WATCH_PARTS.c.row)).scalars():
        row = msgspec.json.decode(text, type=dict[str, Any])
        if row["identity"] == plex_id:
            found.add(film_of(row))
    return sorted(film for film in found if film.rating_key)


def film_of(row: Row) -> FilmKey:
    """Return the film of a row of `watches`."""
    return FilmKey(row["server_id"], row["rating_key"])


def _read_viewer(connection: Connection, viewer_id: str) -> dict[str, Any] | None:
    row: RowMapping | None = (
        connection.execute(select(VIEWERS).where(VIEWERS.c.viewer_id == viewer_id)).mappings().first()
    )
    return None if row is None else dict(row)


def _read_unlinked_member(connection: Connection, viewer_id: str) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """Return a member's row and badges as they would be without any link."""
    held = _read_badges(connection, viewer_id)
    query = select(ACCOUNT_LINKS).where(ACCOUNT_LINKS.c.viewer_id == viewer_id).order_by(ACCOUNT_LINKS.c.linked_at_s)
    first = connection.execute(query).mappings().first()
    if first is None:
        return _read_viewer(connection, viewer_id), held
    before = msgspec.json.decode(first["aside"], type=PreLinkState)
    known_then = {badge["badge_id"] for badge in before.member_badges}
    since = [
        badge for badge in held if badge["earned_at_s"] >= first["linked_at_s"] and badge["badge_id"] not in known_then
    ]
    return before.member, [*before.member_badges, *since]


def _read_badges(connection: Connection, viewer_id: str) -> list[dict[str, Any]]:
    query = select(VIEWER_BADGES).where(VIEWER_BADGES.c.viewer_id == viewer_id).order_by(VIEWER_BADGES.c.badge_id)
    return [dict(row) for row in connection.execute(query).mappings()]


def _merge_viewer_rows(
    connection: Connection, asked: LinkAccount, member: dict[str, Any] | None, account: dict[str, Any] | None
) -> None:
    """Make of two rows of `viewers` the member's."""
    connection.execute(delete(VIEWERS).where(VIEWERS.c.viewer_id == asked.plex_id))
    if account is None:
        return
    first_s, last_s = account["first_seen_s"], account["last_seen_s"]
    row = member or new_viewer_row(asked.viewer_id, asked.username, "", "", first_s, last_s)
    upsert(connection, VIEWERS, [row | _merged_columns(row, account)])


def _merged_columns(member: dict[str, Any], account: dict[str, Any]) -> dict[str, Any]:
    return {name: member[name] + account[name] for name in _COUNTS} | {
        "first_seen_s": min(member["first_seen_s"], account["first_seen_s"]),
        "last_seen_s": max(member["last_seen_s"], account["last_seen_s"]),
        "base": _sum_bases(member["base"], account["base"]),
    }


def _sum_bases(*bases: str | None) -> str | None:
    """Return what imports claimed beyond their history, of several together; None where none did."""
    known_ones = [base for base in bases if base is not None]
    if len(known_ones) < 2:
        return known_ones[0] if known_ones else None
    return encode_totals(functools.reduce(combine_totals, map(decode_totals, known_ones)))


def _merge_badges(connection: Connection, viewer_id: str, account_badges: list[dict[str, Any]]) -> None:
    """Give the member the account's badges; of one that both have, the one that was earned first."""
    held = {badge["badge_id"]: badge["earned_at_s"] for badge in _read_badges(connection, viewer_id)}
    better = [
        badge | {"viewer_id": viewer_id, "announced": True}
        for badge in account_badges
        if badge["earned_at_s"] < held.get(badge["badge_id"], math.inf)
    ]
    upsert(connection, VIEWER_BADGES, better)


def _split_badges(connection: Connection, asked: UnlinkAccount, aside: PreLinkState, linked_at_s: float) -> None:
    """Give each back the badges of before; what was earned since stays with the member."""
    brought = [badge["badge_id"] for badge in aside.account_badges]
    own = VIEWER_BADGES.c.viewer_id == asked.viewer_id
    before_it = own & VIEWER_BADGES.c.badge_id.in_(brought) & (VIEWER_BADGES.c.earned_at_s < linked_at_s)
    connection.execute(delete(VIEWER_BADGES).where(before_it))
    # As announced: what was not when they were linked has been since, or is no news any more.
    back = [badge | {"announced": True} for badge in (*aside.member_badges, *aside.account_badges)]
    upsert(connection, VIEWER_BADGES, back)
    for other in _read_pre_link_states(connection, asked.viewer_id):
        _merge_badges(connection, asked.viewer_id, other.account_badges)


def _read_pre_link_states(connection: Connection, viewer_id: str) -> list[PreLinkState]:
    """Return what was put aside for each link that a member has."""
    query = select(ACCOUNT_LINKS.c.aside).where(ACCOUNT_LINKS.c.viewer_id == viewer_id)
    return [msgspec.json.decode(text, type=PreLinkState) for text in connection.execute(query).scalars()]


def _subtract_account(connection: Connection, viewer_id: str, aside: PreLinkState) -> dict[str, Any] | None:
    """Return the member's row without what the account brought into it; None where there was none before."""
    now, account = _read_viewer(connection, viewer_id), aside.account
    if now is None or (aside.member is None and not has_linked_account(connection, viewer_id)):
        return None
    if account is None:
        return now
    counts = {name: max(0, now[name] - account[name]) for name in _COUNTS}
    base = now["base"]
    if account["base"] is not None:
        others = (
            other.account["base"] for other in _read_pre_link_states(connection, viewer_id) if other.account is not None
        )
        base = _sum_bases((aside.member or {}).get("base"), *others)
    times = {name: (aside.member or now)[name] for name in ("first_seen_s", "last_seen_s")}
    return now | counts | times | {"base": base}


def _restore_viewer(change: ChangeSet, viewer_id: str, before: dict[str, Any] | None, name: str) -> None:
    """Write the row of one of the two as it was, brought up to date by what was watched since."""
    connection = change.connection
    own = WATCHES.c.viewer_id == viewer_id
    times = connection.execute(
        select(func.min(WATCHES.c.started_at_s), func.max(WATCHES.c.ended_at_s)).where(own)
    ).one()
    if before is None and times[0] is None:
        for table in (VIEWERS, VIEWER_STATS):
            connection.execute(delete(table).where(table.c.viewer_id == viewer_id))
        return
    server_id = server_of(viewer_id)
    row = before or new_viewer_row(viewer_id, name, server_id, "", times[0], times[1])
    if times[0] is not None:
        seen = {"first_seen_s": min(row["first_seen_s"], times[0]), "last_seen_s": max(row["last_seen_s"], times[1])}
        row = row | seen
    upsert(connection, VIEWERS, [row])
    change.viewers.add(viewer_id)
