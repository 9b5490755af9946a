"""The rules that badges.toml can name: each turns a viewer's totals into one figure.

A new rule is a function here, an entry in RULES and a line in the comment on top of badges.toml.
"""

import re
from collections.abc import Callable, Mapping

import msgspec

from awards.stats import longest_streak
from awards.totals import Totals

Parameters = Mapping[str, str]
Figure = Callable[[Totals, Parameters], float]


class Rule(msgspec.Struct, frozen=True):
    """One rule: how to get the figure, and which further keys a badge may or must give it."""

    figure: Figure
    optional: tuple[str, ...] = ()
    required: Mapping[str, re.Pattern[str]] = msgspec.field(default_factory=dict)
    per_second: float = 0.0
    """The most by which each further second of play raises the figure, if nothing else of the watch changes."""


def _count_named(counts: Mapping[str, int], name: str | None) -> float:
    """Return the count of `name` (in upper or lower case), or the highest count if it is None."""
    if name is None:
        return max(counts.values(), default=0)
    return sum(count for known, count in counts.items() if known.casefold() == name.casefold())


RULES: Mapping[str, Rule] = {
    "films": Rule(lambda totals, _: totals.films),
    "episodes": Rule(lambda totals, _: totals.episodes),
    "completed_films": Rule(lambda totals, _: totals.completed),
    "whole_films": Rule(lambda totals, _: totals.full_films),
    "hours": Rule(lambda totals, _: totals.playing_s / 3600, per_second=1 / 3600),
    "hours_in_a_day": Rule(lambda totals, _: max(totals.days.values(), default=0.0) / 3600, per_second=1 / 3600),
    "films_in_a_weekend": Rule(lambda totals, _: max(totals.weekends.values(), default=0)),
    "streak_days": Rule(lambda totals, _: longest_streak(totals)),
    "past_midnight": Rule(lambda totals, _: totals.nights),
    "first_seats": Rule(lambda totals, _: totals.first_seats),
    "genre": Rule(lambda totals, given: _count_named(totals.genres, given.get("genre")), optional=("genre",)),
    "decade": Rule(lambda totals, given: _count_named(totals.decades, given.get("decade")), optional=("decade",)),
    "director": Rule(
        lambda totals, given: _count_named(totals.directors, given.get("director")), optional=("director",)
    ),
    "evening": Rule(
        lambda totals, given: totals.evenings.get(given["day"], 0),
        required={"day": re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")},
    ),
}
"""Every rule by its name."""
