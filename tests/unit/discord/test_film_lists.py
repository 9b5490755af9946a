"""Lists for Letterboxd and Trakt, as their importers document them."""

from __future__ import annotations

import csv
import io
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from actors.chat.discord.commands.privacy import film_lists
from actors.chat.discord.commands.privacy.film_lists import ExportedData, FilmLists, build_film_lists
from messages import ExternalIds

BERLIN = ZoneInfo("Europe/Berlin")
IDS = {
    ("srv", "1"): ExternalIds("1", "plex://movie/a", "tt0017136", "19"),
    ("srv", "2"): ExternalIds("2", "plex://movie/other", "tt9999999", "9"),
    ("srv", "3"): ExternalIds("3", "plex://episode/c", tvdb="349232"),
}


def watch(title: str, key: str, guid: str, day: int, **changes: Any) -> dict[str, Any]:
    """Return a watch as `mydata` writes it; it ended half an hour before midnight UTC."""
    return {
        "movie_title": title, "user_id": "1", "year": 1927, "director": "Fritz Lang", "rating_key": key, "guid": guid,
        "start_time": f"2026-11-{day:02}T21:00:00+00:00", "end_time": f"2026-11-{day:02}T23:30:00.250000+00:00",
        "completed": True, "brief": False, "media_type": "movie", "server_id": "srv", "spans_ms": [[0, 1]],
    } | changes  # fmt: skip


def build(*watches: dict[str, Any], ratings: tuple[dict[str, Any], ...] = ()) -> FilmLists:
    """Return the lists of a file with these watches."""
    content = msgspec.json.encode({"viewer_id": "1", "watches": watches, "ratings": ratings})
    data = msgspec.json.decode(content, type=ExportedData)
    return build_film_lists(data.list_finished(), data.ratings, IDS, BERLIN)


def rows(content: bytes) -> list[dict[str, str]]:
    """Return the rows of a CSV file by its heading."""
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_a_film_that_was_seen_twice_is_a_rewatch_on_the_local_day() -> None:
    """Half an hour before midnight in London it is the next day in Berlin."""
    lists = build(watch("Metropolis", "1", "plex://movie/a", 9), watch("Metropolis", "1", "plex://movie/a", 3))
    assert rows(lists.letterboxd[0]) == [
        {
            "tmdbID": "19", "imdbID": "tt0017136", "Title": "Metropolis", "Year": "1927", "Directors": "Fritz Lang",
            "WatchedDate": day, "Rating": "", "Rewatch": again,
        }
        for day, again in (("2026-11-04", "false"), ("2026-11-10", "true"))
    ]  # fmt: skip


def test_ratings_have_the_scale_of_each_site() -> None:
    """Five at Letterboxd, whole numbers to ten at Trakt, beside the last watch; Trakt's times are in UTC."""
    rating = {
        "title": "Metropolis",
        "year": 1927,
        "rating": 4,
        "rated": "2026-11-09T23:40:00+00:00",
        "screening_id": "",
    }
    film = ("Metropolis", "1", "plex://movie/a")
    lists = build(watch(*film, 3), watch(*film, 9), ratings=(rating,))
    assert [row["Rating"] for row in rows(lists.letterboxd[0])] == ["4", "4"]
    first, second = rows(lists.trakt)
    assert (first["rating"], first["rated_at"]) == ("", "")
    assert second == {
        "imdb_id": "tt0017136", "tmdb_id": "19", "tvdb_id": "", "type": "movie", "watched_at": "2026-11-09T23:30:00Z",
        "watchlisted_at": "", "rating": "8", "rated_at": "2026-11-09T23:40:00Z",
    }  # fmt: skip


def test_a_key_that_went_to_another_film_brings_no_wrong_id() -> None:
    """Letterboxd finds it by its title; Trakt takes none without an id, and that is counted."""
    lists = build(watch("M", "2", "plex://movie/b", 3, year=1931))
    assert rows(lists.letterboxd[0])[0]["imdbID"] == ""
    assert (lists.trakt, lists.without_id) == (b"", 1)


def test_a_guid_of_an_older_agent_is_an_id() -> None:
    """Also where the film has gone from the library."""
    lists = build(
        watch("M", "8", "com.plexapp.agents.imdb://tt0022100?lang=en", 3),
        watch("Fury", "9", "com.plexapp.agents.themoviedb://14615?lang=en", 4),
    )
    assert [(row["imdb_id"], row["tmdb_id"]) for row in rows(lists.trakt)] == [("tt0022100", ""), ("", "14615")]


def test_episodes_are_only_in_the_list_for_trakt() -> None:
    """Letterboxd is for films; unfinished watches are in neither list."""
    lists = build(
        watch("Severance – S01E02 – Half Loop", "3", "plex://episode/c", 3, media_type="episode"),
        watch("Metropolis", "1", "plex://movie/a", 4, completed=False),
        watch("Metropolis", "1", "plex://movie/a", 5, brief=True),
        watch("News", "", "", 6, media_type="live"),
    )
    assert lists.letterboxd == []
    assert [(row["type"], row["tvdb_id"]) for row in rows(lists.trakt)] == [("episode", "349232")]
    assert lists.without_id == 0


def test_commas_quotes_and_lines_in_titles_stay_in_their_field() -> None:
    """And an end that is not known is the beginning."""
    title = 'The "Good", the\nBad'
    (row,) = rows(build(watch(title, "", "", 3, end_time=None)).letterboxd[0])
    assert row["Title"] == title
    assert row["WatchedDate"] == "2026-11-03"


def test_files_are_no_larger_than_letterboxd_takes(monkeypatch: Any) -> None:
    """Each with the heading; together they have every film once."""
    monkeypatch.setattr(film_lists, "LETTERBOXD_BYTES", 2000)
    lists = build(*(watch(f"Film {number}", "", f"plex://movie/{number}", 3) for number in range(100)))
    assert len(lists.letterboxd) > 2
    assert all(len(part) <= 2000 for part in lists.letterboxd)
    assert sorted(row["Title"] for part in lists.letterboxd for row in rows(part)) == sorted(
        f"Film {number}" for number in range(100)
    )
