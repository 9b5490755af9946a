"""The script of a night: who does what when, and what goes wrong. Data only.

Every stage plays the same scripts: the pure rules (tests/nights/rules_stage.py), the actors in memory
(tests/nights/memory), and real processes (simulator/nights/stage.py). A stage plays the people's cues through a
`Performer`, and the faults that it supports itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, get_args

PlayerVerb = Literal[
    "play", "pause", "resume", "buffer", "freeze", "seek", "switch", "stop", "vanish", "end", "speed",
    "abandon", "clear",
]  # fmt: skip
"""play: start `what` at `amount` seconds of film. seek: jump by `amount` seconds. switch: another item under the same
session key. freeze: the app dies and stays listed as playing. vanish: the session is gone without an alert. end: the
film runs out. speed: play `amount` seconds of film in a second. abandon: the player is left `what`, paused or dead, and
stays listed until clear, even if the account plays on another one.
"""
VoiceVerb = Literal["join", "leave"]
ChatVerb = Literal["say", "slash", "interested"]
FaultVerb = Literal[
    "outage", "heal", "plex_down", "plex_up", "restart_plex", "gateway", "gateway_back", "kill", "restart",
    "storm", "calm", "disk_full", "disk_free", "set_clock",
]  # fmt: skip
"""outage: Plex cannot be reached in the way `what`, until heal. plex_down: its sessions end; after plex_up, keys begin
at 1. restart_plex: sessions continue under new keys. gateway: Discord's connection fails in the way `what`. kill:
SIGKILL of `who` at the moment `what`. restart: an ordered stop and a new start. storm: messages between actors are
lost, late and duplicated. set_clock: the wall clock is set forward by `amount` seconds.
"""
Verb = Literal[PlayerVerb, VoiceVerb, ChatVerb, FaultVerb]

PLAYER_VERBS: frozenset[str] = frozenset(get_args(PlayerVerb))
VOICE_VERBS: frozenset[str] = frozenset(get_args(VoiceVerb))

WHERE_LEFT = -1.0
"""`amount` of a play that continues where the account stopped the film."""


class Cue(NamedTuple):
    """One thing that somebody does, or that goes wrong."""

    at_s: float
    """Seconds of the night."""
    verb: Verb
    who: str = ""
    """An account, a member, or the process to kill."""
    what: str = ""
    """A film, a text, a kind of fault, or the moment of a kill."""
    amount: float = 0.0
    """Seconds of film, of an outage or of the clock; see the verbs."""
    device: str = "tv"
    """Which of the account's players."""

    def __str__(self) -> str:
        words = (self.verb.replace("_", " "), self.who, self.what, f"{self.amount:g}" if self.amount else "")
        return f"{self.at_s:.0f} s " + " ".join(filter(None, words))


def at_minute(
    minute: float, verb: Verb, who: str = "", what: str = "", *, film_minute: float = 0.0, device: str = "tv"
) -> Cue:
    """Return a cue timed in minutes of the night, and of the film."""
    return Cue(minute * 60.0, verb, who, what, film_minute * 60.0, device)


@dataclass(frozen=True)
class Script:
    """A whole night."""

    cues: tuple[Cue, ...]
    """In order of time."""
    length_s: float = 0.0
    """The latest time of a cue, seconds."""
    report_s: dict[str, float] = field(default_factory=dict)
    """Seconds between two reports of each account's player; 0: continuous reports."""

    def times(self, verbs: frozenset[str]) -> list[float]:
        """Return the different times at which cues of these kinds occur."""
        return sorted({cue.at_s for cue in self.cues if cue.verb in verbs})
