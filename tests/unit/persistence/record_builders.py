"""Watches, states and stores for tests, in one line each."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from msgspec.structs import replace
from sqlalchemy import select

from messages import Answer, Item, Moment, Question, WatchRecord, WatchState
from messages.base import DurationMs, PositionMs
from persistence.badge_files import default_badges
from persistence.database.tables import VIEWER_STATS
from persistence.operations.finish_watch import finish_watch
from persistence.queries.answers import load_answers
from persistence.records.checkpoint import RunningWatch
from persistence.rules import StatisticsRules
from persistence.store import Store

AnswerT = TypeVar("AnswerT", bound=Answer)
EVENING = datetime(2026, 11, 20, 20, 0, tzinfo=UTC).timestamp()
"""A Friday, 20:00 UTC."""
DAY = 86400.0
FILM = Item(
    server_id="srv",
    rating_key="100",
    kind="movie",
    title="Alien",
    year=1979,
    duration_ms=DurationMs(7_200_000),
    genres=("Horror", "Science Fiction"),
    directors=("Ridley Scott",),
)
RULES = StatisticsRules(ZoneInfo("UTC"), default_badges(), watched_percent=80.0, min_watch_s=60.0)


def record(watch_id: str = "w1", viewer_id: str = "501", item: Item = FILM, **changes: Any) -> WatchRecord:
    """Return the record of a whole film seen from 20:00 to 22:00; `changes` replace fields."""
    whole = WatchRecord(
        watch_id=watch_id,
        screening_id="s1",
        viewer_id=viewer_id,
        username=f"name {viewer_id}",
        source="voice",
        item=item,
        media_type=item.kind,
        started_at_s=EVENING,
        ended_at_s=EVENING + 7200,
        join_position_ms=PositionMs(0),
        leave_position_ms=PositionMs(7_200_000),
        playing_s=7200.0,
        paused_s=0.0,
        spans=((0, 7_200_000),),
        coverage_ms=DurationMs(7_200_000),
        completion_percent=100.0,
        completed=True,
        brief=False,
        end_reason="ended",
    )
    return replace(whole, **changes)


def state(of: WatchRecord, seen_s: float | None = None) -> WatchState:
    """Return a running watch as it would be when `of` is its record so far."""
    at = Moment(seen_s or of.ended_at_s, (seen_s or of.ended_at_s) - EVENING)
    return WatchState(
        watch_id=of.watch_id,
        screening_id=of.screening_id,
        viewer_id=of.viewer_id,
        username=of.username,
        source=of.source,
        item=of.item,
        session_key="1",
        account_id="1",
        machine_id="tv",
        started_at_s=of.started_at_s,
        join_position_ms=of.join_position_ms,
        position_ms=of.leave_position_ms,
        state="playing",
        seen=at,
        advanced=at,
        playing_s=of.playing_s,
        spans=of.spans,
    )


def running(*records: WatchRecord) -> list[RunningWatch]:
    """Return watches that run, by their records so far."""
    return [RunningWatch(state(each), each) for each in records]


def ask(store: Store, asked: Question[AnswerT], *records: WatchRecord, at_s: float = EVENING) -> AnswerT:
    """Return the answer to a question, from the store and from what runs, by its records so far."""
    answer = load_answers()[type(asked)]
    with store.snapshot(running(*records), at_s) as snapshot:
        found = answer(asked, snapshot)
    assert isinstance(found, asked.answer_type)
    return found  # type: ignore[return-value] # an answer of the question's own class


def closes(of: WatchRecord) -> Moment:
    """Return when the tracker closed a watch: half a minute after its end."""
    return Moment(of.ended_at_s + 30, of.ended_at_s + 30 - EVENING)


def open_store(folder: Path, rules: StatisticsRules = RULES) -> Store:
    """Open the store of a data folder as the actor does, copies looked after."""
    store = Store(f"sqlite:///{folder / 'usher.db'}", folder, rules)
    store.repair_json_files()
    return store


def finish(store: Store, *records: WatchRecord, at_s: float | None = None) -> None:
    """Store finished watches, each by a message of its own."""
    for each in records:
        finish_watch(store, each, closes(each), f"m-{each.watch_id}", [], at_s or each.ended_at_s + 31)


def read_hours(store: Store) -> dict[str, float]:
    """Seconds watched by each viewer."""
    with store.reader.connect() as connection:
        return dict(connection.execute(select(VIEWER_STATS.c.viewer_id, VIEWER_STATS.c.total_watch_time_s)).all())
