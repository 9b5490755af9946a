"""Reads times as people write them, in English and German, and prints them for buttons. Pure: now is an argument."""

from wording.times.days import DateOrder
from wording.times.labels import format_choice
from wording.times.reader import Doubt, TimeReading, read_time
from wording.times.zones import instants_of, local_time

__all__ = ["DateOrder", "Doubt", "TimeReading", "format_choice", "instants_of", "local_time", "read_time"]
