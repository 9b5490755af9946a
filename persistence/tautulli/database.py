"""Reads Tautulli's database, of any version since its sessions have groups, even while Tautulli is using it.

The file is never written. If it is in SQLite's WAL mode, as Tautulli sets it, reading does not block writers. If it is
not, or if the files beside it cannot be created (a read-only folder), a copy is read.
"""

import contextlib
import errno
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from foreign_input import ForeignInputError, open_regular
from messages import Problem
from messages.base import storable
from persistence.database.errors import ImportFault
from wording.file_failures import find_cure
from wording.problems import english

TAUTULLI_FILE = "tautulli.db"
"""Name of Tautulli's database file."""
_LONGEST_TEXT = 1_000_000
"""Maximum size of a value, bytes."""
_MOST_NAMES = 50
"""Maximum number of genres or directors of a film."""
_LATEST_S = 250_000_000_000
"""Seconds since 1970 up to which dates exist in every zone."""
_ROWS_AT_ONCE = 2000
_NEEDED = {
    "session_history": {"id", "reference_id", "started", "stopped", "rating_key", "user_id", "media_type"},
    "session_history_metadata": {"id", "title"},
}
"""Required tables and columns; all others may be missing, as in older versions."""
_OWNER = 1
"""Id of the owner's account on a Plex server; Tautulli stores the account's id at plex.tv instead."""
_CURE = "name a copy of Tautulli's tautulli.db: Tautulli > Settings > Import & Backups makes one"


_OTHERWISE = Problem.of("text", text=_CURE)


class TautulliRow(NamedTuple):
    """A row of Tautulli's history: one sitting, from the start of a player to its stop."""

    row_id: int
    group_id: int
    """Id of the first row of a group that Tautulli counts as one watch."""
    user_id: int
    user: str
    rating_key: str
    started_s: float
    """Seconds since 1970, UTC."""
    stopped_s: float
    """Seconds since 1970, UTC."""
    paused_s: float
    view_offset_ms: int | None
    """Position at which the player stopped."""
    media_type: str
    is_live: bool
    section_id: int | None
    title: str
    show: str
    season: int | None
    episode: int | None
    year: int | None
    duration_ms: int | None
    guid: str
    genres: tuple[str, ...]
    directors: tuple[str, ...]
    thumb: str


class TautulliUsers(msgspec.Struct, frozen=True):
    """The accounts that Tautulli knows."""

    names: Mapping[int, str]
    """Names by Tautulli's user id."""
    owners: frozenset[int]
    """Tautulli's user ids of the server's owner."""

    def account_id(self, user_id: int) -> str:
        """Return the id that a Plex server has for the account."""
        return str(_OWNER if user_id in self.owners else user_id)


