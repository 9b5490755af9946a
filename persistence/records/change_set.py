"""What follows from a change of stored records: lines of the history copy, and whose figures to count again."""

from dataclasses import dataclass, field

from sqlalchemy import Connection

from persistence.database.sql import add_to_history_count
from viewers.merge import Thresholds


@dataclass
class ChangeSet:
    """Collected inside one transaction; the store follows it up."""

    connection: Connection
    thresholds: Thresholds
    """What makes a merged watch count."""
    history_lines: dict[bytes, bytes | None] = field(default_factory=dict)
    """Lines of the history copy, with what they become; None: they go."""
    rebuild_history: bool = False
    """The history copy is to be written anew from the store: lines come back to places within it."""
    viewers: set[str] = field(default_factory=set)
    """Viewers whose statistics and badges are to be counted again."""

    def add_to_count(self, more: int) -> None:
        """Add to the number of records; a negative number subtracts."""
        add_to_history_count(self.connection, more)
