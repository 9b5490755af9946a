"""Faults outside the service in a night of the kill matrix: of Plex, and of the connection to Discord."""

from __future__ import annotations

from typing import cast

from simulator.nights.observation import Window
from simulator.nights.script import Cue
from simulator.nights.stage import ServiceStage
from simulator.plex.faults import FaultKind

NOTICED_S = 60.0
"""Time within which a bot notices that its gateway connection is lost."""


class OutsideFaults:
    """Plays the cues outage, heal, gateway and restart_plex, and notes when each fault began and ended."""

    def __init__(self, stage: ServiceStage) -> None:
        self._stage = stage
        self.plex_faults: list[Window] = []
        self.voice_faults: list[Window] = []
        self._outage_s: float | None = None
        self._gateway_s: float | None = None

    def play(self, cue: Cue) -> None:
        """Begin or end one fault."""
        now_s = self._stage.clock.now().wall_s
        match cue.verb:
            case "outage":
                self._outage_s = now_s
                self._stage.plex.set_fault(cast(FaultKind, cue.what))
            case "heal":
                self.heal_plex()
            case "restart_plex":
                self._stage.plex.restart(reverse=True)
            case "gateway":
                self._gateway_s = now_s
                faults = self._stage.discord.faults
                if cue.what == "drop":
                    faults.drop_connections()
                elif cue.what == "reconnect":
                    faults.request_reconnect()
                else:
                    faults.invalidate_sessions(resumable=cue.what == "resume")
            case _:
                raise ValueError(f"no fault of the outside world: {cue}")

    def heal_plex(self) -> None:
        """End the fault of Plex."""
        if self._outage_s is not None:
            self._stage.plex.heal()
            self.plex_faults.append((self._outage_s, self._stage.clock.now().wall_s))
            self._outage_s = None

    def note_reconnection(self) -> None:
        """Note the end of a gateway fault once the bot is connected again."""
        now_s, since_s = self._stage.clock.now().wall_s, self._gateway_s
        if since_s is not None and now_s > since_s + NOTICED_S and self._stage.discord.is_connected:
            self.voice_faults.append((since_s, now_s))
            self._gateway_s = None
