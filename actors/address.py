"""Addresses of actors: `tracker` in the environment's community, `tracker@123` in that of Discord server 123."""

from __future__ import annotations

from typing import Final

_SEPARATOR: Final = "@"
_OUTSIDE: Final = frozenset({"launcher"})
"""Actors that all communities share."""


def join_address(actor: str, community: str) -> str:
    """Return the address of an actor in a community; an address that already names a community is not changed."""
    if not community or _SEPARATOR in actor or actor in _OUTSIDE:
        return actor
    return f"{actor}{_SEPARATOR}{community}"


def split_address(address: str) -> tuple[str, str]:
    """Return an actor's name and its community, "" for the environment's."""
    actor, _, community = address.partition(_SEPARATOR)
    return actor, community


def shared_endpoint(actor: str) -> str:
    """Return the name of the endpoint that receives messages for further communities' actors of this kind."""
    name, _ = split_address(actor)
    return name.partition("-")[0] + _SEPARATOR
