"""Which ids are one viewer, and each viewer's privacy choice: links and choices, as persistence sends them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import NamedTuple

import msgspec

from messages import LinkedAccount, Privacy

HIDDEN_CHOICES: frozenset[Privacy] = frozenset({"private", "untracked"})
"""The choices that hide a viewer from everybody else: an untracked viewer is private too."""


class DirectoryChanges(NamedTuple):
    """Changes of links and choices."""

    links: tuple[LinkedAccount, ...]
    """Links that are new or changed."""
    unlinked: tuple[str, ...]
    """Plex ids of links that were removed."""
    choices: tuple[tuple[str, Privacy], ...]
    """By viewer id; "open" if the viewer had another choice before."""


class ViewerDirectory(msgspec.Struct, frozen=True, dict=True):
    """The current links and choices."""

    links: Mapping[str, LinkedAccount] = msgspec.field(default_factory=dict)
    """Links by Plex id."""
    choices: Mapping[str, Privacy] = msgspec.field(default_factory=dict)
    """Choices by viewer id; a viewer who is not in it is open."""

    @cached_property
    def _accounts(self) -> Mapping[str, tuple[str, ...]]:
        """The Plex ids that are linked to each member."""
        accounts: dict[str, tuple[str, ...]] = {}
        for plex_id, link in self.links.items():
            accounts[link.viewer_id] = (*accounts.get(link.viewer_id, ()), plex_id)
        return accounts

    @classmethod
    def from_message(cls, links: Iterable[LinkedAccount], privacy: Iterable[tuple[str, Privacy]]) -> ViewerDirectory:
        """Return the directory from a message's links and choices."""
        return cls({link.plex_id: link for link in links}, dict(privacy))

    def apply_changes(self, changes: DirectoryChanges) -> ViewerDirectory:
        """Return the directory with these changes."""
        links = {plex_id: link for plex_id, link in self.links.items() if plex_id not in changes.unlinked}
        links |= {link.plex_id: link for link in changes.links}
        choices = {**self.choices, **dict(changes.choices)}
        return ViewerDirectory(links, {viewer_id: choice for viewer_id, choice in choices.items() if choice != "open"})

    def find_changes(self, before: ViewerDirectory) -> DirectoryChanges:
        """Return the changes since `before`."""
        gone = before.choices.keys() - self.choices.keys()
        choices = [(who, choice) for who, choice in self.choices.items() if before.choices.get(who) != choice]
        return DirectoryChanges(
            tuple(link for plex_id, link in self.links.items() if before.links.get(plex_id) != link),
            tuple(sorted(before.links.keys() - self.links.keys())),
            (*choices, *((who, "open") for who in sorted(gone))),
        )

    def __bool__(self) -> bool:
        """Tell whether anybody is linked, or chose anything."""
        return bool(self.links or self.choices)

    def viewer(self, raw_id: str) -> str:
        """Return the viewer's id: the member's, if the Plex account is linked."""
        link = self.links.get(raw_id)
        return link.viewer_id if link is not None else raw_id

    def choice(self, raw_id: str) -> Privacy:
        """Return a viewer's choice; a member's choice applies to linked accounts too."""
        return self.choices.get(self.viewer(raw_id), "open")

    def tracks(self, raw_id: str) -> bool:
        """Tell whether a viewer's watches are recorded."""
        return self.choice(raw_id) != "untracked"

    def shows(self, raw_id: str) -> bool:
        """Tell whether others may see that a viewer watches."""
        return self.choice(raw_id) not in HIDDEN_CHOICES

    def hides(self, raw_id: str) -> bool:
        """Tell whether a viewer is hidden: nobody else may see that they watch."""
        return not self.shows(raw_id)

    def hidden_viewers(self) -> set[str]:
        """Return the ids of the hidden viewers."""
        return {viewer_id for viewer_id, choice in self.choices.items() if choice in HIDDEN_CHOICES}

    def ids_of(self, viewer_id: str) -> list[str]:
        """Return the ids under which a viewer is seen: the viewer's own, then those of the linked accounts."""
        return [viewer_id, *self._accounts.get(viewer_id, ())]

    def display_name(self, raw_id: str, username: str) -> str:
        """Return the viewer's name: the member's, if the account is linked."""
        link = self.links.get(raw_id)
        return link.username if link is not None else username

    def member_names(self) -> dict[str, str]:
        """Return the names of the members with a linked account, by viewer id."""
        return {link.viewer_id: link.username for link in self.links.values()}

    def log_name(self, raw_id: str, username: str) -> str:
        """Return the viewer's name for the log; only the id of a hidden viewer."""
        return username if self.shows(raw_id) else self.viewer(raw_id)
