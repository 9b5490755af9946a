"""Damaged folders and databases for import."""

from __future__ import annotations

import contextlib
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
from persistence.database.errors import ImportFault
from persistence.json_files.files import ALL
from persistence.json_files.film_choices import CHOICES
from persistence.operations.legacy_import import export, import_legacy_files, read_legacy_files
from persistence.tautulli.database import open_tautulli
from persistence.tautulli.importer import choose_server, import_tautulli
from persistence.watch_import import ImportRules
from tests.fuzz.mutation import NASTY_VALUES, damage_bytes, damage_value
from tests.fuzz.odd_files import ODD, encode_otherwise
from tests.fuzz.stores import build_store, use_store
from tests.fuzz.trial import Case, forget_peak
from tests.integration.store.tautulli_file import BEGAN, write_tautulli
from tests.unit.persistence.record_builders import RULES, open_store

DAY = "2026-11-20T20:00:00+00:00"
CHOSEN: Final[Mapping[str, Any]] = {
    "suggestions": [{"suggestion_id": "s1", "title": "Metropolis", "suggested": DAY, "year": 1927}],
    "wishes": [{"suggestion_id": "s1", "viewer_id": "501", "username": "Ann", "since": DAY}],
    "ratings": [],
    "votes": [],
}  # fmt: skip
NUMBERS: Final = (
    "1e400", "-1e400", "1e-400", "9" * 19, "9" * 20, "9" * 21, "9" * 5000, "-0", "-0.0", "0." + "1" * 3000, "1E+99",
    "0x10", "1_000", "+1", "01", ".5", "5.", "NaN", "-Infinity", "1e1e1", str(2**53 + 1), str(2**63), str(-(2**63)),
)  # fmt: skip


@contextmanager
def import_folders() -> Iterator[Case]:
    """Yield a case: a damaged export is refused as a whole, or read into a store that works."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        base = Path(name)
        build_store(base / "sound")
        with contextlib.closing(open_store(base / "sound")) as store:
            export(store, base / "export")
        sound = {file: (base / "export" / file).read_bytes() for file in ALL}
        sound[CHOICES] = json.dumps(CHOSEN).encode()

        def play(seed: int) -> str:
            dice = random.Random(seed)  # noqa: S311 - to be repeated by its seed
            work = base / "work"
            shutil.rmtree(work, ignore_errors=True)
            _write_folder(work / "import", sound, dice if seed >= 0 else None)
            data = work / "data"
            data.mkdir()
            try:
                files = read_legacy_files(work / "import", RULES)
            except ImportFault as error:
                assert str(work) in str(error), "the file is not named"
                assert not list(data.iterdir()), "something was changed"
                return "refused"
            with contextlib.closing(open_store(data)) as store:
                import_legacy_files(store, files, 1_800_000_000.0)
                use_store(store)
            backup.verify(data / "usher.db")
            return "read"

        yield play


def _write_folder(folder: Path, sound: Mapping[str, bytes], dice: random.Random | None) -> None:
    folder.mkdir(parents=True)
    for name, content in sound.items():
        if dice is None or dice.random() > 0.4:
            (folder / name).write_bytes(content)
        elif dice.random() < 0.15:
            dice.choice(ODD)(folder / name, content, dice)
        else:
            (folder / name).write_bytes(dice.choice(_WOUNDS)(content, dice))


def _change_values(content: bytes, dice: random.Random) -> bytes:
    document: Any = json.loads(content)
    for _ in range(dice.choice((1, 1, 1, 3, 20))):
        document = damage_value(document, dice)
    return json.dumps(document, default=str, ensure_ascii=dice.random() < 0.5).encode("utf-8", "surrogatepass")


def _swap_fields(content: bytes, dice: random.Random) -> bytes:
    """Give the fields of one record each other's values."""
    document = json.loads(content)
    entry = document
    while isinstance(entry, dict | list) and entry:
        below = list(entry.values()) if isinstance(entry, dict) else entry
        deeper = [child for child in below if isinstance(child, dict | list) and child]
        if not deeper or dice.random() < 0.3:
            break
        entry = dice.choice(deeper)
    if isinstance(entry, dict):
        values = list(entry.values())
        dice.shuffle(values)
        entry.update(zip(list(entry), values, strict=True))
    return json.dumps(document).encode()


def _keep_part(content: bytes, dice: random.Random) -> bytes:
    """Keep some of the entries, or the beginning of the file: a copy that was broken off."""
    if dice.random() < 0.5:
        return content[: dice.randrange(len(content) + 1)]
    document = json.loads(content)
    if isinstance(document, list):
        return json.dumps([entry for entry in document if dice.random() < 0.5]).encode()
    return json.dumps({key: value for key, value in document.items() if dice.random() < 0.5}).encode()


def _put_number(content: bytes, dice: random.Random) -> bytes:
    """Write an odd number in the place of one."""
    number = dice.choice(NUMBERS).encode()
    places = [at for at in range(1, len(content)) if content[at : at + 1].isdigit() and content[at - 1 : at] == b" "]
    if not places:
        return number
    at = dice.choice(places)
    end = at
    while content[end : end + 1].isdigit():
        end += 1
    return content[:at] + number + content[end:]


