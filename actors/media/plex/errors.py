"""Gives every way in which Plex can fail to answer its name, and says what to do about it. Pure."""

from typing import Final, NamedTuple
from urllib.parse import urlsplit
from xml.etree.ElementTree import ParseError

import requests
from plexapi.exceptions import PlexApiException
from urllib3.exceptions import ReadTimeoutError

from actors.media.plex.http import AnswerTooLarge, NotPlexXml, RedirectedAway
from messages import FailureKind

HOW_TO_GET_ONE: Final = (
    "sign in to Plex Web as the server's owner, open 'View XML' of any item, copy X-Plex-Token from its address"
    " into PLEX_TOKEN, and start Usher again"
)
PLEX_URL_HELP: Final = "check that PLEX_URL is a Plex Media Server"
_THEIRS: Final = (
    requests.RequestException,
    PlexApiException,
    ParseError,
    OSError,
    # What PlexAPI raises where an answer is well-formed but not what it expects.
    AttributeError,
    TypeError,
    ValueError,
    LookupError,
)


class Failure(NamedTuple):
    """Why a poll brought no answer."""

    kind: FailureKind
    detail: str
    """What happened, to what, and what to do: one line, without a secret."""


class AnotherServerNeeded(Exception):
    """Something answers as XML, but not as a Plex server; its text says what is missing."""


class TooManySessions(Exception):
    """The list of sessions is longer than any real one; its text is the number."""


POSSIBLE: Final = (*_THEIRS, AnotherServerNeeded, TooManySessions)
"""What asking a server may raise. Anything else is a fault of ours, and ends the actor."""


def place_of(url: str) -> str:
    """Return host and port of an address, for people: without user, password, path or token."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def failure_of(error: Exception, url: str) -> Failure:
    """Name what went wrong in asking the server at `url`. Never quotes the error: it may carry a token."""
    at = f"Plex at {place_of(url)}"
    match error:
        case requests.HTTPError(response=requests.Response() as response):
            return _status(response.status_code, at)
        case RedirectedAway():
            return Failure(
                "redirected",
                f"{at} points to {error}, where the token is not sent; set PLEX_URL to the server's own address",
            )
        case AnswerTooLarge() | TooManySessions():
            return Failure("too_large", f"{at} answered with {error}, more than any Plex server has; {PLEX_URL_HELP}")
        case NotPlexXml() | AnotherServerNeeded():
            return Failure("garbage", f"{at} sent {error} instead of Plex's XML; {PLEX_URL_HELP}")
        case requests.Timeout() | TimeoutError():
            return _timeout(at)
        case requests.exceptions.SSLError():
            return Failure(
                "refused",
                f"{at} has a certificate that does not fit its address; use http:// within your network, or the"
                " https://...plex.direct address that Plex Web shows",
            )
        case requests.ConnectionError() if _silent(error):
            return _timeout(at)
        case requests.exceptions.InvalidSchema() | requests.exceptions.InvalidURL():
            return Failure("refused", f"{at} is no address that can be asked; correct PLEX_URL")
        case requests.exceptions.ContentDecodingError() | requests.exceptions.ChunkedEncodingError():
            return Failure("garbage", f"{at} sent an answer that breaks off or cannot be unpacked; {PLEX_URL_HELP}")
        case requests.ConnectionError() | OSError():
            return Failure(
                "refused",
                f"{at} cannot be reached ({type(error).__name__}); is it running, and is PLEX_URL right as seen from"
                " here (a container is its own localhost)?",
            )
        case ParseError():
            return Failure("garbage", f"{at} sent XML that is cut short or broken; {PLEX_URL_HELP}")
    return Failure("garbage", f"{at} did not answer as a Plex server ({type(error).__name__}); {PLEX_URL_HELP}")


def _status(status: int, at: str) -> Failure:
    match status:
        case 401:
            return Failure("unauthorized", f"{at} refuses the token; {HOW_TO_GET_ONE}")
        case 403:
            return Failure(
                "forbidden", f"{at} accepts the token, but not as its owner's: it hides who watches; {HOW_TO_GET_ONE}"
            )
        case 404:
            return Failure("not_found", f"{at} knows no such page (HTTP 404); {PLEX_URL_HELP}")
        case _ if status >= 500:
            return Failure("server_error", f"{at} has a fault of its own (HTTP {status}); look at the server's log")
    return Failure("garbage", f"{at} answered with HTTP {status}; {PLEX_URL_HELP}")


def _timeout(at: str) -> Failure:
    return Failure("timeout", f"{at} did not answer in time; is it overloaded, or is a firewall in between?")


def _silent(error: requests.ConnectionError) -> bool:
    """Whether the answer stopped in the middle: requests calls that a ConnectionError too."""
    return bool(error.args) and isinstance(error.args[0], ReadTimeoutError)
