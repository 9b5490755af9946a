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
    """When Plex was polled and when Discord reported presence, without what was lost afterwards."""

    polls: Sequence[float]
    """When somebody learned what plays, in order."""
    plex_dark: Sequence[Window]
    """When nobody knew what plays."""
    voice_dark: Sequence[Window] = ()
    """When nobody knew who is in the channel."""
    dark_cost_limit_s: float = NEVER
    """The most that all unobserved time together may cost a record, seconds."""
    polls_needed: int = 1
    """How many polls must have shown a watch until it is certain to be recorded."""
    arrival_s: float = 0.0
    """How many seconds a member must be in the channel, with the film running throughout, to count as its viewer."""
    unmeasured: Sequence[Window] = ()
    """When nobody knew what plays, and no clock says for how long: nothing that ran meanwhile need be recorded."""
    restarts: Sequence[float] = ()
    """When tracking restarted: what a player showed beside another one is forgotten then."""

    def must_be_recorded(
        self, watch: TrueWatch, doubtful: Sequence[Window] = (), slow: Sequence[Window] = (), proof_s: float = 0.0
    ) -> bool:
        """Return whether the service must record a watch: enough polls showed it, and none of them was lost.

        `doubtful`: when a party may be taken to watch a dead player of its host; or to watch nothing, if the host's
        player is paused and was not seen to run. `slow`: when its host has left another player paused; what plays then
        counts only once it was seen to play for `proof_s`.
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
    """One SIGKILL that was sent."""

    victim: str
    moment: str
    at_s: float
    back_s: float = NEVER
    """When the victim was first seen to work again."""
    pids: set[int] = field(default_factory=set)
    """The processes that the kill ended."""
    unacknowledged: bool = False
    """Whether it came between the commit of a finished watch and its acknowledgement."""


@dataclass
class ProcessSurvey:
    """What can be observed from outside in a night of real processes: requests, saves, kills and faults."""

    poll_s: float
    save_lag_s: float
    """Seconds by which something must precede a save to be in it: it passes through three processes."""
    polls: list[float] = field(default_factory=list)
    """When Plex was asked who plays what."""
    saves: list[float] = field(default_factory=list)
    """When the running watches were saved, at the regular interval."""
    kills: list[Kill] = field(default_factory=list)
    plex_faults: list[Window] = field(default_factory=list)
    voice_faults: list[Window] = field(default_factory=list)

    def observation(self) -> Observation:
        """Return what the service observed and did not lose."""
        useful = self._list_useful_polls()
        return Observation(
            useful,
            gaps(useful, 1.6 * self.poll_s),
            self._find_voice_dark(),
            polls_needed=2,
            arrival_s=2 * self.poll_s,
        )

    def _find_lost_windows(self) -> list[Window]:
        """Return when observations may have been lost with a killed process.

        A kill of the tracker or of persistence alone may lose two polls. If both die together, or everything does, only
        the last save remains.
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
        """Return whether tracker and persistence were dead together, so that neither could restore the other.

        The launcher's death ends both; if persistence was dead already, nothing could be saved.
        """
        others = {"tracker": ("persistence",), "persistence": ("tracker", "launcher"), "launcher": ("persistence",)}
        margin_s = 4 * self.poll_s
        return any(
            another.victim in others.get(kill.victim, ())
            and kill.at_s < another.back_s + margin_s
            and another.at_s < kill.back_s + margin_s
            for another in self.kills
        )

    def _find_voice_dark(self) -> list[Window]:
        lost = [
            (kill.at_s - self.poll_s, kill.back_s + 2 * self.poll_s) for kill in self.kills if kill.victim == "discord"
        ]
        return merge_windows([*lost, *((a - self.poll_s, b + 2 * self.poll_s) for a, b in self.voice_faults)])

    def _list_useful_polls(self) -> list[float]:
        """Return the polls that were answered, received and not lost."""
        lost = merge_windows(self._find_lost_windows())
        return [at_s for at_s in sorted(self.polls) if not is_within(lost, at_s)]


def gaps(times: Iterable[float], longest_s: float) -> list[Window]:
    """Return the gaps between times that are longer than `longest_s`, those before the first and after the last too."""
    return [(a, b) for a, b in itertools.pairwise([-NEVER, *sorted(times), NEVER]) if b - a > longest_s]


def is_within(spans: Iterable[Window], at_s: float) -> bool:
    """Return whether a time falls into one of the windows, edges included."""
    return any(begin <= at_s <= end for begin, end in spans)


def total_within(windows: Iterable[Window], begin_s: float, end_s: float) -> float:
    """Return how many seconds of some windows, which do not overlap, lie between two times."""
    return sum(max(0.0, min(end, end_s) - max(begin, begin_s)) for begin, end in windows)


def merge_windows(spans: Iterable[Window]) -> list[Window]:
    """Return the windows in order, overlapping ones joined."""
    joined: list[Window] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined
