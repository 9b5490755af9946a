"""What the environment's persistence keeps of the further communities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from actors.runtime.errors import Declined
from messages import CommunityList, ListCommunities, Message, Problem, RemoveCommunity, SaveCommunity


class CommunityKeeper:
    """Answers which further communities there are."""

    def handlers(self) -> Mapping[type[Message], Callable[[Any], Message]]:
        """Return the handler of each message."""
        return {ListCommunities: self._list, SaveCommunity: self._decline, RemoveCommunity: self._decline}

    def _list(self, _asked: ListCommunities) -> CommunityList:
        return CommunityList(())

    def _decline(self, _asked: Message) -> CommunityList:
        raise Declined(Problem.of("text", text="This version serves one community alone."))
