"""Every way in which Plex can fail to answer has a name, the server's address and a cure, and shows no secret."""

from http.client import RemoteDisconnected
from xml.etree.ElementTree import ParseError

import pytest
import requests
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from actors.media.plex.errors import (
    POSSIBLE,
    NotAPlexServer,
    TooManySessions,
    classify_failure,
    place_of,
)
from actors.media.plex.http import RedirectedAway
from actors.media.plex.xml_guard import AnswerTooLarge, NotPlexXml
from messages import FailureKind
from wording.problems import english

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
    (NotAPlexServer("no machineIdentifier"), "garbage"),
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
    failure = classify_failure(error, URL)
    assert failure.kind == kind
    assert "plex.example:32400" in failure.detail
    assert ";" in failure.detail
    assert "\n" not in failure.detail
    assert not {"tok3n", "password"} & set(failure.detail.replace("/", " ").replace("=", " ").split())


@pytest.mark.parametrize(("error", "kind"), CASES, ids=lambda case: type(case).__name__)
def test_every_failure_is_caught(error: Exception, kind: FailureKind) -> None:
    """What has a name is also what the poller catches."""
    assert isinstance(error, POSSIBLE), kind


def refusal(code: int, page: bytes, **headers: str) -> requests.HTTPError:
    """An answer with this status, page and headers."""
    answer = requests.Response()
    answer.status_code, answer._content = code, page
    answer.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return requests.HTTPError(SECRET_TEXT, response=answer)


PLEX_PAGE = b"<html><head><title>Forbidden</title></head><body><h1>403 Forbidden</h1></body></html>"
NGINX_PAGE = b"""<html>
<head><title>%s</title></head>
<body>
<center><h1>%s</h1></center>
<hr><center>nginx/1.24.0</center>
</body>
</html>"""
HTTPS_ONLY = NGINX_PAGE % ((b"400 The plain HTTP request was sent to HTTPS port",) * 2)
CLOSED = requests.ConnectionError(ProtocolError("Connection aborted.", RemoteDisconnected(SECRET_TEXT)))


@pytest.mark.parametrize(
    ("error", "kind", "what", "cure"),
    [
        (CLOSED, "refused", "closed the connection without an answer", "begin PLEX_URL with https://"),
        (refusal(400, HTTPS_ONLY), "refused", "accepts secure connections only", "begin PLEX_URL with https://"),
        (
            refusal(401, b"", WWW_Authenticate='Basic realm="media"'),
            "unauthorized",
            "asks for a login of its own",
            "let Usher through the proxy",
        ),
        (refusal(401, PLEX_PAGE), "unauthorized", "refuses the token", "View XML"),
        (
            refusal(403, NGINX_PAGE % ((b"403 Forbidden",) * 2), Server="nginx"),
            "forbidden",
            "lets nobody in",
            "let Usher through the proxy",
        ),
        (refusal(403, PLEX_PAGE), "forbidden", "not the owner's", "View XML"),
        (refusal(403, PLEX_PAGE, Server="nginx"), "forbidden", "not the owner's", "View XML"),
        (refusal(403, b"<p>no", X_Plex_Protocol="1.0"), "forbidden", "not the owner's", "View XML"),
        (refusal(403, b""), "forbidden", "not the owner's", "View XML"),
    ],
)
def test_faults_of_a_proxy_are_not_taken_for_faults_of_plex(
    error: Exception, kind: FailureKind, what: str, cure: str
) -> None:
    """A server that takes https only, and a proxy's own login and refusal: a new token would help none of them."""
    failure = classify_failure(error, URL)
    assert failure.kind == kind
    assert what in english(failure.what)
    assert cure in english(failure.cure)


def test_a_secure_connection_that_is_closed_is_not_told_to_be_secure() -> None:
    """It is so already."""
    assert "https" not in classify_failure(CLOSED, URL.replace("http://", "https://")).detail


def test_a_refused_token_says_where_to_get_one() -> None:
    """It is told apart from a server that is away."""
    assert "View XML" in classify_failure(status(401), URL).detail
    assert "owner" in classify_failure(status(403), URL).detail


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


@pytest.mark.parametrize(("error", "kind"), CASES)
def test_a_cure_names_the_setting_that_has_the_server(error: Exception, kind: FailureKind) -> None:
    """One of PLEX_SERVERS has nothing to do with PLEX_URL and PLEX_TOKEN."""
    first, listed = (english(classify_failure(error, URL, is_listed=is_listed).cure) for is_listed in (False, True))
    assert "PLEX_SERVERS" not in first and "{" not in first + listed
    assert listed == first.replace("PLEX_URL", "PLEX_SERVERS").replace("PLEX_TOKEN", "PLEX_SERVERS")
    assert kind != "unauthorized" or "into PLEX_SERVERS" in listed
