"""Reads the viewers and ended watches that a save needs, in few statements.

A finished watch needs one or two rows from many tables. A query for each would cost more than writing the record.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import (
    BindParameter,
    Connection,
    Double,
    Integer,
    Select,
    and_,
    bindparam,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from awards import Totals
from messages import LinkedAccount, WatchRecord
from persistence.database.rows import Row, decode_totals, encode_totals
from persistence.database.sql import split_batches
from persistence.database.tables import (
    ACCOUNT_LINKS,
    FACTS,
    FORGOTTEN,
    HANDLED_MESSAGES,
    PRIVACY,
    SUGGESTIONS,
    VIEWER_BADGES,
    VIEWER_STATS,
    VIEWERS,
    WATCH_PARTS,
    WATCHES,
)
from persistence.records.viewers import read_directory
from viewers.directory import ViewerDirectory


class HeldBadge(NamedTuple):
    """When a badge was earned, and with which figure."""

    earned_at_s: float
    progress: float


class EncodedTotals(NamedTuple):
    """An accumulator, and its stored text."""

    totals: Totals
    text: str


class KnownViewers(msgspec.Struct):
    """What the store contains about some viewers."""

    people: ViewerDirectory
    """Links and choices of privacy, at least of these viewers."""
    rows: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    """Rows of `viewers`."""
    totals: dict[str, Totals] = msgspec.field(default_factory=dict)
    """Accumulators of the finished watches; a new viewer has none."""
    badges: dict[str, dict[str, HeldBadge]] = msgspec.field(default_factory=dict)
    """Each viewer's badges, by badge id, if they were read."""
    badge_ids: dict[str, Collection[str]] = msgspec.field(default_factory=dict)
    """Ids of each viewer's badges."""
    encoded: dict[str, EncodedTotals] = msgspec.field(default_factory=dict)
    """The accumulators with their stored texts."""

    def encode_totals(self, viewer_id: str, totals: Totals) -> str:
        """Return the text of an accumulator; an unchanged one is not encoded again."""
        stored = self.encoded.get(viewer_id)
        return stored.text if stored is not None and stored.totals is totals else encode_totals(totals)


class FinishContext(msgspec.Struct):
    """What the store contains about ending watches and their viewers."""

    handled: set[str]
    """Ids of messages that already took effect."""
    forgotten: dict[str, float]
    """When viewers were erased."""
    viewers: KnownViewers
    rows: dict[str, Row]
    """The rows of these watches, if they have a record."""
    near: dict[str, list[tuple[Row, str | None]]]
    """The watches of linked members within the resume window before and after these, by viewer, in the order of the
    history: each row, once with each of its parts (rows as JSON). The records that have these as a part are included.
    """
    facts: dict[str, str]
    has_suggestions: bool
    """Whether the list of suggestions has any films."""


_MESSAGES: BindParameter[Any] = bindparam("messages", expanding=True)
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_WATCH_IDS: BindParameter[Any] = bindparam("watch_ids", expanding=True)
_SINCE: BindParameter[Any] = bindparam("since_s", type_=Double)
_UNTIL: BindParameter[Any] = bindparam("until_s", type_=Double)
_LINKED = select(ACCOUNT_LINKS.c.viewer_id).where(ACCOUNT_LINKS.c.plex_id.in_(_IDS))
_MEMBERS = select(ACCOUNT_LINKS.c.viewer_id).where(
    or_(ACCOUNT_LINKS.c.plex_id.in_(_IDS), ACCOUNT_LINKS.c.viewer_id.in_(_IDS))
)
_SAME_MEMBERS = select(ACCOUNT_LINKS.c.plex_id).where(ACCOUNT_LINKS.c.viewer_id.in_(_MEMBERS))
_NO_TEXT, _NO_NUMBER, _NO_COUNT = literal(""), cast(null(), Double), cast(null(), Integer)


def _select(kind: str, *texts: Any, numbers: Sequence[Any] = (), counts: Sequence[Any] = ()) -> Select[Any]:
    """Select one kind of row, padded to the columns of all kinds: 6 texts, 2 numbers, 3 counts."""
    padded = [*texts, *[_NO_TEXT] * (6 - len(texts)), *numbers, *[_NO_NUMBER] * (2 - len(numbers))]
    columns = [literal(kind), *padded, *counts, *[_NO_COUNT] * (3 - len(counts))]
    return select(*(column.label(f"found_{place}") for place, column in enumerate(columns)))


def _match_viewers(column: Any) -> Any:
    """Match the viewers for whom watches under these ids count."""
    return or_(column.in_(_IDS), column.in_(_LINKED))


_KEPT = WATCH_PARTS.alias("kept")
_LINKS, _HELD, _PEOPLE = ACCOUNT_LINKS.c, VIEWER_BADGES.c, VIEWERS.c
_KINDS = union_all(
    _select("handled", HANDLED_MESSAGES.c.message_id).where(HANDLED_MESSAGES.c.message_id.in_(_MESSAGES)),
    _select("link", _LINKS.plex_id, _LINKS.plex_name, _LINKS.viewer_id, _LINKS.username).where(
        _match_viewers(_LINKS.viewer_id)
    ),
    _select("choice", PRIVACY.c.viewer_id, PRIVACY.c.choice).where(_match_viewers(PRIVACY.c.viewer_id)),
    _select("forgotten", FORGOTTEN.c.viewer_id, numbers=[FORGOTTEN.c.at_s]).where(
        or_(_match_viewers(FORGOTTEN.c.viewer_id), FORGOTTEN.c.viewer_id.in_(_SAME_MEMBERS))
    ),
    _select("stored", WATCHES.c.watch_id).where(WATCHES.c.watch_id.in_(_WATCH_IDS)),
    _select("near", WATCHES.c.watch_id, WATCH_PARTS.c.row)
    .outerjoin_from(WATCHES, WATCH_PARTS, WATCH_PARTS.c.kept_as == WATCHES.c.watch_id)
    .where(WATCHES.c.viewer_id.in_(_MEMBERS), WATCHES.c.ended_at_s >= _SINCE, WATCHES.c.started_at_s <= _UNTIL),
    _select("near", _KEPT.c.kept_as, WATCH_PARTS.c.row)
    .join_from(_KEPT, WATCH_PARTS, WATCH_PARTS.c.kept_as == _KEPT.c.kept_as)
    .where(_KEPT.c.watch_id.in_(_WATCH_IDS)),
    _select("badge", _HELD.viewer_id, _HELD.badge_id, numbers=[_HELD.earned_at_s, _HELD.progress]).where(
        _match_viewers(_HELD.viewer_id)
    ),
    _select(
        "viewer",
        _PEOPLE.viewer_id,
        _PEOPLE.username,
        _PEOPLE.server_id,
        _PEOPLE.guild_id,
        _PEOPLE.base,
        VIEWER_STATS.c.totals,
        numbers=[_PEOPLE.first_seen_s, _PEOPLE.last_seen_s],
        counts=[_PEOPLE.ai_interactions, _PEOPLE.votes_cast, _PEOPLE.movies_requested],
    )
    .outerjoin_from(VIEWERS, VIEWER_STATS, VIEWER_STATS.c.viewer_id == _PEOPLE.viewer_id)
    .where(_match_viewers(_PEOPLE.viewer_id)),
    _select("suggestion", SUGGESTIONS.c.suggestion_id),
    _select("fact", FACTS.c.name, FACTS.c.value),
).subquery("found")
_KIND, _WATCH_ID, *_ = _KINDS.c
_LOOK_UP = select(*_KINDS.c, *WATCHES.c).outerjoin_from(
    _KINDS, WATCHES, and_(_KIND.in_(["stored", "near"]), WATCHES.c.watch_id == _WATCH_ID)
)
_WATCH_COLUMNS = tuple(column.name for column in WATCHES.c)
_KNOWN = len(_KINDS.c) - 1
"""Number of columns between the kind and those of a watch."""
_VIEWER_COLUMNS = ("viewer_id", "username", "server_id", "guild_id", "base", "totals", "first_seen_s", "last_seen_s",
                   "ai_interactions", "votes_cast", "movies_requested")  # fmt: skip
"""The columns of a viewer in a looked-up row, in order."""
_VIEWERS = select(*(column for column in VIEWERS.c), VIEWER_STATS.c.totals).outerjoin(
    VIEWER_STATS, VIEWER_STATS.c.viewer_id == VIEWERS.c.viewer_id
)
_BETWEEN_IDS = "\n"
"""Separator of badge ids that are read as one text."""
_VIEWERS_BY_ID = _VIEWERS.where(VIEWERS.c.viewer_id.in_(_IDS))


