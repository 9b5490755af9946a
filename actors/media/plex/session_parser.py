"""Turns Plex's session list into playbacks, one element at a time. Pure: no request, no clock.

PlexAPI's objects read the elements. Its `sessions()` fails for the whole list if one element is bad, so each element is
read by itself, and an unreadable one is reported instead of lost.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple
from xml.etree.ElementTree import Element, SubElement

from plexapi.base import PlexSession
from plexapi.exceptions import PlexApiException

from messages import DurationMs, Item, Playback, PlayerState, PositionMs
from messages.base import YEAR_LIMIT, storable

SESSIONS_PATH: Final = "/status/sessions"
TEXT_LIMIT: Final = 300
"""Characters that are kept of any text: a snapshot of many sessions must fit into one message."""
TAG_LIMIT: Final = 20
"""Genres, and directors, that are kept of one item."""
NUMBER_LIMIT: Final = 10**12
"""Positions, lengths and numbers beyond this are ignored: 31 years in milliseconds."""
ID_LIMIT: Final = 2**63 - 1
"""Largest key or account number: Plex keeps them in 64 bits."""
STATES: Final[dict[str, PlayerState]] = {
    "playing": "playing",
    "paused": "paused",
    "buffering": "buffering",
    "error": "error",
    "stopped": "stopped",
}


class UnreadableElement(Exception):
    """An element of the session list cannot be identified as one session."""


ODDITIES: Final = (
    *(UnreadableElement, PlexApiException),
    *(LookupError, TypeError, ValueError, AttributeError, ArithmeticError),
)
"""Exceptions that one odd element may raise."""


class ParsedSessions(NamedTuple):
    """The content of one answer of `/status/sessions`."""

    playbacks: tuple[Playback, ...]
    unreadable: tuple[str, ...]
    """Session keys of unreadable elements, or a place like "#3" if even the key is unreadable."""


def read_sessions(elements: Iterable[Element], server: Any) -> ParsedSessions:
    """Read the children of the session list; `server` is the PlexServer that the objects belong to."""
    playbacks: list[Playback] = []
    unreadable: list[str] = []
    for place, element in enumerate(elements, start=1):
        try:
            playbacks.append(playback_of(element, server))
        # PlexAPI may raise many errors on odd values; the other sessions must not be lost.
        except ODDITIES:
            unreadable.append(key_of(element.get("sessionKey")) or f"#{place}")
    return ParsedSessions(tuple(playbacks), tuple(unreadable))


def playback_of(element: Element, server: Any) -> Playback:
    """Return the playback that one element describes. Raises UnreadableElement, or an error of PlexAPI.

    Adds an empty User to an element that has none: PlexAPI fails without it.
    """
    if element.find("User") is None:
        SubElement(element, "User")
    session: Any = server._buildItem(element, initpath=SESSIONS_PATH)
    if not _is_session(session):
        raise UnreadableElement(f"Plex lists a session of the unknown type {element.get('type')!r}")
    session_key = key_of(element.get("sessionKey"))
    if not session_key:
        raise UnreadableElement("Plex lists a session without a session key")
    # Only its plain attributes: others of PlexAPI's objects may send a request, or build more objects.
    known = vars(session)
    item = item_of(element, known, server.machineIdentifier or "")
    player = element.find("Player")
    shown = player.attrib if player is not None else {}
    account_id = _number(known.get("_userId"), most=ID_LIMIT)
    return Playback(
        session_key=session_key,
        item=item,
        account_id="" if account_id is None else str(account_id),
        account_name=_text(known.get("_username")),
        machine_id=_text(shown.get("machineIdentifier")),
        player=_text(shown.get("title")) or _text(shown.get("product")),
        state=STATES.get(shown.get("state", ""), "unknown"),
        position_ms=None if item.live else _position(known.get("viewOffset")),
    )


def key_of(raw: object) -> str:
    """Return a session key in one spelling, or "" if it is none. Alerts and the list may spell it differently."""
    text = str(raw).strip() if isinstance(raw, str | int) else ""
    return str(int(text)) if text.isascii() and text.isdigit() and len(text) < 20 else ""


def _is_session(built: object) -> bool:
    return isinstance(built, PlexSession)


def item_of(element: Element, known: Mapping[str, Any], server_id: str) -> Item:
    """Return the item of an element that PlexAPI read into `known`. Raises UnreadableElement without a rating key."""
    key = _text(element.get("key"))
    kind = _text(element.get("type"))
    rating_key = _number(known.get("ratingKey"), most=ID_LIMIT)
    duration_ms = _duration(element)
    live = _is_live(element, known, key, rating_key)
    if rating_key is None and not live and kind in ("movie", "episode"):
        raise UnreadableElement(f"Plex lists a {kind} without a rating key")
    episode = kind == "episode"
    thumb = _text(element.get("thumb"))
    return Item(
        server_id=server_id,
        rating_key="" if rating_key is None else str(rating_key),
        kind=kind,
        title=_text(known.get("title")),
        year=_number(known.get("year"), most=YEAR_LIMIT),
        duration_ms=None if live else duration_ms,
        genres=_tags(element, "Genre"),
        directors=_tags(element, "Director"),
        show=_text(known.get("grandparentTitle")) if episode else "",
        season=_number(known.get("parentIndex")) if episode else None,
        episode=_number(known.get("index")) if episode else None,
        subtype=_text(element.get("subtype")),
        guid=_text(known.get("guid")),
        key=key,
        library_section_id=_number(known.get("librarySectionID"), below=-NUMBER_LIMIT),
        live=live,
        thumb=thumb if thumb.startswith("/") else "",
    )


def _is_live(element: Element, known: Mapping[str, Any], key: str, rating_key: int | None) -> bool:
    """Tell whether it is live TV: it has the flag, plays from /livetv/, or is a clip without any other data."""
    nameless = element.get("type") == "clip" and rating_key is None
    nothing_known = nameless and element.get("duration") is None and element.get("viewOffset") is None
    return bool(known.get("live")) or key.startswith("/livetv/") or nothing_known


def _duration(element: Element) -> DurationMs | None:
    """Return the length of the version that plays: an item may hold a short and a long cut."""
    selected = next((media for media in element.iterfind("Media") if media.get("selected") == "1"), None)
    for raw in (selected.get("duration") if selected is not None else None, element.get("duration")):
        length = _number(int(raw)) if raw and raw.isascii() and raw.isdigit() and len(raw) < 20 else None
        if length:
            return DurationMs(length)
    return None


def _position(value: object) -> PositionMs | None:
    number = _number(value, below=-NUMBER_LIMIT)
    return None if number is None else PositionMs(max(0, number))


def _number(value: object, below: int = 0, most: int = NUMBER_LIMIT) -> int | None:
    """Return a whole number within the limits; None if it is missing, or PlexAPI's NaN, which is a float."""
    return value if isinstance(value, int) and below <= value <= most else None


def _text(value: object) -> str:
    return storable(value[:TEXT_LIMIT]) if isinstance(value, str) else ""


def _tags(element: Element, kind: str) -> tuple[str, ...]:
    named = (_text(tag.get("tag")) for tag in element.iterfind(kind))
    return tuple(name for name in named if name)[:TAG_LIMIT]
