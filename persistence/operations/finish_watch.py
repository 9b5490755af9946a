"""Stores finished watches in one transaction: the records, and their viewers' statistics and badges."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec.structs import replace
from sqlalchemy import Connection

from messages import Moment, WatchRecord
from persistence.database.rows import Row, watch_row
from persistence.database.sql import FactSheet
from persistence.operations.save import gather_copies, sight_name
from persistence.records.change_set import ChangeSet, RowChange
from persistence.records.checkpoint import (
    RunningList,
    RunningLookup,
    RunningWatch,
    delete_from_checkpoint,
    drop_finished,
    put_into_checkpoint,
    read_progress,
    should_store,
)
from persistence.records.known_viewers import FinishContext, read_finish_context
from persistence.records.links import update_display_names
from persistence.records.running_watches import RunningWatches, attribute_to_viewer, count_running
from persistence.records.saves import SaveResult, count_stored, record_handled, record_save
from persistence.records.statistics import settle_statistics
from persistence.records.suggestions import delete_watched
from persistence.records.viewers import record_viewers
from persistence.records.watch_parts import StoredWatches, put_watch
from persistence.records.watches import is_outdated, write_rows
from persistence.rules import StatisticsRules
from persistence.store import Store
from viewers.directory import ViewerDirectory


class EndedWatch(NamedTuple):
    """A watch that ended."""

    record: WatchRecord
    closed: Moment
    """When the tracker closed it."""
    message_id: str
    """Id of the message that reported it; empty for none."""
    leaves_record: bool = True
    """False if it is only removed from the running watches, and from what the statistics count of these."""


def finish_watch(
    store: Store,
    record: WatchRecord,
    closed: Moment,
    message_id: str,
    running: RunningLookup | Iterable[RunningWatch] | None,
    at_s: float,
) -> SaveResult:
    """Store a finished watch with its viewer's statistics and badges; do nothing if the message was already handled.

    `closed`: when the tracker closed it. `running`: the other running watches (None: not known). `at_s`: time of the
    save. Raises SaveFailed with nothing changed (SaveRefused if this watch, or a running one of its viewer, cannot be
    stored); CopiesFailed with the store saved.
    """
    return finish_watches(store, [EndedWatch(record, closed, message_id)], running, at_s)


def finish_watches(
    store: Store,
    finished: Sequence[EndedWatch],
    running: RunningLookup | Iterable[RunningWatch] | None,
    at_s: float,
) -> SaveResult:
    """Store several finished watches as `finish_watch` does; all of them, or none."""
    index: RunningLookup = running if isinstance(running, RunningLookup) else RunningList(running or ())
    with store.transaction(keeps_figures=True) as connection:
        context = _read_context(store.rules, connection, finished)
        fresh = [each for each in finished if each.message_id not in context.handled]
        change = ChangeSet(connection, store.rules, FactSheet(connection, context.facts))
        if not fresh:
            counts = store.counts or count_stored(connection)
            return SaveResult(
                counts.users, change.facts.history_count, counts.badges, index.count_without(()), is_repeat=True
            )
        sightings = [sight_name(each.record) for each in fresh]
        names = update_display_names(connection, sightings, context.viewers.people.links.values())
        if names:
            context = _read_context(store.rules, connection, finished)
        known = context.viewers
        wanted = [each for each in fresh if _is_wanted(each.record, context)]
        stored = [each for each in wanted if each.leaves_record]
        for some in _split_by_viewer(stored, known.people):
            _put_records(
                change, some, context if some[0] is stored[0] else _read_context(store.rules, connection, some)
            )
        if context.has_suggestions:
            _delete_watched_suggestions(connection, stored)
        counted = [
            attribute_to_viewer(each.record, known.people)
            for each in wanted
            if each.leaves_record or known.people.viewer(each.record.viewer_id) in known.rows
        ]
        store.steady_viewers.forget_viewers(record.viewer_id for record in counted)
        ended = {each.record.watch_id for each in fresh}
        delete_from_checkpoint(connection, sorted(ended))
        ids = {each for record in counted for each in known.people.ids_of(record.viewer_id)}
        others = [watch for watch in index.find_watches(ids) if watch.state.watch_id not in ended]
        still = _save_other_watches(change, others, context, at_s)
        record_handled(connection, [each.message_id for each in fresh if each.message_id], at_s)
        known.rows |= record_viewers(connection, [*still.records, *counted], known.rows)
        # A viewer who is also watching something else earned the badges in the finished watch.
        earned_in = {record.viewer_id: record.screening_id for record in counted}
        written = settle_statistics(change, store.rules, earned_in, known, still, at_s, earned_in=earned_in)
        counts = store.counts or count_stored(connection)
        if store.counts is not None:
            counts = counts.add(written.new_viewers, len(written.new_badges))
        result = SaveResult(
            counts.users,
            change.facts.history_count,
            counts.badges,
            index.count_without(ended),
            has_new_badges=bool(written.new_badges),
            has_new_names=bool(names),
        )
        record_save(connection, "finish", result, at_s)
        plan = store.json_sync.plan(change, at_s, viewers=gather_copies(known, written))
        change.facts.flush()
    store.counts = counts
    store.json_sync.apply(plan)
    return result


def _save_other_watches(
    change: ChangeSet, others: Sequence[RunningWatch], context: FinishContext, at_s: float
) -> RunningWatches:
    """Save the running watches of these viewers, and return those that their statistics count.

    A running watch in the statistics must be in the checkpoint too: otherwise, after a crash, it would be in neither
    checkpoint nor history, and could not be subtracted from the statistics again.
    """
    stored = read_progress(change.connection, (each.state.watch_id for each in others))
    others = [each for each in drop_finished(others, stored) if _is_wanted(each.record, context)]
    put_into_checkpoint(change.connection, others, at_s)
    return count_running(change.connection, others, stored, context.viewers.people, change.rules.thresholds)


def _read_context(rules: StatisticsRules, connection: Connection, finished: Iterable[EndedWatch]) -> FinishContext:
    watches = list(finished)
    records, message_ids = [each.record for each in watches], [each.message_id for each in watches]
    return read_finish_context(connection, records, message_ids, rules.resume_window_s)


def _is_wanted(record: WatchRecord, context: FinishContext) -> bool:
    return should_store(record.viewer_id, record.started_at_s, context.viewers.people, context.forgotten)


def _delete_watched_suggestions(connection: Connection, finished: Iterable[EndedWatch]) -> None:
    """Remove films from the list that the community has now watched together."""
    records = (each.record for each in finished)
    watched = {record.item for record in records if record.party and record.completed and not record.brief}
    for item in watched:
        delete_watched(connection, item)


def _split_by_viewer(finished: Iterable[EndedWatch], people: ViewerDirectory) -> Iterable[list[EndedWatch]]:
    """Return the watches in lists with no viewer twice: a viewer's next watch is merged after the first is stored."""
    lists: list[list[EndedWatch]] = []
    turns: dict[str, int] = {}
    for each in finished:
        viewer_id = people.viewer(each.record.viewer_id)
        turn = turns[viewer_id] = turns.get(viewer_id, -1) + 1
        if turn == len(lists):
            lists.append([])
        lists[turn].append(each)
    return lists


