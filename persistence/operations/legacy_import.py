"""Imports the older bot's files, or an export: all or nothing; importing the same folder again changes nothing."""

import contextlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, select, update

from awards import Totals, add_watches, subtract_explained
from awards.stats import longest_streak
from messages import Moment, WatchRecord
from messages.ids import server_of
from persistence.database.errors import ImportFault
from persistence.database.rows import NO_CLOCK_S, Row, encode_totals, watch_record, watch_row
from persistence.database.sql import read_history_count, split_batches, upsert
from persistence.database.tables import VIEWER_BADGES, VIEWERS, WATCH_PARTS, WATCHES
from persistence.json_files.documents import build_badges_document, build_stats_document
from persistence.json_files.entries import encode_document
from persistence.json_files.files import BADGES, HISTORY, STATS, JsonFiles
from persistence.json_files.film_choices import CHOICES, build_choices, encode_choices, is_empty, put_choices
from persistence.json_files.history import read_history_lines
from persistence.json_files.sync import mark_all_outdated
from persistence.operations.legacy_files import LegacyFiles, LegacyViewer, read_folder
from persistence.records.change_set import ChangeSet
from persistence.records.known_viewers import read_known_viewers
from persistence.records.links import has_linked_account
from persistence.records.running_watches import RunningWatches
from persistence.records.statistics import count_totals, without_running, write_statistics
from persistence.records.viewers import new_viewer_row, read_directory, read_erasures, record_viewers
from persistence.records.watch_parts import merge_near, read_parts
from persistence.records.watches import insert_rows, mark_imported
from persistence.rules import StatisticsRules
from persistence.store import Store
from viewers.merge import record_extent

Progress = Callable[[str, int, int], None]
"""Called with the current step, how much of it is done, and its total."""
_AT_ONCE = 500


class ImportResult(msgspec.Struct, frozen=True):
    """Numbers of what an import added."""

    viewers: int
    watches: int
    badges: int
    left_out: int = 0
    """Viewers of whom something was left out, because they were erased since."""
    choices: int = 0
    """Suggestions, ratings and votes."""


def _ignore_progress(_doing: str, _done: int, _of: int) -> None:
    return None


def read_legacy_files(folder: Path, rules: StatisticsRules) -> LegacyFiles:
    """Read a folder of the older bot's files. Raises ImportFault naming the fault. Changes nothing.

    Call it before the store is opened: if the folder is DATA_DIR itself, opening moves such files aside.
    """
    return read_folder(folder, rules.zone, rules.watched_percent, rules.min_watch_s)


def import_legacy_files(
    store: Store, files: LegacyFiles, at_s: float, progress: Progress = _ignore_progress
) -> ImportResult:
    """Import everything in one transaction, then rewrite the JSON copies.

    The older bot cut its history, so that its statistics may contain more than its history explains. The difference
    becomes the viewer's base, to which all watches are added, so that nothing counts twice. Watches and badges that
    the store already has stay unchanged. Nothing is announced. Nothing from before an erasure comes back.
    Raises ImportFault if the files contain figures of a linked account, and SaveFailed, with nothing changed;
    CopiesFailed with everything stored.
    """
    store.repair_json_files()
    with store.transaction() as connection:
        _refuse_linked(connection, files)
        files, left_out = _drop_erased(files, read_erasures(connection))
        change, touched = ChangeSet.begin(connection, store.rules), _list_viewers(files)
        before = read_known_viewers(connection, touched)
        fresh = _put_watches(change, files, Moment(at_s, NO_CLOCK_S), progress)
        new_viewers = _put_viewers(change, files, progress)
        new_badges = _put_badges(connection, files)
        new_choices = put_choices(connection, files.choices)
        is_merged = _merge_linked(change, files)
        totals = {}
        known = read_known_viewers(connection, touched)
        for number, viewer_id in enumerate(touched, 1):
            old = before.totals.get(viewer_id)
            if old is None or before.rows[viewer_id]["base"] != known.rows[viewer_id]["base"] or is_merged:
                totals[viewer_id] = count_totals(connection, store.rules, viewer_id)
            else:
                totals[viewer_id] = add_watches(old, fresh.get(viewer_id, ()), store.rules.zone)
            progress("statistics", number, len(touched))
        new_watches = sum(map(len, fresh.values()))
        if new_watches or new_viewers or new_badges or is_merged:
            write_statistics(connection, store.rules, totals, RunningWatches(), at_s, known=known, announce=False)
            mark_all_outdated(connection)
        change.facts.flush()
    progress("copies", 0, 1)
    store.repair_json_files()
    progress("copies", 1, 1)
    return ImportResult(new_viewers, new_watches, new_badges, left_out, new_choices)


