"""Short names of viewers and films in addresses of the page: made with the store's key, they say nothing of an id."""


def make_slug(key: bytes, kind: str, *parts: object) -> str:
    """Return the short name of a thing: twelve letters and digits. `kind`: viewer or film."""
    import base64
    import hashlib
    import hmac  # it brings OpenSSL, 3 MB, which whoever shows no page does without

    content = "\0".join((kind, *map(str, parts))).encode("utf-8", "surrogatepass")
    digest = hmac.new(key, content, hashlib.sha256).digest()[:8]
    return base64.b32encode(digest).decode().lower().rstrip("=")[:12]


def make_viewer_slug(key: bytes, viewer_id: str) -> str:
    """Return the short name of a viewer."""
    return make_slug(key, "viewer", viewer_id)


def make_film_slug(key: bytes, title: str, year: int | None) -> str:
    """Return the short name of a film by title and year, which tell it from a remake."""
    return make_slug(key, "film", title, year or "")