class TautulliDatabase:
    """An open database as a snapshot: what Tautulli writes meanwhile is not visible."""

    def __init__(self, connection: sqlite3.Connection, file: Path) -> None:
        """Check its tables. Raises ImportFault if it is not Tautulli's."""
        self._connection = connection
        self._file = file
        self._columns = {table: self._read_columns(table) for table in (*_NEEDED, "users", "library_sections")}
        for table, needed in _NEEDED.items():
            if missing := sorted(needed - self._columns[table]):
                what = f"table {table}" if not self._columns[table] else f"column {missing[0]} of {table}"
                raise ImportFault(f"{file}: this is no history of Tautulli, it has no {what}: {_CURE}.")

    def count_rows(self) -> int:
        """Return the number of rows in its history."""
        with _translate_errors(self._file):
            return int(self._connection.execute("SELECT count(*) FROM session_history").fetchone()[0])

    def read_server_ids(self) -> list[str]:
        """Return the machineIdentifiers of the Plex servers whose libraries it contains."""
        if "server_id" not in self._columns["library_sections"]:
            return []
        query = "SELECT DISTINCT server_id FROM library_sections WHERE server_id <> '' ORDER BY server_id"
        with _translate_errors(self._file):
            return [text for (value,) in self._connection.execute(query) if (text := _read_text(value))]

    def read_users(self) -> TautulliUsers:
        """Return all accounts, including those of deleted users."""
        columns = self._columns["users"]
        if "user_id" not in columns:
            return TautulliUsers({}, frozenset())
        wanted = [name if name in columns else "NULL" for name in ("user_id", "username", "is_admin")]
        with _translate_errors(self._file):
            rows = self._connection.execute(f"SELECT {', '.join(wanted)} FROM users").fetchall()  # noqa: S608
        names = {user_id: _read_text(name) for value, name, _ in rows if (user_id := _read_whole(value)) is not None}
        owners = {user_id for value, _, is_admin in rows if is_admin and (user_id := _read_whole(value)) is not None}
        return TautulliUsers(names, frozenset(owners))

    def read_rows(self) -> Iterator[TautulliRow | None]:
        """Yield every row, sorted by account and group; None for a row without time or account."""
        history = ("id", "reference_id", "user_id", "user", "rating_key", "started", "stopped", "paused_counter",
                   "view_offset", "media_type", "section_id")  # fmt: skip
        metadata = ("title", "grandparent_title", "parent_media_index", "media_index", "year", "duration", "guid",
                    "genres", "directors", "thumb", "live", "section_id")  # fmt: skip
        columns = [*self._name_columns("h", "session_history", history),
                   *self._name_columns("m", "session_history_metadata", metadata)]  # fmt: skip
        query = (
            f"SELECT {', '.join(columns)} FROM session_history h LEFT JOIN session_history_metadata m ON m.id = h.id"  # noqa: S608
            " ORDER BY h.user_id, h.reference_id, h.rating_key, h.started, h.id"
        )
        with _translate_errors(self._file):
            cursor = self._connection.execute(query)
        while True:
            with _translate_errors(self._file):
                rows = cursor.fetchmany(_ROWS_AT_ONCE)
            if not rows:
                return
            yield from map(_build_row, rows)

    def _name_columns(self, alias: str, table: str, names: Sequence[str]) -> list[str]:
        return [f"{alias}.{name}" if name in self._columns[table] else "NULL" for name in names]

    def _read_columns(self, table: str) -> set[str]:
        """Return a table's columns; none if there is no such table, or only a view of this name."""
        is_table = self._connection.execute(
            "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)
        ).fetchone()
        return {name for _, name, *_ in self._connection.execute(f"PRAGMA table_info({table})")} if is_table else set()


@contextlib.contextmanager
def open_tautulli(file: Path) -> Iterator[TautulliDatabase]:
    """Open a database for reading. Raises ImportFault if it cannot be read or is not Tautulli's."""
    try:
        open_regular(file).close()
    except ForeignInputError as error:
        raise ImportFault(f"{file}: {error}") from None
    except OSError as error:
        why = _CURE if error.errno == errno.ENOENT else english(find_cure(error, only_reads=True) or _OTHERWISE)
        raise ImportFault(f"{file} cannot be read ({error.strerror}): {why}.") from None
    with contextlib.ExitStack() as stack:
        with _translate_errors(file):
            database = TautulliDatabase(_connect(file, stack), file)
        yield database


@contextlib.contextmanager
def _translate_errors(file: Path) -> Iterator[None]:
    """Turn SQLite's errors into ImportFaults; the error text of a damaged file may be undecodable."""
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:
        reason = str(error) if isinstance(error, sqlite3.Error) else "it is damaged"
        raise ImportFault(f"{file} cannot be read ({reason}): {_CURE}. Nothing was changed.") from error


