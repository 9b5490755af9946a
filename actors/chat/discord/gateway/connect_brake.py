"""Limits how often the bot connects to the gateway and starts sessions. Pure: time is an argument."""

from collections import deque

MOST_CONNECTS, CONNECT_WINDOW_S = 10, 60.0
"""Connections within a window at most, whoever closes them."""
SESSIONS_AT_ONCE, SESSION_EVERY_S = 20, 180.0
"""Sessions (IDENTIFY) that may be started in a row; after them, one in so many seconds. That makes 500 a day, half of
what Discord allows: if all are used, it resets the token."""


class ConnectBrake:
    """Computes the pause before a connection. Shared by all bots of a process; times are real seconds."""

    def __init__(self) -> None:
        self._connects: deque[float] = deque(maxlen=MOST_CONNECTS)
        self._sessions = float(SESSIONS_AT_ONCE)
        """How many sessions may be started now."""
        self._counted_s = 0.0

    def wait_s(self, now_s: float, *, starts_session: bool) -> float:
        """Return how long to wait before the next connection; `starts_session`: whether it starts a new session."""
        wait_s = 0.0
        if len(self._connects) == MOST_CONNECTS:
            wait_s = self._connects[0] + CONNECT_WINDOW_S - now_s
        if starts_session:
            wait_s = max(wait_s, (1.0 - self._count_sessions(now_s)) * SESSION_EVERY_S)
        return max(0.0, wait_s)

    def note_connect(self, now_s: float) -> None:
        """Note that a connection is opened now."""
        self._connects.append(now_s)

    def note_session(self, now_s: float) -> None:
        """Note that a session is started now."""
        self._sessions, self._counted_s = self._count_sessions(now_s) - 1.0, now_s

    def _count_sessions(self, now_s: float) -> float:
        if not self._counted_s:
            return self._sessions
        return min(float(SESSIONS_AT_ONCE), self._sessions + (now_s - self._counted_s) / SESSION_EVERY_S)
