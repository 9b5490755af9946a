"""Search for films in the server's library."""

import concurrent.futures
import contextlib
from collections.abc import Callable
from typing import Any, Final

from actors.media.plex.client import connect_server
from actors.media.plex.errors import POSSIBLE, classify_failure
from actors.media.plex.http import BoundedSession
from actors.media.plex.on_demand.request_queue import RequestQueue
from actors.media.plex.session_parser import ODDITIES, item_of
from messages import FilmsFound, FindFilms, Item, Message, Problem
from wording.problems import english

MOST: Final = 25
"""Films in one answer at most: Discord shows so many choices."""
_MOVIE: Final = "movie"


class LibrarySearch:
    """Uses a connection of its own: the poller's belongs to the poller's thread."""

    def __init__(self, url: str, token: str, http: Callable[[str], BoundedSession]) -> None:
        self._url = url
        self._token = token
        self._http = http
        self._requests = RequestQueue("plex-library")

    def __repr__(self) -> str:
        return f"Library({self._url!r}, token=***)"

    def search(self, question: FindFilms) -> "concurrent.futures.Future[Message]":
        """Return a Future of the matching films, or of FilmsFound with a problem if the server could not be asked."""
        return self._requests.run(lambda: self._search(question), describe_failed_search)

    def _search(self, question: FindFilms) -> FilmsFound:
        most = max(1, min(question.most, MOST))
        try:
            with self._http(self._url) as session:
                server = connect_server(self._url, self._token, session)
                # Plex's search tolerates misspellings; one request finds all kinds, of which films are kept.
                results = server.search(question.words[:100], mediatype=_MOVIE, limit=most)
                films = _parse_films(results, str(server.machineIdentifier or ""))
        except POSSIBLE as error:
            return describe_failed_search(classify_failure(error, self._url).problem)
        return FilmsFound(films[:most])


def describe_failed_search(problem: Problem) -> FilmsFound:
    """Return the answer if the server could not be asked."""
    return FilmsFound(problem=english(problem), reason=problem)


def _parse_films(results: Any, server_id: str) -> tuple[Item, ...]:
    """Return the films among the results, each once."""
    films: dict[str, Item] = {}
    for result in results:
        with contextlib.suppress(*ODDITIES):
            item = item_of(result._data, vars(result), server_id)
            if item.kind == _MOVIE and item.rating_key and item.title:
                films.setdefault(item.rating_key, item)
    return tuple(films.values())
