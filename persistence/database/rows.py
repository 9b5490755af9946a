"""Conversion between watches and rows of the store."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import RowMapping

from awards import Totals, record_title
from awards.days import PlayedTime
from messages import Item, Moment, Sittings, Spans, WatchRecord
from messages.base import DurationMs, PositionMs
from persistence.database.tables import WATCHES

Row = RowMapping | Mapping[str, Any]
"""A row, by column names."""
_SORTED = msgspec.json.Encoder(order="deterministic")
NO_CLOCK_S = 0.0
"""The steady clock in imported records: no tracker closed them, so that none can continue them."""
_ENCODER = msgspec.json.Encoder()
_ITEM = msgspec.json.Decoder(Item)
_SPANS = msgspec.json.Decoder(Spans)
_SITTINGS = msgspec.json.Decoder(Sittings)
PLAYED_TIME = (WATCHES.c.started_at_s, WATCHES.c.ended_at_s, WATCHES.c.playing_s, WATCHES.c.sittings)
"""The columns that say when a watch was played, in the order that `played_time` expects."""


def as_json(value: object) -> str:
    """Return compact JSON text."""
    return _ENCODER.encode(value).decode()


def watch_row(
    record: WatchRecord,
    seq: int,
    closed: Moment,
    *,
    imported: bool = False,
    end_known: bool = True,
    identity: str = "",
) -> dict[str, Any]:
    """Return a record as a row of `watches`; `seq` is its place in the history copy.

    `identity`: the id it was watched under, if that differs from the viewer that it counts for.
    """
    title = record_title(record.item)
    row = {
        "watch_id": record.watch_id,
        "seq": seq,
        "screening_id": record.screening_id,
        "viewer_id": record.viewer_id,
        "username": record.username,
        "source": record.source,
        "server_id": record.item.server_id,
        "guild_id": record.guild_id,
        "channel_id": record.channel_id,
        "rating_key": record.item.rating_key,
        "media_type": record.media_type,
        "title": title,
        "title_folded": title.casefold(),
        "year": record.item.year,
        "genres": as_json(record.item.genres),
        "directors": as_json(record.item.directors),
        "item": as_json(record.item),
        "started_at_s": record.started_at_s,
        "ended_at_s": record.ended_at_s,
        "end_known": end_known,
        "join_position_ms": record.join_position_ms,
        "leave_position_ms": record.leave_position_ms,
        "movie_duration_ms": record.item.duration_ms,
        "playing_s": record.playing_s,
        "paused_s": record.paused_s,
        "spans": as_json(record.spans),
        "coverage_ms": record.coverage_ms,
        "completion_percent": record.completion_percent,
        "completed": record.completed,
        "brief": record.brief,
        "end_reason": record.end_reason,
        "party": record.party,
        "first_seat": record.first_seat,
        "closed_wall_s": closed.wall_s,
        "closed_steady_s": closed.steady_s,
        "imported": imported,
        "identity": identity or record.viewer_id,
        "guid": record.item.guid,
        "sittings": as_json(record.sittings),
    }
    return row | {"film_hash": compute_film_hash(row)}


def compute_film_hash(row: Row) -> int:
    """Return a hash of a row's facts about its film; it is the same on every machine."""
    names = ("title", "year", "media_type", "genres", "directors", "movie_duration_ms")
    columns = [*(row[name] for name in names), row["guid"] or ""]
    digest = hashlib.blake2b(_ENCODER.encode(columns), digest_size=8).digest()
    return int.from_bytes(digest) >> 1  # fits a BIGINT, and is positive


def watch_record(row: Row) -> WatchRecord:
    """Return the record of a row of `watches`."""
    return WatchRecord(
        watch_id=row["watch_id"],
        screening_id=row["screening_id"],
        viewer_id=row["viewer_id"],
        username=row["username"],
        source=row["source"],
        item=decode_item(row["item"]),
        media_type=row["media_type"],
        started_at_s=row["started_at_s"],
        ended_at_s=row["ended_at_s"],
        join_position_ms=_decode_position(row["join_position_ms"]),
        leave_position_ms=_decode_position(row["leave_position_ms"]),
        playing_s=row["playing_s"],
        paused_s=row["paused_s"],
        spans=_SPANS.decode(row["spans"]),
        coverage_ms=DurationMs(row["coverage_ms"]),
        completion_percent=row["completion_percent"],
        completed=row["completed"],
        brief=row["brief"],
        end_reason=row["end_reason"],
        guild_id=row["guild_id"],
        channel_id=row["channel_id"],
        party=row["party"],
        first_seat=row["first_seat"],
        sittings=decode_sittings(row["sittings"]),
    )


def decode_item(text: str) -> Item:
    """Return an item from its column."""
    return _ITEM.decode(text)


def decode_sittings(text: str | None) -> Sittings:
    """Return sittings from their column; none if an older version wrote the row."""
    return _SITTINGS.decode(text) if text else ()


def decode_spans(text: str) -> Spans:
    """Return spans from their column."""
    return _SPANS.decode(text)


def decode_part(text: str) -> dict[str, Any]:
    """Return a row of `watches` that was stored as JSON, with columns that were added later."""
    row = {"guid": None, "sittings": None, **msgspec.json.decode(text, type=dict[str, Any])}
    return row | {"film_hash": compute_film_hash(row)}


def played_time(row: Sequence[Any]) -> PlayedTime:
    """Return when a watch was played from the columns PLAYED_TIME."""
    started_at_s, ended_at_s, playing_s, sittings = row
    return PlayedTime(started_at_s, ended_at_s, playing_s, decode_sittings(sittings))


def tracked_record(row: Row) -> WatchRecord:
    """Return the record as the tracker knows it: under the id under which it was watched."""
    return replace(watch_record(row), viewer_id=row["identity"])


def _decode_position(value: int | None) -> PositionMs | None:
    return None if value is None else PositionMs(value)


def encode_totals(totals: Totals) -> str:
    """Return an accumulator as JSON with sorted keys."""
    return _SORTED.encode(totals).decode()


def decode_totals(text: str | None) -> Totals:
    """Return an accumulator from JSON; an empty one if there is none."""
    return msgspec.json.decode(text, type=Totals) if text else Totals()


class PreLinkState(msgspec.Struct):
    """The rows of member and account before they were linked."""

    account: dict[str, Any] | None
    """The account's row of `viewers`; None if it never watched anything."""
    account_badges: list[dict[str, Any]]
    member: dict[str, Any] | None
    """The member's row of `viewers`; None if the member never watched anything."""
    member_badges: list[dict[str, Any]]
