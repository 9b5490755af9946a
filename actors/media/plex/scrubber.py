"""Removes personal data from a Plex server's answers, so that they can be shown. Pure: no request, no clock.

An allowlist keeps only what is needed to tell sessions and watches apart; everything else is left out, so that no new
attribute can identify anybody. Names, ids and addresses of people and players become pseudonyms, which stay the same
throughout a recording.
"""

import json
from collections.abc import Mapping
from typing import Any, Final
from xml.etree.ElementTree import Element, SubElement, tostring

ITEM: Final = frozenset(
    {
        *(
            "type",
            "subtype",
            "sessionKey",
            "ratingKey",
            "key",
            "guid",
            "title",
            "year",
            "duration",
            "viewOffset",
            "live",
        ),
        *("grandparentTitle", "parentTitle", "parentIndex", "index", "librarySectionID", "extraType"),
    }
)
"""Attributes of a session's own element that are kept."""
CHILDREN: Final[Mapping[str, frozenset[str]]] = {
    "Media": frozenset({"duration", "selected"}),
    "Genre": frozenset({"tag"}),
    "Director": frozenset({"tag"}),
    "TranscodeSession": frozenset(),
    "User": frozenset({"id", "title"}),
    "Player": frozenset({"machineIdentifier", "title", "product", "state"}),
    "Session": frozenset({"id"}),
}
"""Child elements that are kept, with their attributes."""
HIDDEN: Final[Mapping[tuple[str, str], str]] = {
    ("User", "title"): "account",
    ("Player", "machineIdentifier"): "machine",
    ("Player", "title"): "player",
    ("Session", "id"): "session",
}
"""Attributes that become pseudonyms, with the kind of pseudonym."""
ALERT: Final = frozenset({"sessionKey", "state", "ratingKey", "viewOffset"})
PLAIN_ACCOUNTS: Final = frozenset({"0", "1"})
"""The account ids of nobody and of the owner, on every server."""


class Scrubber:
    """Replaces data with pseudonyms. Its results contain none of the `secrets`, wherever a server may have put them."""

    def __init__(self, secrets: tuple[str, ...] = ()) -> None:
        self._secrets = sorted((secret for secret in secrets if secret), key=len, reverse=True)
        self._known: dict[tuple[str, str], str] = {}

    def sessions(self, container: Element) -> str:
        """Return the session list as XML in one line."""
        kept = Element(container.tag, {"size": str(len(container))})
        for element in container:
            kept.append(self._session(element))
        return self._without_secrets(" ".join(tostring(kept, encoding="unicode").split()))

    def alert(self, alert: Any) -> str:
        """Return a `playing` alert as JSON in one line; "" for any other alert."""
        entries = alert.get("PlaySessionStateNotification") if isinstance(alert, dict) else None
        if not isinstance(entries, list) or alert.get("type") != "playing":
            return ""
        kept = [{name: entry[name] for name in entry.keys() & ALERT} for entry in entries if isinstance(entry, dict)]
        told = {"type": "playing", "size": len(kept), "PlaySessionStateNotification": kept}
        return self._without_secrets(json.dumps(told, sort_keys=True))

    def _session(self, element: Element) -> Element:
        kept = Element(element.tag, {name: value for name, value in element.items() if name in ITEM})
        if "key" in kept.attrib:
            kept.set("key", kept.attrib["key"].partition("?")[0])
        for child in element:
            if child.tag in CHILDREN:
                allowed = {name: value for name, value in child.items() if name in CHILDREN[child.tag]}
                SubElement(
                    kept, child.tag, {name: self._hide_value(child.tag, name, allowed[name]) for name in allowed}
                )
        return kept

    def _hide_value(self, tag: str, name: str, value: str) -> str:
        if (tag, name) == ("User", "id"):
            return self._account_id(value)
        kind = HIDDEN.get((tag, name))
        return self._pseudonym(kind, value) if kind and value else value

    def _account_id(self, value: str) -> str:
        """Return a pseudonym for a number; return anything else unchanged: it may be the fault to be recorded."""
        if value in PLAIN_ACCOUNTS or not value:
            return value
        if value.isascii() and value.isdigit():
            return str(1000 + int(self._pseudonym("id", value).removeprefix("id-")))
        return self._pseudonym("odd-id", value)

    def _pseudonym(self, kind: str, value: str) -> str:
        if (kind, value) not in self._known:
            number = sum(known == kind for known, _ in self._known) + 1
            self._known[kind, value] = f"{kind}-{number}"
        return self._known[kind, value]

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "(hidden)")
        return text
