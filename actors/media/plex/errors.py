"""Classifies every way in which Plex can fail to answer, and says what to do about it. Pure."""

import re
from typing import Final, NamedTuple
from urllib.parse import urlsplit
from xml.etree.ElementTree import ParseError

import requests
from plexapi.exceptions import PlexApiException
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from actors.media.plex.http import RedirectedAway
from actors.media.plex.xml_guard import AnswerTooLarge, NotPlexXml
from actors.media.public_address import find_private
from messages import FailureKind, Problem
from wording.problems import english

_OTHERS_ERRORS: Final = (
    requests.RequestException,
    PlexApiException,
    ParseError,
    OSError,
    # PlexAPI raises these if an answer is well-formed but not what it expects.
    AttributeError,
    TypeError,
    ValueError,
    LookupError,
)


class Failure(NamedTuple):
    """Why a poll brought no answer. Contains no secret."""

    kind: FailureKind
    what: Problem
    """What happened."""
    cure: Problem
    """What to do."""

    @property
    def problem(self) -> Problem:
        """Both `what` and `cure`."""
        return Problem.of("plex.with_cure", what=self.what, cure=self.cure)

    @property
    def detail(self) -> str:
        """Both `what` and `cure`, in one line of English."""
        return english(self.problem)


class NotAPlexServer(Exception):
    """The answer is XML, but not a Plex server's; the exception's text says what is missing."""


class TooManySessions(Exception):
    """The list of sessions is longer than any real one; the exception's text is their number."""


POSSIBLE: Final = (*_OTHERS_ERRORS, NotAPlexServer, TooManySessions)
"""What a request to a server may raise. Anything else is a fault of ours, and ends the actor."""


def place_of(url: str) -> str:
    """Return the host and port of a URL, for people: without user, password, path or token."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def classify_failure(error: Exception, url: str, *, is_listed: bool = False) -> Failure:
    """Return why a request to the server at `url` failed. Never quotes the error, which may contain a token.

    `is_listed`: whether the server's address and token are in PLEX_SERVERS.
    """
    failure = _classify(error, url)
    address, token = ("PLEX_SERVERS", "PLEX_SERVERS") if is_listed else ("PLEX_URL", "PLEX_TOKEN")
    return failure._replace(cure=Problem.of(failure.cure.code, address_setting=address, token_setting=token))


def _classify(error: Exception, url: str) -> Failure:
    server = place_of(url)
    name = type(error).__name__
    if (private := find_private(error)) is not None:
        what = Problem.of("community.private_address", server=server, address=private.address)
        return Failure("refused", what, Problem.of("community.give_remote_access"))
    match error:
        case requests.HTTPError(response=requests.Response() as response):
            return _classify_status(response, server)
        case RedirectedAway():
            return _failure("redirected", "redirected", "use_own_address", server=server, address=str(error))
        case AnswerTooLarge() | TooManySessions():
            return _failure("too_large", "answer_too_large", "check_url", server=server, what=str(error))
        case NotPlexXml() | NotAPlexServer():
            return _failure("garbage", "not_plex", "check_url", server=server, what=str(error))
        case requests.Timeout() | TimeoutError():
            return _failure("timeout", "timeout", "check_load", server=server)
        case requests.exceptions.SSLError():
            return _failure("refused", "certificate", "use_fitting_address", server=server)
        case requests.ConnectionError() if _stopped_in_the_middle(error):
            return _failure("timeout", "timeout", "check_load", server=server)
        case requests.ConnectionError() if _closed_silently(error) and urlsplit(url).scheme == "http":
            return _failure("refused", "closed_silently", "try_https", server=server)
        case requests.exceptions.InvalidSchema() | requests.exceptions.InvalidURL():
            return _failure("refused", "bad_address", "correct_url", server=server)
        case requests.exceptions.ContentDecodingError() | requests.exceptions.ChunkedEncodingError():
            return _failure("garbage", "answer_broken", "check_url", server=server)
        case requests.ConnectionError() | OSError():
            return _failure("refused", "unreachable", "check_reach", server=server, error=name)
        case ParseError():
            return _failure("garbage", "xml_broken", "check_url", server=server)
    return _failure("garbage", "unlike_plex", "check_url", server=server, error=name)


def _failure(kind: FailureKind, what: str, cure: str, /, **parameters: str | int) -> Failure:
    return Failure(kind, Problem.of(f"plex.{what}", **parameters), Problem.of(f"plex.{cure}"))


def _classify_status(response: requests.Response, server: str) -> Failure:
    match response.status_code:
        case 400 if b"plain http request was sent to https port" in (response.content or b"").lower():
            return _failure("refused", "needs_https", "use_https", server=server)
        case 401 if "www-authenticate" in response.headers:  # Plex itself has no such login
            return _failure("unauthorized", "proxy_login", "pass_proxy", server=server)
        case 401:
            return _failure("unauthorized", "token_refused", "get_token", server=server)
        case 403 if _is_proxys_refusal(response):
            return _failure("forbidden", "proxy_forbids", "pass_proxy", server=server)
        case 403:
            return _failure("forbidden", "token_not_owners", "get_token", server=server)
        case 404:
            return _failure("not_found", "no_such_page", "check_url", server=server)
        case status if status >= 500:
            return _failure("server_error", "server_error", "look_at_log", server=server, status=status)
        case status:
            return _failure("garbage", "status", "check_url", server=server, status=status)


def _is_proxys_refusal(response: requests.Response) -> bool:
    """Tell whether a proxy or web server refused, not Plex: its page is not Plex's own."""
    named = any(name.lower().startswith("x-plex-") for name in response.headers)
    page = (response.content or b"")[:4096].strip()
    return not named and page.startswith(b"<") and not _PLEX_PAGE.fullmatch(page) and not page.startswith(b"<?xml")


_PLEX_PAGE: Final = re.compile(
    rb"<html>\s*<head>\s*<title>[^<]*</title>\s*</head>\s*<body>\s*<h1>403 [^<]*</h1>\s*</body>\s*</html>"
)
"""The page with which a Plex server refuses."""


def _stopped_in_the_middle(error: requests.ConnectionError) -> bool:
    """Tell whether the answer stopped in the middle: requests calls that a ConnectionError too."""
    return bool(error.args) and isinstance(error.args[0], ReadTimeoutError)


def _closed_silently(error: requests.ConnectionError) -> bool:
    """Tell whether the other end closed the connection without an answer, as TLS servers do to plain HTTP."""
    return bool(error.args) and isinstance(error.args[0], ProtocolError)
