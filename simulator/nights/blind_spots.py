"""When nobody looked: the times in which what happened could not be seen, or was forgotten with who had seen it. Pure.

All times are seconds of the night's clock.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field

Window = tuple[float, float]
_UNDONE = float("inf")


@dataclass
class Kill:
    """One kill -9 that struck."""

    victim: str
    moment: str
    at_s: float
    back_s: float = _UNDONE
    """When the victim was seen to work again."""
    pids: set[int] = field(default_factory=set)
    """The processes that died of it."""
    unacknowledged: bool = False
    """It fell between the commit of a finished watch and its acknowledgement."""


@dataclass
class Survey:
    """Who could look when."""

    poll_s: float
    save_s: float
    """Between two auto-saves."""
    polls: list[float] = field(default_factory=list)
    """When Plex was asked who plays what."""
    saves: list[float] = field(default_factory=list)
    kills: list[Kill] = field(default_factory=list)
    plex_faults: list[Window] = field(default_factory=list)
    voice_faults: list[Window] = field(default_factory=list)

    def forgotten(self) -> list[Window]:
        """What was seen then may have died with who knew it.

        A tracker alone, or persistence alone, may take two polls with it. Where both die together, and where all do,
        only what the last save wrote is left.
        """
        found: list[Window] = list(self.plex_faults)
        for kill in self.kills:
            since_s = kill.at_s - (2 * self.poll_s if kill.victim in ("tracker", "launcher", "plex") else 0.0)
            if kill.victim == "all" or self._takes_both(kill):
                since_s = max((at_s for at_s in self.saves if at_s < kill.at_s), default=0.0) - self.poll_s
            elif kill.victim in ("persistence", "discord"):
                continue
            found.append((since_s, kill.back_s + 2 * self.poll_s))
        return found

    def _takes_both(self, kill: Kill) -> bool:
        """Whether tracker and persistence were dead together: each is the other's memory.

        The launcher's death ends them too: where it found persistence dead, there was nobody to save.
        """
        others = {"tracker": ("persistence",), "persistence": ("tracker", "launcher"), "launcher": ("persistence",)}
        margin_s = 4 * self.poll_s
        return any(
            another.victim in others.get(kill.victim, ())
            and kill.at_s < another.back_s + margin_s
            and another.at_s < kill.back_s + margin_s
            for another in self.kills
        )

    def voice_dark(self) -> list[Window]:
        """When nobody knew who is in the channel."""
        lost = [
            (kill.at_s - self.poll_s, kill.back_s + 2 * self.poll_s) for kill in self.kills if kill.victim == "discord"
        ]
        return merged([*lost, *((a - self.poll_s, b + 2 * self.poll_s) for a, b in self.voice_faults)])

    def useful_polls(self) -> list[float]:
        """The polls that were answered, heard and not forgotten."""
        lost = merged(self.forgotten())
        return [at_s for at_s in sorted(self.polls) if not any(a <= at_s <= b for a, b in lost)]

    def plex_dark(self) -> list[Window]:
        """When nobody knew what plays: longer without a poll than the interval has it."""
        known = [-_UNDONE, *self.useful_polls(), _UNDONE]
        return [(a, b) for a, b in itertools.pairwise(known) if b - a > 1.6 * self.poll_s]


def merged(windows: Iterable[Window]) -> list[Window]:
    """Overlapping ones as one, in order."""
    joined: list[Window] = []
    for begin, end in sorted(windows):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined
