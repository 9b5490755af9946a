"""What a save has to know of the viewers that it is for, and of the watches that end: read in few statements.

A finished watch asks many tables for a line or two. To ask each by itself would cost more than to write the record.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    Connection,
    Double,
    Integer,
    Select,
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
from messages import LinkedAccount
from persistence.database.rows import decode_totals, encode_totals
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
    """An accumulator as it is stored, and what it was decoded to."""

    totals: Totals
    text: str


@dataclass
class KnownViewers:
    """Viewers as the store has them."""

    people: ViewerDirectory
    """Links and choices: of these viewers at least."""
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Rows of `viewers`."""
    totals: dict[str, Totals] = field(default_factory=dict)
    """Accumulators of the finished watches; who is new has none."""
    badges: dict[str, dict[str, HeldBadge]] = field(default_factory=dict)
    """Badges that each holds, by badge id; of whom it was read."""
    badge_ids: dict[str, Collection[str]] = field(default_factory=dict)
    """Which badges each holds."""
    encoded: dict[str, EncodedTotals] = field(default_factory=dict)
    """The accumulators as they are stored."""

    def encode_totals(self, viewer_id: str, totals: Totals) -> str:
        """Return an accumulator as it is to be stored; one that is stored so is not encoded again."""
        stored = self.encoded.get(viewer_id)
        return stored.text if stored is not None and stored.totals is totals else encode_totals(totals)


@dataclass
class FinishContext:
    """What the store knows of watches that end, and of their viewers."""

    handled: set[str]
    """Messages that took effect already."""
    forgotten: dict[str, float]
    """When viewers were forgotten."""
    viewers: KnownViewers
    stored: set[str]
    """Those of these watches that have a record."""
    parts: set[str]
    """Those of these watches that are a part of another record."""
    facts: dict[str, str]
    has_suggestions: bool
    """Whether members suggested films that were not watched yet."""


_MESSAGES: BindParameter[Any] = bindparam("messages", expanding=True)
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_WATCH_IDS: BindParameter[Any] = bindparam("watch_ids", expanding=True)
_LINKED = select(ACCOUNT_LINKS.c.viewer_id).where(ACCOUNT_LINKS.c.plex_id.in_(_IDS))
_NO_TEXT, _NO_NUMBER, _NO_COUNT = literal(""), cast(null(), Double), cast(null(), Integer)


def _select(kind: str, *texts: Any, numbers: Sequence[Any] = (), counts: Sequence[Any] = ()) -> Select[Any]:
    """Select one kind of row in the columns that all kinds have: 6 texts, 2 numbers, 3 counts."""
    padded = [*texts, *[_NO_TEXT] * (6 - len(texts)), *numbers, *[_NO_NUMBER] * (2 - len(numbers))]
    return select(literal(kind), *padded, *counts, *[_NO_COUNT] * (3 - len(counts)))


def _match_viewers(column: Any) -> Any:
    """Match the viewers for whom what was watched under the ids counts."""
    return or_(column.in_(_IDS), column.in_(_LINKED))


_LINKS, _HELD, _PEOPLE = ACCOUNT_LINKS.c, VIEWER_BADGES.c, VIEWERS.c
_LOOK_UP = union_all(
    _select("handled", HANDLED_MESSAGES.c.message_id).where(HANDLED_MESSAGES.c.message_id.in_(_MESSAGES)),
    _select("link", _LINKS.plex_id, _LINKS.plex_name, _LINKS.viewer_id, _LINKS.username).where(
        _match_viewers(_LINKS.viewer_id)
    ),
    _select("choice", PRIVACY.c.viewer_id, PRIVACY.c.choice).where(_match_viewers(PRIVACY.c.viewer_id)),
    _select("forgotten", FORGOTTEN.c.viewer_id, numbers=[FORGOTTEN.c.at_s]).where(FORGOTTEN.c.viewer_id.in_(_IDS)),
    _select("part", WATCH_PARTS.c.watch_id).where(WATCH_PARTS.c.watch_id.in_(_WATCH_IDS)),
    _select("stored", WATCHES.c.watch_id).where(WATCHES.c.watch_id.in_(_WATCH_IDS)),
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
)
_VIEWER_COLUMNS = ("viewer_id", "username", "server_id", "guild_id", "base", "totals", "first_seen_s", "last_seen_s",
                   "ai_interactions", "votes_cast", "movies_requested")  # fmt: skip