def _connect(file: Path, stack: contextlib.ExitStack) -> sqlite3.Connection:
    """Return a connection that reads the file's current state, or a copy of it."""
    try:
        connection = _open_readonly(file, stack)
        if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
            return connection
        copy = _name_copy(file, stack)
        with contextlib.closing(sqlite3.connect(copy)) as target:
            connection.rollback()
            connection.backup(target, pages=_ROWS_AT_ONCE)  # the lock is released between two steps
    except sqlite3.OperationalError:  # an unfinished transaction cannot be rolled back in a read-only folder
        copy = _name_copy(file, stack)
        for ending in ("", "-wal", "-journal"):
            if (source := file.with_name(file.name + ending)).is_file():
                shutil.copyfile(source, copy.with_name(copy.name + ending))
        with contextlib.closing(sqlite3.connect(copy)) as recovered:
            recovered.execute("PRAGMA journal_mode = DELETE")
    return _open_readonly(copy, stack)


def _name_copy(file: Path, stack: contextlib.ExitStack) -> Path:
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="usher-import-"))) / file.name


def _open_readonly(file: Path, stack: contextlib.ExitStack) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    stack.enter_context(contextlib.closing(connection))
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_TEXT)
    connection.text_factory = lambda value: value.decode("utf-8", "replace")
    for setting in ("trusted_schema = OFF", "query_only = ON", "cell_size_check = ON", "temp_store = FILE"):
        connection.execute(f"PRAGMA {setting}")
    connection.execute("BEGIN")
    connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    return connection


def _build_row(values: Sequence[Any]) -> TautulliRow | None:
    row_id, group_id, user_id, user, rating_key, started, stopped, paused, view_offset, *rest = values
    media_type, section_id, title, show, season, episode, year, duration, guid, *rest = rest
    genres, directors, thumb, live, old_section = rest
    number, account, started_s, stopped_s = (
        _read_whole(row_id),
        _read_whole(user_id),
        _read_whole(started),
        _read_whole(stopped),
    )
    if number is None or account is None or not started_s or not 0 < started_s < _LATEST_S:
        return None
    if stopped_s is None or not started_s <= stopped_s < _LATEST_S:  # Tautulli was stopped before the end
        stopped_s = started_s
    section = _read_whole(section_id)
    return TautulliRow(
        row_id=number,
        group_id=_read_whole(group_id) or number,
        user_id=account,
        user=_read_text(user),
        rating_key=_read_text(rating_key),
        started_s=float(started_s),
        stopped_s=float(stopped_s),
        paused_s=float(min(max(_read_whole(paused) or 0, 0), stopped_s - started_s)),
        view_offset_ms=_read_positive(view_offset),
        media_type=_read_text(media_type),
        is_live=bool(_read_whole(live)),
        section_id=section if section is not None else _read_whole(old_section),
        title=_read_text(title),
        show=_read_text(show) if media_type == "episode" else "",
        season=_read_whole(season) if media_type == "episode" else None,
        episode=_read_whole(episode) if media_type == "episode" else None,
        year=_read_positive(year),
        duration_ms=_read_positive(duration),
        guid=_read_text(guid),
        genres=_read_names(genres),
        directors=_read_names(directors),
        thumb=_read_text(thumb),
    )


def _read_text(value: object) -> str:
    return storable(str(value)).strip() if isinstance(value, str | int) else ""


def _read_whole(value: object) -> int | None:
    """Return a whole number, even if it is stored as text or with a fraction; None for anything else."""
    if isinstance(value, str):
        value = value.strip()
        return int(value) if value.isascii() and value.lstrip("-").isdigit() and len(value) < 19 else None
    if isinstance(value, int):
        return value if abs(value) < 2**62 else None
    return int(value) if isinstance(value, float) and abs(value) < 2**53 else None


def _read_positive(value: object) -> int | None:
    number = _read_whole(value)
    return number if number is not None and 0 < number < 2**40 else None


def _read_names(value: object) -> tuple[str, ...]:
    names = (name.strip() for name in _read_text(value).split(";"))
    return tuple(dict.fromkeys(name for name in names if name))[:_MOST_NAMES]
