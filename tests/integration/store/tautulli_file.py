"""Makes databases as Tautulli writes them, and counts in them by plain SQL what an import has to bring."""

import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

SERVER = "machine-a"
SCHEMA = """
CREATE TABLE version_info (key TEXT UNIQUE, value TEXT);
CREATE TABLE session_history (id INTEGER PRIMARY KEY AUTOINCREMENT, reference_id INTEGER, started INTEGER,
    stopped INTEGER, rating_key INTEGER, user_id INTEGER, user TEXT, paused_counter INTEGER DEFAULT 0, player TEXT,
    machine_id TEXT, parent_rating_key INTEGER, grandparent_rating_key INTEGER, media_type TEXT, section_id INTEGER,
    view_offset INTEGER DEFAULT 0);
CREATE TABLE session_history_metadata (id INTEGER PRIMARY KEY, rating_key INTEGER, title TEXT, parent_title TEXT,
    grandparent_title TEXT, full_title TEXT, media_index INTEGER, parent_media_index INTEGER, thumb TEXT,
    media_type TEXT, year INTEGER, duration INTEGER DEFAULT 0, guid TEXT, directors TEXT, actors TEXT, genres TEXT,
    live INTEGER DEFAULT 0);
CREATE TABLE session_history_media_info (id INTEGER PRIMARY KEY, rating_key INTEGER, duration INTEGER DEFAULT 0);
CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER DEFAULT NULL UNIQUE, username TEXT NOT NULL,
    friendly_name TEXT, is_active INTEGER DEFAULT 1, is_admin INTEGER DEFAULT 0, deleted_user INTEGER DEFAULT 0);
CREATE TABLE library_sections (id INTEGER PRIMARY KEY AUTOINCREMENT, server_id TEXT, section_id INTEGER,
    section_name TEXT, section_type TEXT);
CREATE INDEX idx_session_history_reference_id ON session_history (reference_id ASC);
CREATE INDEX idx_session_history_user_id ON session_history (user_id);
"""
"""The tables that an import reads, with the columns and names that Tautulli 2.17 gives them."""
OLD_SCHEMA = """
CREATE TABLE session_history (id INTEGER PRIMARY KEY AUTOINCREMENT, reference_id INTEGER, started INTEGER,
    stopped INTEGER, rating_key INTEGER, user_id INTEGER, user TEXT, media_type TEXT, view_offset INTEGER DEFAULT 0,
    paused_counter INTEGER DEFAULT 0);
CREATE TABLE session_history_metadata (id INTEGER PRIMARY KEY, title TEXT, grandparent_title TEXT, year INTEGER,
    duration INTEGER DEFAULT 0, section_id INTEGER);
"""
"""As older versions had them: no genres, no guid, no live TV, no libraries."""

BEGAN = 1_733_000_000
"""When the history begins; seconds since 1970."""
LONG_MS = 7_200_000

HISTORY = ("id", "reference_id", "started", "stopped", "rating_key", "user_id", "user", "paused_counter",
           "media_type", "section_id", "view_offset")  # fmt: skip


def write_tautulli(
    file: Path, rows: Iterable[Mapping[str, Any]], *, users: Iterable[tuple[int, str, int]] = ((7, "Ana", 0),)
) -> Path:
    """Write a database with these rows; what a row does not say is as in `make_row`."""
    connection = sqlite3.connect(file)
    connection.executescript(SCHEMA)
    connection.execute("INSERT INTO version_info VALUES ('version', 'v2.17.2')")
    connection.execute("INSERT INTO library_sections (server_id, section_id) VALUES (?, 1)", (SERVER,))
    connection.executemany("INSERT INTO users (user_id, username, is_admin) VALUES (?, ?, ?)", users)
    add_rows(connection, rows)
    connection.commit()
    connection.close()
    return file


def add_rows(connection: sqlite3.Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows of history, each with its metadata."""
    for row in map(make_row, rows):
        connection.execute(
            "INSERT INTO session_history (id, reference_id, started, stopped, rating_key, user_id, user, "
            "paused_counter, media_type, section_id, view_offset) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [row[name] for name in HISTORY],
        )
        connection.execute(
            "INSERT INTO session_history_metadata (id, rating_key, title, grandparent_title, parent_media_index, "
            "media_index, year, duration, guid, directors, genres, live) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [row[name] for name in ("id", "rating_key", "title", "show", "season", "episode", "year", "duration",
                                    "guid", "directors", "genres", "live")],
        )  # fmt: skip


def make_row(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with all its columns: a film of two hours that Ana saw from its beginning to its end."""
    row = {
        "id": 1, "started": BEGAN, "rating_key": 11, "user_id": 7, "user": "Ana", "paused_counter": 0,
        "media_type": "movie", "section_id": 1, "title": "Metropolis", "show": "", "season": None, "episode": None,
        "year": 1927, "duration": LONG_MS, "guid": "plex://movie/metropolis", "directors": "Fritz Lang",
        "genres": "Drama;Science Fiction", "live": 0, **given,
    }  # fmt: skip
    row.setdefault("reference_id", row["id"])
    if "stopped" not in row:
        row["stopped"] = row["started"] + LONG_MS // 1000
    if "view_offset" not in row:
        row["view_offset"] = (row["stopped"] - row["started"] - row["paused_counter"]) * 1000
    return row


def sum_by_account(file: Path) -> dict[str, tuple[int, float]]:
    """Return watches and seconds played of films and episodes by account, as plain SQL counts them."""
    query = """
        SELECT user_id, count(DISTINCT reference_id || '/' || h.rating_key), sum(stopped - started - paused_counter)
        FROM session_history h JOIN session_history_metadata m ON m.id = h.id
        WHERE h.media_type IN ('movie', 'episode') AND m.live = 0 GROUP BY user_id
    """
    connection = sqlite3.connect(file)
    found = {f"plex:{SERVER}:{user}": (count, float(seconds)) for user, count, seconds in connection.execute(query)}
    connection.close()
    return found
