"""A connection to a PostgreSQL server that gives up if no answer comes.

TCP detects a network failure, and the server limits its statements. Neither helps if something in between
accepts everything that is sent and never answers.
"""

from typing import Any

import psycopg
from psycopg import errors


class ImpatientConnection(psycopg.Connection[Any]):
    """Waits at most `patience_s` for each answer, then closes itself."""

    patience_s: float | None = None
    """Seconds; None for no limit, as for a migration."""

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for an answer. Raises OperationalError if none comes in time."""
        if timeout is not None or self.patience_s is None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.patience_s)
        except errors._WaitTimeout:
            self.pgconn.finish()
            raise psycopg.OperationalError(f"no answer within {self.patience_s:g} s: timed out") from None