"""The columns of a viewer in what is looked up, in their order."""
_VIEWERS = select(*(column for column in VIEWERS.c), VIEWER_STATS.c.totals).outerjoin(
    VIEWER_STATS, VIEWER_STATS.c.viewer_id == VIEWERS.c.viewer_id
)
_BETWEEN_IDS = "\n"
"""Between the ids of badges that are read as one text."""
_VIEWERS_BY_ID = _VIEWERS.where(VIEWERS.c.viewer_id.in_(_IDS))


def read_finish_context(
    connection: Connection, identities: Iterable[str], watch_ids: Iterable[str], message_ids: Iterable[str]
) -> FinishContext:
    """Return what the store knows of some watches. `identities`: the ids under which they were watched."""
    ids, watches = sorted(set(identities)), sorted(set(watch_ids))
    found: dict[str, list[tuple[Any, ...]]] = {}
    given = {"messages": [each for each in message_ids if each], "ids": ids, "watch_ids": watches}
    for kind, *columns in connection.execute(_LOOK_UP, given):
        found.setdefault(kind, []).append(tuple(columns))
    people = ViewerDirectory.from_message(
        (LinkedAccount(*row[:4]) for row in found.get("link", ())), (row[:2] for row in found.get("choice", ()))
    )
    known = KnownViewers(people)
    for row in found.get("badge", ()):
        known.badges.setdefault(row[0], {})[row[1]] = HeldBadge(*row[6:8])
    known.badge_ids |= known.badges
    for row in found.get("viewer", ()):
        _take_viewer(known, dict(zip(_VIEWER_COLUMNS, row, strict=True)))
    return FinishContext(
        {row[0] for row in found.get("handled", ())},
        {row[0]: row[6] for row in found.get("forgotten", ())},
        known,
        {row[0] for row in found.get("stored", ())},
        {row[0] for row in found.get("part", ())},
        {row[0]: row[1] for row in found.get("fact", ())},
        "suggestion" in found,
    )


def read_known_viewers(connection: Connection, viewer_ids: Iterable[str]) -> KnownViewers:
    """Return what the store has of some viewers."""
    known, ids = KnownViewers(read_directory(connection)), sorted(set(viewer_ids))
    _read_viewers(connection, known, ids)
    held = func.aggregate_strings(VIEWER_BADGES.c.badge_id, _BETWEEN_IDS)  # to fetch a row for each takes its time
    for some in split_batches(ids):
        own = VIEWER_BADGES.c.viewer_id.in_(some)
        query = select(VIEWER_BADGES.c.viewer_id, held, func.count()).where(own).group_by(VIEWER_BADGES.c.viewer_id)
        for viewer_id, joined, count in connection.execute(query).all():
            badge_ids = joined.split(_BETWEEN_IDS)
            if len(badge_ids) != count:  # a community's own badge has it in its id
                read_badges(connection, known, [viewer_id])
                badge_ids = known.badges[viewer_id].keys()
            known.badge_ids[viewer_id] = frozenset(badge_ids)
    return known


def read_badges(connection: Connection, known: KnownViewers, viewer_ids: Iterable[str]) -> None:
    """Read when some of the known viewers earned which badges."""
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
        for row in found.all():  # all at once: one by one takes three times as long
            _take_viewer(known, dict(zip(names, row, strict=True)))


def _take_viewer(known: KnownViewers, row: dict[str, Any]) -> None:
    text = row.pop("totals")
    known.rows[row["viewer_id"]] = row
    if text is not None:
        totals = known.totals[row["viewer_id"]] = decode_totals(text)
        known.encoded[row["viewer_id"]] = EncodedTotals(totals, text)
