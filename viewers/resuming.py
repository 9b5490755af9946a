"""Decides whether a viewer who returns to a film resumes an earlier watch, or begins a new one.

The tracker asks for each id under which somebody watches; if several ids are one viewer, `merge` asks for all.
"""

from typing import NamedTuple, Protocol

from messages import Spans, WatchRecord, spans

END_SHARE = 0.02
"""A film counts as ended within this share of its end: hardly anybody watches the last of the credits."""
BEGINNING_SHARE = 0.05
"""A return to a completed film within this share of its beginning starts a new watch."""


class ResumeRules(Protocol):
    """The settings that decide whether a watch is continued."""

    @property
    def resume_window_s(self) -> float:
        """How long after its end a watch can be resumed, seconds."""

    @property
    def slack_ms(self) -> int:
        """Largest error of a reported position, ms of film."""


class FilmShown(NamedTuple):
    """The parts of the film that a watch has shown."""

    spans: Spans
    duration_ms: int | None
    completed: bool

    @classmethod
    def of(cls, record: WatchRecord) -> "FilmShown":
        """Return what a finished watch has shown of its film."""
        return cls(record.spans, record.item.duration_ms, record.completed)

    def add(self, other: "FilmShown", watched_percent: float) -> "FilmShown":
        """Return what two watches together have shown."""
        seen = spans.union((*self.spans, *other.spans))
        duration_ms = self.duration_ms or other.duration_ms
        share = spans.coverage(seen) / duration_ms * 100 if duration_ms and duration_ms > 0 else 0.0
        return FilmShown(seen, duration_ms, self.completed or other.completed or share >= watched_percent)


def can_resume(shown: FilmShown, away_s: float, position_ms: int | None, rules: ResumeRules) -> bool:
    """Tell whether a viewer who returns at `position_ms`, `away_s` seconds after the end, resumes a watch.

    Never after the resume window. An uncompleted watch is always resumed. A completed one is not if the film starts
    again, or if a part of it would be seen again: returning for the credits is no second watch, returning at minute
    seven is one.
    """
    if away_s > rules.resume_window_s:
        return False
    if not shown.completed:
        return True
    starts = at_beginning(shown.duration_ms, position_ms, rules) or _shows_more_of_beginning(shown, position_ms)
    return not starts and not seen_before(shown.spans, shown.duration_ms, position_ms, rules)


def _shows_more_of_beginning(shown: FilmShown, position_ms: int | None) -> bool:
    """Tell whether a film starts within a beginning that was skipped before, such as its logos."""
    if position_ms is None or not shown.spans:
        return False
    first_ms = shown.spans[0][0]
    return position_ms <= first_ms <= 2 * BEGINNING_SHARE * (shown.duration_ms or 0)


def seen_before(seen: Spans, duration_ms: int | None, position_ms: int | None, rules: ResumeRules) -> bool:
    """Tell whether the film after `position_ms` was seen, for longer than a player rewinds on resuming.

    A short skip at that position does not count as unseen.
    """
    if position_ms is None:
        return False
    back_ms = step_back_ms(duration_ms, rules)
    return any(start - rules.slack_ms <= position_ms < end - back_ms for start, end in seen)


def step_back_ms(duration_ms: int | None, rules: ResumeRules) -> float:
    """Return how far, in ms, a player rewinds at most when it resumes a film."""
    return max(rules.slack_ms, END_SHARE * (duration_ms or 0))


def at_beginning(duration_ms: int | None, position_ms: int | None, rules: ResumeRules) -> bool:
    """Tell whether a film starts from its beginning: after at most the slack, or 5 % of a long film."""
    beginning = max(rules.slack_ms, BEGINNING_SHARE * (duration_ms or 0))
    return position_ms is None or position_ms <= beginning
