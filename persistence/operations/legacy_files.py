"""Reads the three files of the older bot (or of an export). Every fault is found before anything is changed."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta, tzinfo
from pathlib import Path
from typing import Any, get_args

import msgspec

from awards import Totals
from foreign_input import ForeignInputError, InputLimits, parse_json, read_file
from messages import EndReason, Item, Sitting, Sittings, Source, WatchRecord, sittings
from messages.base import YEAR_LIMIT, DurationMs, PositionMs
from persistence.database.errors import ImportFault
from persistence.json_files.files import BADGES, HISTORY, STATS
from persistence.json_files.film_choices import CHOICES, FilmChoicesFile, convert_choices
from persistence.operations.legacy_fields import LegacyFields, check_id, has_day, shorten
from wording.file_failures import explain_os_error

FILE_LIMITS = InputLimits(size=2**30, depth=16)
"""Limits for each of the three files: a million records take 900 MB."""
LONGEST_STREAK_DAYS = 36_525
"""Maximum length of a streak, days: a hundred years."""
MOST_STREAK_DAYS = 400_000
"""Maximum days of the current streaks of all viewers of a file: each day is stored."""
SITTING_LIMIT_S = 366 * 86_400.0
"""Maximum length of a sitting."""


class LegacyViewer(msgspec.Struct, frozen=True):
    """A viewer of user_stats.json."""

    viewer_id: str
    username: str
    claimed: Totals
    """The viewer's totals in the file."""
    ai_interactions: int
    votes_cast: int
    movies_requested: int


class LegacyBadge(msgspec.Struct, frozen=True):
    """A badge of user_badges.json."""

    viewer_id: str
    badge_id: str
    earned_at_s: float
    progress: float


class LegacyWatch(msgspec.Struct, frozen=True):
    """A record of watch_history.json; `end_known` is False if end_time was null."""

    record: WatchRecord
    end_known: bool


class LegacyFiles(msgspec.Struct, frozen=True):
    """The content of a folder's files. A missing file counts as empty."""

    viewers: tuple[LegacyViewer, ...]
    badges: tuple[LegacyBadge, ...]
    watches: tuple[LegacyWatch, ...]
    found: tuple[str, ...]
    """Names of the files that existed."""
    choices: FilmChoicesFile = msgspec.field(default_factory=FilmChoicesFile)
    """Suggestions, ratings and votes."""


def read_folder(folder: Path, zone: tzinfo, watched_percent: float, min_watch_s: float) -> LegacyFiles:
    """Read the files of `folder`. Raises ImportFault naming file, record and field."""
    if not folder.is_dir():
        raise ImportFault(f"{folder} is no folder: name the one that holds {STATS}, {BADGES} and {HISTORY}.")
    documents = {name: _read_document(folder / name) for name in (STATS, BADGES, HISTORY)}
    found = tuple(name for name, document in documents.items() if document is not None)
    if not found:
        raise ImportFault(f"{folder} holds none of {STATS}, {BADGES}, {HISTORY}: nothing to import.")
    choices = FilmChoicesFile()
    if (document := _read_document(folder / CHOICES)) is not None:
        choices, found = convert_choices(document, folder / CHOICES), (*found, CHOICES)
    stats = _check_mapping(documents[STATS], folder / STATS)
    viewers = _read_viewers(stats, folder / STATS, zone)
    names = {viewer.viewer_id: viewer.username for viewer in viewers}
    if len(names) < len(viewers):  # two entries of one viewer: nobody can tell which is right
        twice = next(one for one in names if sum(viewer.viewer_id == one for viewer in viewers) > 1)
        raise ImportFault(f"{folder / STATS}: user {twice} is there twice: take one out. Nothing was changed.")
    badges = _read_badges(_check_mapping(documents[BADGES], folder / BADGES), folder / BADGES, zone)
    watches: dict[str, LegacyWatch] = {}
    records = documents[HISTORY] if documents[HISTORY] is not None else []
    if not isinstance(records, list):
        raise ImportFault(f"{folder / HISTORY}: expected a list of records, found {shorten(records)}.")
    for number, entry in enumerate(records, 1):
        fields = LegacyFields(entry, folder / HISTORY, f"record {number}")
        watch = _read_watch(fields, zone, names, watched_percent, min_watch_s)
        same = watches.get(watch.record.watch_id)
        # The older bot wrote some watches twice: keep the longer one, whatever their order in the file.
        if same is None or _make_sort_key(watch) > _make_sort_key(same):
            watches[watch.record.watch_id] = watch
    return LegacyFiles(viewers, badges, tuple(watches.values()), found, choices)


