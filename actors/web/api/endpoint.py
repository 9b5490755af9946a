"""Declares endpoints of the JSON API: a function that asks what its page asks, and the type of the answer."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from actors.web.api.json_answers import convert
from actors.web.document import Document, document
from actors.web.page import PageRequest

PREFIX = "/api/v1"
JSON = "application/json"


class Parameter(msgspec.Struct, frozen=True):
    """A parameter in the path or in the query."""

    name: str
    about: str
    pattern: str = ""
    """A regular expression that its value matches; empty for any text."""
    choices: tuple[str, ...] = ()
    in_path: bool = False


class ApiAddress(msgspec.Struct, frozen=True):
    """An address of the API."""

    path: str
    """The path in OpenAPI's form: "/films/{slug}"."""
    answer: type[msgspec.Struct]
    about: str
    parameters: tuple[Parameter, ...]


class TextAddress(msgspec.Struct, frozen=True):
    """An address for programs that does not answer with JSON."""

    path: str
    about: str
    content_type: str
    parameters: tuple[Parameter, ...] = ()
    server: str = "/"
    """Base address of the path."""


TEXTS = (
    TextAddress(
        "/events",
        "What plays, as server-sent events: `now` with the answer of /now whenever that changed, and `beat` with the "
        "time (ms since 1970, UTC) at least every 20 s.",
        "text/event-stream",
        (Parameter("have", 'What the reader has already, as "now:version"; left out, all is sent at once.'),),
        server=PREFIX,
    ),
    TextAddress(
        "/history.csv",
        "All finished watches, the newest first, as a table for a spreadsheet (RFC 4180, UTF-8).",
        "text/csv",
        (Parameter("q", "Part of the title."),),
    ),
    TextAddress("/nights.ics", "The nights of the last year, and those to come, as a calendar.", "text/calendar"),
    TextAddress("/feed.xml", "The newest nights as an Atom feed.", "application/atom+xml"),
)
ENDPOINTS: dict[str, ApiAddress] = {}
"""All endpoints, by path."""
AnswerRequest = Callable[[PageRequest], Awaitable[msgspec.Struct]]


def endpoint(
    path: str,
    answer: type[msgspec.Struct],
    about: str,
    *parameters: Parameter,
    route: str = "",
    is_kept: bool = True,
) -> Callable[[AnswerRequest], AnswerRequest]:
    """Declare that the function below answers at this path. `route`: aiohttp's form of the path, if it differs.

    `is_kept`: whether an answer may be reused until the store changes.
    """

    def declare(answer_request: AnswerRequest) -> AnswerRequest:
        ENDPOINTS[path] = ApiAddress(path, answer, about, parameters)

        async def make(request: PageRequest) -> Document:
            found: Any = convert(await answer_request(request), request)
            return Document(msgspec.json.encode(found).decode(), JSON)

        document(f"api{path}", PREFIX + (route or path), is_kept=is_kept)(make)
        return answer_request

    return declare
