"""Parses times as people write them, in English and German, and formats them for buttons. Pure: now is an argument.

Who parses a time imports `reader` then: it needs many modules, and times are typed rarely.
"""

from wording.times.labels import format_choice
from wording.times.reading import DateOrder, Doubt, TimeReading
from wording.times.zones import instants_of, local_time

__all__ = ["DateOrder", "Doubt", "TimeReading", "format_choice", "instants_of", "local_time"]
