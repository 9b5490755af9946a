"""What a viewer watched, as files that Letterboxd and Trakt import. Pure.

Letterboxd's format: https://letterboxd.com/about/importing-data/. Trakt's: app.trakt.tv, Settings > Import > CSV. Only
what was watched to WATCHED_PERCENT is in them. Letterboxd finds a film by an id, or else by title, year and director;
Trakt by an id alone.
"""

from __future__ import annotations

import datetime
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from messages import ExternalIds

LETTERBOXD = ("tmdbID", "imdbID", "Title", "Year", "Directors", "WatchedDate", "Rating", "Rewatch")
TRAKT = ("imdb_id", "tmdb_id", "tvdb_id", "type", "watched_at", "watchlisted_at", "rating", "rated_at")
LETTERBOXD_BYTES = 950_000
"""Letterboxd takes files up to 1 MB."""


class ExportedWatch(msgspec.Struct):
    """A watch, as the file of `mydata` has it."""

    movie_title: str
    start_time: str
    end_time: str | None
    completed: bool
    brief: bool
    media_type: str = ""
    year: int | None = None
    director: str = ""
    server_id: str = ""
    rating_key: str = ""
    guid: str = ""

    @property
    def film(self) -> object:
        """Return a key that is the same for two watches of one film."""
        return self.guid or (self.movie_title.casefold(), self.year)

    @property
    def ended(self) -> datetime.datetime:
        """Return when it ended; if that is not known, when it began."""
        return datetime.datetime.fromisoformat(self.end_time or self.start_time)


class ExportedRating(msgspec.Struct):
    """A rating, as the file of `mydata` has it."""

    title: str
    rating: int
    rated: str
    year: int | None = None


class ExportedData(msgspec.Struct):
    """The fields that are read from the file of `mydata`."""

    watches: list[ExportedWatch] = []
    ratings: list[ExportedRating] = []

    def list_finished(self) -> list[ExportedWatch]:
        """Return the films and episodes that were watched to their end, the oldest first."""
        finished = [
            watch
            for watch in self.watches
            if watch.completed and not watch.brief and watch.media_type in ("movie", "episode")
        ]
        return sorted(finished, key=lambda watch: watch.ended)


class FilmLists(NamedTuple):
    """The files."""

    letterboxd: list[bytes]
    """CSV in UTF-8, each small enough; none where no film is in it."""
    trakt: bytes
    """CSV in UTF-8; empty where nothing is in it."""
    without_id: int
    """Watches that are not in the file for Trakt."""


def build_film_lists(
    watches: Sequence[ExportedWatch],
    ratings: Iterable[ExportedRating],
    ids: Mapping[tuple[str, str], ExternalIds],
    zone: ZoneInfo,
) -> FilmLists:
    """Return the files of watches in order of time. `ids`: by the server's machineIdentifier and rating key."""
    by_title = {(rating.title.casefold(), rating.year): rating for rating in ratings}
    last = {watch.film: number for number, watch in enumerate(watches)}
    seen: set[object] = set()
    letterboxd: list[tuple[object, ...]] = []
    trakt: list[tuple[object, ...]] = []
    for number, watch in enumerate(watches):
        own = _find_ids(watch, ids)
        rating = by_title.get((watch.movie_title.casefold(), watch.year))
        if watch.media_type == "movie":
            day = watch.ended.astimezone(zone).date().isoformat()
            stars = rating.rating if rating is not None else ""
            again = "true" if watch.film in seen else "false"
            facts = (watch.movie_title, watch.year or "", watch.director, day, stars, again)
            letterboxd.append((own.tmdb, own.imdb, *facts))
        seen.add(watch.film)
        if own.imdb or own.tmdb or own.tvdb:
            # A rating is of the film: it stands beside the last time that it was seen.
            rated = (
                (2 * rating.rating, _format_utc(rating.rated)) if rating and last[watch.film] == number else ("", "")
            )
            when = _format_utc(watch.end_time or watch.start_time)
            trakt.append((own.imdb, own.tmdb, own.tvdb, watch.media_type, when, "", *rated))
    return FilmLists(
        _split_files(LETTERBOXD, letterboxd),
        _write(TRAKT, trakt) if trakt else b"",
        len(watches) - len(trakt),
    )


def _find_ids(watch: ExportedWatch, ids: Mapping[tuple[str, str], ExternalIds]) -> ExternalIds:
    """Return the ids of a watch's film: the library's, if its key has not gone to another film; or its guid's."""
    found = ids.get((watch.server_id, watch.rating_key))
    if found is not None and watch.guid in ("", found.guid):
        return found
    agent, _, number = watch.guid.partition("://")
    number = number.partition("?")[0]
    kind = agent.removeprefix("com.plexapp.agents.")
    if kind == "imdb" and number.startswith("tt"):
        return ExternalIds(watch.rating_key, watch.guid, imdb=number)
    if kind == "themoviedb" and number.isdigit():
        return ExternalIds(watch.rating_key, watch.guid, tmdb=number)
    return ExternalIds(watch.rating_key, watch.guid)


def _format_utc(iso: str) -> str:
    moment = datetime.datetime.fromisoformat(iso).astimezone(datetime.UTC)
    return moment.replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def _write(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    import csv  # few ever ask for their lists

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(heading)
    writer.writerows(rows)
    return text.getvalue().encode()


def _split_files(heading: Sequence[str], rows: Sequence[Sequence[object]]) -> list[bytes]:
    """Return the rows as files that are small enough, each with the heading."""
    if not rows:
        return []
    whole = _write(heading, rows)
    if len(whole) <= LETTERBOXD_BYTES or len(rows) == 1:
        return [whole]
    half = len(rows) // 2
    return _split_files(heading, rows[:half]) + _split_files(heading, rows[half:])
