"""Watches are grouped by film as two items are compared, in whatever order they come."""

import itertools
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from messages import Item
from messages.base import DurationMs
from tests.unit.tracking.builders import HEAT, HOUR_MS
from tracking.watches.film import group_films, is_identified, same_film

HOUR_S = 3600.0
GUID = replace(HEAT, guid="plex://movie/heat")
RONIN = replace(HEAT, guid="plex://movie/ronin")
LOCAL = replace(HEAT, guid="local://1")
NO_LENGTH = replace(HEAT, duration_ms=None)
LIVE = Item("srv", "", "clip", "News", live=True, key="/livetv/sessions/a/1")


class Seen(NamedTuple):
    """A watch."""

    item: Item
    began_s: float = 0.0


def group(*watches: Seen) -> set[frozenset[Seen]]:
    """The watches of each film; the same in every order."""
    found = {
        frozenset(frozenset(film) for film in group_films(some, lambda each: each.item, lambda each: each.began_s))
        for some in itertools.permutations(watches)
    }
    (films,) = found
    return set(films)


def test_what_has_no_guid_joins_the_film_of_its_key() -> None:
    """On another server as well: the one with a guid is the link between them."""
    elsewhere = Seen(replace(GUID, server_id="two", rating_key="9"), 1.0)
    assert group(Seen(GUID), Seen(HEAT), elsewhere) == {frozenset({Seen(GUID), Seen(HEAT), elsewhere})}
    assert len(group(Seen(HEAT), elsewhere)) == 2


def test_of_two_films_of_a_key_the_nearest_one_counts() -> None:
    """A guid that is missing for a while does not join two films."""
    early, late = Seen(NO_LENGTH, HOUR_S), Seen(HEAT, 20 * HOUR_S)
    heat, ronin = Seen(GUID), Seen(RONIN, 21 * HOUR_S)
    assert group(heat, early, late, ronin) == {frozenset({heat, early}), frozenset({late, ronin})}


def test_two_lengths_without_guids_are_two_films() -> None:
    """An unknown length fits either, and joins only one."""
    longer = Seen(replace(HEAT, duration_ms=DurationMs(3 * HOUR_MS)), HOUR_S)
    films = group(Seen(HEAT), longer, Seen(NO_LENGTH, 2 * HOUR_S))
    assert films == {frozenset({Seen(HEAT)}), frozenset({longer, Seen(NO_LENGTH, 2 * HOUR_S)})}


def test_what_is_not_identified_is_alone() -> None:
    """A typed title, and live TV of an unknown tuner."""
    typed, unknown = replace(HEAT, server_id="", rating_key=""), replace(LIVE, key="")
    assert not is_identified(typed) and not is_identified(unknown)
    assert len(group(Seen(typed), Seen(typed, 1.0), Seen(unknown), Seen(unknown, 1.0))) == 4


@pytest.mark.parametrize("pair", list(itertools.product((HEAT, GUID, RONIN, LOCAL, NO_LENGTH, LIVE), repeat=2)))
def test_two_watches_are_of_one_film_as_their_items_are(pair: tuple[Item, Item]) -> None:
    """Of only two, `same_film` alone decides."""
    films = group(Seen(pair[0]), Seen(pair[1], 1.0))
    assert (len(films) == 1) == same_film(*pair)
