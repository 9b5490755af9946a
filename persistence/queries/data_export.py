"""Everything that is stored about one viewer, as a file for that viewer."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, select

from awards import oldest_current_day
from messages import Moment
from persistence.database.rows import watch_row
from persistence.database.tables import (
    ACCOUNT_LINKS,
    FILM_RATINGS,
    NIGHT_RSVPS,
    POLL_VOTES,
    PRIVACY,
    PUBLIC_NAMES,
    SUGGESTION_WISHES,
    SUGGESTIONS,
    VIEWER_BADGES,
    VIEWER_STATS,
    VIEWERS,
    WATCH_PARTS,
    WATCHES,
    WEB_SESSIONS,
    WEB_SHARES,
    WEB_SIGN_INS,
)
from persistence.json_files.entries import badge_entry, history_entry, iso, stats_entry
from persistence.store import StoreSnapshot

NOT_IN_IT = (
    "Not in it: messages that Usher posted in Discord, and what it remembers to edit them (the table chat_state: names "
    "on the cards of the last films, roles that it gave, whose films won votes), backups of the store, log lines, and "
    "what Plex and Discord themselves keep."
)


def build_export(store: StoreSnapshot, viewer_id: str) -> tuple[dict[str, Any], int]:
    """Return the file's content, and how many watches are in it; empty if nothing is stored.

    It includes running watches. Times are ISO 8601, UTC.
    """
    connection, at_s = store.connection, store.now_s
    ids = store.directory.ids_of(viewer_id)
    running = store.running.of_viewer(viewer_id).records
    watches = [
        history_entry(row) | {"watched_as": row["identity"], "spans_ms": msgspec.Raw(row["spans"].encode())}
        for row in _read_rows(connection, WATCHES, ids, WATCHES.c.seq)
    ]
    parts = [
        msgspec.Raw(row["row"].encode()) for row in _read_rows(connection, WATCH_PARTS, ids, WATCH_PARTS.c.watch_id)
    ]
    found = {
        "privacy": [_choice(row) for row in _read_rows(connection, PRIVACY, ids, PRIVACY.c.viewer_id)],
        "linked_accounts": [_link(row) for row in _read_rows(connection, ACCOUNT_LINKS, ids, ACCOUNT_LINKS.c.plex_id)],
        "viewers": [_viewer(row) for row in _read_rows(connection, VIEWERS, ids, VIEWERS.c.viewer_id)],
        "statistics": _statistics(connection, ids, store.rules.today(at_s)),
        "badges": [
            badge_entry(row) for row in _read_rows(connection, VIEWER_BADGES, ids, VIEWER_BADGES.c.earned_at_s)
        ],
        "suggestions": _read_wishes(connection, ids),
        "votes": [_vote(row) for row in _read_rows(connection, POLL_VOTES, ids, POLL_VOTES.c.voted_at_s)],
        "ratings": [_rating(row) for row in _read_rows(connection, FILM_RATINGS, ids, FILM_RATINGS.c.rated_at_s)],
        "named_to_all": [
            _describe_naming(row) for row in _read_rows(connection, PUBLIC_NAMES, ids, PUBLIC_NAMES.c.viewer_id)
        ],
        "links_to_sign_in": [
            _sign_in(row) for row in _read_rows(connection, WEB_SIGN_INS, ids, WEB_SIGN_INS.c.expires_at_s)
        ],
        "sessions": [_session(row) for row in _read_rows(connection, WEB_SESSIONS, ids, WEB_SESSIONS.c.started_at_s)],
        "shared_pages": [_share(row) for row in _read_rows(connection, WEB_SHARES, ids, WEB_SHARES.c.created_at_s)],
        "said_to_come": [
            row["screening_id"] for row in _read_rows(connection, NIGHT_RSVPS, ids, NIGHT_RSVPS.c.screening_id)
        ],
        "watches": watches,
        "parts_of_watches": parts,
        "watching_now": [history_entry(watch_row(record, 0, Moment(at_s, 0.0))) for record in running],
    }  # fmt: skip
    if not any(found.values()):
        return {}, 0
    return {"viewer_id": viewer_id, "made": iso(at_s), "note": NOT_IN_IT} | found, len(watches)


def _read_rows(connection: Connection, table: Table, ids: Sequence[str], order: Any) -> Sequence[Any]:
    return connection.execute(select(table).where(table.c.viewer_id.in_(ids)).order_by(order)).mappings().all()


def _statistics(connection: Connection, ids: Sequence[str], today: date) -> list[dict[str, Any]]:
    query = (
        select(VIEWER_STATS, VIEWERS.c.ai_interactions, VIEWERS.c.votes_cast, VIEWERS.c.movies_requested)
        .join(VIEWERS, VIEWERS.c.viewer_id == VIEWER_STATS.c.viewer_id)
        .where(VIEWER_STATS.c.viewer_id.in_(ids))
        .order_by(VIEWER_STATS.c.viewer_id)
    )
    return [stats_entry(row, oldest_current_day(today)) for row in connection.execute(query).mappings()]


def _read_wishes(connection: Connection, ids: Sequence[str]) -> list[dict[str, Any]]:
    query = (
        select(SUGGESTIONS.c.title, SUGGESTIONS.c.year, SUGGESTION_WISHES.c.wished_at_s)
        .join(
            SUGGESTION_WISHES,
            (SUGGESTION_WISHES.c.community == SUGGESTIONS.c.community)
            & (SUGGESTION_WISHES.c.suggestion_id == SUGGESTIONS.c.suggestion_id),
        )
        .where(SUGGESTION_WISHES.c.viewer_id.in_(ids))
        .order_by(SUGGESTION_WISHES.c.wished_at_s)
    )
    return [
        {"title": row["title"], "year": row["year"], "suggested": iso(row["wished_at_s"])}
        for row in connection.execute(query).mappings()
    ]


def _vote(row: Any) -> dict[str, Any]:
    films = msgspec.json.decode(row["films"], type=list[str])
    return {"poll_id": row["poll_id"], "films": films, "poll_ended": iso(row["voted_at_s"])}


def _rating(row: Any) -> dict[str, Any]:
    return {
        "title": row["title"],
        "year": row["year"],
        "rating": row["rating"],
        "screening_id": row["screening_id"],
        "rated": iso(row["rated_at_s"]),
    }


def _share(row: Any) -> dict[str, Any]:
    return {"kind": row["kind"], "subject": row["subject"], "shared": iso(row["created_at_s"])}


def _choice(row: Any) -> dict[str, Any]:
    return {"viewer_id": row["viewer_id"], "choice": row["choice"], "since": iso(row["since_s"])}


def _describe_naming(row: Any) -> dict[str, Any]:
    return {"since": iso(row["since_s"])}


def _sign_in(row: Any) -> dict[str, Any]:
    return {"username": row["username"], "until": iso(row["expires_at_s"])}


def _session(row: Any) -> dict[str, Any]:
    return {"username": row["username"], "started": iso(row["started_at_s"]), "until": iso(row["expires_at_s"])}


def _link(row: Any) -> dict[str, Any]:
    return {
        "plex_id": row["plex_id"],
        "plex_name": row["plex_name"],
        "confirmed_by": row["confirmed_by"],
        "linked": iso(row["linked_at_s"]),
    }


def _viewer(row: Any) -> dict[str, Any]:
    return {
        "viewer_id": row["viewer_id"],
        "username": row["username"],
        "server_id": row["server_id"],
        "guild_id": row["guild_id"],
        "first_seen": iso(row["first_seen_s"]),
        "last_seen": iso(row["last_seen_s"]),
        "votes_cast": row["votes_cast"],
        "movies_requested": row["movies_requested"],
        "brought_by_an_import": None if row["base"] is None else msgspec.Raw(row["base"].encode()),
    }
