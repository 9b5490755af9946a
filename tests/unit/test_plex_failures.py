"""Every way in which Plex can fail to answer has its name, its place and its cure, and no secret."""

from xml.etree.ElementTree import ParseError

import pytest
import requests
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import ReadTimeoutError

from actors.media.plex.errors import (
    POSSIBLE,
    AnotherServerNeeded,
    TooManySessions,
    failure_of,
    place_of,
)
from actors.media.plex.http import AnswerTooLarge, NotPlexXml, RedirectedAway
from messages import FailureKind

URL = "http://user:password@plex.example:32400/base?X-Plex-Token=tok3n"
SECRET_TEXT = "GET http://plex.example:32400/?X-Plex-Token=tok3n"


def status(code: int) -> requests.HTTPError:
    """An answer with this status."""
    answer = requests.Response()
    answer.status_code = code
    return requests.HTTPError(SECRET_TEXT, response=answer)


SILENT = requests.ConnectionError(ReadTimeoutError(HTTPConnectionPool("plex.example"), "/", SECRET_TEXT))
CASES: list[tuple[Exception, FailureKind]] = [
    (requests.ConnectionError(SECRET_TEXT), "refused"),
    (requests.exceptions.SSLError(SECRET_TEXT), "refused"),
    (requests.exceptions.InvalidURL(SECRET_TEXT), "refused"),
    (ConnectionResetError(SECRET_TEXT), "refused"),
    (requests.ConnectTimeout(SECRET_TEXT), "timeout"),
    (requests.ReadTimeout(SECRET_TEXT), "timeout"),
    (SILENT, "timeout"),
    (TimeoutError(SECRET_TEXT), "timeout"),
    (status(401), "unauthorized"),
    (status(403), "forbidden"),
    (status(404), "not_found"),
    (status(500), "server_error"),
    (status(503), "server_error"),
    (status(520), "server_error"),
    (status(418), "garbage"),
    (status(302), "garbage"),
    (NotPlexXml("a web page"), "garbage"),
    (AnotherServerNeeded("no machineIdentifier"), "garbage"),
    (ParseError(SECRET_TEXT), "garbage"),
    (requests.exceptions.ContentDecodingError(SECRET_TEXT), "garbage"),
    (requests.exceptions.ChunkedEncodingError(SECRET_TEXT), "garbage"),
    (AttributeError(SECRET_TEXT), "garbage"),
    (TypeError(SECRET_TEXT), "garbage"),
    (ValueError(SECRET_TEXT), "garbage"),
    (AnswerTooLarge("more than 16777216 bytes"), "too_large"),
    (TooManySessions("2001 sessions"), "too_large"),
    (RedirectedAway("https://login.example"), "redirected"),
]


@pytest.mark.parametrize(("error", "kind"), CASES, ids=lambda case: type(case).__name__)
def test_every_failure_has_its_name_and_its_place(error: Exception, kind: FailureKind) -> None:
    """The kind is right; the detail names host and port, says what to do in one line, and quotes no secret."""
    failure = failure_of(error, URL)
    assert failure.kind == kind
    assert "plex.example:32400" in failure.detail
    assert ";" in failure.detail
    assert "\n" not in failure.detail
    assert not {"tok3n", "password"} & set(failure.detail.replace("/", " ").replace("=", " ").split())


@pytest.mark.parametrize(("error", "kind"), CASES, ids=lambda case: type(case).__name__)
def test_every_failure_is_caught(error: Exception, kind: FailureKind) -> None:
    """What has a name is also what the poller catches."""
    assert isinstance(error, POSSIBLE), kind


def test_a_refused_token_says_where_to_get_one() -> None:
    """It is told apart from a server that is away."""
    assert "View XML" in failure_of(status(401), URL).detail
    assert "owner" in failure_of(status(403), URL).detail


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("http://plex.example:32400", "plex.example:32400"),
        ("https://plex.example", "plex.example:443"),
        ("http://plex.example/plex", "plex.example:80"),
        ("http://[::1]:32400", "[::1]:32400"),
    ],
)
def test_places(url: str, place: str) -> None:
    """Host and port, whatever the address looks like."""
    assert place_of(url) == place
