"""Plays a script on the stage of real processes: people on Plex and Discord, what they ask, and what goes wrong."""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from simulator.discord import ChannelMessage, Interaction
from simulator.nights.script import PLAYER_VERBS, VOICE_VERBS, Cue
from simulator.nights.stage import ANNOUNCE, ServiceStage
from simulator.plex.faults import FaultKind

ANSWER_WITHIN_S = 10.0
SOON, THIS_YEAR = "{soon}", "{year}"
"""Placeholders, filled in when a command is used: a time ten minutes ahead, as people write it; the night's year."""
SOON_S = 600.0
NOTES: Mapping[str, str] = {
    "play": "{who} starts {what} on Plex ({device})",
    "pause": "{who} pauses",
    "resume": "{who} resumes",
    "seek": "{who} skips {minutes:+.0f} minutes",
    "switch": "{who} switches to {what}",
    "stop": "{who} stops",
    "join": "{who} joins the voice channel",
    "leave": "{who} leaves the voice channel",
    "interested": "{who} presses Interested on the planned night",
    "outage": "The Plex server goes offline",
    "heal": "The Plex server is back online",
    "kill": "kill -9 ends the {who} actor",
}
"""The note that is printed when a cue of this kind is played."""


@dataclass(frozen=True)
class PlayedCue:
    """A cue, and when it was really played: later than planned if the machine is busy. Seconds of the night."""

    cue: Cue
    played_s: float


class Director:
    """Plays cues, and remembers which commands were used and whether they were answered."""

    def __init__(
        self,
        stage: ServiceStage,
        note: Callable[[str], None] = lambda _text: None,
        report_s: Mapping[str, float] | float | None = None,
    ) -> None:
        """Set up the people of the stage.

        `note` gets one line for each thing that happens; `report_s`: seconds between a player's reports, by account or
        for all.
        """
        self.stage = stage
        self.performer = stage.performer(report_s)
        self.played: list[PlayedCue] = []
        self.asked: list[tuple[str, ChannelMessage | Interaction]] = []
        self._note = note

    def play(self, cues: Sequence[Cue], begin_s: float = 0.0) -> None:
        """Play all cues in order, each at its time after `begin_s`."""
        for cue in cues:
            self.stage.wait_until((begin_s + cue.at_s) / 60)
            self.perform(cue)
            self.played.append(PlayedCue(cue, self.stage.minute * 60 - begin_s))

    def perform(self, cue: Cue) -> None:
        """Play one cue now. Raises LookupError if it names an unknown person or film."""
        done = True
        if cue.verb in PLAYER_VERBS | VOICE_VERBS:
            done = self.performer.perform(cue)
        else:
            play = {
                "say": self._say, "slash": self._use_command, "interested": self._press_interested,
                "outage": self._begin_outage, "heal": self._end_outage, "kill": self._kill,
            }.get(cue.verb)  # fmt: skip
            if play is None:
                raise LookupError(f"nothing that can be played here: {cue.verb}")
            play(cue)
        if not done:
            self._note(f"{cue.who}'s film is over" if cue.verb == "stop" else f"{cue.who} plays nothing")
        elif cue.verb in NOTES:
            words = NOTES[cue.verb].format(who=cue.who, what=cue.what, device=cue.device, minutes=cue.amount / 60)
            self._note(words)

    def _say(self, cue: Cue) -> None:
        self.asked.append((cue.what, self.stage.discord.say(cue.who, ANNOUNCE, cue.what)))

    def _use_command(self, cue: Cue) -> None:
        soon = datetime.datetime.fromtimestamp(self.stage.clock.now().wall_s + SOON_S, datetime.UTC)
        text = cue.what.replace(SOON, f"{soon:%H:%M}").replace(THIS_YEAR, f"{soon.year}")
        name, *rest = shlex.split(text)
        options = dict(part.split("=", 1) for part in rest)
        self.asked.append((f"/{text}", self.stage.discord.slash(cue.who, name, options, where=ANNOUNCE)))

    def _press_interested(self, cue: Cue) -> None:
        planned = self.stage.discord.guild.events
        if not self.stage.discord.wait_until(lambda: bool(planned), ANSWER_WITHIN_S):
            raise LookupError("no film night is planned")
        self.stage.discord.press_interested(cue.who, list(planned)[-1])

    def _begin_outage(self, cue: Cue) -> None:
        self.stage.plex.set_fault(cast(FaultKind, cue.what or "refuse"))

    def _end_outage(self, _cue: Cue) -> None:
        self.stage.plex.heal()

    def _kill(self, cue: Cue) -> None:
        self.stage.kill(cue.who)

    def list_unanswered(self) -> tuple[str, ...]:
        """Return the commands without an answer, after waiting for each."""
        return tuple(text for text, asked in self.asked if not self._is_answered_in_time(asked))

    def _is_answered_in_time(self, asked: ChannelMessage | Interaction) -> bool:
        return self.stage.discord.wait_until(lambda: self._is_answered(asked), ANSWER_WITHIN_S)

    def _is_answered(self, asked: ChannelMessage | Interaction) -> bool:
        if isinstance(asked, Interaction):
            return bool(asked.replies)
        written = self.stage.discord.messages(ANNOUNCE, by_bot=True)
        return any(each.reply_to == asked.id and not each.is_loading for each in written)

    def slowest_ack_s(self) -> float:
        """Return the longest time until a slash command was acknowledged; infinite if one never was."""
        acks = [asked.ack_after_s for _, asked in self.asked if isinstance(asked, Interaction)]
        return max((float("inf") if ack is None else ack for ack in acks), default=0.0)
