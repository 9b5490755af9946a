"""All actors of Usher: each is one class and one line of `ACTORS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from actors.address import shared_endpoint, split_address
from config import Group, Settings


class ActorEntry(msgspec.Struct, frozen=True):
    """How an actor is started."""

    name: str
    """Name in the health log and as the receiver of messages; further ones of a kind are `NAME-2`, `NAME-3`..."""
    path: str
    """module:Class; imported only in the actor's own process."""
    groups: frozenset[Group]
    """The groups of settings that its process gets, beside those that every process gets."""
    memory_mb: int = 1024
    """Memory that its process may use, MB: several times what it uses on a busy evening."""
    is_essential: bool = False
    """Whether the other actors start only after this one; if it cannot start, none of them runs."""
    count: Callable[[Settings], int] = lambda _: 1
    """How many actors of this kind run; 0 if the settings ask for none."""
    community_count: Callable[[Settings], int] | None = None
    """How many a further community has, in the process of this actor; None if it never has any."""
    starts_at_once: int = 2
    """How many further communities' actors of this kind may start at one time: the main actor has to answer meanwhile.
    Opening a store is work; a poller's start is little work, but takes long while hundreds poll already."""

    def community_names(self, settings: Settings) -> tuple[str, ...]:
        """Return the names of a further community's actors of this kind, without the community."""
        return _number(self.name, self.community_count(settings) if self.community_count is not None else 0)

    def community_settings(self, own: Settings, guild_id: str, chosen: Mapping[str, str]) -> Settings:
        """Return the settings of a further community's actors of this kind, without those of other kinds alone.

        So a choice that does not concern them needs no restart. `own`: the settings of their process.
        """
        return own.for_community(guild_id, chosen).share(self.groups)


def _number(name: str, count: int) -> tuple[str, ...]:
    return tuple(name if number == 1 else f"{name}-{number}" for number in range(1, count + 1))


def _one(_: Settings) -> int:
    return 1


# In the order of their start; they are stopped in the reverse order.
# fmt: off
ACTORS = (
    ActorEntry("persistence", "actors.persistence.actor:Persistence", frozenset({Group.STORE, Group.TRACKING}), memory_mb=2048, is_essential=True, community_count=_one),
    ActorEntry("tracker", "actors.tracker.actor:Tracker", frozenset({Group.TRACKING}), community_count=_one),
    ActorEntry("discord", "actors.chat.discord.actor:DiscordActor", frozenset({Group.DISCORD, Group.TRACKING}), community_count=_one),
    ActorEntry("plex", "actors.media.plex:PlexPoller", frozenset({Group.PLEX, Group.TRACKING}), memory_mb=512, count=lambda settings: max(1, len(settings.servers)), community_count=lambda settings: len(settings.servers), starts_at_once=16),
    ActorEntry("web", "actors.web.actor:WebActor", frozenset({Group.WEB, Group.TRACKING}), count=lambda settings: int(settings.web_port > 0)),
    ActorEntry("webhooks", "actors.webhooks.actor:WebhooksActor", frozenset({Group.WEBHOOKS}), memory_mb=512, count=lambda settings: int(bool(settings.webhook_urls))),
)
# fmt: on


def actor_names(settings: Settings) -> tuple[str, ...]:
    """Return the names of all actors with these settings, in the order of their start."""
    return tuple(name for entry in ACTORS for name in _number(entry.name, entry.count(settings)))


def shared_endpoints() -> tuple[str, ...]:
    """Return the endpoints at which the further communities' actors are reached: one for each kind that they have."""
    return tuple(shared_endpoint(entry.name) for entry in ACTORS if entry.community_count is not None)


def find_actor(name: str) -> ActorEntry:
    """Return the entry of an actor by its name; plex-2 counts as plex. Raises LookupError if there is none."""
    for entry in ACTORS:
        if entry.name == split_address(name)[0].partition("-")[0]:
            return entry
    raise LookupError(f"no actor is called {name}: {', '.join(entry.name for entry in ACTORS)}")
