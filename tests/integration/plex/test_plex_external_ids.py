"""Ids of other services for many items in few requests, only for the server's own items."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from actors.media.plex.http import BoundedSession
from actors.media.plex.on_demand import external_ids
from actors.media.plex.on_demand.external_ids import ExternalIdLookup
from messages import ExternalIdsFound, FindExternalIds
from simulator.plex import SimulatedPlex
from tests.deadlines import WITHIN_S


@pytest.fixture
def plex() -> Iterator[SimulatedPlex]:
    """A running server."""
    with SimulatedPlex() as server:
        yield server


def look_up(plex: SimulatedPlex, *keys: str, server_id: str = "", token: str = "") -> ExternalIdsFound:
    """Return the answer, in time."""
    lookup = ExternalIdLookup(plex.url, token or plex.token, BoundedSession)
    answer = lookup.look_up(FindExternalIds(server_id or plex.machine_id, keys)).result(WITHIN_S)
    assert isinstance(answer, ExternalIdsFound)
    return answer


def test_ids_come_with_the_guid_that_says_whose_they_are(plex: SimulatedPlex, monkeypatch: pytest.MonkeyPatch) -> None:
    """In as few requests as possible; items that the library no longer has are left out."""
    monkeypatch.setattr(external_ids, "A_REQUEST", 2)
    films = [item for item in plex.library if item.kind == "movie" and item.guid.startswith("plex://")][:5]
    answer = look_up(plex, *(film.rating_key for film in films), "99999", "not-a-key", "")
    assert answer.reason is None
    assert [(each.rating_key, each.guid, each.imdb, each.tmdb) for each in answer.items] == [
        (film.rating_key, film.guid, f"tt{int(film.rating_key):07d}", film.rating_key) for film in films
    ]


def test_nothing_is_found_where_all_have_gone_or_another_server_has_them(plex: SimulatedPlex) -> None:
    """Plex answers 404 where it has none of those asked for."""
    assert look_up(plex, "99999") == ExternalIdsFound()
    key = next(item.rating_key for item in plex.library if item.kind == "movie")
    assert look_up(plex, key, server_id="another") == ExternalIdsFound()


def test_a_refused_token_is_named_and_not_shown(plex: SimulatedPlex) -> None:
    """The answer says so, without the token."""
    answer = look_up(plex, "1", token="wr0ng-t0ken-of-somebody")
    assert answer.items == ()
    assert answer.reason is not None
    assert "wr0ng" not in repr(answer.reason)
