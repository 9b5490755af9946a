"""Finds settings with which watches cannot be measured as exactly as promised (docs/architecture.md)."""

from collections.abc import Iterator

from config import Settings
from diagnosis.findings import Finding, note

POLL_LIMIT_S = 10.0
"""With longer poll intervals, a skip every half minute can look like a higher speed."""
POLL_BOUND_S = 60.0
"""With longer poll intervals, a steady speed may not be recognized."""
SLACK_LIMIT_S = 20.0
"""Longest interval at which clients report."""


def check_measuring(settings: Settings) -> Iterator[Finding]:
    """Report how records suffer from a long poll interval or from too little slack."""
    poll_s, slack_s = settings.plex_poll_seconds, settings.position_slack_seconds
    if poll_s > POLL_BOUND_S:
        yield note("settings", "settings.polls_too_rare", seconds=f"{poll_s:g}", bound=f"{POLL_BOUND_S:g}")
    elif poll_s > POLL_LIMIT_S:
        yield note("settings", "settings.skips_look_like_speed", seconds=f"{poll_s:g}", bound=f"{POLL_LIMIT_S:g}")
    if slack_s < SLACK_LIMIT_S:
        yield note("settings", "settings.little_slack", seconds=f"{slack_s:g}", bound=f"{SLACK_LIMIT_S:g}")
