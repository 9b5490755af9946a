"""Discord's rate limits as a bot meets them: buckets, their headers, and the 429."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class RateLimitRule:
    """At most `limit` requests of a kind in a window."""

    name: str
    method: str
    path: re.Pattern[str]
    """Its first group is what the limit applies to: a channel or a webhook."""
    limit: int
    window_s: float


def _build_rule(name: str, method: str, path: str, limit: int, window_s: float) -> RateLimitRule:
    return RateLimitRule(name, method, re.compile(path + "$"), limit, window_s)


RULES = (
    _build_rule("message-create", "POST", r"/channels/(\d+)/messages", 5, 5.0),
    _build_rule("message-edit", "PATCH", r"/channels/(\d+)/messages/\d+", 5, 5.0),
    _build_rule("typing", "POST", r"/channels/(\d+)/typing", 5, 5.0),
    _build_rule("reaction", "PUT", r"/channels/(\d+)/messages/\d+/reactions/.*", 1, 0.25),
    _build_rule("webhook", "POST", r"/webhooks/\d+/([^/]+)", 5, 2.0),
    _build_rule("webhook-edit", "PATCH", r"/webhooks/\d+/([^/]+)/messages/.*", 5, 2.0),
    _build_rule("event-create", "POST", r"/guilds/(\d+)/scheduled-events", 5, 60.0),
)
RENAME = _build_rule("channel-rename", "PATCH", r"/channels/(\d+)", 2, 600.0)
"""Counts only if the name or topic changes."""
GLOBAL_PER_S = 50


@dataclass
class Window:
    """One bucket's current window; times of a steady clock, real seconds."""

    began_s: float
    used: int = 0


@dataclass(frozen=True)
class RateLimitVerdict:
    """The result of the limits for one request."""

    headers: dict[str, str]
    retry_after_s: float | None = None
    scope: str = "user"


class RateLimiter:
    """Counts requests by bucket."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, str], Window] = {}

    def judge(self, method: str, path: str, *, renames: bool = False) -> RateLimitVerdict:
        """Count one request; return the headers, and the time to wait if it is one too many."""
        if not path.startswith("/interactions/"):
            left_s = self._count(("global", ""), GLOBAL_PER_S, 1.0)[1]
            if left_s is not None:
                return RateLimitVerdict({}, left_s, "global")
        rules = (*RULES, RENAME) if renames else RULES
        for rule in rules:
            hit = rule.path.match(path) if rule.method == method else None
            if hit is not None:
                return self._apply_rule(rule, hit[1])
        return RateLimitVerdict({})

    def _apply_rule(self, rule: RateLimitRule, major: str) -> RateLimitVerdict:
        used, retry_after_s = self._count((rule.name, major), rule.limit, rule.window_s)
        began_s = self._windows[rule.name, major].began_s
        reset_after_s = max(0.0, began_s + rule.window_s - time.monotonic())
        headers = {
            "X-RateLimit-Limit": str(rule.limit),
            "X-RateLimit-Remaining": str(max(0, rule.limit - used)),
            "X-RateLimit-Reset": f"{time.time() + reset_after_s:.3f}",
            "X-RateLimit-Reset-After": f"{reset_after_s:.3f}",
            "X-RateLimit-Bucket": rule.name,
        }
        return RateLimitVerdict({} if rule is RENAME else headers, retry_after_s)

    def _count(self, key: tuple[str, str], limit: int, window_s: float) -> tuple[int, float | None]:
        """Return the requests used in the window, and the seconds to wait if this one exceeds the limit, else None."""
        now_s = time.monotonic()
        window = self._windows.get(key)
        if window is None or now_s - window.began_s >= window_s:
            window = self._windows[key] = Window(now_s)
        if window.used >= limit:
            return window.used, max(0.001, window.began_s + window_s - now_s)
        window.used += 1
        return window.used, None
