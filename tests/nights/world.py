"""The world around the service, in memory: Plex, the voice channel, and the people who act in them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from simulator.nights.ledger import Ledger
from simulator.nights.performer import Performer
from simulator.nights.script import PLAYER_VERBS, VOICE_VERBS, Cue, Script
from simulator.plex import LibraryItem, PlayHistoryRow, PlayingSession, PlexLibrary, SimulatedAccount
from simulator.plex.world.controls import PlexControls
from simulator.plex.world.world import PlexWorld
from tests.nights.observations import SERVER

WORLD_VERBS = PLAYER_VERBS | VOICE_VERBS | {"outage", "heal", "plex_down", "plex_up", "gateway", "gateway_back"}


class MemoryVoiceRoom:
    """A voice channel whose members' ids are their names."""

    def __init__(self) -> None:
        self._names: dict[str, None] = {}

    def join(self, name: str) -> str:
        """Let a member come in."""
        self._names[name] = None
        return name

    def leave(self, name: str) -> str:
        """Let a member go."""
        self._names.pop(name, None)
        return name

    def present(self) -> list[str]:
        """Return who is there."""
        return list(self._names)


class MemoryWorld:
    """Plays the cues of people, of Plex and of Discord's line; `now` is the clock, in seconds of the night."""

    def __init__(
        self,
        script: Script,
        accounts: Sequence[str],
        items: Sequence[LibraryItem],
        now: Callable[[], float],
        label: str = "",
    ) -> None:
        """`label`: what is in every account's name, to tell it from those of another community."""
        self.label = label
        self.voice = MemoryVoiceRoom()
        self._world = PlexWorld(
            notify=lambda _alert: None,
            library=PlexLibrary({item.rating_key: item for item in items}),
            accounts={int(number): SimulatedAccount(int(number), f"name{label} {number}") for number in accounts},
            devices=[],
        )
        self._plex = PlexControls(self._world, threading.RLock(), now)
        self.performer = Performer(self._plex, self.voice, now, Ledger(SERVER), script.report_s)
        self._outages = self._gateway_faults = 0
        self._plex_down = False

    @property
    def ledger(self) -> Ledger:
        """What everybody really did."""
        return self.performer.ledger

    @property
    def sessions(self) -> list[PlayingSession]:
        """What plays now."""
        return self._plex.sessions

    @property
    def history(self) -> list[PlayHistoryRow]:
        """The plays that the server counted."""
        return self._plex.history

    @property
    def plex_answers(self) -> bool:
        """Whether a poll succeeds."""
        return not self._plex_down and not self._outages

    @property
    def gateway_is_there(self) -> bool:
        """Whether Discord says who is in the channel."""
        return not self._gateway_faults

    def play(self, cue: Cue) -> None:
        """Play one of WORLD_VERBS."""
        match cue.verb:
            case "outage":
                self._outages += 1
            case "heal":
                self._outages -= 1
            case "plex_down":
                self._plex_down = True
                self.performer.lose_all_sessions()
                self._world.sessions.clear()
            case "plex_up":
                self._plex_down = False
                self._world.rekey(reverse=False)
            case "gateway":
                self._gateway_faults += 1
            case "gateway_back":
                self._gateway_faults -= 1
            case _:
                self.performer.perform(cue)
