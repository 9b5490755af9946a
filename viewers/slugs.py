"""Short names of viewers and films in addresses of the page: made with the store's key, they say nothing of an id."""

from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

ThingT = TypeVar("ThingT", bound=Hashable)

MOST_KEPT = 20_000
"""Short names that an index keeps at most: some 5 MB."""


def make_slug(key: bytes, kind: str, *parts: object) -> str:
    """Return the short name of a thing: twelve letters and digits. `kind`: viewer or film."""
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
    """Return the short name of a film by title and year, which tell it from a remake."""
    return make_slug(key, "film", title, year or "")


class SlugIndex(Generic[ThingT]):
    """Finds what a short name was made of. Each is computed once: for the thousands of a store that takes a while."""

    def __init__(self, make: Callable[[bytes, ThingT], str]) -> None:
        self._make = make
        self._things: dict[tuple[bytes, str], ThingT] = {}
        self._known: dict[bytes, set[ThingT]] = {}

    def find(self, key: bytes, slug: str, list_things: Callable[[], Iterable[ThingT]]) -> ThingT | None:
        """Return what has that short name, or had it once; None where nothing does.

        `list_things` returns what there is now, and is called where the name is new.
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
