"""Communities: the Discord servers that one installation serves beside the environment's own."""

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
    """A further community. The environment's own is none of these."""

    guild_id: str
    """Id of its Discord server; the community's name in addresses, folders and tables."""
    name: str
    """Name of its Discord server, for people."""
    settings: dict[str, str]
    """What it chose, as text by the setting's name; tokens in it are sealed."""


class CommunityList(Answer, frozen=True, tag="community_list"):
    """Every further community, by guild id."""

    communities: tuple[Community, ...]
    """All of them."""
    added: bool = False
    """Whether the one that was to be saved was not there before: its audit log begins with that."""


class ListCommunities(Question[CommunityList], frozen=True, tag="list_communities", to="persistence"):
    """Which further communities are there? Only the environment's persistence knows."""


class CommunitiesChanged(Event, frozen=True, tag="communities_changed"):
    """Persistence -> tracker, discord, plex, launcher: the further communities, at each change and at each tick."""

    delivery: ClassVar[Delivery] = Delivery.CONFLATED

    communities: tuple[Community, ...]
    """All of them."""


class SaveCommunity(Question[CommunityList], frozen=True, tag="save_community", to="persistence"):
    """Add a community, or change what it chose."""

    guild_id: str
    """Id of its Discord server."""
    name: str
    """Name of its Discord server; empty to leave it as it is."""
    settings: dict[str, str]
    """What changes, by the setting's name; an empty text takes the setting back to its default."""
    requested_by: str
    """Who asked, for the audit log."""


class RemoveCommunity(Question[CommunityList], frozen=True, tag="remove_community", to="persistence"):
    """Serve a community no longer; its data stay in its folder."""

    guild_id: str
    """Id of its Discord server."""
    requested_by: str
    """Who asked, for the audit log."""


class CommunityActorDown(Event, frozen=True, tag="community_actor_down"):
    """A process -> launcher: an actor of a further community ended by an error; it is started again."""

    delivery: ClassVar[Delivery] = Delivery.CONFLATED

    actor: str
    """Its address."""
    problem: Problem
    """Why."""
    restarts: int
    """How often it was started again before."""
    is_failed: bool = False
    """Whether only a person can help: it is tried again after a long pause."""

    def conflation_key(self) -> str:
        """Return the actor's address."""
        return self.actor
