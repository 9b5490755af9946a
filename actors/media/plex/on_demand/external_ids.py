"""Looks up the IMDb, TMDB and TVDB ids of library items."""

import concurrent.futures
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from actors.media.plex.client import connect_server
from actors.media.plex.errors import POSSIBLE, classify_failure
from actors.media.plex.http import BoundedSession
from actors.media.plex.on_demand.request_queue import RequestQueue
from messages import ExternalIds, ExternalIdsFound, FindExternalIds, Message

MOST: Final = 5000
"""Items in one question at most."""
A_REQUEST: Final = 50
"""Items in one request to Plex, whose address contains their keys."""


class ExternalIdLookup:
    """Uses a connection of its own: the poller's belongs to the poller's thread."""

    def __init__(self, url: str, token: str, http: Callable[[str], BoundedSession]) -> None:
        self._url = url
        self._token = token
        self._http = http
        self._requests = RequestQueue("plex-ids")

    def __repr__(self) -> str:
        return f"ExternalIdLookup({self._url!r}, token=***)"

    def look_up(self, question: FindExternalIds) -> "concurrent.futures.Future[Message]":
        """Return a Future of the ids, or of ExternalIdsFound with a reason if the server could not be asked."""
        return self._requests.run(lambda: self._look_up(question), lambda problem: ExternalIdsFound(reason=problem))

    def _look_up(self, question: FindExternalIds) -> ExternalIdsFound:
        keys = [key for key in dict.fromkeys(question.rating_keys) if key.isascii() and key.isdigit()]
        found: list[ExternalIds] = []
        try:
            with self._http(self._url) as session:
                server = connect_server(self._url, self._token, session)
                if server.machineIdentifier != question.server_id:
                    return ExternalIdsFound()
                for start in range(0, min(len(keys), MOST), A_REQUEST):
                    found += self._ask(server, keys[start : start + A_REQUEST])
        except POSSIBLE as error:
            return ExternalIdsFound(tuple(found), classify_failure(error, self._url).problem)
        return ExternalIdsFound(tuple(found))

    def _ask(self, server: Any, keys: Sequence[str]) -> Iterator[ExternalIds]:
        """Yield the external ids of these items; yield nothing if the server has none of the items any more."""
        try:
            container = server.query(f"/library/metadata/{','.join(keys)}")
        except POSSIBLE as error:
            if classify_failure(error, self._url).kind == "not_found":
                return
            raise
        for element in container if container is not None else ():
            written = [str(each.get("id", "")).partition("://") for each in element.iterfind("Guid")]
            ids = {service: number for service, _, number in written}
            own = [ids.get(service, "") for service in ("imdb", "tmdb", "tvdb")]
            yield ExternalIds(str(element.get("ratingKey", "")), str(element.get("guid", "")), *own)