def _make_sort_key(watch: LegacyWatch) -> tuple[bool, float, float]:
    return watch.end_known, watch.record.playing_s, watch.record.ended_at_s


def _read_document(file: Path) -> Any:
    try:
        return parse_json(read_file(file, FILE_LIMITS.size), FILE_LIMITS)
    except FileNotFoundError:
        return None
    except ForeignInputError as error:
        where = f"{file}, {error.place}" if error.place else f"{file} cannot be read"
        raise ImportFault(f"{where}: {error.what}: {error.cure}. Nothing was changed.") from None
    except OSError as error:
        why = explain_os_error(error, only_reads=True)
        raise ImportFault(f"{file} cannot be read: {why}. Nothing was changed.") from None


def _check_mapping(document: Any, file: Path) -> dict[str, Any]:
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ImportFault(f"{file}: expected an object by user id, found {shorten(document)}.")
    return document


def _read_viewers(stats: dict[str, Any], file: Path, zone: tzinfo) -> tuple[LegacyViewer, ...]:
    viewers = []
    streak_days = 0
    for key, entry in stats.items():
        viewer_id = check_id(key, file)
        viewer = _read_viewer(viewer_id, LegacyFields(entry, file, f"user {viewer_id}"), zone)
        streak_days += len(viewer.claimed.days)
        if streak_days > MOST_STREAK_DAYS:
            raise ImportFault(
                f"{file}, user {viewer_id}: the current streaks up to here have more than {MOST_STREAK_DAYS:,} days in "
                "all: lower current_streak_days. Nothing was changed."
            )
        viewers.append(viewer)
    return tuple(viewers)


def _read_viewer(viewer_id: str, fields: LegacyFields, zone: tzinfo) -> LegacyViewer:
    exact_s = fields.number("total_watch_time_seconds", None)
    minutes = fields.number("total_watch_time_minutes") or 0.0
    streak, longest = fields.count("current_streak_days"), fields.count("longest_streak_days")
    last = fields.day("last_watch_date", zone)
    if longest > LONGEST_STREAK_DAYS:
        raise fields.fault("longest_streak_days", f"at most {LONGEST_STREAK_DAYS:,} days")
    if last is not None and streak > min(last.toordinal(), LONGEST_STREAK_DAYS):
        raise fields.fault("current_streak_days", "no more days than there were until last_watch_date, or in a century")
    # Turn a streak into its days, so that the next watch continues it.
    days = {} if last is None else {(last - timedelta(days=n)).isoformat(): 0.0 for n in range(max(1, streak))}
    claimed = Totals(
        films=fields.count("total_movies"),
        episodes=fields.count("total_episodes"),
        completed=fields.count("completed_movies"),
        playing_s=minutes * 60 if exact_s is None else exact_s,
        days=days,
        genres=fields.counts("favorite_genres"),
        decades=fields.counts("favorite_decades"),
        directors=dict.fromkeys(fields.names("directors_watched"), 1),
        longest_known_days=longest,
    )
    return LegacyViewer(
        viewer_id,
        fields.text("username", viewer_id),
        claimed,
        fields.count("ai_interactions"),
        fields.count("votes_cast"),
        fields.count("movies_requested"),
    )


def _read_badges(document: dict[str, Any], file: Path, zone: tzinfo) -> tuple[LegacyBadge, ...]:
    badges = []
    for key, entries in document.items():
        viewer_id = check_id(key, file)
        if not isinstance(entries, list):
            raise ImportFault(f"{file}, user {viewer_id}: expected a list of badges, found {shorten(entries)}.")
        for number, entry in enumerate(entries, 1):
            fields = LegacyFields(entry, file, f"user {viewer_id}, badge {number}")
            earned_at_s = fields.time("earned_date", zone)
            if earned_at_s is None:
                raise fields.fault("earned_date", "an ISO 8601 time")
            progress = fields.number("progress_value") or 0.0
            badges.append(LegacyBadge(viewer_id, fields.text("badge_id"), earned_at_s, progress))
    return tuple(badges)


