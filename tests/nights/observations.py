"""What a poller and a bot would report of a simulated Plex and voice channel, without their protocols."""

from __future__ import annotations

import functools

from messages import Item, Playback, VoiceMember
from messages.base import DurationMs, PositionMs
from simulator.plex import LibraryItem, PlayingSession

SERVER = "server"


@functools.lru_cache
def item_of(item: LibraryItem) -> Item:
    """Return a library's item as a session describes it."""
    return Item(
        SERVER,
        item.rating_key,
        item.kind,
        item.title,
        year=item.year,
        duration_ms=None if item.duration_ms is None else DurationMs(item.duration_ms),
        genres=item.genres,
        directors=item.directors,
        show=item.grandparent_title,
        season=item.parent_index,
        episode=item.index,
        guid=item.guid,
        key=item.key,
    )


def playback_of(session: PlayingSession, now_s: float) -> Playback:
    """Return one session as a poll at this time shows it."""
    return Playback(
        session.key,
        item_of(session.item),
        str(session.account.id),
        session.account.name,
        session.player.machine_id,
        session.player.title,
        session.state,
        PositionMs(session.offset_ms(now_s)),
    )


def members_of(names: list[str], label: str = "") -> tuple[VoiceMember, ...]:
    """Return members of the voice channel whose ids are their names. `label`: what is in what they are called."""
    return tuple(VoiceMember(name, f"Member{label} {name}") for name in names)
