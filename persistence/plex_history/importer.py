"""Imports a Plex server's play history: all or nothing; importing the same history again changes nothing."""

from collections.abc import Sequence, Set

from persistence.plex_history.plays import ID_PREFIX, SAME_PLAY_S, Play, build_record, drop_repeats
from persistence.store import Store
from persistence.watch_import import AT_ONCE, Progress, WatchImportResult, import_watches


def import_plays(
    store: Store,
    plays: Sequence[Play],
    tracked_types: Set[str],
    excluded: Set[str],
    progress: Progress = lambda _doing, _done, _of: None,
    at_s: float | None = None,
) -> WatchImportResult:
    """Import plays in one transaction, then rewrite the JSON copies. `excluded`: names of accounts, casefolded.

    A stored watch of the same account, film and time stays unchanged, whatever its source. Raises SaveFailed with
    nothing changed, CopiesFailed with everything stored.
    """
    with import_watches(store, ID_PREFIX, progress, at_s) as work:
        result, taken = work.result, 0
        for number, play in enumerate(drop_repeats(plays), 1):
            taken = number
            record = build_record(play, store.rules.thresholds)
            if play.item.kind not in tracked_types:
                result.other_types += 1
            elif not work.is_wanted(record, {record.username}, excluded):
                result.excluded += 1
            else:
                work.enter_account(record.viewer_id)
                if work.was_recorded(play.item, play.viewed_at_s - SAME_PLAY_S, play.viewed_at_s + SAME_PLAY_S):
                    result.recorded += 1
                else:
                    work.put(record)
            if number % AT_ONCE == 0:
                progress("watches", number, len(plays))
        result.recorded += len(plays) - taken
        progress("watches", len(plays), len(plays))
    return result
