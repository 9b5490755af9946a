"""The scripted film night: who watches what, what goes wrong, and what must stand in the record afterwards. Data only.

Minutes are minutes of the night as its people live it; the simulator plays them at speed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PARTY_FILM = "Rashomon"
"""88 minutes; the owner's session plays it into the voice channel."""
PARTY_MINUTES = 88.0
STARTS = 7.0
"""When the party's film starts: one auto-save tick finds nobody before it."""
ENDS = STARTS + PARTY_MINUTES
CURTAIN = ENDS + 12.0
"""When the night is over: one tick finds nobody after it."""

Verb = Literal[
    "play", "pause", "resume", "seek", "stop", "join", "leave", "coming", "say", "slash", "outage", "recover", "kill"
]


@dataclass(frozen=True)
class Cue:
    """One thing that happens at a minute of the night. `who` is a Plex account, a Discord member or an actor."""

    minute: float
    verb: Verb
    who: str
    what: str = ""
    at_minute: float = 0.0
    """Position in the film, for play and seek."""


@dataclass(frozen=True)
class Expected:
    """One record that must be there afterwards, once."""

    who: str
    film: str
    source: Literal["plex", "voice"]
    joined_at: float
    """Minute of the film."""
    completion: float
    """Percent."""
    playing_minutes: float
    paused_minutes: float = 0.0
    end_reasons: tuple[str, ...] = ("ended", "stopped", "left")


HOST, GRACE, LINUS = "Rosa", "Anton", "Berta"
"""The three Plex accounts of the night; the first is the server's owner and the party's host."""
IRIS, BJORN, CHIARA, NOODLE, URI = "Iris", "Björn", "Chiara", "Dr. *Noodle*", "אורי"
"""The five of the watch party. Iris is an administrator of the Discord server."""
PARTY = (IRIS, BJORN, CHIARA, NOODLE, URI)
SOON, THIS_YEAR = "{soon}", "{year}"
"""Stand for a time ten minutes on, as people write it, and for the night's year: known only when it is played."""
MEI = "美美 🎬"
"""Says that she is coming, and does not."""

CUES: tuple[Cue, ...] = (
    Cue(0.5, "slash", IRIS, f"night title={PARTY_FILM} when={SOON}"),
    Cue(1.0, "join", IRIS),
    Cue(1.5, "join", BJORN),
    Cue(1.6, "coming", BJORN),
    Cue(1.7, "coming", NOODLE),
    Cue(1.8, "coming", URI),
    Cue(1.9, "coming", MEI),
    Cue(2.0, "join", NOODLE),
    Cue(2.5, "join", URI),
    Cue(3.0, "say", IRIS, "!activewatches"),
    Cue(STARTS, "play", HOST, PARTY_FILM),
    Cue(9.0, "play", GRACE, "The General"),
    Cue(10.0, "play", LINUS, "Night of the Living Dead"),
    Cue(STARTS + 8, "say", IRIS, "!activewatches"),
    Cue(STARTS + 10, "say", BJORN, "!savedata"),
    Cue(STARTS + 12, "say", IRIS, "!savedata"),
    Cue(25.0, "pause", GRACE),
    Cue(26.0, "seek", LINUS, at_minute=76.0),
    Cue(STARTS + 25, "leave", URI),
    Cue(33.0, "slash", BJORN, "moviestats"),
    Cue(35.0, "resume", GRACE),
    Cue(STARTS + 30, "join", CHIARA),
    Cue(42.0, "stop", LINUS),
    Cue(STARTS + 38, "say", IRIS, "!starttracking"),
    Cue(STARTS + 42, "leave", NOODLE),
    Cue(STARTS + 45, "kill", "tracker"),
    Cue(STARTS + 58, "join", URI),
    Cue(STARTS + 60, "slash", CHIARA, "nowplaying"),
    Cue(STARTS + 63, "outage", "plex"),
    Cue(STARTS + 70, "recover", "plex"),
    Cue(STARTS + 74, "say", IRIS, "!health"),
    Cue(STARTS + 77, "say", URI, "!activewatches"),
    Cue(97.0, "stop", GRACE),
    Cue(ENDS, "stop", HOST),
    Cue(ENDS + 3, "say", CHIARA, "!moviestats Rashomon"),
    Cue(ENDS + 4, "slash", IRIS, "stats"),
    Cue(ENDS + 5, "say", IRIS, "!badges"),
    Cue(ENDS + 5, "slash", NOODLE, "privacy choice=anonymous"),
    Cue(ENDS + 5.5, "slash", URI, f"wrapped year={THIS_YEAR}"),
    Cue(ENDS + 6, "say", BJORN, "!history"),
    Cue(ENDS + 7, "say", IRIS, f"!whosaw {PARTY_FILM}"),
    Cue(ENDS + 8, "say", URI, "!leaderboard time"),
)
"""In order of time. Leaves room around the kill and the outage: what happens within them is seen late."""

_WHOLE = 100.0


def _share(minutes: float, of: float = PARTY_MINUTES) -> float:
    return minutes / of * 100.0


EXPECTED: tuple[Expected, ...] = (
    Expected(HOST, PARTY_FILM, "plex", 0.0, _WHOLE, 88.0),
    Expected(IRIS, PARTY_FILM, "voice", 0.0, _WHOLE, 88.0),
    Expected(BJORN, PARTY_FILM, "voice", 0.0, _WHOLE, 88.0),
    Expected(CHIARA, PARTY_FILM, "voice", 30.0, _share(58), 58.0),
    Expected(NOODLE, PARTY_FILM, "voice", 0.0, _share(42), 42.0, end_reasons=("left",)),
    Expected(URI, PARTY_FILM, "voice", 0.0, _share(25 + 30), 55.0),
    Expected(GRACE, "The General", "plex", 0.0, _WHOLE, 78.0, paused_minutes=10.0),
    Expected(LINUS, "Night of the Living Dead", "plex", 0.0, _share(16 + 16, 96), 32.0),
)
"""The late comer has what was left, the early leaver what was shown, who left and returned both parts as one film."""

TOLERANCE_MINUTES = 3.0
"""Two polls, a reporting client and the time that a killed actor is away, in minutes of the night."""
