"""Stores a finished watch with what follows from it, in one transaction."""

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from messages import Moment, WatchRecord
from persistence.database.rows import Row, watch_row
from persistence.operations.save import sight_name, update_statistics, write_checkpoint
from persistence.records.change_set import ChangeSet
from persistence.records.checkpoint import RunningWatch, delete_from_checkpoint, should_store
from persistence.records.links import has_linked_account, update_display_names
from persistence.records.running_watches import attribute_to_viewer
from persistence.records.saves import SaveResult, count_stored, is_handled, record_handled, record_save
from persistence.records.suggestions import delete_watched
from persistence.records.viewers import read_directory, read_erasures
from persistence.records.watch_parts import merge_with_parts, read_part, replace_part
from persistence.records.watches import is_outdated, put_record
from persistence.store import Store


def finish_watch(
    store: Store,
    record: WatchRecord,
    closed: Moment,
    message_id: str,
    running: Iterable[RunningWatch] | None,
    at_s: float,
) -> SaveResult:
    """Store a finished watch with its viewer's statistics and badges; nothing at all for a message that is known.

    `closed` is when the tracker closed it, `running` what else runs (None: not known), `at_s` the time of the save.
    Raises SaveFailed with nothing changed (SaveRefused where it, or what runs, cannot be stored); CopiesFailed with
    the store saved.
    """
    with store.transaction() as connection:
        if is_handled(connection, message_id):
            return count_stored(connection, 0 if running is None else len(list(running)))
        update_display_names(connection, [sight_name(record)])
        directory = read_directory(connection)
        is_wanted = should_store(record.viewer_id, record.started_at_s, directory, read_erasures(connection))
        counted = attribute_to_viewer(record, directory)
        change = ChangeSet(connection, store.rules.thresholds)
        row: Row | None = None
        old: Row | None = None
        if is_wanted:
            row, old = _put_watch(change, replace(record, viewer_id=counted.viewer_id), closed, record.viewer_id)
            if record.party and record.completed and not record.brief:
                delete_watched(connection, record.item)
        still = None
        if running is None:
            delete_from_checkpoint(connection, record.watch_id)
        else:
            # What the statistics hold of a running watch must be in the checkpoint too: where everything dies
            # now, it would be in neither checkpoint nor history, and nobody could take it back.
            others = (watch for watch in running if watch.state.watch_id != record.watch_id)
            still = write_checkpoint(connection, store.rules, others, at_s)
        if message_id:
            record_handled(connection, message_id, at_s)
        update_statistics(
            connection,
            store.rules,
            still,
            at_s,
            finished=counted if is_wanted else None,
            is_added=row is not None and old is None and not has_linked_account(connection, counted.viewer_id),
        )
        result = count_stored(connection, 0 if still is None else len(still.watches))
        record_save(connection, "finish", result, at_s)
        plan = store.json_sync.plan(
            connection, record=row, instead_of=old, changes=change.history_lines, rebuild=change.rebuild_history
        )
    store.json_sync.apply(plan)
    return result


def _put_watch(
    change: ChangeSet, record: WatchRecord, closed: Moment, identity: str
) -> tuple[Row | dict[str, Any] | None, Row | None]:
    """Put a record as `put_record` does; merge it with what else a linked member watched at that time."""
    connection = change.connection
    if not has_linked_account(connection, record.viewer_id):
        return put_record(connection, record, closed, identity)
    with merge_with_parts(change, record) as merged:
        part = read_part(connection, record.watch_id)
        if part is None:
            put_record(connection, record, closed, identity)
        elif not is_outdated(record, closed, part):
            replace_part(connection, watch_row(record, part["seq"], closed, identity=identity))
    return merged.added_row, None