def read_finish_context(
    connection: Connection, records: Sequence[WatchRecord], message_ids: Iterable[str], window_s: float
) -> FinishContext:
    """Return what the store contains about these watches and their viewers. `window_s`: the resume window."""
    given = {
        "messages": [each for each in message_ids if each],
        "ids": sorted({record.viewer_id for record in records}),
        "watch_ids": sorted({record.watch_id for record in records}),
        "since_s": min((record.started_at_s for record in records), default=0.0) - window_s,
        "until_s": max((record.ended_at_s for record in records), default=0.0) + window_s,
    }
    found: dict[str, list[Any]] = {}
    for kind, *columns in connection.execute(_LOOK_UP, given).all():
        found.setdefault(kind, []).append(columns)
    rows: dict[str, Row] = {row[0]: _read_watch(row) for row in found.get("stored", ())}
    people = ViewerDirectory.from_message(
        (LinkedAccount(*row[:4]) for row in found.get("link", ())), (row[:2] for row in found.get("choice", ()))
    )
    known = KnownViewers(people)
    for row in found.get("badge", ()):
        known.badges.setdefault(row[0], {})[row[1]] = HeldBadge(*row[6:8])
    known.badge_ids |= known.badges
    for row in found.get("viewer", ()):
        _take_viewer(known, dict(zip(_VIEWER_COLUMNS, row[:_KNOWN], strict=True)))
    return FinishContext(
        {row[0] for row in found.get("handled", ())},
        {row[0]: row[6] for row in found.get("forgotten", ())},
        known,
        rows,
        _group_by_viewer(found.get("near", ())),
        {row[0]: row[1] for row in found.get("fact", ())},
        "suggestion" in found,
    )


def _read_watch(columns: Sequence[Any]) -> Row:
    return dict(zip(_WATCH_COLUMNS, columns[_KNOWN:], strict=True))


def _group_by_viewer(found: Iterable[Sequence[Any]]) -> dict[str, list[tuple[Row, str | None]]]:
    watches: dict[str, list[tuple[Row, str | None]]] = {}
    rows = [(_read_watch(columns), columns[1]) for columns in found]
    for row, part in sorted(rows, key=lambda each: int(each[0]["seq"])):
        watches.setdefault(row["viewer_id"], []).append((row, part))
    return watches


def read_known_viewers(connection: Connection, viewer_ids: Iterable[str]) -> KnownViewers:
    """Return what the store contains about these viewers."""
    known, ids = KnownViewers(read_directory(connection)), sorted(set(viewer_ids))
    _read_viewers(connection, known, ids)
    held = func.aggregate_strings(VIEWER_BADGES.c.badge_id, _BETWEEN_IDS)  # faster than a row for each badge
    for some in split_batches(ids):
        own = VIEWER_BADGES.c.viewer_id.in_(some)
        query = select(VIEWER_BADGES.c.viewer_id, held, func.count()).where(own).group_by(VIEWER_BADGES.c.viewer_id)
        for viewer_id, joined, count in connection.execute(query).all():
            badge_ids = joined.split(_BETWEEN_IDS)
            if len(badge_ids) != count:  # a community's own badge has the separator in its id
                read_badges(connection, known, [viewer_id])
                badge_ids = known.badges[viewer_id].keys()
            known.badge_ids[viewer_id] = frozenset(badge_ids)
    return known


def read_badges(connection: Connection, known: KnownViewers, viewer_ids: Iterable[str]) -> None:
    """Read the badges of some of the known viewers, and when they were earned."""
    columns = (
        VIEWER_BADGES.c.viewer_id,
        VIEWER_BADGES.c.badge_id,
        VIEWER_BADGES.c.earned_at_s,
        VIEWER_BADGES.c.progress,
    )
    for some in split_batches(viewer_ids):
        query = select(*columns).where(VIEWER_BADGES.c.viewer_id.in_(some))
        for viewer_id, badge_id, earned_at_s, progress in connection.execute(query).all():
            known.badges.setdefault(viewer_id, {})[badge_id] = HeldBadge(earned_at_s, progress)


def _read_viewers(connection: Connection, known: KnownViewers, viewer_ids: Iterable[str]) -> None:
    for some in split_batches(viewer_ids):
        found = connection.execute(_VIEWERS_BY_ID, {"ids": some})
        names = list(found.keys())
        for row in found.all():  # all at once: row by row takes three times as long
            _take_viewer(known, dict(zip(names, row, strict=True)))


def _take_viewer(known: KnownViewers, row: dict[str, Any]) -> None:
    text = row.pop("totals")
    known.rows[row["viewer_id"]] = row
    if text is not None:
        totals = known.totals[row["viewer_id"]] = decode_totals(text)
        known.encoded[row["viewer_id"]] = EncodedTotals(totals, text)
