"""What the service could observe of a night and did not lose, which limits how exact a record can be. Pure.

All times are seconds of the night's clock.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from simulator.nights.ledger import TrueWatch

Window = tuple[float, float]
NEVER = float("inf")


@dataclass
class Observation:
    """When Plex was polled and when Discord reported presence, without what was lost again."""

    polls: Sequence[float]
    """When somebody was told what plays, in order."""
    plex_dark: Sequence[Window]
    """When nobody knew what plays."""
    voice_dark: Sequence[Window] = ()
    """When nobody knew who is in the channel."""
    dark_cost_limit_s: float = NEVER
    """What all the time in the dark may cost a record, by the specification."""
    polls_needed: int = 1
    """How many polls must have shown a watch that is then surely recorded."""
    arrival_s: float = 0.0
    """After which time in the channel, with the film running all the while, a member is surely at it."""
    unmeasured: Sequence[Window] = ()
    """When nobody knew what plays, and no clock says for how long: of what ran meanwhile nothing need be recorded."""
    restarts: Sequence[float] = ()
    """When the tracking started anew: what a player showed beside another is forgotten then."""

    def must_be_recorded(
        self, watch: TrueWatch, doubtful: Sequence[Window] = (), slow: Sequence[Window] = (), proof_s: float = 0.0
    ) -> bool:
        """Return whether the service must record a watch: enough polls showed it, and were not lost.

        `doubtful`: when a party may be taken to watch a player of its host that is dead, or none, where that one is
        paused and was not seen to run. `slow`: when its host has left another player paused, so that what plays must
        do so for `proof_s`, and be seen to, until it is more than a short look at it.
        """
        if not watch.guest:
            return sum(watch.shows_at(at_s) for at_s in self.polls) >= self.polls_needed
        boundaries = watch.boundaries
        shown = 0
        for poll_s in self.polls:
            is_slow = is_within(slow, poll_s)
            since_s = poll_s - (max(self.arrival_s, proof_s) if is_slow else self.arrival_s)
            if is_slow and any(a < poll_s and since_s < b for a, b in self.plex_dark):
                continue
            steady = watch.shows_at(poll_s) and watch.shows_at(since_s)
            steady = steady and not any(since_s <= at_s <= poll_s for at_s in boundaries)
            seen = sum(since_s <= at_s < poll_s for at_s in self.polls) >= 2
            if steady and seen and not is_within([*self.voice_dark, *doubtful], poll_s):
                shown += 1
        return shown >= self.polls_needed

    def dark(self, watch: TrueWatch) -> list[Window]:
        """Return when this watch could not be observed."""
        return merge_windows([*self.plex_dark, *self.voice_dark]) if watch.guest else merge_windows(self.plex_dark)


@dataclass
class Kill:
    """One kill -9 that struck."""

    victim: str
    moment: str
    at_s: float
    back_s: float = NEVER
    """When the victim was seen to work again."""
    pids: set[int] = field(default_factory=set)
    """The processes that died of it."""
    unacknowledged: bool = False
    """It fell between the commit of a finished watch and its acknowledgement."""


@dataclass
class ProcessSurvey:
    """What can be seen from outside in a night of real processes: requests, saves, kills and faults."""

    poll_s: float
    save_lag_s: float
    """How long before a save something must have been seen to be in it: it passes through three processes."""
    polls: list[float] = field(default_factory=list)
    """When Plex was asked who plays what."""
    saves: list[float] = field(default_factory=list)
    """When the running watches were saved regularly."""
    kills: list[Kill] = field(default_factory=list)
    plex_faults: list[Window] = field(default_factory=list)
    voice_faults: list[Window] = field(default_factory=list)

    def observation(self) -> Observation:
        """Return what the service observed and did not lose."""
        useful = self._useful_polls()
        return Observation(
            useful,
            gaps(useful, 1.6 * self.poll_s),
            self._voice_dark(),
            polls_needed=2,
            arrival_s=2 * self.poll_s,
        )

    def _find_lost_windows(self) -> list[Window]:
        """Return when observations may have been lost with a killed process.

        A kill of the tracker or of persistence alone may lose two polls. If both die together, or all do, only what the
        last save wrote is left.
        """
        lost: list[Window] = list(self.plex_faults)
        for kill in self.kills:
            since_s = kill.at_s - (2 * self.poll_s if kill.victim in ("tracker", "launcher", "plex") else 0.0)
            if kill.victim == "all" or self._takes_both(kill):
                since_s = max((at_s for at_s in self.saves if at_s < kill.at_s), default=0.0) - self.save_lag_s
            elif kill.victim in ("persistence", "discord"):
                continue
            lost.append((since_s, kill.back_s + 2 * self.poll_s))
        return lost

    def _takes_both(self, kill: Kill) -> bool:
        """Return whether tracker and persistence were dead together: each restores the other.

        The launcher's death ends them too: if persistence was dead then, nothing could save.
        """
        others = {"tracker": ("persistence",), "persistence": ("tracker", "launcher"), "launcher": ("persistence",)}
        margin_s = 4 * self.poll_s
        return any(
            another.victim in others.get(kill.victim, ())
            and kill.at_s < another.back_s + margin_s
            and another.at_s < kill.back_s + margin_s
            for another in self.kills
        )

    def _voice_dark(self) -> list[Window]:
        lost = [
            (kill.at_s - self.poll_s, kill.back_s + 2 * self.poll_s) for kill in self.kills if kill.victim == "discord"
        ]
        return merge_windows([*lost, *((a - self.poll_s, b + 2 * self.poll_s) for a, b in self.voice_faults)])

    def _useful_polls(self) -> list[float]:
        """Return the polls that were answered, received and not lost."""
        lost = merge_windows(self._find_lost_windows())
        return [at_s for at_s in sorted(self.polls) if not is_within(lost, at_s)]


def gaps(times: Iterable[float], longest_s: float) -> list[Window]:
    """Return the stretches of time between times that are further apart than `longest_s`, before and after them too."""
    return [(a, b) for a, b in itertools.pairwise([-NEVER, *sorted(times), NEVER]) if b - a > longest_s]


def is_within(spans: Iterable[Window], at_s: float) -> bool:
    """Return whether a time falls into one of the windows, edges included."""
    return any(begin <= at_s <= end for begin, end in spans)


def total_within(windows: Iterable[Window], begin_s: float, end_s: float) -> float:
    """Return how much of some windows, which do not overlap, lies between two times; in seconds."""
    return sum(max(0.0, min(end, end_s) - max(begin, begin_s)) for begin, end in windows)


def merge_windows(spans: Iterable[Window]) -> list[Window]:
    """Return overlapping windows as one, in order."""
    joined: list[Window] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined
