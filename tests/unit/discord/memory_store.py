"""The store, as far as the features' states go, in memory: what it was told is there at the next start."""

import logging
from collections.abc import Callable
from typing import TypeVar

from actors.chat.discord.core.state import FeatureState, StateStore
from messages import ChatStateEntry, SaveChatState

RecordT = TypeVar("RecordT")


class MemoryStore:
    """Keeps entries over the lives of a bot."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], str] = {}
        self.saves = 0

    def tell(self, save: SaveChatState, done: Callable[[], None]) -> None:
        """Take a save, as persistence does."""
        self.saves += 1
        for entry in save.entries:
            self.entries.pop((entry.feature, entry.key), None)
            if entry.value:
                self.entries[entry.feature, entry.key] = entry.value
        done()

    def begin_life(self) -> StateStore:
        """Return what a new process has; its states are to be opened, then loaded."""
        return StateStore(self.tell, logging.getLogger("discord"))

    def load(self, store: StateStore) -> None:
        """Fill the states that were opened."""
        store.load([ChatStateEntry(*key, value) for key, value in self.entries.items()])

    def open(self, feature: str, kind: type[RecordT]) -> FeatureState[RecordT]:
        """Return the state of one feature in a new process."""
        store = self.begin_life()
        state = store.open(feature, kind)
        self.load(store)
        return state

    def values(self, feature: str) -> list[str]:
        """What a feature has it remember: JSON, in the order of the last changes."""
        return [value for (name, _key), value in self.entries.items() if name == feature]
