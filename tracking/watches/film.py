"""Which items are the same film: by its global guid, on whatever server and under whatever rating key."""

from messages import Item
from tracking.rules import LIVE_KEY, is_live

AGENTS = {"imdb": "imdb", "themoviedb": "tmdb", "tmdb": "tmdb", "thetvdb": "tvdb", "tvdb": "tvdb"}
"""Metadata agents whose ids are the same on every server, by the last part of the guid's scheme."""


def global_guid(item: Item) -> str:
    """Return the guid by which an item is known on every server; empty where it has none.

    New libraries have `plex://movie/...`; older ones name their agent, as in
    `com.plexapp.agents.imdb://tt0113277?lang=en`.
    """
    if item.guid.startswith("plex://"):
        return item.guid
    scheme, _, rest = item.guid.partition("://")
    agent = AGENTS.get(scheme.rpartition(".")[2])
    path = rest.partition("?")[0]
    return f"{agent}://{path}" if agent and path else ""


def same_film(one: Item, other: Item) -> bool:
    """Tell whether two items are the same film.

    Without a global guid on both sides: the same key of the same server, and the same guid or length, as far as both
    are told. The programme of a live channel changes in mid-session; the tuner's session stays.
    """
    if is_live(one) or is_live(other):
        return is_live(one) and is_live(other) and _local_key(one) == _local_key(other)
    guids = (global_guid(one), global_guid(other))
    if all(guids):
        return guids[0] == guids[1]
    if _local_key(one) != _local_key(other):
        return False
    if one.guid and other.guid:
        return one.guid == other.guid
    return has_same_length(one, other)


def has_same_key(one: Item, other: Item) -> bool:
    """Tell whether two items have the same key on the same server. A live channel's programmes never have."""
    return not is_live(one) and not is_live(other) and _local_key(one) == _local_key(other)


def has_same_length(one: Item, other: Item) -> bool:
    """Tell whether two items have the same length, as far as both are told."""
    lengths = (one.duration_ms, other.duration_ms)
    return None in lengths or lengths[0] == lengths[1]


def film_keys(item: Item) -> tuple[str, ...]:
    """Return the lookup keys of an item: two items of the same film share at least one; `same_film` decides."""
    guid = global_guid(item)
    local = _local_key(item)
    return (guid, local) if guid and not is_live(item) else (local,)


def _local_key(item: Item) -> str:
    """Return a key that identifies an item on its server."""
    if is_live(item):
        parts = item.key.split("/")
        tuner = parts[3] if item.key.startswith(f"{LIVE_KEY}sessions/") and len(parts) > 3 else ""
        return f"{item.server_id}/live:{tuner}"
    return f"{item.server_id}/{item.rating_key or item.key or item.guid or item.title}"
