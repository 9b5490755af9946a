"""What finished watches and auto-saves cost the store: statements, and time beside that of a plain commit.

`python -m bench store` creates a store with 10,000 viewers, each with three years of days, and 20,000 records;
`python -m bench.store 1000000` one with a million records. The reference is a transaction that inserts one row, on the
same disk in the same run. CPU is that of this process: on a busy machine it says more than the time.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from msgspec.structs import replace
from sqlalchemy import event, text

from actors.persistence.reported_watches import ReportedWatches
from bench.answers import make_totals
from bench.save import NOW_S, _record, _running
from messages import LinkAccount, Moment, ServersReported, WatchesReported, WatchRecord, WatchState
from messages.base import PositionMs
from persistence.badge_files import default_badges
from persistence.database.sql import add_to_history_count
from persistence.database.tables import WATCHES
from persistence.operations.finish_watch import EndedWatch, finish_watches
from persistence.operations.link import link
from persistence.operations.save import save
from persistence.records.checkpoint import RunningWatch
from persistence.records.running_watches import RunningWatches
from persistence.records.statistics import write_statistics
from persistence.rules import StatisticsRules
from persistence.store import Store

VIEWERS, RECORDS = 10_000, 20_000
FILMS = 3_000


class Figures(NamedTuple):
    """Milliseconds, and statements."""

    median: float
    worst: float
    cpu: float
    """Median CPU time of this process."""
    statements: int


class _Counter:
    """Counts the statements of a store."""

    def __init__(self, store: Store) -> None:
        self.count = 0
        event.listen(store._writer, "before_cursor_execute", self._note)

    def _note(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        self.count += not statement.startswith("BEGIN")


def run(records: int = RECORDS, viewers: int = VIEWERS) -> dict[str, Figures]:
    """Return the figures of each row of the table."""
    with tempfile.TemporaryDirectory() as folder, open_bench_store(Path(folder)) as store:
        fill(store, records, viewers)
        counter = _Counter(store)
        rows = {"one row, committed": _measure(counter, 20, lambda n: _commit_row(store, n))}
        few, many = [_running(n) for n in range(40)], [_running(n) for n in range(10_000)]
        rows["auto-save, 40 running"] = _measure(counter, 10, lambda n: save(store, few, NOW_S + n, "auto"))
        rows["finish"] = _measure(counter, 20, lambda n: _finish(store, [_make_ended(f"f{n}", n + 100)], few))
        for number in range(20):
            _finish(store, [_make_ended(f"g{number}", number + 200)], few)
        rows["finish, resumed"] = _measure(
            counter, 20, lambda n: _finish(store, [_make_resumed(f"g{n}", n + 200)], few)
        )
        for member in ("1", "300"):
            with store.change(NOW_S) as change:
                link(change, LinkAccount(f"plex:srv:{member}", "", member, f"Viewer {member}", "1"), NOW_S)
        rows["finish, linked"] = _measure(counter, 20, lambda n: _finish(store, [_make_ended(f"l{n}", 300)], few))
        rows["finish, linked, watches more"] = _measure(
            counter, 20, lambda n: _finish(store, [_make_ended(f"m{n}", 1)], few)
        )
        for count in (40, 100):
            rows[f"{count} finishes at once"] = _measure(counter, 5, lambda n, c=count: _end_night(store, n, c, few))
        reported = ReportedWatches(80.0, 60.0)
        rows["auto-save, 10,000 running"] = _measure(counter, 4, lambda n: _save_reported(store, reported, many, n))
        rows["finish, 10,000 running"] = _measure(
            counter, 10, lambda n: _finish(store, [_make_ended(f"b{n}", n)], many)
        )
        rows["1,000 finishes, 10,000 running"] = _measure(counter, 1, lambda _: _end_all(store, many))
    return rows


def _measure(counter: _Counter, rounds: int, work: Callable[..., object]) -> Figures:
    taken, used = [], []
    for number in range(rounds):
        counter.count, began, began_cpu = 0, time.perf_counter(), time.process_time()
        work(number)
        taken.append((time.perf_counter() - began) * 1000)
        used.append((time.process_time() - began_cpu) * 1000)
    return Figures(statistics.median(taken), max(taken), statistics.median(used), counter.count)


def _end_night(store: Store, night: int, count: int, running: list[RunningWatch]) -> None:
    """Store a night's end, at which this many viewers leave at the same moment."""
    _finish(store, [_make_ended(f"n{count}-{night}-{viewer}", viewer) for viewer in range(count)], running)


def _end_all(store: Store, running: list[RunningWatch]) -> None:
    """End a thousand watches at the same moment, stored as the actor does it."""
    for start in range(0, 1000, 250):
        _finish(store, [_make_ended(f"t{viewer}", viewer) for viewer in range(start, start + 250)], running)


