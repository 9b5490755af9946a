"""Plays cues on a stage, in order of time, and remembers what was asked and whether it was answered."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from simulator.discord.model.messages import ChannelMessage, Interaction
from simulator.nights.demo.script import SOON, THIS_YEAR, Cue
from simulator.nights.stage import ANNOUNCE, CINEMA, ServiceStage
from simulator.plex import BROWSER, PHONE, TELEVISION, PlayingSession

PLAYERS = (TELEVISION, BROWSER, PHONE)
ANSWER_WITHIN_S = 10.0
SOON_S = 600.0


@dataclass
class Director:
    """Carries the cues out. `note` is told what happens behind the scenes, in a line each."""

    stage: ServiceStage
    note: Callable[[str], None]
    sessions: dict[str, PlayingSession] = field(default_factory=dict)
    asked: list[tuple[str, ChannelMessage | Interaction]] = field(default_factory=list)

    def play(self, cues: Sequence[Cue]) -> None:
        """Carry out all cues, each at its minute."""
        for cue in cues:
            self.stage.wait_until(cue.minute)
            self.carry_out(cue)

    def carry_out(self, cue: Cue) -> None:
        """Do one thing now. KeyError where the cue names nobody; LookupError where there is no such film."""
        getattr(self, f"_{cue.verb}")(cue)

    def _play(self, cue: Cue) -> None:
        player = PLAYERS[len(self.sessions) % len(PLAYERS)]
        position_ms = round(cue.at_minute * 60_000)
        self.sessions[cue.who] = self.stage.plex.play(cue.who, cue.what, player, at_ms=position_ms)
        self.note(f"{cue.who} starts {cue.what} on Plex ({player.title})")

    def _pause(self, cue: Cue) -> None:
        self.stage.plex.pause(self.sessions[cue.who])
        self.note(f"{cue.who} pauses")

    def _resume(self, cue: Cue) -> None:
        self.stage.plex.resume(self.sessions[cue.who])
        self.note(f"{cue.who} goes on")

    def _seek(self, cue: Cue) -> None:
        self.stage.plex.seek(self.sessions[cue.who], round(cue.at_minute * 60_000))
        self.note(f"{cue.who} jumps to minute {cue.at_minute:.0f}")

    def _stop(self, cue: Cue) -> None:
        session = self.sessions.pop(cue.who)
        if any(running.uid == session.uid for running in self.stage.plex.sessions):
            self.stage.plex.stop_session(session)
            self.note(f"{cue.who} stops")
        else:
            self.note(f"{cue.who}'s film is over")

    def _join(self, cue: Cue) -> None:
        self.stage.discord.join_voice(cue.who, CINEMA)
        self.note(f"{cue.who} comes into the voice channel")

    def _leave(self, cue: Cue) -> None:
        self.stage.discord.leave_voice(cue.who)
        self.note(f"{cue.who} leaves the voice channel")

    def _coming(self, cue: Cue) -> None:
        planned = self.stage.discord.guild.events
        if not self.stage.discord.wait_until(lambda: bool(planned), ANSWER_WITHIN_S):
            raise LookupError("no film night is planned")
        self.stage.discord.press_interested(cue.who, list(planned)[-1])
        self.note(f"{cue.who} presses Interested on the planned night")

    def _say(self, cue: Cue) -> None:
        self.asked.append((cue.what, self.stage.discord.say(cue.who, ANNOUNCE, cue.what)))

    def _slash(self, cue: Cue) -> None:
        soon = datetime.datetime.fromtimestamp(self.stage.clock.now().wall_s + SOON_S, datetime.UTC)
        what = cue.what.replace(SOON, f"{soon:%H:%M}").replace(THIS_YEAR, f"{soon.year}")
        name, _, rest = what.partition(" ")
        options = dict(part.split("=", 1) for part in rest.split() if "=" in part)
        self.asked.append((f"/{what}", self.stage.discord.slash(cue.who, name, options, where=ANNOUNCE)))

    def _outage(self, _cue: Cue) -> None:
        self.stage.plex.set_fault("refuse")
        self.note("The Plex server goes away")

    def _recover(self, _cue: Cue) -> None:
        self.stage.plex.heal()
        self.note("The Plex server is back")

    def _kill(self, cue: Cue) -> None:
        pid = self.stage.kill(cue.who)
        self.note(f"kill -9 {pid}: the {cue.who} actor is gone")

    def unanswered(self) -> tuple[str, ...]:
        """Commands without an answer, after waiting for each."""
        return tuple(text for text, asked in self.asked if not self._answered_in_time(asked))

    def _answered_in_time(self, asked: ChannelMessage | Interaction) -> bool:
        return self.stage.discord.wait_until(lambda: self._answered(asked), ANSWER_WITHIN_S)

    def _answered(self, asked: ChannelMessage | Interaction) -> bool:
        if isinstance(asked, Interaction):
            return bool(asked.replies)
        return any(
            m.reply_to == asked.id and not m.is_loading for m in self.stage.discord.messages(ANNOUNCE, by_bot=True)
        )

    def slowest_ack_s(self) -> float:
        """Longest time until a slash command was acknowledged; infinite where one never was."""
        acks = [asked.ack_after_s for _, asked in self.asked if isinstance(asked, Interaction)]
        return max((float("inf") if ack is None else ack for ack in acks), default=0.0)
