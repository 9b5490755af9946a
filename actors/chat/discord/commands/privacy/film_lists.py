"""Builds files of a viewer's watches that Letterboxd and Trakt can import. Pure.

Letterboxd's format: https://letterboxd.com/about/importing-data/. Trakt's: app.trakt.tv, Settings > Import > CSV. They
contain only films that were watched to WATCHED_PERCENT. Letterboxd finds a film by an id, or else by title, year and
director; Trakt only by an id.
"""

from __future__ import annotations

import datetime
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from messages import ExternalIds

LETTERBOXD = ("tmdbID", "imdbID", "Title", "Year", "Directors", "WatchedDate", "Rating", "Rewatch")
TRAKT = ("imdb_id", "tmdb_id", "tvdb_id", "type", "watched_at", "watchlisted_at", "rating", "rated_at")
LETTERBOXD_BYTES = 950_000
"""Bytes of a file for Letterboxd, which accepts up to 1 MB."""


class ExportedWatch(msgspec.Struct):
    """A watch in the file of `mydata`."""

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
        """Return when the watch ended; if that is not known, when it began."""
        return datetime.datetime.fromisoformat(self.end_time or self.start_time)


class ExportedRating(msgspec.Struct):
    """A rating in the file of `mydata`."""

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
    """Files of CSV in UTF-8, each small enough; none if no film is to be listed."""
    trakt: bytes
    """CSV in UTF-8; empty if nothing is to be listed."""
    without_id: int
    """How many watches are missing from Trakt's file because they have no id."""


def build_film_lists(
    watches: Sequence[ExportedWatch],
    ratings: Iterable[ExportedRating],
    ids: Mapping[tuple[str, str], ExternalIds],
    zone: datetime.tzinfo,
) -> FilmLists:
    """Return the files of `watches`, which are in order of time. `ids`: by machineIdentifier and rating key."""
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
            # A rating belongs to the film: it is written beside the film's last watch.
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
    """Return the ids of a watch's film: the library's, unless its key belongs to another film now; or its guid's."""
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
    import csv  # rarely needed

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
