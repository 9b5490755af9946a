"""The entries of the JSON copies: viewers, badges and records."""

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from persistence.database.rows import Row, decode_sittings
from persistence.records.change_set import ViewerMove


@functools.lru_cache(maxsize=64)  # a record often repeats a time: its start is also that of its first sitting
def iso(at_s: float) -> str:
    """Return seconds since 1970 as an ISO 8601 time with its offset (UTC)."""
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds")


def stats_entry(row: Row, oldest_day: str) -> dict[str, Any]:
    """Return one viewer of user_stats.json from a row of `viewer_stats` joined with `viewers`.

    `oldest_day`: from `awards.oldest_current_day`. A streak that ended before it is over, whatever the row says.
    """
    watch_time = watch_time_entries(row["total_watch_time_s"])
    return {
        "user_id": row["viewer_id"],
        "username": row["username"],
        "total_movies": row["total_movies"],
        "total_watch_time_minutes": watch_time["total_watch_time_minutes"],
        "completed_movies": row["completed_movies"],
        "current_streak_days": row["current_streak_days"] if row["last_watch_date"] >= oldest_day else 0,
        "longest_streak_days": row["longest_streak_days"],
        "last_watch_date": row["last_watch_date"] or None,
        "favorite_genres": msgspec.Raw(row["genres"].encode()),
        "favorite_decades": msgspec.Raw(row["decades"].encode()),
        "directors_watched": list(msgspec.json.decode(row["directors"], type=dict[str, int])),
        "ai_interactions": row["ai_interactions"],
        "votes_cast": row["votes_cast"],
        "movies_requested": row["movies_requested"],
        "total_watch_time_seconds": watch_time["total_watch_time_seconds"],
        "watching_now": row["watching_now"],
        "total_episodes": row["total_episodes"],
    }


def watch_time_entries(total_s: float) -> dict[str, float]:
    """Return a viewer's watch time entries of user_stats.json, in the order of its keys."""
    return {"total_watch_time_minutes": round(total_s / 60, 2), "total_watch_time_seconds": round(total_s, 3)}


def badge_entry(row: Row) -> dict[str, Any]:
    """Return one badge of user_badges.json from a row of `viewer_badges`."""
    return {
        "badge_id": row["badge_id"],
        "earned_date": iso(row["earned_at_s"]),
        "progress_value": round(row["progress"], 2),
    }


def history_entry(row: Row) -> dict[str, Any]:
    """Return one record of watch_history.json from a row of `watches`."""
    percent = row["completion_percent"]
    directors = _decode_directors(row["directors"])
    return {
        "movie_title": row["title"],
        "user_id": row["viewer_id"],
        "start_time": iso(row["started_at_s"]),
        "end_time": iso(row["ended_at_s"]) if row["end_known"] else None,
        "watch_duration_minutes": round(row["playing_s"] / 60, 2),
        "completion_percentage": None if percent is None else round(percent, 2),
        "genres": msgspec.Raw(row["genres"].encode()),
        "year": row["year"],
        "director": ", ".join(directors),
        "watch_id": row["watch_id"],
        "viewer_id": row["viewer_id"],
        "username": row["username"],
        "source": row["source"],
        "server_id": row["server_id"],
        "rating_key": row["rating_key"],
        "media_type": row["media_type"],
        "join_position_ms": row["join_position_ms"],
        "leave_position_ms": row["leave_position_ms"],
        "movie_duration_ms": row["movie_duration_ms"],
        "playing_seconds": round(row["playing_s"], 3),
        "paused_seconds": round(row["paused_s"], 3),
        "coverage_ms": row["coverage_ms"],
        "completed": bool(row["completed"]),
        "brief": bool(row["brief"]),
        "end_reason": row["end_reason"],
        "screening_id": row["screening_id"],
        "directors": directors,
        "guild_id": row["guild_id"],
        "channel_id": row["channel_id"],
        "party": bool(row["party"]),
        "first_seat": bool(row["first_seat"]),
        **_list_newer_keys(row),
    }


@functools.lru_cache(maxsize=1024)
def _decode_directors(text: str) -> tuple[str, ...]:
    """Return directors from their column."""
    return msgspec.json.decode(text, type=tuple[str, ...])


def _list_newer_keys(row: Row) -> dict[str, Any]:
    """Return the keys that newer versions add; none for a row of an older version, whose line stays unchanged."""
    if row["sittings"] is None:
        return {}
    entries = [
        {
            "start_time": iso(sitting.start_s),
            "end_time": iso(sitting.end_s),
            "playing_seconds": round(sitting.playing_s, 3),
        }
        for sitting in decode_sittings(row["sittings"])
    ]
    return {"guid": row["guid"] or "", "sittings": entries}


def encode_document(document: Mapping[str, Any]) -> bytes:
    """Return the bytes of user_stats.json or user_badges.json, indented for people."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def history_line(row: Row) -> bytes:
    """Return the line of one record in watch_history.json."""
    return msgspec.json.encode(history_entry(row))


class _WatchId(msgspec.Struct):
    watch_id: str


def move_lines(lines: Iterable[bytes], moves: Sequence[ViewerMove]) -> Iterator[bytes]:
    """Yield the lines of a history, with the new viewer in those of moved records.

    The other lines, perhaps a million, are only searched for the id: within texts, quotation marks are escaped.
    """
    decode = msgspec.json.Decoder(_WatchId).decode
    replacements = [(move.watch_ids, *_build_replacements(move)) for move in moves]
    for line in lines:
        moved = line
        for watch_ids, named, renamed, counted, recounted in replacements:
            if named in moved and (watch_ids is None or decode(moved).watch_id in watch_ids):
                moved = moved.replace(named, renamed, 1).replace(counted, recounted, 1)
        yield moved


def _build_replacements(move: ViewerMove) -> tuple[bytes, bytes, bytes, bytes]:
    """Return the part of a line with the old viewer, and the one with the new viewer, for each of the two keys."""
    old, new = msgspec.json.encode(move.old_viewer_id), msgspec.json.encode(move.new_viewer_id)
    named, counted = b'"user_id":', b'"viewer_id":'
    return named + old, named + new, counted + old, counted + new
