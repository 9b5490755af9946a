"""Which items are the same film: by its global guid, on whatever server and under whatever rating key."""

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

import msgspec

from messages import Item
from tracking.rules import LIVE_KEY, is_live

Watch = TypeVar("Watch")

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


def is_identified(item: Item) -> bool:
    """Tell whether an item says which film it is: by a global guid, its key on a server, or a tuner's session."""
    if is_live(item):
        return bool(_find_tuner(item))
    return bool(item.rating_key or global_guid(item))


def group_films(
    watches: Iterable[Watch], item_of: Callable[[Watch], Item], began_of: Callable[[Watch], float]
) -> list[list[Watch]]:
    """Return watches in groups of one film each, as `same_film` has it, in whatever order they come.

    Where an item without a global guid may be any of several films, because its key was given to another one, it is
    the one that was watched nearest in time (`began_of`: seconds). What is not identified is in a group alone.
    """
    films: list[_Film[Watch]] = []
    by_guid: dict[str, _Film[Watch]] = {}
    by_key: dict[str, list[_Film[Watch]]] = {}
    local: list[tuple[Watch, Item]] = []

    def add_film(key: str) -> _Film[Watch]:
        films.append(_Film())
        by_key.setdefault(key, []).append(films[-1])
        return films[-1]

    for watch in watches:
        item = item_of(watch)
        guid = "" if is_live(item) else global_guid(item)
        if guid:
            key = _local_key(item)
            if guid not in by_guid:
                by_guid[guid] = add_film(key)
            elif all(film is not by_guid[guid] for film in by_key.get(key, ())):
                by_key.setdefault(key, []).append(by_guid[guid])
            by_guid[guid].add(watch, item)
        elif is_identified(item):
            local.append((watch, item))
        else:
            films.append(_Film([watch]))
    # Those that tell more come first: an item without guid and length may be any film of its key.
    local.sort(key=lambda each: (not each[1].guid, each[1].duration_ms is None, began_of(each[0])))
    for watch, item in local:
        key, began_s = _local_key(item), began_of(watch)
        fitting = [film for film in by_key.get(key, ()) if film.fits(item)]
        if len(fitting) > 1:
            fitting.sort(key=lambda film: min(abs(began_of(each) - began_s) for each in film.watches))
        (fitting[0] if fitting else add_film(key)).add(watch, item)
    return [film.watches for film in films]


class _Film(msgspec.Struct, Generic[Watch]):
    """Watches of one film."""

    watches: list[Watch] = msgspec.field(default_factory=list)
    items: dict[tuple[str, str, int | None], Item] = msgspec.field(default_factory=dict)
    """Its different items, by key, guid and length."""

    def add(self, watch: Watch, item: Item) -> None:
        """Add a watch."""
        self.watches.append(watch)
        self.items.setdefault((_local_key(item), item.guid, item.duration_ms), item)

    def fits(self, item: Item) -> bool:
        """Tell whether an item without a global guid is this film: it is one of its items, and contradicts none."""
        own = [each for each in self.items.values() if _local_key(each) == _local_key(item)]
        is_same = any(same_film(each, item) for each in own)
        return is_same and all(same_film(each, item) for each in own if is_live(each) or not global_guid(each))


def _local_key(item: Item) -> str:
    """Return a key that identifies an item on its server."""
    if is_live(item):
        return f"{item.server_id}/live:{_find_tuner(item)}"
    return f"{item.server_id}/{item.rating_key or item.key or item.guid or item.title}"


def _find_tuner(item: Item) -> str:
    """Return the tuner's session that a live item is shown in; empty if it is not told."""
    parts = item.key.split("/")
    return parts[3] if item.key.startswith(f"{LIVE_KEY}sessions/") and len(parts) > 3 else ""
