"""Which messages killed an actor, and how often."""

from __future__ import annotations

DEATHS_OF_POISON = 2
"""Deaths after which a message counts as poison: one death may be chance."""
REMEMBERED = 100
"""Messages that are remembered; the one whose death is longest ago is forgotten first."""


class PoisonRecord:
    """The deaths of one actor by the message that it was handling, for as long as the launcher lives."""

    def __init__(self) -> None:
        self._deaths: dict[str, int] = {}

    def add_death(self, message_id: str) -> None:
        """Count a death during the handling of this message."""
        self._deaths[message_id] = self._deaths.pop(message_id, 0) + 1
        if len(self._deaths) > REMEMBERED:
            del self._deaths[next(iter(self._deaths))]

    def poison_ids(self) -> tuple[str, ...]:
        """Return the messages that the actor must not handle again."""
        return tuple(name for name, deaths in self._deaths.items() if deaths >= DEATHS_OF_POISON)