def _refuse_linked(connection: Connection, files: LegacyFiles) -> None:
    """Raise ImportFault if the files are from before a link: the member already has the account's figures."""
    linked = read_directory(connection).links
    for viewer_id in _list_viewers(files):
        if viewer_id in linked:
            raise ImportFault(
                f"The files hold {viewer_id} apart, and that Plex account is linked to {linked[viewer_id].username}: "
                "take the link back (/unlink), import, and link again. Nothing was changed."
            )


def _drop_erased(files: LegacyFiles, gone: Mapping[str, float]) -> tuple[LegacyFiles, int]:
    """Return the files without erased data, and how many viewers that concerns. `gone`: when each was erased.

    Totals have no date: they are left out completely, and counted from the watches since.
    """
    left_out = gone.keys() & set(_list_viewers(files))
    if not left_out:
        return files, 0
    viewers = tuple(each for each in files.viewers if each.viewer_id not in left_out)
    watches = tuple(each for each in files.watches if _is_after(gone, each.record.viewer_id, each.record.started_at_s))
    badges = tuple(each for each in files.badges if _is_after(gone, each.viewer_id, each.earned_at_s))
    return replace(files, viewers=viewers, watches=watches, badges=badges), len(left_out)


def _is_after(gone: Mapping[str, float], viewer_id: str, at_s: float) -> bool:
    return at_s > gone.get(viewer_id, -math.inf)


def _list_viewers(files: LegacyFiles) -> list[str]:
    viewer_ids = [viewer.viewer_id for viewer in files.viewers]
    viewer_ids += [watch.record.viewer_id for watch in files.watches]
    viewer_ids += [badge.viewer_id for badge in files.badges]
    return list(dict.fromkeys(viewer_ids))


def _put_watches(
    change: ChangeSet, files: LegacyFiles, closed: Moment, progress: Progress
) -> dict[str, list[WatchRecord]]:
    """Insert the records that the store does not have yet; return them by viewer."""
    connection = change.connection
    stored: set[str] = set()
    for some in split_batches(watch.record.watch_id for watch in files.watches):
        query = select(WATCHES.c.watch_id).where(WATCHES.c.watch_id.in_(some))
        stored.update(connection.execute(query).scalars())
        parted = select(WATCH_PARTS.c.watch_id).where(WATCH_PARTS.c.watch_id.in_(some))
        stored.update(connection.execute(parted).scalars())
    # From now on these count as explained by the files, whoever wrote the row first.
    mark_imported(change, stored)
    fresh = [watch for watch in files.watches if watch.record.watch_id not in stored]
    by_viewer: dict[str, list[WatchRecord]] = {}
    for start in range(0, len(fresh), _AT_ONCE):
        some_fresh = fresh[start : start + _AT_ONCE]
        insert_rows(
            change,
            [
                watch_row(
                    watch.record, change.facts.take_history_seq(), closed, imported=True, end_known=watch.end_known
                )
                for watch in some_fresh
            ],
        )
        for watch in some_fresh:
            by_viewer.setdefault(watch.record.viewer_id, []).append(watch.record)
        progress("watches", start + len(some_fresh), len(fresh))
    return by_viewer