def _nest(content: bytes, dice: random.Random) -> bytes:
    """Wrap the document, or a value in it, in very many others."""
    depth = dice.choice((17, 33, 200, 2000, 200_000))
    opening, closing = dice.choice((("[", "]"), ('{"a":', "}")))
    wrapped = opening * depth + ("1" if dice.random() < 0.5 else content.decode()) + closing * depth
    return wrapped.encode() if dice.random() < 0.5 else content.replace(b"null", wrapped.encode(), 1)


def _repeat_keys(content: bytes, dice: random.Random) -> bytes:
    return content.replace(b'"username"', b'"user_id"', 1) if dice.random() < 0.5 else content + content


def _lengthen(content: bytes, dice: random.Random) -> bytes:
    """Write one text, or one record, very many times."""
    long = (dice.choice(("x", "🎬", "\\u0000", "\\ud83c")) * dice.choice((1000, 100_000))).encode()
    at = content.find(b'"', dice.randrange(len(content)))
    return content[: at + 1] + long + content[at + 1 :]


_WOUNDS: Final[tuple[Callable[[bytes, random.Random], bytes], ...]] = (
    _change_values, _change_values, _change_values, damage_bytes, damage_bytes, _swap_fields, _keep_part, _put_number,
    _nest, _repeat_keys, _lengthen, encode_otherwise,
)  # fmt: skip


@contextmanager
def tautulli_files() -> Iterator[Case]:
    """Yield a case: a damaged database of Tautulli's is refused by name, or read into a store that works."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        base = Path(name)
        rows = [{"id": n, "user_id": 7 + n % 3, "started": BEGAN + 86_400 * n} for n in range(1, 40)]
        sound = write_tautulli(base / "sound.db", rows).read_bytes()

        def play(seed: int) -> str:
            dice = random.Random(seed)  # noqa: S311 - to be repeated by its seed
            work = base / "work"
            shutil.rmtree(work, ignore_errors=True)
            (work / "data").mkdir(parents=True)
            file = work / "tautulli.db"
            file.write_bytes(sound)
            if seed >= 0:
                _damage_database(file, sound, dice)
                forget_peak()
            try:
                _bring(file, work / "data")
            except ImportFault as error:
                assert str(file) in str(error) or "--server" in str(error), "the file is not named"
                return "refused"
            return "read"

        yield play


def _bring(file: Path, data: Path) -> None:
    with open_tautulli(file) as database, contextlib.closing(open_store(data)) as store:
        before = store.read_resumable(0.0)
        rules = ImportRules(choose_server(database, ""), frozenset({"movie", "episode"}), frozenset())
        try:
            import_tautulli(store, database, rules, at_s=BEGAN + 86_400.0 * 400)
        except ImportFault:
            assert store.read_resumable(0.0) == before, "a part of it was brought in"
            raise
        use_store(store)
    backup.verify(data / "usher.db")


def _damage_database(file: Path, sound: bytes, dice: random.Random) -> None:
    roll = dice.random()
    if roll < 0.12:
        file.unlink()
        dice.choice(ODD)(file, sound, dice)
    elif roll < 0.4:
        content = bytearray(sound)
        for _ in range(dice.randint(1, 8)):
            at = dice.randrange(len(content))
            piece = dice.randbytes(dice.choice((1, 1, 4, 100, 4096)))
            content[at : at + len(piece)] = piece
        file.write_bytes(content[: dice.choice((len(content), len(content), dice.randrange(len(content))))])
    else:
        with (
            contextlib.closing(sqlite3.connect(file)) as connection,
            contextlib.suppress(sqlite3.Error, OverflowError, ValueError),
        ):
            for _ in range(dice.randint(1, 4)):
                _change_table(connection, dice)
            connection.commit()


def _change_table(connection: sqlite3.Connection, dice: random.Random) -> None:
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    table = dice.choice([name for name in tables if not name.startswith("sqlite_")])
    column = dice.choice([row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')])
    roll = dice.random()
    if roll < 0.65:
        value = dice.choice(NASTY_VALUES)
        stored = json.dumps(value, default=str) if isinstance(value, list | dict) else value
        where = "" if dice.random() < 0.5 else " WHERE rowid % 3 = 0"
        connection.execute(f'UPDATE OR IGNORE "{table}" SET "{column}" = ?{where}', (stored,))  # noqa: S608
    elif roll < 0.72:
        connection.execute(f'DROP TABLE "{table}"')
    elif roll < 0.8:
        connection.execute(f'ALTER TABLE "{table}" DROP COLUMN "{column}"')
    elif roll < 0.88:
        connection.execute(f'ALTER TABLE "{table}" RENAME TO "{table}_"')
        endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS id FROM n"
        connection.execute(f'CREATE VIEW "{table}" AS {dice.choice((f"SELECT * FROM {table}_", endless))}')  # noqa: S608
    else:
        size = dice.choice((1000, 2_000_000, 60_000_000))
        connection.execute(f'UPDATE "{table}" SET "{column}" = zeroblob({size}) WHERE rowid = 1')  # noqa: S608
