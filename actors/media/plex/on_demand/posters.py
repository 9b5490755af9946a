"""Posters, fetched beside the polls with the token in a header; the last few are cached."""

import concurrent.futures
from typing import Final
from urllib.parse import quote

import requests

from actors.media.plex.errors import POSSIBLE, classify_failure
from actors.media.plex.http import BoundedSession
from actors.media.plex.on_demand.request_queue import RequestQueue, completed_future
from actors.media.plex.xml_guard import NotPlexXml
from messages import Message, Poster, Problem
from wording.problems import english

SIZE_LIMIT: Final = 2_000_000
"""Bytes of a picture at most."""
CACHED: Final = 6
"""Pictures in the cache."""
WIDTH, HEIGHT = 480, 720
"""Pixels to which Plex is asked to scale a poster: posters that people upload can have many megabytes."""
_TOTAL_S, _READ_S = 6.0, 4.0
_MARKS: Final = ((b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpeg"))


class _Pictures(BoundedSession):
    """A session whose answers are pictures of at most SIZE_LIMIT bytes; anything else is a RequestException."""

    def check_answer(self, response: requests.Response) -> requests.Response:
        """Return a picture, or raise the answer's fault."""
        if response.status_code != 200:
            raise requests.HTTPError(str(response.status_code), response=response)
        if not detect_image_type(response.content):
            raise NotPlexXml("what is no picture")
        return response


def detect_image_type(content: bytes) -> str:
    """Return png, jpeg or webp by the first bytes, whatever the header says; "" for anything else."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp"
    return next((kind for mark, kind in _MARKS if content.startswith(mark)), "")


def describe_missing_poster(problem: Problem) -> Poster:
    """Return the answer if there is no picture."""
    return Poster(problem=english(problem), reason=problem)


class PosterFetcher:
    """Fetches one picture at a time. Called from the actor's thread."""

    def __init__(self, url: str, token: str, *, only_public: bool = False) -> None:
        self._only_public = only_public
        self._url = url.rstrip("/")
        self._token = token
        self._cache: dict[str, Poster] = {}
        self._requests = RequestQueue("plex-poster")

    def __repr__(self) -> str:
        return f"Posters({self._url!r}, token=***)"

    def fetch(self, thumb: str) -> "concurrent.futures.Future[Message]":
        """Return a Future of the picture at this path of the server, or of a Poster with a problem if there is none."""
        if (cached := self._cache.get(thumb)) is not None:
            return completed_future(cached)
        if not thumb.startswith("/"):
            return completed_future(describe_missing_poster(Problem.of("plex.no_poster")))
        return self._requests.run(lambda: self._fetch_and_keep(thumb), describe_missing_poster)

    def _fetch_and_keep(self, thumb: str) -> Poster:
        poster = self._fetch(thumb)
        if poster.content:
            self._cache[thumb] = poster
            while len(self._cache) > CACHED:
                self._cache.pop(next(iter(self._cache)))
        return poster

    def _fetch(self, thumb: str) -> Poster:
        scaled = f"/photo/:/transcode?width={WIDTH}&height={HEIGHT}&minSize=1&upscale=0&url={quote(thumb, safe='')}"
        problem = Problem.of("plex.no_poster")
        for path in (scaled, thumb):  # a server whose transcoder is off still has the original
            try:
                content = self._get(path)
            except POSSIBLE as error:
                problem = classify_failure(error, self._url).problem
            else:
                return Poster(content, detect_image_type(content))
        return describe_missing_poster(problem)

    def _get(self, path: str) -> bytes:
        limits = (_TOTAL_S, _READ_S, SIZE_LIMIT)
        with _Pictures(self._url, *limits, only_public=self._only_public) as session:
            headers = {"X-Plex-Token": self._token, "Accept": "image/jpeg, image/png, image/webp"}
            return session.get(self._url + path, headers=headers).content
