"""Damaged folders for import, damaged backups and damaged badge files."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from awards import BadgesError, Totals, build_progress, find_newly_earned
from persistence.badge_files import DEFAULT, load_badges
from persistence.database import backup
from persistence.database.engine import sqlite_url
from persistence.database.errors import BackupError, ImportFault
from persistence.json_files.files import ALL
from persistence.operations.legacy_import import export, import_legacy_files, read_legacy_files
from persistence.store import Store
from tests.fuzz.mutation import NASTY_VALUES, damage_bytes, damage_value
from tests.fuzz.stores import build_store, use_store
from tests.fuzz.trial import Case
from tests.unit.persistence.record_builders import RULES, open_store


@contextmanager
def import_folders() -> Iterator[Case]:
    """Yield a case: a damaged export is refused as a whole, or read into a store that works."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        base = Path(name)
        build_store(base / "sound")
        with contextlib.closing(open_store(base / "sound")) as store:
            export(store, base / "export")
        sound = {file: (base / "export" / file).read_bytes() for file in ALL}

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
                return "refused"
            with contextlib.closing(open_store(data)) as store:
                import_legacy_files(store, files, 1_800_000_000.0)
                use_store(store)
            backup.verify(data / "usher.db")
            return "read"

        yield play


def _write_folder(folder: Path, sound: dict[str, bytes], dice: random.Random | None) -> None:
    folder.mkdir(parents=True)
    for name, content in sound.items():
        written = content
        if dice is not None and dice.random() < 0.4:
            if dice.random() < 0.8:
                document: Any = damage_value(json.loads(content), dice)
                text = json.dumps(document, default=str, ensure_ascii=dice.random() < 0.5)
                written = text.encode("utf-8", "surrogatepass")
            else:
                written = damage_bytes(content, dice)
        if dice is not None and dice.random() < 0.02:
            os.mkfifo(folder / name)
        elif dice is None or dice.random() > 0.03:
            (folder / name).write_bytes(written)


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
            damaged, target = base / "damaged.db", base / "target" / "usher.db"
            shutil.rmtree(target.parent, ignore_errors=True)
            target.parent.mkdir()
            shutil.copy(store, target)
            shutil.copy(sound, damaged)
            if seed >= 0:
                _damage_backup(damaged, dice)
            try:
                backup.restore(damaged, target)
            except BackupError as error:
                assert _digest(target) == before, "the store is not as it was"
                assert str(error)
                return "refused"
            with contextlib.closing(Store(sqlite_url(target), target.parent, RULES)) as restored:
                restored.repair_json_files()
                use_store(restored)
            return "restored"

        yield play


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _damage_backup(file: Path, dice: random.Random) -> None:
    if dice.random() < 0.4:
        content = bytearray(file.read_bytes())
        for _ in range(dice.randint(1, 6)):
            at = dice.randrange(len(content))
            content[at : at + dice.choice((1, 1, 4, 100, 4096))] = dice.randbytes(dice.choice((1, 1, 4, 100, 4096)))
        file.write_bytes(bytes(content[: dice.choice((len(content), len(content), dice.randrange(len(content)))) or 1]))
        return
    with (
        contextlib.closing(sqlite3.connect(file)) as connection,
        contextlib.suppress(sqlite3.Error, OverflowError, ValueError),
    ):
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for _ in range(dice.randint(1, 3)):
            table = dice.choice(tables)
            columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
            for statement, values in _choose_damage(table, dice.choice(columns), dice):
                connection.execute(statement, values)
        connection.commit()


def _choose_damage(table: str, column: str, dice: random.Random) -> list[tuple[str, tuple[Any, ...]]]:
    """Return statements, with their values, after which a table is not as it should be."""
    roll = dice.random()
    if roll < 0.6:
        value = dice.choice(NASTY_VALUES)
        stored = json.dumps(value, default=str) if isinstance(value, list | dict) else value
        where = "" if dice.random() < 0.3 else f' WHERE rowid = (SELECT rowid FROM "{table}" LIMIT 1)'  # noqa: S608
        return [(f'UPDATE "{table}" SET "{column}" = ?{where}', (stored,))]  # noqa: S608 - the store's own names
    if roll < 0.7:
        return [(f'DROP TABLE "{table}"', ())]
    if roll < 0.78:
        return [(f'ALTER TABLE "{table}" DROP COLUMN "{column}"', ())]
    if roll < 0.84:
        return [(f'CREATE TRIGGER t{dice.randrange(99)} AFTER INSERT ON "{table}" BEGIN SELECT 1; END', ())]
    if roll < 0.9:
        return [
            (f'ALTER TABLE "{table}" RENAME TO "{table}_"', ()),
            (f'CREATE VIEW "{table}" AS SELECT * FROM "{table}_"', ()),  # noqa: S608 - as above
        ]
    return [(f'DELETE FROM "{table}"', ())]  # noqa: S608 - as above


@contextmanager
def badge_files() -> Iterator[Case]:
    """Yield a case: a damaged badges file is refused with every mistake named, or its badges can be earned."""
    sound = DEFAULT.read_bytes()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        own = Path(name) / "badges.toml"

        def play(seed: int) -> str:
            dice = random.Random(seed)  # noqa: S311 - to be repeated by its seed
            own.unlink(missing_ok=True)
            if dice.random() < 0.02:
                os.mkfifo(own)
            else:
                own.write_bytes(sound if seed < 0 else damage_bytes(sound, dice))
            try:
                badges = load_badges(own.parent)
            except BadgesError as error:
                assert str(own) in str(error), "the file is not named"
                return "refused"
            totals = Totals(films=10, playing_s=1e6, days={"2026-11-20": 7200.0}, genres={"Drama": 3})
            find_newly_earned(badges, totals, ())
            build_progress(badges, totals, {}, {})
            return "read"

        yield play
