"""Short names of viewers and films for web addresses: made with the store's key, they reveal no id."""

from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

ThingT = TypeVar("ThingT", bound=Hashable)

MOST_KEPT = 20_000
"""Maximum number of short names that an index keeps: some 5 MB."""


def make_slug(key: bytes, kind: str, *parts: object) -> str:
    """Return the short name of a viewer or film: twelve letters and digits. `kind`: viewer or film."""
    import base64
    import hashlib
    import hmac  # it loads OpenSSL, 3 MB, which only the page needs

    content = "\0".join((kind, *map(str, parts))).encode("utf-8", "surrogatepass")
    digest = hmac.new(key, content, hashlib.sha256).digest()[:8]
    return base64.b32encode(digest).decode().lower().rstrip("=")[:12]


def make_viewer_slug(key: bytes, viewer_id: str) -> str:
    """Return the short name of a viewer."""
    return make_slug(key, "viewer", viewer_id)


def make_film_slug(key: bytes, title: str, year: int | None) -> str:
    """Return the short name of a film by title and year, which distinguish it from a remake."""
    return make_slug(key, "film", title, year or "")


class SlugIndex(Generic[ThingT]):
    """Finds what a short name belongs to. Each name is computed only once: a store's thousands take a while."""

    def __init__(self, make: Callable[[bytes, ThingT], str]) -> None:
        self._make = make
        self._things: dict[tuple[bytes, str], ThingT] = {}
        self._known: dict[bytes, set[ThingT]] = {}

    def find(self, key: bytes, slug: str, list_things: Callable[[], Iterable[ThingT]]) -> ThingT | None:
        """Return what has that short name, or once had it; None if nothing has.

        `list_things` returns everything that there is now; it is called only if the name is not known yet.
        """
        if (key, slug) not in self._things:
            if len(self._things) > MOST_KEPT:
                self._things.clear()
                self._known.clear()
            known = self._known.setdefault(key, set())
            new = [thing for thing in list_things() if thing not in known]
            self._things.update({(key, self._make(key, thing)): thing for thing in new})
            known.update(new)
        return self._things.get((key, slug))
