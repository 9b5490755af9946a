"""The scripted film night: who watches what, what is asked, and what goes wrong. Data only.

Minutes are minutes of the night as its people live it; the simulator plays them at speed.
"""

from __future__ import annotations

from simulator.nights.director import SOON, THIS_YEAR
from simulator.nights.script import Cue, at_minute

PARTY_FILM = "Rashomon"
"""88 minutes; it plays on the owner's account while the members watch in the voice channel."""
PARTY_MINUTES = 88.0
STARTS = 7.0
"""When the party's film starts, minutes: at one auto-save tick before it, nobody watches."""
ENDS = STARTS + PARTY_MINUTES
CURTAIN = ENDS + 12.0
"""When the night is over, minutes: at one tick before it, nobody watches any more."""

HOST, GRACE, LINUS = "Rosa", "Anton", "Berta"
"""The three Plex accounts of the night; the first is the server's owner and the party's host."""
IRIS, BJORN, CHIARA, NOODLE, URI = "Iris", "Björn", "Chiara", "Dr. *Noodle*", "אורי"
"""The five of the watch party. Iris is an administrator of the Discord server."""
PARTY = (IRIS, BJORN, CHIARA, NOODLE, URI)
MEI = "美美 🎬"
"""Presses Interested, and does not come."""

CUES: tuple[Cue, ...] = (
    at_minute(0.5, "slash", IRIS, f"night title={PARTY_FILM} when={SOON}"),
    at_minute(1.0, "join", IRIS),
    at_minute(1.5, "join", BJORN),
    at_minute(1.6, "interested", BJORN),
    at_minute(1.7, "interested", NOODLE),
    at_minute(1.8, "interested", URI),
    at_minute(1.9, "interested", MEI),
    at_minute(2.0, "join", NOODLE),
    at_minute(2.5, "join", URI),
    at_minute(3.0, "say", IRIS, "!activewatches"),
    at_minute(STARTS, "play", HOST, PARTY_FILM),
    at_minute(9.0, "play", GRACE, "The General", device="browser"),
    at_minute(10.0, "play", LINUS, "Night of the Living Dead", device="phone"),
    at_minute(STARTS + 8, "say", IRIS, "!activewatches"),
    at_minute(STARTS + 10, "say", BJORN, "!savedata"),
    at_minute(STARTS + 12, "say", IRIS, "!savedata"),
    at_minute(25.0, "pause", GRACE),
    at_minute(26.0, "seek", LINUS, film_minute=60.0),
    at_minute(STARTS + 25, "leave", URI),
    at_minute(33.0, "slash", BJORN, "moviestats"),
    at_minute(35.0, "resume", GRACE),
    at_minute(STARTS + 30, "join", CHIARA),
    at_minute(42.0, "stop", LINUS),
    at_minute(STARTS + 38, "say", IRIS, "!starttracking"),
    at_minute(STARTS + 42, "leave", NOODLE),
    at_minute(STARTS + 45, "kill", "tracker"),
    at_minute(STARTS + 58, "join", URI),
    at_minute(STARTS + 60, "slash", CHIARA, "nowplaying"),
    at_minute(STARTS + 63, "outage", what="refuse"),
    at_minute(STARTS + 70, "heal"),
    at_minute(STARTS + 74, "say", IRIS, "!health"),
    at_minute(STARTS + 77, "say", URI, "!activewatches"),
    at_minute(ENDS, "stop", HOST),
    at_minute(97.0, "stop", GRACE),
    at_minute(ENDS + 3, "say", CHIARA, "!moviestats Rashomon"),
    at_minute(ENDS + 4, "slash", IRIS, "stats"),
    at_minute(ENDS + 5, "say", IRIS, "!badges"),
    at_minute(ENDS + 5, "slash", NOODLE, "privacy choice=anonymous"),
    at_minute(ENDS + 5.5, "slash", URI, f"wrapped year={THIS_YEAR}"),
    at_minute(ENDS + 6, "say", BJORN, "!history"),
    at_minute(ENDS + 7, "say", IRIS, f"!whosaw {PARTY_FILM}"),
    at_minute(ENDS + 8, "say", URI, "!leaderboard time"),
)
"""In order of time. Nothing important falls near the kill and the outage: the service sees it late then."""

TOLERANCE_MINUTES = 3.0
"""Two polls, a player's report interval and the time until a killed actor works again, in minutes of the night."""
