"""A finished screening in the store: who saw which parts of the film."""

import bisect
import math
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, exists, func, select

from messages import (
    GetNight,
    ListNights,
    Moment,
    Night,
    NightBadge,
    NightDay,
    NightEntry,
    NightList,
    Screening,
    WatchRecord,
)
from persistence.database.rows import decode_item, decode_spans, watch_record
from persistence.database.sql import split_batches
from persistence.database.tables import ONLY_COMMUNITY, PARTIES, VIEWER_BADGES, WATCHES
from persistence.queries.answers import answers
from persistence.records.badges import describe_badge
from persistence.records.ratings import read_marks
from persistence.records.sharing import read_rsvps
from persistence.records.viewers import with_current_name
from persistence.rules import StatisticsRules
from persistence.store import StoreSnapshot
from tracking.sessions.display import past_attendee_of
from viewers.directory import ViewerDirectory
from viewers.redact import may_see, redact_screening
from wording.titles import record_title

CURVE_PARTS = 24
MOST_NIGHTS = 400
"""Limit of a list without a limit for each day: more than a year of evenings."""
LONGEST_S = 2 * 86_400.0
"""How long a hidden viewer may have been at a party before its first visible viewer."""
LOOK_BACK = 200
"""How many of the newest watches at parties are searched for one that may be shown."""


@answers(GetNight)
def read_night(asked: GetNight, store: StoreSnapshot) -> Night:
    """Return a screening with everybody who has a counted watch of it; nothing if only hidden viewers were there."""
    connection, directory = store.connection, store.directory
    screening_id = asked.screening_id or _find_last_party(connection, directory, asked.asker)
    query = select(WATCHES).where(WATCHES.c.screening_id == screening_id, WATCHES.c.brief.is_(False))
    rows = connection.execute(query.order_by(WATCHES.c.started_at_s, WATCHES.c.watch_id)).mappings()
    names = directory.member_names()
    records = [with_current_name(watch_record(row), names) for row in rows]
    shown = {each.viewer_id for each in records if may_see(directory, each.viewer_id, asked.asker)}
    if not shown:
        return Night(None)
    screening = redact_screening(_build_screening(records), lambda viewer_id: viewer_id not in shown)
    said = read_rsvps(connection, screening_id)
    name = record_title(screening.item), screening.item.year
    mark = read_marks(connection, [name[0]], store.hidden).get(name)
    return Night(
        screening,
        _read_badges(connection, store.rules, screening_id, shown),
        rsvps=len(said),
        came=tuple(sorted(said & shown)),
        rating=mark.mean if mark else None,
        ratings=mark.ratings if mark else 0,
    )


def _find_last_party(connection: Connection, directory: ViewerDirectory, asker: str) -> str:
    """Return the id of the last watch party that has a viewer whom the asker may see; empty if there is none."""
    query = (
        select(WATCHES.c.screening_id, WATCHES.c.viewer_id)
        .where(WATCHES.c.party.is_(True), WATCHES.c.brief.is_(False))
        .order_by(WATCHES.c.ended_at_s.desc(), WATCHES.c.watch_id)
        .limit(LOOK_BACK)
    )
    found = (screening for screening, viewer_id in connection.execute(query) if may_see(directory, viewer_id, asker))
    return next(found, "")


def _build_screening(records: Sequence[WatchRecord]) -> Screening:
    """Return the screening of these watches, which are in the order in which their viewers joined."""
    ended_s = max(record.ended_at_s for record in records)
    longest = max(records, key=lambda record: record.playing_s)
    host = next((record for record in records if record.source == "plex"), None)
    return Screening(
        screening_id=longest.screening_id,
        server_id=longest.item.server_id,
        session_key="",
        item=longest.item,
        host=host.username if host else "",
        player="",
        state="stopped",
        position_ms=None,
        seen=Moment(ended_s, 0.0),
        started_at_s=min(record.started_at_s for record in records),
        party=any(record.party for record in records),
        seats=tuple(map(past_attendee_of, records)),
    )


def _read_badges(
    connection: Connection, rules: StatisticsRules, screening_id: str, shown: set[str]
) -> tuple[NightBadge, ...]:
    query = (
        select(VIEWER_BADGES)
        .where(VIEWER_BADGES.c.viewer_id.in_(sorted(shown)), VIEWER_BADGES.c.screening_id == screening_id)
        .order_by(VIEWER_BADGES.c.earned_at_s, VIEWER_BADGES.c.viewer_id, VIEWER_BADGES.c.badge_id)
    )
    return tuple(
        NightBadge(row["viewer_id"], describe_badge(rules, row["badge_id"], row["earned_at_s"], row["progress"]))
        for row in connection.execute(query).mappings()
    )


@answers(ListNights)
def list_nights(asked: ListNights, store: StoreSnapshot) -> NightList:
    """Return the watch parties with visible viewers that began within a period."""
    store.require_summaries()
    earlier = _has_earlier(store, asked.from_s)
    if not asked.most_a_day:
        newest = _find_parties(store, asked.from_s, asked.until_s, most=MOST_NIGHTS)
        return NightList(tuple(read_nights(store, [screening_id for _, screening_id in newest])), earlier)
    by_day = _group_by_day(store, _find_parties(store, asked.from_s, asked.until_s))
    chosen = {day: parties[: asked.most_a_day] for day, parties in by_day.items()}
    wanted = [party for parties in chosen.values() for party in parties]
    nights = {night.screening_id: night for night in read_nights(store, wanted)}
    days = (NightDay(day, len(parties), len(chosen[day])) for day, parties in by_day.items())
    return NightList(tuple(nights[screening_id] for screening_id in wanted), earlier, tuple(days))


