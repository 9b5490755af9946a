"""Which days, weekends and nights a watch belongs to, in the community's time zone."""

from datetime import UTC, datetime, time, timedelta, tzinfo

NIGHT_ENDS_HOUR = 5
"""A watch is past midnight between 00:00 and this hour."""
EVENING_BEGINS_HOUR = 18
"""The evening of a day begins at this hour..."""
EVENING_ENDS_HOUR = 6
"""...and lasts until this hour of the next day."""


def local(at_s: float, zone: tzinfo) -> datetime:
    """Return an instant (seconds since 1970, UTC) on the clocks of `zone`."""
    return datetime.fromtimestamp(at_s, UTC).astimezone(zone)


def shares(started_at_s: float, ended_at_s: float, playing_s: float, zone: tzinfo) -> dict[str, float]:
    """Share a watch's playing seconds among the local days it played on: {ISO date: seconds}.

    Those days are the one it began and the one it ended on: a watch gone on with after days of rest did
    not play on the days between, and no single sitting covers three. Its time is shared by how much of
    either day lies within it.
    """
    first, last = local(started_at_s, zone).date(), local(ended_at_s, zone).date()
    if last <= first:
        return {first.isoformat(): playing_s}
    before = datetime.combine(first + timedelta(days=1), time(), zone).timestamp() - started_at_s
    after = ended_at_s - datetime.combine(last, time(), zone).timestamp()
    if after <= 0:
        return {first.isoformat(): playing_s}
    share = playing_s * before / (before + after)
    return {first.isoformat(): share, last.isoformat(): playing_s - share}


def weekend_of(at_s: float, zone: tzinfo) -> str:
    """Return the Saturday (ISO date) of the weekend that an instant falls on; empty on a weekday."""
    day = local(at_s, zone).date()
    if day.weekday() < 5:
        return ""
    return (day - timedelta(days=day.weekday() - 5)).isoformat()


def is_past_midnight(started_at_s: float, ended_at_s: float, zone: tzinfo) -> bool:
    """Tell whether a watch began or ended between 00:00 and 05:00."""
    return any(local(at_s, zone).hour < NIGHT_ENDS_HOUR for at_s in (started_at_s, ended_at_s))


def evenings_of(started_at_s: float, ended_at_s: float, zone: tzinfo) -> set[str]:
    """Return the evenings (18:00 to 06:00) in which a watch began or ended, as "MM-DD" of their first day."""
    found = set()
    for at_s in (started_at_s, ended_at_s):
        moment = local(at_s, zone)
        if moment.hour >= EVENING_BEGINS_HOUR:
            found.add(moment.strftime("%m-%d"))
        elif moment.hour < EVENING_ENDS_HOUR:
            found.add((moment.date() - timedelta(days=1)).strftime("%m-%d"))
    return found
