"""The server's library: which films there are by some words of their title."""

import concurrent.futures
import contextlib
from collections.abc import Callable
from typing import Any, Final

from plexapi.server import PlexServer

from actors.media.plex.errors import POSSIBLE, classify_failure
from actors.media.plex.http import BoundedSession
from actors.media.plex.on_demand.request_queue import RequestQueue
from actors.media.plex.session_parser import ODDITIES, item_of
from messages import FilmsFound, FindFilms, Item, Message, Problem
from wording.problems import english

MOST: Final = 25
"""Films for one question: as many choices as Discord shows."""
_MOVIE: Final = "movie"
_connect: Any = PlexServer  # PlexAPI's functions have no types


class LibrarySearch:
    """Asks on a connection of its own: the poller's is the poller's thread's alone."""

    def __init__(self, url: str, token: str, http: Callable[[str], BoundedSession]) -> None:
        self._url = url
        self._token = token
        self._http = http
        self._errands = RequestQueue("plex-library")

    def __repr__(self) -> str:
        return f"Library({self._url!r}, token=***)"

    def search(self, question: FindFilms) -> "concurrent.futures.Future[Message]":
        """The films that the words fit; FilmsFound with a problem where the server could not be asked."""
        return self._errands.run(lambda: self._search(question), describe_failed_search)

    def _search(self, question: FindFilms) -> FilmsFound:
        most = max(1, min(question.most, MOST))
        try:
            with self._http(self._url) as session:
                server = _connect(self._url, self._token, session=session)
                # Plex's own search forgives misspellings; one request for all kinds, of which films are taken.
                found = server.search(question.words[:100], mediatype=_MOVIE, limit=most)
                films = _parse_films(found, str(server.machineIdentifier or ""))
        except POSSIBLE as error:
            return describe_failed_search(classify_failure(error, self._url).problem)
        return FilmsFound(films[:most])


def describe_failed_search(problem: Problem) -> FilmsFound:
    """Return the answer of a server that could not be asked."""
    return FilmsFound(problem=english(problem), reason=problem)


def _parse_films(found: Any, server_id: str) -> tuple[Item, ...]:
    """What of the answer is a film that this server holds, each once."""
    films: dict[str, Item] = {}
    for one in found:
        with contextlib.suppress(*ODDITIES):
            item = item_of(one._data, vars(one), server_id)
            if item.kind == _MOVIE and item.rating_key and item.title:
                films.setdefault(item.rating_key, item)
    return tuple(films.values())
