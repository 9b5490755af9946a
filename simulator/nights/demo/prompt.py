"""The simulated night in a terminal: the channel above, a prompt below."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Sequence

from prompt_toolkit import PromptSession
from prompt_toolkit.patch_stdout import patch_stdout

from simulator.nights.demo.console_view import Show
from simulator.nights.demo.script import IRIS
from simulator.nights.director import Director
from simulator.nights.script import Cue, Verb
from simulator.nights.stage import ServiceStage

HELP = """\
  !command or /command     ask Usher as Iris, an administrator: !activewatches, /stats, !savedata, !health ...
  play WHO FILM            a Plex session starts: play Cem "Duck Soup"
  pause WHO, resume WHO, stop WHO, seek WHO MINUTE
  join WHO, leave WHO      the voice channel: Iris, Björn, Chiara, "Dr. *Noodle*", אורי, or anybody of the server
  outage, recover          the Plex server goes away, and comes back
  kill ACTOR               kill -9: plex, tracker, persistence or discord
  night                    play the scripted night from its start
  quit                     stop the service in order"""


COMMANDS: dict[str, Verb] = {
    "play": "play", "pause": "pause", "resume": "resume", "stop": "stop", "join": "join", "leave": "leave",
    "outage": "outage", "recover": "heal", "kill": "kill",
}  # fmt: skip


class Prompt:
    """Reads lines until `quit`."""

    def __init__(self, stage: ServiceStage, show: Show, cues: Sequence[Cue]) -> None:
        self._stage = stage
        self._show = show
        self._cues = cues
        self._director = Director(stage, show.print_event)
        self._night: threading.Thread | None = None

    def run(self) -> int:
        """Serve the prompt; the service's exit status."""
        self._show.opening(self._stage)
        self._show.console.print(HELP + "\n")
        session: PromptSession[str] = PromptSession("usher> ")
        with patch_stdout(raw=True), self._show.following(self._stage):
            while True:
                try:
                    line = session.prompt().strip()
                except (EOFError, KeyboardInterrupt):
                    break
                if line in ("quit", "exit"):
                    break
                if line:
                    self._do(line)
        return self._stage.stop_service()[0]

    def _do(self, line: str) -> None:
        try:
            if line == "help":
                self._show.console.print(HELP)
            elif line == "night":
                self._play_night()
            else:
                self._director.perform(self._cue(line))
        except (LookupError, ValueError, AttributeError, StopIteration, RuntimeError) as error:
            self._show.print_event(f"that did not work ({error or type(error).__name__}); 'help' shows what does")

    def _cue(self, line: str) -> Cue:
        if line[0] in "!/":
            return Cue(0.0, "say" if line[0] == "!" else "slash", IRIS, line if line[0] == "!" else line[1:])
        verb, *rest = shlex.split(line)
        who = rest[0] if rest else ""
        if verb == "seek":
            session = self._director.performer.live_session(who)
            position_s = session.true_ms(self._stage.clock.now().wall_s) / 1000 if session is not None else 0.0
            return Cue(0.0, "seek", who, amount=float(rest[1]) * 60 - position_s)
        if verb not in COMMANDS:
            raise ValueError(f"no such command: {verb}")
        return Cue(0.0, COMMANDS[verb], who, rest[1] if len(rest) > 1 else "")

    def _play_night(self) -> None:
        if self._night is not None and self._night.is_alive():
            raise ValueError("the night is on already")
        begin_s = self._stage.minute * 60
        cues = [cue for cue in self._cues if cue.verb != "say"]
        self._night = threading.Thread(target=self._director.play, args=(cues, begin_s), daemon=True, name="night")
        self._night.start()