def _put_records(change: ChangeSet, finished: Sequence[EndedWatch], context: FinishContext) -> None:
    """Insert or replace the records, unless a later one is stored."""
    people = context.viewers.people
    members = {link.viewer_id for link in people.links.values()}
    changes = []
    for each in finished:
        viewer_id = people.viewer(each.record.viewer_id)
        if viewer_id in members:
            _put_member_watch(change, each, viewer_id, context)
            continue
        old = context.rows.get(each.record.watch_id)
        row = _build_row(change, each, viewer_id, old)
        if row is not None:
            changes.append(RowChange(old, row))
    write_rows(change, changes)


def _put_member_watch(change: ChangeSet, finished: EndedWatch, viewer_id: str, context: FinishContext) -> None:
    """Store a linked member's watch, merged with the member's other watches that are one with it."""
    record = finished.record
    near = StoredWatches.of(context.near.get(viewer_id, ()))
    original = near.find_original(record.watch_id)
    if original is None and record.watch_id in context.rows:  # it was another viewer's until now
        original = near.rows[record.watch_id] = context.rows[record.watch_id]
    row = _build_row(change, finished, viewer_id, original)
    if row is not None:
        put_watch(change, viewer_id, near, row)


def _build_row(change: ChangeSet, finished: EndedWatch, viewer_id: str, old: Row | None) -> Row | None:
    """Return the row of a record with its place in the history; None if the stored one is newer."""
    if old is not None and is_outdated(finished.record, finished.closed, old):
        return None
    seq = change.facts.take_history_seq() if old is None else old["seq"]
    record = replace(finished.record, viewer_id=viewer_id)
    return watch_row(record, seq, finished.closed, identity=finished.record.viewer_id)
