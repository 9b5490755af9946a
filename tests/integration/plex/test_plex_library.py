"""Looking for films in a server's library: the real PlexAPI, beside the polls, within limits."""

import concurrent.futures
from collections.abc import Iterator
from typing import Any

import pytest

from actors.media.plex.http import BoundedSession
from actors.media.plex.on_demand import request_queue
from actors.media.plex.on_demand.library import LibrarySearch
from actors.media.plex.on_demand.request_queue import RequestQueue
from messages import FilmsFound, FindFilms, Problem
from simulator.plex import SimulatedPlex
from tests.deadlines import WITHIN_S
from wording.problems import english

SEARCH = "/hubs/search"


@pytest.fixture
def plex() -> Iterator[SimulatedPlex]:
    """A running server."""
    with SimulatedPlex() as server:
        yield server


def search(plex: SimulatedPlex, words: str, most: int = 25, token: str = "") -> FilmsFound:
    """The answer, in time."""
    answer = (
        LibrarySearch(plex.url, token or plex.token, BoundedSession).search(FindFilms(words, most)).result(WITHIN_S)
    )
    assert isinstance(answer, FilmsFound)
    return answer


def test_films_are_found_by_a_part_of_their_title(plex: SimulatedPlex) -> None:
    """With everything that a session would tell, so that a planned night recognises its film when it plays."""
    answer = search(plex, "metro")
    assert [film.title for film in answer.films] == ["Metropolis"]
    film = answer.films[0]
    assert (film.server_id, film.kind, film.year) == (plex.machine_id, "movie", 1927)
    assert film.rating_key.isdigit()
    assert film.duration_ms
    assert film.thumb.startswith("/library/metadata/")
    assert answer.problem == ""


def test_only_films_are_found_and_no_more_than_asked(plex: SimulatedPlex) -> None:
    """No series, no music; whatever number was asked for."""
    everything = search(plex, "", 500).films
    assert 1 < len(everything) <= 25
    assert {film.kind for film in everything} == {"movie"}
    assert search(plex, "", 1).films == everything[:1]
    assert search(plex, "no such film").films == ()


def test_a_refused_token_is_named_and_not_shown(plex: SimulatedPlex) -> None:
    """What to do, without the secret."""
    answer = search(plex, "metro", token="wr0ng-t0ken-of-somebody")
    assert answer.films == ()
    assert "PLEX_TOKEN" in answer.problem
    assert "wr0ng" not in answer.problem


def test_a_broken_answer_is_named(plex: SimulatedPlex) -> None:
    """A login page is no library."""
    plex.set_fault("html", paths=(SEARCH,))
    assert search(plex, "metro").problem


def test_library_requests_are_bounded_and_report_errors(caplog: pytest.LogCaptureFixture) -> None:
    """One runs at a time, few wait, more are refused; an unexpected error is an answer too."""
    gate: concurrent.futures.Future[None] = concurrent.futures.Future()
    runs = RequestQueue("test-errands")

    def waits() -> Any:
        gate.result(WITHIN_S)
        return FilmsFound()

    def breaks() -> Any:
        raise ZeroDivisionError("s3cret")

    def answer_problem(problem: Problem) -> FilmsFound:
        return FilmsFound(problem=english(problem))

    held = [runs.run(waits, answer_problem) for _ in range(request_queue.MOST_WAITING)]
    assert str(request_queue.MOST_WAITING) in runs.run(waits, answer_problem).result(0).problem  # type: ignore[attr-defined]  # as made
    gate.set_result(None)
    assert [future.result(WITHIN_S) for future in held] == [FilmsFound()] * request_queue.MOST_WAITING
    assert runs.run(breaks, answer_problem).result(WITHIN_S) == FilmsFound(
        problem="the request to Plex failed (ZeroDivisionError)"
    )
    assert "s3cret" not in caplog.text
