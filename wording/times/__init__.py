"""Parses times as people write them, in English and German, and formats them for buttons. Pure: now is an argument."""

from wording.times.labels import format_choice
from wording.times.reader import read_time
from wording.times.reading import DateOrder, Doubt, TimeReading
from wording.times.zones import instants_of, local_time

__all__ = ["DateOrder", "Doubt", "TimeReading", "format_choice", "instants_of", "local_time", "read_time"]