def _merge_linked(change: ChangeSet, files: LegacyFiles) -> bool:
    """Merge watches of linked members that are one but were seen under several ids; return whether any changed.

    Only near the watches in the files: a history may contain a hundred thousand.
    """
    linked = read_directory(change.connection).links.values()
    for viewer_id in sorted({link.viewer_id for link in linked}):
        in_files = [record_extent(watch.record) for watch in files.watches if watch.record.viewer_id == viewer_id]
        merge_near(change, viewer_id, in_files)
    return any(True for _ in change.row_changes())


def _put_viewers(change: ChangeSet, files: LegacyFiles, progress: Progress) -> int:
    """Store every viewer, with the part of the old totals that no record explains; return how many changed."""
    connection, rules = change.connection, change.rules
    before = dict(connection.execute(select(VIEWERS.c.viewer_id, VIEWERS.c.base)).all())
    watches: dict[str, list[WatchRecord]] = {}
    for watch in sorted(files.watches, key=lambda watch: watch.record.ended_at_s):
        watches.setdefault(watch.record.viewer_id, []).append(watch.record)
    record_viewers(connection, [of_viewer[-1] for of_viewer in watches.values()])
    changed = {viewer_id for viewer_id in watches if viewer_id not in before}
    for number, viewer in enumerate(files.viewers, 1):
        changed |= _put_viewer(connection, rules, viewer, watches.get(viewer.viewer_id, ()), before)
        progress("viewers", number, len(files.viewers))
    for badge in files.badges:
        if badge.viewer_id not in before and badge.viewer_id not in watches:
            changed |= _put_viewer_without_watches(connection, badge.viewer_id, badge.viewer_id, badge.earned_at_s)
    return len(changed)


def _put_viewer(
    connection: Connection,
    rules: StatisticsRules,
    viewer: LegacyViewer,
    own_watches: Sequence[WatchRecord],
    before: dict[str, str | None],
) -> set[str]:
    viewer_id = viewer.viewer_id
    changed = set()
    if not own_watches and viewer_id not in before:
        changed = _put_viewer_without_watches(connection, viewer_id, viewer.username, 0.0)
    explained = add_watches(Totals(), _read_explaining_watches(connection, viewer_id, own_watches), rules.zone)
    base = _encode_base(viewer.claimed, explained)
    own = VIEWERS.c.viewer_id == viewer_id
    counted = {
        "ai_interactions": viewer.ai_interactions,
        "votes_cast": viewer.votes_cast,
        "movies_requested": viewer.movies_requested,
    }
    row = connection.execute(select(VIEWERS).where(own)).mappings().one()
    larger = {name: max(count, row[name]) for name, count in counted.items()}
    if row["base"] != base or any(row[name] != count for name, count in larger.items()):
        if has_linked_account(connection, viewer_id):  # unlinking would remove these figures too
            raise ImportFault(
                f"The files have figures of {viewer_id} from before a Plex account was linked to them: take the link "
                "back (/unlink), import, and link again. Nothing was changed."
            )
        connection.execute(update(VIEWERS).where(own).values(base=base, **larger))
        changed.add(viewer_id)
    return changed


def _read_explaining_watches(
    connection: Connection, viewer_id: str, own_watches: Sequence[WatchRecord]
) -> list[WatchRecord]:
    """Return the watches that explain a viewer's totals in the files: those in the files, and all from earlier imports,
    because the older bot cut its history.

    They are returned as in the files: since then they may have been moved, continued or merged.
    """
    in_files = {record.watch_id for record in own_watches}
    # Old totals do not include a linked account's watches.
    own = (WATCHES.c.viewer_id == viewer_id, WATCHES.c.identity == viewer_id)
    query = select(WATCHES).where(*own, WATCHES.c.imported.is_(True))
    rows: dict[str, Row] = {
        row["watch_id"]: row for row in connection.execute(query.order_by(WATCHES.c.seq)).mappings()
    }
    aside = (row for row in read_parts(connection, viewer_id) if row["identity"] == viewer_id and row["imported"])
    rows |= {row["watch_id"]: row for row in aside}
    return [*own_watches, *(watch_record(row) for row in rows.values() if row["watch_id"] not in in_files)]


