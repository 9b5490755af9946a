"""Damaged backups to restore."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import random
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from persistence.database import backup
from persistence.database.engine import sqlite_url
from persistence.database.errors import BackupError
from persistence.store import Store
from tests.fuzz.mutation import NASTY_VALUES
from tests.fuzz.odd_files import ODD, changing
from tests.fuzz.stores import build_store, use_store
from tests.fuzz.trial import Case, forget_peak
from tests.unit.persistence.record_builders import RULES

BOMB: Final = 60_000_000
"""Bytes of a value that takes little of a file's size, and much memory."""


@contextmanager
def damaged_backups() -> Iterator[Case]:
    """Yield a case: a damaged backup is refused with the store as it was, or takes its place and works."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        base = Path(name)
        store = build_store(base / "data")
        sound = base / "sound.db"
        backup.backup(store, sound)
        before = _digest(store)

        def play(seed: int) -> str:
            dice = random.Random(seed)  # noqa: S311 - to be repeated by its seed
            work, target = base / "work", base / "target" / "usher.db"
            for folder in (work, target.parent):
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
            shutil.copy(store, target)
            damaged = work / "damaged.db"
            shutil.copy(sound, damaged)
            kind = dice.choice(list(_KINDS)) if seed >= 0 else ""
            if kind:
                _KINDS[kind](damaged, dice)
                forget_peak()
            try:
                with changing(damaged, dice) if kind == "changing" else contextlib.nullcontext():
                    backup.restore(damaged, target)
            except BackupError as error:
                assert _digest(target) == before, f"{kind}: the store is not as it was"
                assert str(damaged) in str(error), f"{kind}: the file is not named"
                assert not list(target.parent.glob("*before-restore*")), f"{kind}: something was left"
                return "refused"
            with contextlib.closing(Store(sqlite_url(target), target.parent, RULES)) as restored:
                restored.repair_json_files()
                use_store(restored)
            backup.verify(target)
            return "restored"

        yield play


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _change_bytes(file: Path, dice: random.Random) -> None:
    content = bytearray(file.read_bytes())
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(content))
        content[at : at + dice.choice((1, 1, 4, 100, 4096))] = dice.randbytes(dice.choice((1, 1, 4, 100, 4096)))
    file.write_bytes(bytes(content[: dice.choice((len(content), len(content), dice.randrange(len(content)))) or 1]))


def _swap_pages(file: Path, dice: random.Random) -> None:
    """Let one page have another's content, or lie in another's place: as a disk that mixes up its blocks."""
    content = bytearray(file.read_bytes())
    pages = len(content) // 4096
    one, other = (dice.randrange(pages) * 4096 for _ in range(2))
    first, second = content[one : one + 4096], content[other : other + 4096]
    content[other : other + 4096] = first
    if dice.random() < 0.5:
        content[one : one + 4096] = second
    file.write_bytes(content)


def _change_header(file: Path, dice: random.Random) -> None:
    """Change a field of SQLite's header: page size, versions, page count, encoding, application id..."""
    content = bytearray(file.read_bytes())
    at, size = dice.choice(((16, 2), (18, 1), (19, 1), (20, 1), (28, 4), (32, 4), (40, 4), (44, 4), (52, 4), (56, 4),
                            (60, 4), (64, 4), (68, 4), (92, 4), (96, 4)))  # fmt: skip
    content[at : at + size] = dice.choice((dice.randbytes(size), b"\0" * size, b"\xff" * size, b"\x02" * size))
    file.write_bytes(content)


def _run(file: Path, statements: list[tuple[str, tuple[Any, ...]]]) -> None:
    with (
        contextlib.closing(sqlite3.connect(file)) as connection,
        contextlib.suppress(sqlite3.Error, OverflowError, ValueError),
    ):
        for statement, values in statements:
            connection.execute(statement, values)
        connection.commit()


