"""Saves statistics, badges and the checkpoint: at a tick, on command, at a stop."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection

from messages import WatchRecord
from persistence.database.errors import SaveRefused
from persistence.database.sql import split_batches
from persistence.json_files.sync import ViewerCopy
from persistence.records.change_set import ChangeSet
from persistence.records.checkpoint import (
    RunningWatch,
    drop_finished,
    drop_unwanted,
    read_progress,
    read_viewers_watching,
    replace_checkpoint,
)
from persistence.records.known_viewers import KnownViewers, read_badges, read_known_viewers
from persistence.records.links import NameSighting, update_display_names
from persistence.records.running_watches import RunningWatches, count_running
from persistence.records.saves import SaveResult, count_stored, record_save
from persistence.records.statistics import (
    SettledFigures,
    WrittenStatistics,
    age_streaks,
    count_totals,
    write_statistics,
)
from persistence.records.steady_viewers import write_longer
from persistence.records.viewers import read_directory, record_viewers
from persistence.rules import StatisticsRules
from persistence.store import Store


def save(store: Store, running: Iterable[RunningWatch] | None, at_s: float, reason: str) -> SaveResult:
    """Save statistics, badges and the checkpoint; with the reason "command" the history copy too.

    `running`: every running watch; None if not known: then the checkpoint stays unchanged.
    Raises SaveFailed with nothing changed; CopiesFailed with the store saved.
    """
    with store.transaction(keeps_figures=True) as connection:
        change = ChangeSet.begin(connection, store.rules)
        counted = RunningWatches()
        names: set[str] = set()
        if running is not None:
            counted, names = _write_checkpoint(connection, store.rules, running, at_s)
        viewers = {record.viewer_id for record in counted.records}
        if running is not None:
            viewers |= read_viewers_watching(connection)  # from the last save: they may have stopped
        by_viewer, today = counted.by_viewer(), store.rules.today(at_s)
        longer = store.steady_viewers.take_longer(by_viewer, today)
        write_longer(connection, longer, at_s)
        written = _write_running(connection, store.rules, by_viewer, viewers - longer.keys(), at_s)
        age_streaks(connection, store.rules, at_s)
        counts = count_stored(connection)
        result = SaveResult(
            counts.users,
            change.facts.history_count,
            counts.badges,
            len(counted.watches),
            has_new_badges=written.has_new_badges,
            has_new_names=bool(names),
        )
        record_save(connection, reason, result, at_s)
        plan = store.json_sync.plan(
            change,
            at_s,
            history_anew=reason == "command",
            viewers=written.copies,
            watch_times={viewer_id: each.total_watch_time_s for viewer_id, each in longer.items()},
        )
        change.facts.flush()
    store.counts = counts
    store.steady_viewers.remember(by_viewer, written.settled, today, store.rules.zone)
    store.json_sync.apply(plan)
    return result


def find_unstorable(store: Store, running: Iterable[RunningWatch], at_s: float) -> dict[str, str]:
    """Return the running watches that the store cannot store, by watch_id, with the reason; the test is rolled back."""
    watches = list(running)
    try:
        with store.transaction() as connection:
            counted, _ = _write_checkpoint(connection, store.rules, watches, at_s)
            viewers = {record.viewer_id for record in counted.records}
            _write_running(connection, store.rules, counted.by_viewer(), viewers, at_s)
            connection.rollback()
    except SaveRefused as error:
        if len(watches) == 1:
            return {watches[0].state.watch_id: str(error)}
        half = len(watches) // 2
        return find_unstorable(store, watches[:half], at_s) | find_unstorable(store, watches[half:], at_s)
    return {}


def _write_checkpoint(
    connection: Connection, rules: StatisticsRules, running: Iterable[RunningWatch], at_s: float
) -> tuple[RunningWatches, set[str]]:
    """Write the watches that still run into the checkpoint; return them attributed to their viewers, and the members
    whose name changed.
    """
    people = read_directory(connection)
    watches = list(running)
    stored = read_progress(connection, (watch.state.watch_id for watch in watches))
    still = drop_unwanted(connection, drop_finished(watches, stored), people)
    names = update_display_names(connection, [sight_name(watch.record) for watch in still], people.links.values())
    if names:
        people = read_directory(connection)
    replace_checkpoint(connection, still, at_s)
    return count_running(connection, still, stored, people, rules.thresholds), names


class _Written(msgspec.Struct):
    """The result of writing viewers."""

    copies: dict[str, ViewerCopy] = msgspec.field(default_factory=dict)
    """The new content of the JSON copies for each."""
    settled: dict[str, SettledFigures] = msgspec.field(default_factory=dict)
    has_new_badges: bool = False


def _write_running(
    connection: Connection,
    rules: StatisticsRules,
    by_viewer: Mapping[str, RunningWatches],
    viewer_ids: Iterable[str],
    at_s: float,
) -> _Written:
    """Write the statistics and badges of viewers, including their running watches.

    It works in batches, because totals with years of days are too large to hold for all viewers.
    """
    result = _Written()
    for some in split_batches(sorted(viewer_ids)):
        theirs = RunningWatches(tuple(watch for each in some if each in by_viewer for watch in by_viewer[each].watches))
        known = read_known_viewers(connection, some)
        known.rows |= record_viewers(connection, theirs.records, known.rows)
        viewers = sorted(known.rows.keys() | known.totals.keys())
        totals = {each: known.totals.get(each) or count_totals(connection, rules, each) for each in viewers}
        written = write_statistics(connection, rules, totals, theirs, at_s, known=known)
        read_badges(connection, known, sorted({badge["viewer_id"] for badge in written.new_badges}))
        result.copies |= gather_copies(known, written)
        result.settled |= written.settled
        result.has_new_badges |= bool(written.new_badges)
    return result


def gather_copies(known: KnownViewers, written: WrittenStatistics) -> dict[str, ViewerCopy]:
    """Return the new content of the JSON copies for the viewers whose statistics were written."""
    won: dict[str, list[Mapping[str, Any]]] = {}
    for badge in written.new_badges:
        won.setdefault(badge["viewer_id"], []).append(badge)
    copies = {}
    for row in written.rows:
        viewer_id = row["viewer_id"]
        badges = None
        if viewer_id in won:
            held = known.badges.get(viewer_id, {})
            named = {badge_id: {"badge_id": badge_id, **badge._asdict()} for badge_id, badge in held.items()}
            badges = list((named | {badge["badge_id"]: badge for badge in won[viewer_id]}).values())
        copies[viewer_id] = ViewerCopy(known.rows[viewer_id] | row, badges)
    return copies


def sight_name(record: WatchRecord) -> NameSighting:
    """Return the name of a watch's viewer, with the watch's start."""
    return NameSighting(record.viewer_id, record.username, record.started_at_s)