def _find_parties(
    store: StoreSnapshot, from_s: float, until_s: float, *, most: int | None = None
) -> list[tuple[float, str]]:
    """Return begin and screening of each watch party that began within a period, the earliest first.

    A party with hidden viewers began when its first visible viewer joined, and is left out if there is none. `most`:
    how many of the newest are read; None for all.
    """
    query = (
        select(PARTIES.c.started_at_s, PARTIES.c.screening_id)
        .where(
            PARTIES.c.community == ONLY_COMMUNITY,
            PARTIES.c.started_at_s >= from_s - LONGEST_S,
            PARTIES.c.started_at_s < until_s,
        )
        .order_by(PARTIES.c.started_at_s.desc())
        .limit(most)
    )
    # A party over New Year has two rows: the earlier one comes last, and wins.
    begins = {screening_id: start_s for start_s, screening_id in store.connection.execute(query).all()}
    since_s = min(begins.values(), default=until_s)
    with_hidden: set[str] = set()
    for some in split_batches(store.hidden):
        theirs = select(WATCHES.c.screening_id).where(
            WATCHES.c.viewer_id.in_(some), WATCHES.c.ended_at_s >= since_s, WATCHES.c.started_at_s < until_s
        )
        with_hidden.update(store.connection.execute(theirs).scalars().all())
    with_hidden &= begins.keys()
    for screening_id in with_hidden:
        del begins[screening_id]
    first = func.min(WATCHES.c.started_at_s)
    for some in split_batches(sorted(with_hidden)):
        seen = select(WATCHES.c.screening_id, first).where(*_match_seats(store, some)).group_by(WATCHES.c.screening_id)
        begins |= dict(store.connection.execute(seen).all())
    found = sorted(zip(begins.values(), begins, strict=True))
    return found[bisect.bisect(found, (from_s, "")) : bisect.bisect(found, (until_s, ""))]


def _group_by_day(store: StoreSnapshot, parties: Sequence[tuple[float, str]]) -> dict[str, list[str]]:
    """Return screenings by the local day on which they began (ISO date); both in order."""
    by_day: dict[str, list[str]] = {}
    place = 0
    while place < len(parties):
        day = store.rules.today(parties[place][0])
        end = bisect.bisect(parties, (store.rules.begin_of(day + timedelta(days=1)), ""), place)
        by_day[day.isoformat()] = [screening_id for _, screening_id in parties[place:end]]
        place = end
    return by_day


def _has_earlier(store: StoreSnapshot, from_s: float) -> bool:
    """Tell whether there are watch parties with visible viewers before that time."""
    is_shown = exists().where(
        WATCHES.c.screening_id == PARTIES.c.screening_id,
        WATCHES.c.brief.is_(False),
        WATCHES.c.started_at_s < from_s,
        WATCHES.c.viewer_id.not_in(store.hidden),
    )
    before = select(PARTIES.c.screening_id).where(
        PARTIES.c.community == ONLY_COMMUNITY, PARTIES.c.started_at_s < from_s, is_shown
    )
    return store.connection.execute(before.limit(1)).first() is not None


class _SeatRow(NamedTuple):
    """The columns of a watch that a list of nights needs: there may be thousands of watches."""

    screening_id: str
    watch_id: str
    viewer_id: str
    started_at_s: float
    completion_percent: float | None
    spans: str
    item: str


def read_nights(store: StoreSnapshot, screening_ids: Sequence[str]) -> list[NightEntry]:
    """Return these watch parties with the figures of visible viewers, the earliest first."""
    by_screening: dict[str, list[_SeatRow]] = {}
    columns = [WATCHES.c[name] for name in _SeatRow._fields]
    for some in split_batches(screening_ids):
        query = select(*columns).where(*_match_seats(store, some))
        for row in map(_SeatRow._make, store.connection.execute(query).all()):
            by_screening.setdefault(row.screening_id, []).append(row)
    nights = [_describe_night(rows) for rows in by_screening.values()]
    return sorted(nights, key=lambda night: (night.started_at_s, night.screening_id))


def _match_seats(store: StoreSnapshot, screening_ids: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
    """Match the watches of these screenings that may be shown."""
    return (
        WATCHES.c.screening_id.in_(screening_ids),
        WATCHES.c.brief.is_(False),
        WATCHES.c.viewer_id.not_in(store.hidden),
    )


def _describe_night(rows: Sequence[_SeatRow]) -> NightEntry:
    first = min(rows, key=lambda row: (row.started_at_s, row.watch_id))
    shares = [row.completion_percent for row in rows if row.completion_percent is not None]
    item = decode_item(first.item)
    return NightEntry(
        first.screening_id,
        item,
        first.started_at_s,
        len({row.viewer_id for row in rows}),
        sum(shares) / len(shares) if shares else None,
        _build_curve(rows, item.duration_ms) if item.duration_ms else (),
    )


def _build_curve(rows: Sequence[_SeatRow], length_ms: int) -> tuple[int, ...]:
    """Return how many viewers saw the middle of each part of the film; a viewer with two seats counts once."""
    present: list[set[str]] = [set() for _ in range(CURVE_PARTS)]
    for row in rows:
        for start, end in decode_spans(row.spans):
            # The middle of a part is half a part after its start.
            first = max(0, math.ceil(start * CURVE_PARTS / length_ms - 0.5))
            last = min(CURVE_PARTS, math.ceil(end * CURVE_PARTS / length_ms - 0.5))
            for part in range(first, last):
                present[part].add(row.viewer_id)
    return tuple(map(len, present))