def _list_tables(file: Path) -> dict[str, list[str]]:
    """Return the columns of every table."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            table: [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
            for table in tables
            if not table.startswith("sqlite_")
        }


def _change_rows(file: Path, dice: random.Random) -> None:
    tables = _list_tables(file)
    for _ in range(dice.randint(1, 3)):
        table = dice.choice(list(tables))
        value = dice.choice(NASTY_VALUES)
        stored = json.dumps(value, default=str) if isinstance(value, list | dict) else value
        where = "" if dice.random() < 0.3 else f' WHERE rowid = (SELECT rowid FROM "{table}" LIMIT 1)'  # noqa: S608
        _run(file, [(f'UPDATE "{table}" SET "{dice.choice(tables[table])}" = ?{where}', (stored,))])  # noqa: S608


def _change_shape(file: Path, dice: random.Random) -> None:
    tables = _list_tables(file)
    table = dice.choice(list(tables))
    column = dice.choice(tables[table])
    kept = f'ALTER TABLE "{table}" RENAME TO "{table}_"'
    statements = dice.choice((
        [f'DROP TABLE "{table}"'],
        [f'ALTER TABLE "{table}" DROP COLUMN "{column}"'],
        [f'ALTER TABLE "{table}" RENAME COLUMN "{column}" TO "{column}_"'],
        [f'ALTER TABLE "{table}" ADD COLUMN mine TEXT NOT NULL DEFAULT \'\''],
        [f'ALTER TABLE "{table}" ADD COLUMN mine TEXT CHECK (mine IS NOT NULL)'],
        [f'ALTER TABLE "{table}" ADD COLUMN mine AS ("{column}" || 1)'],
        [f'CREATE TRIGGER t AFTER INSERT ON "{table}" BEGIN DELETE FROM "{table}"; END'],  # noqa: S608
        [f'CREATE TRIGGER t BEFORE UPDATE ON "{table}" BEGIN SELECT RAISE(IGNORE); END'],
        [f'CREATE UNIQUE INDEX mine ON "{table}" ("{column}")'],
        [f'CREATE UNIQUE INDEX mine ON "{table}" (length("{column}"))'],
        [f'CREATE UNIQUE INDEX mine ON "{table}" ("{column}") WHERE "{column}" IS NULL'],
        [f'CREATE INDEX mine ON "{table}" (abs("{column}"))'],
        [kept, f'CREATE VIEW "{table}" AS SELECT * FROM "{table}_"'],  # noqa: S608
        [kept, f'CREATE TABLE "{table}" AS SELECT * FROM "{table}_"'],  # noqa: S608
        [kept, f'CREATE VIRTUAL TABLE "{table}" USING fts5({", ".join(tables[table])})'],
        ["CREATE VIEW endless AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n"],
        [f"CREATE TABLE t{number} (x)" for number in range(dice.choice((1, 1500)))],
        [f'DELETE FROM "{table}"'],  # noqa: S608
        ["UPDATE usher_version SET version_num = '0001'"],
        ["UPDATE usher_version SET version_num = 'of-the-future'"],
        ["INSERT INTO usher_version VALUES ('0002')"],
    ))  # fmt: skip
    _run(file, [(statement, ()) for statement in statements])


def _rewrite_schema(file: Path, dice: random.Random) -> None:
    """Change the text by which a table was made: what it does to the rows that are written to it."""
    table = dice.choice([name for name in _list_tables(file) if name != "usher_version"])
    change = dice.choice((
        "rtrim(sql, ')' || char(10)) || ', CHECK (0))'",
        "replace(sql, 'PRIMARY KEY', 'UNIQUE')",
        "replace(sql, 'NOT NULL', '')",
        "replace(sql, 'VARCHAR', 'VARCHAR COLLATE NOCASE')",
        "replace(sql, 'VARCHAR', 'VARCHAR UNIQUE ON CONFLICT IGNORE')",
        "replace(sql, 'FLOAT', 'BLOB')",
        "'CREATE TABLE ' || name || ' ('",
        "NULL",
    ))  # fmt: skip
    statement = f"UPDATE sqlite_master SET sql = {change} WHERE name = ?"  # noqa: S608 - from the list above
    _run(file, [("PRAGMA writable_schema = ON", ()), (statement, (table,))])


def _plant_bomb(file: Path, dice: random.Random) -> None:
    """Put a value into a row that takes very much memory, or very many rows into a table."""
    tables = _list_tables(file)
    table = dice.choice(["watches", "facts", "viewers", "viewer_stats", "checkpoint"])
    column = dice.choice(tables[table])
    long = f"CAST(zeroblob({BOMB}) AS TEXT)", f"zeroblob({BOMB})", f"hex(zeroblob({BOMB // 2}))"
    many = "INSERT INTO facts WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 200000) " \
        "SELECT 'mine' || x, hex(zeroblob(100)) FROM n"  # fmt: skip
    if dice.random() < 0.3:
        _run(file, [(many, ())])
    else:
        value = dice.choice(long)
        where = f'rowid = (SELECT rowid FROM "{table}" LIMIT 1)'  # noqa: S608
        _run(file, [(f'UPDATE "{table}" SET "{column}" = {value} WHERE {where}', ())])  # noqa: S608


def _put_beside(file: Path, dice: random.Random) -> None:
    """Put files beside it that SQLite takes for files of its own."""
    suffix = dice.choice(("-wal", "-journal", "-shm"))
    beside = file.with_name(file.name + suffix)
    magic = {"-wal": b"\x37\x7f\x06\x82", "-journal": b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", "-shm": b"\x18\xe2\x2d\x00"}
    content = dice.choice((dice.randbytes(5000), magic[suffix] + dice.randbytes(9000), b"", b"\0" * 4096))
    if dice.random() < 0.1:
        beside.mkdir()
    else:
        beside.write_bytes(content)


def _replace_file(file: Path, dice: random.Random) -> None:
    """Put something else in its place, by its name."""
    content = file.read_bytes()
    file.unlink()
    dice.choice(ODD)(file, content, dice)


def _pack(file: Path, dice: random.Random) -> None:
    """Compress it, or write it as SQL."""
    content = file.read_bytes()
    if dice.random() < 0.5:
        file.write_bytes(gzip.compress(content if dice.random() < 0.5 else b"\0" * 50_000_000))
        return
    with contextlib.closing(sqlite3.connect(file)) as connection:
        dump = "\n".join(connection.iterdump())
    file.write_text(dump, encoding="utf-8", errors="replace")


def _encode(file: Path, _dice: random.Random) -> None:
    """Have SQLite hold its texts in UTF-16."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        dump = "\n".join(connection.iterdump())
    file.unlink()
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA encoding = 'UTF-16le'")
        connection.executescript(dump)


def _leave(_file: Path, _dice: random.Random) -> None:
    """Change nothing: it changes while it is read."""


_KINDS: Final[Mapping[str, Callable[[Path, random.Random], None]]] = {
    "bytes": _change_bytes,
    "pages": _swap_pages,
    "header": _change_header,
    "rows": _change_rows,
    "more rows": _change_rows,
    "shape": _change_shape,
    "more shape": _change_shape,
    "schema": _rewrite_schema,
    "bomb": _plant_bomb,
    "beside": _put_beside,
    "odd": _replace_file,
    "packed": _pack,
    "encoding": _encode,
    "changing": _leave,
}
