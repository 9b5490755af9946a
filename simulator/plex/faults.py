"""Faults of the simulated server, which can be changed while it runs."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

FaultKind = Literal[
    "refuse",
    "flap",
    "hang",
    "slow",
    "status",
    "html",
    "truncated",
    "empty",
    "no_content",
    "huge",
    "endless_redirect",
    "redirect",
    "entity_bomb",
    "many_sessions",
    "no_charset",
    "control_entity",
    "raw_control",
]
"""refuse: no listening socket, and every connection is cut. flap: `seconds` answering, `seconds` refusing, and so on.
hang: requests are read and never answered. slow: `seconds` before each answer. status: an error page with `code`. html:
200 with a router's login page. truncated: half of the true answer. empty, no_content: 200 and 204 without a body. huge:
`size` bytes. endless_redirect: to itself. redirect: to `location`. entity_bomb: a document that would expand to
gigabytes. many_sessions: `size` sessions. no_charset: text/xml without a charset. control_entity: a `&#4;` in the first
title. raw_control: a raw control character and a byte that is not UTF-8 in the first title."""

SocketFault = Literal["unanswered", "rejected", "dropped", "silent", "invalid_utf8", "garbage"]
"""unanswered: the handshake never ends. rejected: HTTP 503. dropped: each connection closes as soon as it is open.
silent: open, but nothing is ever sent, not even a pong or a close. invalid_utf8: the next alert is a text frame that is
not UTF-8. garbage: the next alert is malformed."""

ADMIN_ONLY = ("/status/sessions", "/accounts", "/devices")
"""Addresses that only the owner's token may use."""

HTML = b"<!DOCTYPE html><html><head><title>Router<meta charset=utf-8></head><body>Please log in</body></html>"
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE bomb [<!ENTITY a0 "boom">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 11))
    + b']><MediaContainer size="1"><Video title="&a10;"/></MediaContainer>'
)


@dataclass(frozen=True)
class Oddity:
    """One way in which a session's element is malformed."""

    attributes: Mapping[str, str | None] = field(default_factory=dict)
    """Attributes to write; None omits one; "User.id" is the id of the User child."""
    without: tuple[str, ...] = ()
    """Children to omit."""


ODDITIES: Mapping[str, Oddity] = {
    "no_user": Oddity(without=("User",)),
    "no_player": Oddity(without=("Player",)),
    "no_session": Oddity(without=("Session",)),
    "no_media": Oddity(without=("Media",)),
    "no_guids": Oddity({"guid": None}, ("Guid",)),
    "no_parents": Oddity({"parentKey": None, "parentRatingKey": None, "parentThumb": None}),
    "unknown_type": Oddity({"type": "hologram"}),
    "no_type": Oddity({"type": None}),
    "empty_keys": Oddity({"ratingKey": "", "sessionKey": "", "User.id": ""}),
    "text_keys": Oddity({"ratingKey": "abc", "sessionKey": "xyz", "User.id": "owner"}),
    "text_offset": Oddity({"viewOffset": "soon"}),
    "no_duration": Oddity({"duration": None}),
    "no_offset": Oddity({"viewOffset": None}),
    "anonymous": Oddity({"User.id": None, "User.title": None}),
}
"""Every malformed element that was seen from real servers."""


@dataclass(frozen=True)
class Fault:
    """The fault that the server has now."""

    kind: FaultKind
    paths: tuple[str, ...] = ()
    """Only requests whose path begins with one of these; empty for every request."""
    times: int | None = None
    """How many requests it hits before it heals by itself; None for all."""
    code: int = 500
    """For status."""
    seconds: float = 1.0
    """For slow and flap: real seconds, whatever the server's clock, because timeouts are real."""
    size: int = 0
    """For huge (bytes) and many_sessions (sessions)."""
    location: str = ""
    """For redirect: an absolute address."""

    def hits(self, path: str) -> bool:
        """Tell whether the fault hits a request for this path."""
        return not self.paths or path.startswith(self.paths)


async def huge_body(size: int) -> AsyncIterator[bytes]:
    """Yield an XML document that begins well and continues for `size` bytes."""
    yield b'<?xml version="1.0" encoding="UTF-8"?><MediaContainer size="0">'
    block = b" " * 65536
    for _ in range(size // len(block)):
        yield block


async def many_sessions(size: int) -> AsyncIterator[bytes]:
    """Yield a well-formed answer with `size` sessions."""
    yield b'<?xml version="1.0" encoding="UTF-8"?><MediaContainer size="%d">' % size
    for first in range(1, size + 1, 200):
        yield b"".join(
            b'<Video type="movie" sessionKey="%d" ratingKey="1001" key="/library/metadata/1001"'
            b' title="A Trip to the Moon" duration="780000" viewOffset="1000"><User id="1" title="Rosa"/>'
            b'<Player machineIdentifier="m%d" state="playing" title="TV"/><Session id="s%d"/></Video>' % (n, n, n)
            for n in range(first, min(first + 200, size + 1))
        )
    yield b"</MediaContainer>"
