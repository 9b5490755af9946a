"""The figures of a leaderboard."""

from messages import LeaderboardKind
from wording.durations import format_duration
from wording.numbers import format_count


def round_as_shown(kind: LeaderboardKind, value: float) -> float:
    """Return a figure rounded as it is shown: viewers with the same shown figure share a rank."""
    if kind == "time" and round(value) >= 60:
        return round(round(value) / 60) * 60.0
    return float(round(value))


def format_ranked_value(kind: LeaderboardKind, value: float) -> str:
    """Return the figure that a leaderboard ranks by, with its unit: "12 films", "3 h 20 min"."""
    match kind:
        case "movies":
            return format_count("{count} film", "{count} films", round(value))
        case "time":
            return format_duration(value)
        case "streak":
            return format_count("{count} day", "{count} days", round(value))
        case "badges":
            return format_count("{count} badge", "{count} badges", round(value))
