"""The server's library: which films there are by some words of their title."""

import concurrent.futures
import contextlib
from collections.abc import Callable
from typing import Any, Final

from plexapi.server import PlexServer

from actors.media.plex.errors import POSSIBLE, failure_of
from actors.media.plex.http import BoundedSession
from actors.media.plex.on_demand.request_queue import Errands
from actors.media.plex.session_parser import ODDITIES, item_of
from messages import FilmsFound, FindFilms, Item, Message

MOST: Final = 25
"""Films for one question: as many choices as Discord shows."""
_MOVIE: Final = "movie"
_connect: Any = PlexServer  # PlexAPI's functions have no types


class Library:
    """Asks on a connection of its own: the poller's is the poller's thread's alone."""

    def __init__(self, url: str, token: str, http: Callable[[str], BoundedSession]) -> None:
        self._url = url
        self._token = token
        self._http = http
        self._errands = Errands("plex-library")

    def __repr__(self) -> str:
        return f"Library({self._url!r}, token=***)"

    def find(self, question: FindFilms) -> "concurrent.futures.Future[Message]":
        """The films that the words fit; FilmsFound with a problem where the server could not be asked."""
        return self._errands.run(lambda: self._found(question), lambda why: FilmsFound(problem=why))

    def _found(self, question: FindFilms) -> FilmsFound:
        most = max(1, min(question.most, MOST))
        try:
            with self._http(self._url) as session:
                server = _connect(self._url, self._token, session=session)
                # Plex's own search forgives misspellings; one request for all kinds, of which films are taken.
                found = server.search(question.words[:100], mediatype=_MOVIE, limit=most)
                films = _films(found, str(server.machineIdentifier or ""))
        except POSSIBLE as error:
            return FilmsFound(problem=failure_of(error, self._url).detail)
        return FilmsFound(films[:most])


def _films(found: Any, server_id: str) -> tuple[Item, ...]:
    """What of the answer is a film that this server holds, each once."""
    films: dict[str, Item] = {}
    for one in found:
        with contextlib.suppress(*ODDITIES):
            item = item_of(one._data, vars(one), server_id)
            if item.kind == _MOVIE and item.rating_key and item.title:
                films.setdefault(item.rating_key, item)
    return tuple(films.values())