def _commit_row(store: Store, number: int) -> None:
    with store.transaction() as connection:
        connection.execute(text("INSERT INTO facts (name, value) VALUES (:name, 'x')"), {"name": f"bench{number}"})


def _save_reported(store: Store, reported: ReportedWatches, running: list[RunningWatch], number: int) -> None:
    """Handle the tracker's reports of a thousand servers, and save them, as the actor does at a tick."""
    at = Moment(NOW_S + 50 + number, 50.0 + number)
    servers: dict[str, list[WatchState]] = {}
    for place, (state, _) in enumerate(running):
        servers.setdefault(f"srv{place % 1000}", []).append(
            replace(state, seen=at, position_ms=PositionMs(3_600_000 + number), playing_s=3600.0 + number)
        )
    for server_id, states in servers.items():
        reported.take(WatchesReported(at, tuple(states), (), server_id))
    reported.take_servers(ServersReported(at, tuple(servers)))
    save(store, reported.running(), at.wall_s, "auto")


def _make_ended(watch_id: str, viewer: int) -> EndedWatch:
    return _as_ended(replace(_record(watch_id, viewer), started_at_s=NOW_S - 3600 + len(watch_id)))


def _make_resumed(watch_id: str, viewer: int) -> EndedWatch:
    """Return a stored watch with more playing time."""
    record = _make_ended(watch_id, viewer).record
    return _as_ended(replace(record, playing_s=record.playing_s + 30.0, ended_at_s=NOW_S + 40.0))


def _as_ended(record: WatchRecord) -> EndedWatch:
    return EndedWatch(record, Moment(NOW_S + 60, 100.0), f"m-{record.watch_id}-{record.playing_s}")


def finish_one(store: Store, watch_id: str, viewer: int) -> float:
    """End a watch; return how long storing it takes, milliseconds."""
    began = time.perf_counter()
    _finish(store, [_make_ended(watch_id, viewer)], [])
    return (time.perf_counter() - began) * 1000


def _finish(store: Store, ended: list[EndedWatch], running: list[RunningWatch]) -> None:
    finish_watches(store, ended, running, NOW_S)


@contextmanager
def open_bench_store(folder: Path) -> Iterator[Store]:
    """Open a store in a folder."""
    rules = StatisticsRules(ZoneInfo("UTC"), default_badges(), 80.0, 60.0)
    store = Store(f"sqlite:///{folder / 'usher.db'}", folder, rules)
    try:
        yield store
    finally:
        store.close()


def fill(store: Store, records: int, viewers: int) -> None:
    """Fill a store: viewers with years of days, and this many records, which SQL generates; copies as usual.

    The summaries do not include them: a finish costs the same whatever the summaries contain.
    """
    _finish(store, [_make_ended(f"v{number}", number) for number in range(viewers)], [])
    with store.transaction() as connection:
        totals = {str(number): make_totals(number) for number in range(viewers)}
        write_statistics(connection, store.rules, totals, RunningWatches(), NOW_S, announce=False)
    store.json_sync.forget_viewers()
    made = {"watch_id": "'h' || n", "seq": f"n + {viewers}", "viewer_id": f"(n % {viewers}) || ''",
            "identity": f"(n % {viewers}) || ''", "rating_key": f"(n % {FILMS}) || ''",
            "ended_at_s": "1.6e9 + n", "started_at_s": "1.6e9 + n - 3600", "closed_wall_s": "1.6e9 + n"}  # fmt: skip
    columns = [column.name for column in WATCHES.columns]
    chosen = ", ".join(made.get(name, name) for name in columns)
    with store.transaction() as connection:
        connection.execute(
            text(
                f"WITH RECURSIVE many(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < :size) "  # noqa: S608  # names of our own columns
                f"INSERT INTO watches ({', '.join(columns)}) SELECT {chosen} FROM many, watches WHERE watch_id = 'v0'"
            ),
            {"size": records},
        )
        add_to_history_count(connection, records, records + viewers)
        connection.execute(text("UPDATE facts SET value = 'null' WHERE name = 'copy:watch_history.json'"))
    store.repair_json_files()


def main() -> None:
    """Print the table."""
    records = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdigit() else RECORDS
    rows = run(records)
    reference = rows["one row, committed"].median
    print(f"{VIEWERS:,} viewers, {records:,} records")
    for name, (median, worst, cpu, count) in rows.items():
        print(
            f"{name:32} {median:9.1f} ms  worst {worst:9.1f} ms  CPU {cpu:9.1f} ms  {count:6} statements"
            f"  {median / reference:7.1f} x"
        )


if __name__ == "__main__":
    main()
