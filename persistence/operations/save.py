"""Saves statistics, badges and the checkpoint: at a tick, on command, at a stop."""

from collections.abc import Iterable

from sqlalchemy import Connection

from awards import Totals, add_watches
from messages import WatchRecord
from persistence.database.errors import SaveRefused
from persistence.records.checkpoint import (
    RunningWatch,
    drop_finished,
    drop_unwanted,
    read_viewers_watching,
    replace_checkpoint,
)
from persistence.records.links import NameSighting, update_display_names
from persistence.records.running_watches import RunningWatches, count_running
from persistence.records.saves import SaveResult, count_stored, record_save
from persistence.records.statistics import age_streaks, count_totals, read_totals, write_statistics
from persistence.records.viewers import read_directory, record_viewer
from persistence.rules import StatisticsRules
from persistence.store import Store


def save(store: Store, running: Iterable[RunningWatch] | None, at_s: float, reason: str) -> SaveResult:
    """Save statistics, badges and the checkpoint; with the reason "command" the history copy too.

    `running` is every running watch; None where that is not known: then the checkpoint stays as it is.
    Raises SaveFailed with nothing changed; CopiesFailed with the store saved.
    """
    with store.transaction() as connection:
        counted = None if running is None else write_checkpoint(connection, store.rules, running, at_s)
        update_statistics(connection, store.rules, counted, at_s)
        result = count_stored(connection, 0 if counted is None else len(counted.watches))
        record_save(connection, reason, result, at_s)
        plan = store.json_sync.plan(connection, history_anew=reason == "command")
    store.json_sync.apply(plan)
    return result


def find_unstorable(store: Store, running: Iterable[RunningWatch], at_s: float) -> dict[str, str]:
    """Return which running watches the store cannot hold, by watch_id, and why; each is tried, and none is kept."""
    reasons = {}
    for watch in running:
        try:
            with store.transaction() as connection:
                counted = write_checkpoint(connection, store.rules, [watch], at_s)
                update_statistics(connection, store.rules, counted, at_s)
                connection.rollback()
        except SaveRefused as error:
            reasons[watch.state.watch_id] = str(error)
    return reasons


def write_checkpoint(
    connection: Connection, rules: StatisticsRules, running: Iterable[RunningWatch], at_s: float
) -> RunningWatches:
    """Write the checkpoint of what still runs; return that as the watches of those for whom they count."""
    still = drop_unwanted(connection, drop_finished(connection, running), read_directory(connection))
    update_display_names(connection, [sight_name(watch.record) for watch in still])
    replace_checkpoint(connection, still, at_s)
    return count_running(connection, still, read_directory(connection), rules.thresholds)


def update_statistics(
    connection: Connection,
    rules: StatisticsRules,
    running: RunningWatches | None,
    at_s: float,
    *,
    finished: WatchRecord | None = None,
    is_added: bool = False,
) -> None:
    """Write statistics and badges: of those who watch now or just finished anew, of all others their age.

    `running`: None where it is not known. `finished`: the record of the watch that this save is for; `is_added` where
    nothing of it was counted before.
    """
    still = running or RunningWatches()
    for record in still.records:
        record_viewer(connection, record)
    age_streaks(connection, rules, at_s)
    viewers = {record.viewer_id for record in still.records}
    viewers |= set() if running is None else read_viewers_watching(connection)
    totals: dict[str, Totals] = {}
    if finished is not None:
        record_viewer(connection, finished)
        viewers.add(finished.viewer_id)
        if is_added and (before := read_totals(connection, finished.viewer_id)) is not None:
            totals[finished.viewer_id] = add_watches(before, [finished], rules.zone)
        else:
            totals[finished.viewer_id] = count_totals(connection, rules, finished.viewer_id)
    for viewer_id in viewers - totals.keys():
        totals[viewer_id] = read_totals(connection, viewer_id) or count_totals(connection, rules, viewer_id)
    # Others whose figures change in this save earned their badges in what they watch themselves.
    earned_in = {finished.viewer_id: finished.screening_id} if finished is not None else {}
    write_statistics(connection, rules, totals, still, at_s, earned_in=earned_in)


def sight_name(record: WatchRecord) -> NameSighting:
    """Return under which name a watch saw its viewer."""
    return NameSighting(record.viewer_id, record.username, record.started_at_s)
