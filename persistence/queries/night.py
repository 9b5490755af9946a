"""A screening that is over: who saw which stretches of the film, as the store has it."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, exists, select

from messages import (
    GetNight,
    ListNights,
    Moment,
    Night,
    NightBadge,
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
"""In a list: more than a year of evenings."""
LOOK_BACK = 200
"""How many of the newest watches at parties are looked at for one that may be shown."""


@answers(GetNight)
def read_night(asked: GetNight, store: StoreSnapshot) -> Night:
    """Return a screening with everybody whose watch of it counts; nothing where only hidden viewers were there."""
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
    """Return the id of the last watch party of which something may be shown; empty where there is none."""
    query = (
        select(WATCHES.c.screening_id, WATCHES.c.viewer_id)
        .where(WATCHES.c.party.is_(True), WATCHES.c.brief.is_(False))
        .order_by(WATCHES.c.ended_at_s.desc(), WATCHES.c.watch_id)
        .limit(LOOK_BACK)
    )
    found = (screening for screening, viewer_id in connection.execute(query) if may_see(directory, viewer_id, asker))
    return next(found, "")


def _build_screening(records: Sequence[WatchRecord]) -> Screening:
    """Return the screening of these watches, the first to come first."""
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
    """Return the watch parties that began within some time, of which something may be shown."""
    store.require_summaries()
    own = PARTIES.c.community == ONLY_COMMUNITY
    first, last = store.rules.today(asked.from_s).year, store.rules.today(asked.until_s).year
    found = store.connection.execute(
        select(PARTIES.c.screening_id)
        .where(
            own,
            PARTIES.c.year.between(first, last),
            PARTIES.c.started_at_s >= asked.from_s,
            PARTIES.c.started_at_s < asked.until_s,
        )
        .order_by(PARTIES.c.started_at_s)
        .limit(MOST_NIGHTS)
    ).scalars()
    nights = [night for night in read_nights(store, list(found)) if asked.from_s <= night.started_at_s < asked.until_s]
    return NightList(tuple(nights), _has_earlier(store, asked.from_s))


def _has_earlier(store: StoreSnapshot, from_s: float) -> bool:
    """Tell whether there are watch parties before that time of which something may be shown."""
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
    """What a list of nights needs of a watch: there may be thousands of them."""

    screening_id: str
    watch_id: str
    viewer_id: str
    started_at_s: float
    completion_percent: float | None
    spans: str
    item: str


def read_nights(store: StoreSnapshot, screening_ids: Sequence[str]) -> list[NightEntry]:
    """Return some watch parties by what visible viewers watched of them, the first to begin first."""
    by_screening: dict[str, list[_SeatRow]] = {}
    columns = [WATCHES.c[name] for name in _SeatRow._fields]
    for some in split_batches(screening_ids):
        query = select(*columns).where(
            WATCHES.c.screening_id.in_(some), WATCHES.c.brief.is_(False), WATCHES.c.viewer_id.not_in(store.hidden)
        )
        for row in map(_SeatRow._make, store.connection.execute(query)):
            by_screening.setdefault(row.screening_id, []).append(row)
    nights = [_describe_night(rows) for rows in by_screening.values()]
    return sorted(nights, key=lambda night: (night.started_at_s, night.screening_id))


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
    """Return how many viewers saw the middle of each part of the film; who has two seats is one viewer."""
    present: list[set[str]] = [set() for _ in range(CURVE_PARTS)]
    for row in rows:
        for start, end in decode_spans(row.spans):
            # The middle of a part is half a part after its begin.
            first = max(0, math.ceil(start * CURVE_PARTS / length_ms - 0.5))
            last = min(CURVE_PARTS, math.ceil(end * CURVE_PARTS / length_ms - 0.5))
            for part in range(first, last):
                present[part].add(row.viewer_id)
    return tuple(map(len, present))
