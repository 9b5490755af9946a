"""Time zones as people write them, and local times in a zone."""

import datetime
import re
import zoneinfo

_OFFSET = re.compile(r"(?:utc|gmt)?([+-])(\d{1,2})(?::?([0-5]\d))?")
_NAMED: dict[str, tuple[float | str, ...]] = {
    "utc": (0,),
    "z": (0,),
    "gmt": (0, "Europe/London"),
    "bst": (1, "Europe/London"),
    "wet": (0, "Europe/Lisbon"),
    "west": (1, "Europe/Lisbon"),
    "cet": (1, "Europe/Berlin"),
    "mez": (1, "Europe/Berlin"),
    "cest": (2, "Europe/Berlin"),
    "mesz": (2, "Europe/Berlin"),
    "eet": (2, "Europe/Helsinki"),
    "eest": (3, "Europe/Helsinki"),
    "msk": (3,),
    "est": (-5, "America/New_York"),
    "edt": (-4, "America/New_York"),
    "et": ("America/New_York",),
    "cst": (-6, "America/Chicago", 8),
    "cdt": (-5, "America/Chicago"),
    "ct": ("America/Chicago",),
    "mst": (-7, "America/Denver"),
    "mdt": (-6, "America/Denver"),
    "mt": ("America/Denver",),
    "pst": (-8, "America/Los_Angeles"),
    "pdt": (-7, "America/Los_Angeles"),
    "pt": ("America/Los_Angeles",),
    "ist": (5.5, 2, 1),
    "jst": (9,),
    "kst": (9,),
    "aest": (10, "Australia/Sydney"),
    "aedt": (11, "Australia/Sydney"),
    "nzst": (12, "Pacific/Auckland"),
    "nzdt": (13, "Pacific/Auckland"),
}
"""By abbreviation: hours ahead of UTC, and the place that is often meant. People write EST in summer too, when New York
has EDT: if the two differ, nobody can tell which is meant."""
_FARTHEST_H = 14


def parse_zones(word: str) -> tuple[datetime.tzinfo, ...]:
    """Return the zones that a lower-case word may name: cet, utc+2, +02:00, europe/berlin; none for other words."""
    if word in _NAMED:
        return tuple(_make_zone(each) for each in _NAMED[word])
    if (found := _OFFSET.fullmatch(word)) is not None and (word[0] not in "+-" or len(word) > 2):
        hours = int(found[2]) + int(found[3] or 0) / 60
        return (_make_zone(hours if found[1] == "+" else -hours),) if hours <= _FARTHEST_H else ()
    if re.fullmatch(r"[a-z]+(?:/[a-z_-]+)+", word):
        try:
            return (zoneinfo.ZoneInfo(re.sub(r"[a-z]+", lambda part: part[0].capitalize(), word)),)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            return ()
    return ()


def _make_zone(zone: float | str) -> datetime.tzinfo:
    if isinstance(zone, str):
        return zoneinfo.ZoneInfo(zone)
    return datetime.timezone(datetime.timedelta(hours=zone))


def local_time(zone: str, wall_s: float) -> datetime.datetime:
    """Return seconds since 1970 as local time in a zone."""
    return datetime.datetime.fromtimestamp(wall_s, zoneinfo.ZoneInfo(zone))


def instants_of(day: datetime.date, minutes: int, zone: datetime.tzinfo | None) -> list[datetime.datetime]:
    """Return the instants at which the clocks of a zone show this time of a day, or are nearest to it.

    Usually one. Two if the clocks are put back and show it twice, or are put forward and skip it.
    """
    days, minutes = divmod(minutes, 24 * 60)
    moment = datetime.datetime.combine(day + datetime.timedelta(days=days), datetime.time(*divmod(minutes, 60)), zone)
    found = {}
    for fold in (0, 1):
        instant = moment.replace(fold=fold).astimezone(datetime.UTC)
        found[instant] = instant.astimezone(zone)
    return [found[instant] for instant in sorted(found)]