def _read_watch(
    fields: LegacyFields, zone: tzinfo, names: Mapping[str, str], watched_percent: float, min_watch_s: float
) -> LegacyWatch:
    started_at_s = fields.time("start_time", zone)
    if started_at_s is None:
        raise fields.fault("start_time", "an ISO 8601 time")
    playing_s = fields.number("playing_seconds", (fields.number("watch_duration_minutes") or 0.0) * 60) or 0.0
    ended_at_s = fields.time("end_time", zone)
    if ended_at_s is None and not has_day(started_at_s + playing_s, zone):
        length = "playing_seconds" if fields.has("playing_seconds") else "watch_duration_minutes"
        raise fields.fault(length, "a time after which the year is still below 10000")
    percent = fields.number("completion_percentage", None)
    viewer_id = fields.text("user_id")
    title, year = fields.text("movie_title"), fields.optional_count("year")
    year = year if year is None or year <= YEAR_LIMIT else None
    director = fields.text("director", "")
    directors = fields.names("directors") if fields.has("directors") else ((director,) if director else ())
    watch_id = fields.text("watch_id", _make_watch_id(viewer_id, title, started_at_s))
    record = WatchRecord(
        watch_id=watch_id,
        screening_id=fields.text("screening_id", ""),
        viewer_id=viewer_id,
        username=fields.text("username", names.get(viewer_id, viewer_id)),
        source=_read_choice(fields, "source", get_args(Source), "import"),
        item=Item(
            server_id=fields.text("server_id", ""),
            rating_key=fields.text("rating_key", ""),
            kind=fields.text("media_type", "movie"),
            title=title,
            year=year,
            duration_ms=_convert_duration(fields.optional_count("movie_duration_ms")),
            genres=fields.names("genres"),
            directors=directors,
            guid=fields.text("guid", ""),
        ),
        media_type=fields.text("media_type", "movie"),
        started_at_s=started_at_s,
        ended_at_s=started_at_s + playing_s if ended_at_s is None else max(started_at_s, ended_at_s),
        join_position_ms=_convert_position(fields.optional_count("join_position_ms")),
        leave_position_ms=_convert_position(fields.optional_count("leave_position_ms")),
        playing_s=playing_s,
        paused_s=fields.number("paused_seconds") or 0.0,
        spans=(),
        coverage_ms=DurationMs(fields.count("coverage_ms")),
        completion_percent=None if percent is None else min(100.0, percent),
        completed=fields.flag("completed", default=percent is not None and percent >= watched_percent),
        brief=fields.flag("brief", default=playing_s < min_watch_s),
        end_reason=_read_choice(fields, "end_reason", get_args(EndReason), "end_unknown"),
        guild_id=fields.text("guild_id", ""),
        channel_id=fields.text("channel_id", ""),
        party=fields.flag("party", default=False),
        first_seat=fields.flag("first_seat", default=False),
        sittings=_read_sittings(fields, zone, playing_s),
    )
    return LegacyWatch(record, ended_at_s is not None)


def _read_sittings(fields: LegacyFields, zone: tzinfo, playing_s: float) -> Sittings:
    """Return the sittings of a record; none if it has no such field, as in older versions."""
    read: list[Sitting] = []
    for entry in fields.records("sittings"):
        start_s, end_s = entry.time("start_time", zone), entry.time("end_time", zone)
        if start_s is None or end_s is None or not start_s <= end_s <= start_s + SITTING_LIMIT_S:
            raise entry.fault("end_time", "an ISO 8601 time at or after start_time, at most a year later")
        seconds = entry.number("playing_seconds") or 0.0
        if seconds > end_s - start_s + 1:
            raise entry.fault("playing_seconds", "no more seconds than lie between start_time and end_time")
        read.append(Sitting(start_s, end_s, min(seconds, end_s - start_s)))
    merged = sittings.merge([tuple(read)])
    if sittings.playing_s(merged) > playing_s + 1:
        raise fields.fault("sittings", "no more playing time than the record has")
    return merged


def _read_choice(fields: LegacyFields, name: str, allowed: tuple[str, ...], default: str) -> Any:
    value = fields.text(name, default)
    if value not in allowed:
        raise fields.fault(name, "one of " + ", ".join(allowed))
    return value


def _make_watch_id(viewer_id: str, title: str, started_at_s: float) -> str:
    """Return an id for a record without one; it is the same at each import."""
    named = "\x1f".join(("import", viewer_id, title, repr(started_at_s)))
    return hashlib.blake2b(named.encode(), digest_size=12).hexdigest()


def _convert_duration(value: int | None) -> DurationMs | None:
    return None if value is None else DurationMs(value)


def _convert_position(value: int | None) -> PositionMs | None:
    return None if value is None else PositionMs(value)
