"""Communities: the Discord servers that one installation serves beside the one configured in the environment."""

from __future__ import annotations

from typing import ClassVar

from messages.base import Answer, Delivery, Event, Question, Struct
from messages.problems import Problem

__all__ = [
    "CommunitiesChanged",
    "Community",
    "CommunityActorDown",
    "CommunityList",
    "ListCommunities",
    "RemoveCommunity",
    "SaveCommunity",
]


class Community(Struct, frozen=True):
    """A further community, beside the one configured in the environment."""

    guild_id: str
    """Id of its Discord server; it identifies the community in addresses, folders and tables."""
    name: str
    """Name of its Discord server, for people."""
    settings: dict[str, str]
    """Its settings as text, by name; tokens are sealed."""


class CommunityList(Answer, frozen=True, tag="community_list"):
    """Further communities, by guild id."""

    communities: tuple[Community, ...]
    """All of them; in the answer to SaveCommunity only the saved one."""
    added: bool = False
    """Whether the saved community is new; its audit log begins with this."""


class ListCommunities(Question[CommunityList], frozen=True, tag="list_communities", to="persistence"):
    """All further communities. Only the environment's own persistence knows them."""


class CommunitiesChanged(Event, frozen=True, tag="communities_changed"):
    """Persistence -> tracker, discord, plex, launcher: the further communities, at each change and at each tick."""

    delivery: ClassVar[Delivery] = Delivery.CONFLATED

    communities: tuple[Community, ...]
    """All of them."""


class SaveCommunity(Question[CommunityList], frozen=True, tag="save_community", to="persistence"):
    """Add a community, or change its settings."""

    guild_id: str
    """Id of its Discord server."""
    name: str
    """Name of its Discord server; empty to leave it unchanged."""
    settings: dict[str, str]
    """The changed settings, by name; an empty text restores the default."""
    requested_by: str
    """Who asked, for the audit log."""


class RemoveCommunity(Question[CommunityList], frozen=True, tag="remove_community", to="persistence"):
    """Stop serving a community; its data stay in its folder."""

    guild_id: str
    """Id of its Discord server."""
    requested_by: str
    """Who asked, for the audit log."""


class CommunityActorDown(Event, frozen=True, tag="community_actor_down"):
    """A process -> launcher: an actor of a further community ended with an error; it is started again."""

    delivery: ClassVar[Delivery] = Delivery.CONFLATED

    actor: str
    """The actor's address."""
    problem: Problem
    """Why it ended."""
    restarts: int
    """How often it was restarted before."""
    is_failed: bool = False
    """Whether only a person can fix it; it is tried again after a long pause."""

    def conflation_key(self) -> str:
        """Return the actor's address."""
        return self.actor