def _encode_base(claimed: Totals, explained: Totals) -> str | None:
    """Return the part of the totals that no watch explains; None if there is none."""
    beyond = subtract_explained(claimed, explained)
    is_streak_known = longest_streak(explained) >= beyond.longest_known_days
    if is_streak_known and beyond == Totals(longest_known_days=beyond.longest_known_days):
        return None
    return encode_totals(beyond)


def _put_viewer_without_watches(connection: Connection, viewer_id: str, username: str, at_s: float) -> set[str]:
    """Store a viewer without watches."""
    if connection.execute(select(VIEWERS.c.viewer_id).where(VIEWERS.c.viewer_id == viewer_id)).first():
        return set()
    server_id = server_of(viewer_id)
    connection.execute(VIEWERS.insert(), new_viewer_row(viewer_id, username, server_id, "", at_s, at_s))
    return {viewer_id}


def _put_badges(connection: Connection, files: LegacyFiles) -> int:
    held = set(connection.execute(select(VIEWER_BADGES.c.viewer_id, VIEWER_BADGES.c.badge_id)).all())
    rows = {
        (badge.viewer_id, badge.badge_id): {
            "viewer_id": badge.viewer_id,
            "badge_id": badge.badge_id,
            "earned_at_s": badge.earned_at_s,
            "progress": badge.progress,
            "screening_id": "",
            "announced": True,
        }
        for badge in sorted(files.badges, key=lambda badge: -badge.earned_at_s)
        if (badge.viewer_id, badge.badge_id) not in held
    }
    upsert(connection, VIEWER_BADGES, list(rows.values()))
    return len(rows)


def export(store: Store, folder: Path, progress: Progress = _ignore_progress) -> Sequence[Path]:
    """Write the three files and the film choices into `folder`, which is created if missing; all or nothing.

    Running watches are left out: when the files are imported again, they count once, by their own records.
    Raises FileExistsError if one of the files exists, OSError naming the file or folder.
    """
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder} is a file: name a folder to export to.")
    is_made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    targets = [folder / name for name in (STATS, BADGES, HISTORY)]
    for file in [*targets, folder / CHOICES]:
        if file.exists():
            raise FileExistsError(f"{file} is there already: name an empty folder to export to.")
    try:
        _write_files(store, JsonFiles(folder), progress)
        if _write_choices(store, JsonFiles(folder)):
            targets.append(folder / CHOICES)
    except BaseException as error:
        with contextlib.suppress(OSError):
            for file in [*targets, folder / CHOICES]:
                file.unlink(missing_ok=True)
            if is_made:
                folder.rmdir()
        if isinstance(error, OSError) and error.strerror and not error.filename:
            error.filename = str(folder)
        raise
    return targets


def _write_files(store: Store, copies: JsonFiles, progress: Progress) -> None:
    with store.reader.connect() as connection:
        total = read_history_count(connection)
        stats = build_stats_document(connection, "", lambda row: without_running(row, store.rules))
        copies.write(STATS, encode_document(stats))
        copies.write(BADGES, encode_document(build_badges_document(connection)))
        copies.rebuild_history(_report_progress(read_history_lines(connection), total, progress))


def _write_choices(store: Store, copies: JsonFiles) -> bool:
    """Write the film choices; return whether there are any."""
    with store.reader.connect() as connection:
        choices = build_choices(connection)
    if is_empty(choices):
        return False
    copies.write(CHOICES, encode_choices(choices))
    return True


def _report_progress(lines: Iterable[bytes], total: int, progress: Progress) -> Iterable[bytes]:
    for number, line in enumerate(lines, 1):
        if number % _AT_ONCE == 0 or number == total:
            progress("history", number, total)
        yield line
