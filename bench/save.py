"""How long an auto-save takes with 0, 10,000 and 1,000,000 rows of history: it must not grow with them.

200 viewers with three years of days, 40 of them watching. Run: python -m bench.save
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

from awards import Totals
from messages import Item, Moment, WatchRecord, WatchState
from messages.base import DurationMs, PositionMs
from persistence.badge_files import default_badges
from persistence.database.sql import add_to_history_count
from persistence.database.tables import WATCHES
from persistence.operations.finish_watch import finish_watch
from persistence.operations.legacy_files import LegacyFiles, LegacyViewer
from persistence.operations.legacy_import import import_legacy_files
from persistence.operations.save import save
from persistence.records.checkpoint import RunningWatch
from persistence.rules import StatisticsRules
from persistence.store import Store

SIZES = (0, 10_000, 1_000_000)
VIEWERS, WATCHING, ROUNDS = 200, 40, 15
NOW_S = 1_795_204_800.0
FILM = Item("srv", "1", "movie", "Film", 1999, DurationMs(7_200_000), ("Drama", "Comedy"), ("Somebody Somewhere",))


def run(sizes: tuple[int, ...] = SIZES) -> dict[str, Any]:
    """Return median milliseconds of an auto-save and a finish at each size, and the ratio of largest to smallest."""
    found = {size: _measure(size) for size in sizes}
    saves = [figures["auto_save_ms"] for figures in found.values()]
    return {"rows": found, "ratio": max(saves) / min(saves)}


def _measure(size: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder, _open_store(Path(folder)) as store:
        _fill(store, size)
        running = [_running(number) for number in range(WATCHING)]
        save(store, running, NOW_S, "auto")
        saves = [_time_work(lambda: save(store, running, NOW_S, "auto")) for _ in range(ROUNDS)]
        finishes = [_time_finish(store, _record(f"f{number}", number)) for number in range(ROUNDS)]
    return {
        "auto_save_ms": statistics.median(saves),
        "auto_save_worst_ms": max(saves),
        "finish_ms": statistics.median(finishes),
        "finish_worst_ms": max(finishes),
    }


def _time_work(work: Any) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _time_finish(store: Store, record: WatchRecord) -> float:
    return _time_work(lambda: finish_watch(store, record, Moment(NOW_S, 1.0), record.watch_id, [], NOW_S))


@contextmanager
def _open_store(folder: Path) -> Iterator[Store]:
    store = Store(
        f"sqlite:///{folder / 'usher.db'}", folder, StatisticsRules(ZoneInfo("UTC"), default_badges(), 80.0, 60.0)
    )
    try:
        yield store
    finally:
        store.close()


def _fill(store: Store, size: int) -> None:
    """Insert viewers with three years of days, and this many rows of history, which SQL generates."""
    days = {(date(2023, 11, 1) + timedelta(days=n)).isoformat(): 0.0 for n in range(0, 1100, 2)}
    names = {f"Director {n}": 1 for n in range(150)}
    past = Totals(films=500, playing_s=3.6e6, days=days, directors=names, genres={f"G{n}": 9 for n in range(20)})
    viewers = tuple(LegacyViewer(f"{n}", f"Viewer {n}", past, 0, 0, 0) for n in range(VIEWERS))
    import_legacy_files(store, LegacyFiles(viewers, (), (), ()), NOW_S)
    finish_watch(store, _record("template", 0), Moment(NOW_S, 1.0), "m", [], NOW_S)
    made = {"watch_id": "'h' || n", "seq": "n + 1", "viewer_id": f"(n % {VIEWERS}) || ''", "ended_at_s": "1.6e9 + n"}
    columns = [column.name for column in WATCHES.columns]
    chosen = ", ".join(made.get(name, name) for name in columns)
    with store.transaction() as connection:
        connection.execute(
            text(
                f"WITH RECURSIVE many(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < :size) "  # noqa: S608  # names of our own columns
                f"INSERT INTO watches ({', '.join(columns)}) SELECT {chosen} FROM many, watches "
                "WHERE watch_id = 'template' AND :size > 0"
            ),
            {"size": size},
        )
        add_to_history_count(connection, size, size + 1)


def _record(watch_id: str, viewer: int) -> WatchRecord:
    return WatchRecord(
        watch_id, "s1", f"{viewer}", f"Viewer {viewer}", "voice", FILM, "movie", NOW_S - 3600, NOW_S,
        PositionMs(0), PositionMs(3_600_000), 3600.0, 0.0, ((0, 3_600_000),), DurationMs(3_600_000), 50.0,
        False, False, "left",
    )  # fmt: skip


def _running(viewer: int) -> RunningWatch:
    record, at = _record(f"r{viewer}", viewer), Moment(NOW_S, 1.0)
    state = WatchState(
        record.watch_id, "s1", record.viewer_id, record.username, "voice", FILM, "1", "1", "tv", NOW_S - 3600,
        PositionMs(0), PositionMs(3_600_000), "playing", at, at,
    )  # fmt: skip
    return RunningWatch(state, record)


def main() -> None:
    """Print the table."""
    result = run()
    for size, figures in result["rows"].items():
        print(f"{size:>9,} rows  " + "  ".join(f"{name} {value:7.1f}" for name, value in figures.items()))
    print(f"largest by smallest: {result['ratio']:.2f}")


if __name__ == "__main__":
    main()
