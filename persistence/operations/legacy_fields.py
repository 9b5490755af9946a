"""Reads a record of the older bot's files field by field, within limits."""

import json
import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from typing import Any

from messages.base import storable
from persistence.database.errors import ImportFault

_DAY_S = 86_400.0
LARGEST_FIGURE = 10**15
"""Larger than any possible count or number of seconds."""
LONGEST_TEXT = 10_000
"""Maximum length of a name or title, characters."""
MOST_ENTRIES = 10_000
"""Maximum number of entries of a list or object within a record."""


class LegacyFields:
    """One record of a file. For a wrong field, each method raises an ImportFault that names file, place and field."""

    def __init__(self, value: object, file: Path, place: str) -> None:
        self.file = file
        self.place = place
        if not isinstance(value, dict):
            raise ImportFault(f"{file}, {place}: expected an object with named fields, found {shorten(value)}.")
        self._values: Mapping[str, Any] = value

    def fault(self, name: str, expected: str) -> ImportFault:
        """Return the error for a wrong field."""
        found = shorten(self._values.get(name))
        return ImportFault(f"{self.file}, {self.place}, {name}: expected {expected}, found {found}.")

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text; a number is returned as text, because ids are written either way."""
        value = self._values.get(name)
        if value is None and default is not None:
            return default
        is_text = isinstance(value, str | int) and not isinstance(value, bool)
        if is_text and len(str(value)) > LONGEST_TEXT:
            raise self.fault(name, f"a text of at most {LONGEST_TEXT:,} characters")
        text = storable(str(value)) if is_text else ""
        if text == "" and (not is_text or default is None):
            raise self.fault(name, "a text")
        return text or str(default)

    def number(self, name: str, default: float | None = 0.0) -> float | None:
        """Return a number from 0 to LARGEST_FIGURE; the default if there is none."""
        value = self._values.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LARGEST_FIGURE:
            raise self.fault(name, "a number from 0")
        return float(value)

    def count(self, name: str) -> int:
        """Return a whole number of at least 0; 0 if there is none."""
        value = self.number(name)
        if value is None or value != int(value):
            raise self.fault(name, "a whole number from 0")
        return int(value)

    def optional_count(self, name: str) -> int | None:
        """Return a whole number, or None if there is none."""
        return None if self._values.get(name) is None else self.count(name)

    def flag(self, name: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._values.get(name, default)
        if not isinstance(value, bool):
            raise self.fault(name, "true or false")
        return value

    def names(self, name: str) -> tuple[str, ...]:
        """Return a list of texts."""
        value = self._values.get(name) or []
        if not isinstance(value, list) or len(value) > MOST_ENTRIES or not all(map(_is_name, value)):
            raise self.fault(name, "a list of texts")
        return tuple(storable(entry) for entry in value)

    def counts(self, name: str) -> dict[str, int]:
        """Return an object of whole numbers; names that a store cannot distinguish are merged."""
        value = self._values.get(name) or {}
        is_object = isinstance(value, dict) and len(value) <= MOST_ENTRIES
        if not is_object or not all(_is_name(key) and _is_count(amount) for key, amount in value.items()):
            raise self.fault(name, "an object of whole numbers from 0")
        found: dict[str, int] = {}
        for entry, amount in value.items():
            found[storable(entry)] = found.get(storable(entry), 0) + amount
        return found

    def time(self, name: str, zone: tzinfo) -> float | None:
        """Return an ISO 8601 time as seconds since 1970; a time without an offset is in `zone`."""
        value = self._values.get(name)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value)
            at_s = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()
        except (TypeError, ValueError, OverflowError):
            at_s = math.inf
        if not has_day(at_s, zone):
            raise self.fault(name, "an ISO 8601 time like 2025-11-23T20:15:00+01:00")
        return at_s

    def day(self, name: str, zone: tzinfo) -> date | None:
        """Return the day of an ISO date or time."""
        value = self._values.get(name)
        if not value:
            return None
        try:
            moment = datetime.fromisoformat(value)
            return (moment.astimezone(zone) if moment.tzinfo else moment).date()
        except (TypeError, ValueError, OverflowError):
            raise self.fault(name, "an ISO date like 2025-11-23") from None

    def records(self, name: str) -> "list[LegacyFields]":
        """Return a list of records."""
        value = self._values.get(name) or []
        if not isinstance(value, list):
            raise self.fault(name, "a list of objects")
        return [LegacyFields(entry, self.file, f"{self.place}, {name} {at}") for at, entry in enumerate(value, 1)]

    def has(self, name: str) -> bool:
        """Tell whether a field exists and is not null."""
        return self._values.get(name) is not None


def _is_name(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_TEXT


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= LARGEST_FIGURE


def has_day(at_s: float, zone: tzinfo) -> bool:
    """Tell whether a time (seconds since 1970, UTC) has a date in every zone: in the years 1 to 9999."""
    try:
        for near_s in (at_s - _DAY_S, at_s + _DAY_S):
            datetime.fromtimestamp(near_s, UTC).astimezone(zone)
    except (ValueError, OverflowError, OSError):
        return False
    return True


def check_id(text: str, file: Path) -> str:
    """Return a file's key as a viewer id that every store can hold. Raises ImportFault if it is too long."""
    found = storable(text) if len(text) <= LONGEST_TEXT else ""
    if not found and text:
        raise ImportFault(f"{file}: expected an object by user id, found the id {shorten(text)}.")
    return found


def shorten(value: object) -> str:
    """Return a value of a file as one short line of JSON, for messages."""
    text = json.dumps(value[:60] if isinstance(value, str) else value, ensure_ascii=False, default=str)
    text = text.encode("utf-8", "backslashreplace").decode()  # half a character cannot be printed
    return text if len(text) <= 60 else text[:57] + "..."
