"""Cancels a question's statements at its deadline, so that no statement blocks a thread for longer."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from messages import Problem
from persistence.database.errors import AnswerTooSlow

_STEPS_BETWEEN_LOOKS = 20_000
"""Steps of SQLite's virtual machine, about a millisecond."""
_CANCELLED = "57014"
"""PostgreSQL's code for a statement that took longer than `statement_timeout`."""


class Deadline:
    """The time by which a question must be answered, on this machine's steady clock."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._at_s = time.monotonic() + seconds

    def left_s(self) -> float:
        """Return the time left, seconds; negative after the deadline."""
        return self._at_s - time.monotonic()

    def check(self) -> None:
        """Raise AnswerTooSlow if no time is left."""
        if self.left_s() <= 0:
            raise AnswerTooSlow(Problem.of("answer.too_slow", seconds=self.seconds))


@contextmanager
def limit_time(connection: Connection, deadline: Deadline | None) -> Iterator[None]:
    """Cancel statements in the block that run past a deadline. Raises AnswerTooSlow."""
    if deadline is None:
        yield
        return
    deadline.check()
    driver_connection = connection.connection.driver_connection
    sqlite_connection = driver_connection if isinstance(driver_connection, sqlite3.Connection) else None

    def look(_connection: Any, cursor: Any, _statement: str, _parameters: Any, _context: Any, _many: bool) -> None:
        deadline.check()
        if sqlite_connection is None:
            cursor.execute(f"SET LOCAL statement_timeout = {max(1, int(deadline.left_s() * 1000))}")

    event.listen(connection, "before_cursor_execute", look)
    if sqlite_connection is not None:
        sqlite_connection.set_progress_handler(lambda: deadline.left_s() <= 0, _STEPS_BETWEEN_LOOKS)
    try:
        yield
    except OperationalError as error:
        if _is_cancelled(error):
            raise AnswerTooSlow(Problem.of("answer.too_slow", seconds=deadline.seconds)) from error
        raise
    finally:
        event.remove(connection, "before_cursor_execute", look)
        if sqlite_connection is not None:
            sqlite_connection.set_progress_handler(None, 0)


def _is_cancelled(error: OperationalError) -> bool:
    name = getattr(error.orig, "sqlite_errorname", "")
    return name == "SQLITE_INTERRUPT" or getattr(error.orig, "sqlstate", "") == _CANCELLED
