"""The simulated night in a terminal: the channel above, a prompt below."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Iterator, Sequence

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.patch_stdout import patch_stdout

from simulator.nights.demo.console_view import Show
from simulator.nights.demo.prompt_actions import MessageActions
from simulator.nights.demo.typed_lines import ASKER, COMMANDS, LineError, Names, read_cue, split_asker
from simulator.nights.director import Director
from simulator.nights.script import Cue
from simulator.nights.stage import ServiceStage

HELP = f"""\
  !command or /command     ask Usher as {ASKER}, an administrator: !help, !stats, !night ...
  press BUTTON             press a button below a message, by its label; press alone lists them
  choose FILM, answer TEXT, vote FILM      for menus, questions and polls
  NAME: ...                do that as another member: Björn: !suggest Alien, Björn: vote Alien
  play WHO FILM            a Plex account starts a film: play Cem "Duck Soup"
  pause WHO, resume WHO, stop WHO, seek WHO MINUTE
  join WHO, leave WHO      the voice channel, where everybody watches what Rosa plays
  people, films            who there is, and what there is to see
  outage, recover          the Plex server goes offline, and comes back
  kill ACTOR               kill -9: plex, tracker, persistence or discord
  night                    play the scripted night; people come and go by themselves
  help, quit               Tab completes commands, names and titles"""
TRY = (
    "Try: [bold]!leaderboard[/bold], [bold]!stats[/bold], [bold]play Rosa Casablanca[/bold] and "
    "[bold]join Björn[/bold], then [bold]!nowplaying[/bold]"
)
WORDS = ("press", "choose", "answer", "vote", "people", "films", "night", "help", "quit")


class LineCompleter(Completer):
    """Completes commands, names and titles."""

    def __init__(self, names: Names) -> None:
        self._names = names

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        """Yield what may come next in the line."""
        before = document.text_before_cursor
        first, space, rest = before.partition(" ")
        if not space:
            usher = [sign + name for sign in "!/" for name in self._names.slash_commands]
            yield from _complete(first, [*COMMANDS, *WORDS, *usher])
        elif first[:1] in ("!", "/"):
            typed = rest.rpartition("=")[2] if first[0] == "/" else rest
            yield from _complete(typed, [*self._names.films, *self._names.guests, *self._names.accounts])
        elif first in COMMANDS:
            done, _, typed = rest.rpartition(" ") if not rest.startswith(('"', "'")) else ("", "", rest)
            takes, at = COMMANDS[first].takes, len(done.split())
            if takes and at and takes[-1] == "film":
                typed, at = rest.partition(" ")[2], len(takes) - 1
            if at < len(takes):
                choices = self._names.list_choices(takes[at])
                yield from _complete(typed, [shlex.quote(each) if " " in each else each for each in choices])


def _complete(typed: str, choices: Sequence[str]) -> Iterator[Completion]:
    wanted = typed.casefold().lstrip("\"'")
    for choice in choices:
        if choice.casefold().lstrip("\"'").startswith(wanted):
            yield Completion(choice, start_position=-len(typed))


class Prompt:
    """Reads lines until `quit`."""

    def __init__(self, stage: ServiceStage, show: Show, cues: Sequence[Cue]) -> None:
        self._stage = stage
        self._show = show
        self._cues = cues
        self._director = Director(stage, show.print_event)
        self._names = Names(stage)
        self._actions = MessageActions(stage, show)
        self._night: threading.Thread | None = None

    def run(self) -> int:
        """Serve the prompt; return the service's exit status."""
        self._show.print_opening(self._stage)
        self._show.introduce_club(len(self._stage.history()))
        self._show.console.print(HELP, markup=False)
        self._show.console.print(f"\n{TRY}\n")
        session: PromptSession[str] = PromptSession("usher> ", completer=LineCompleter(self._names))
        with patch_stdout(raw=True), self._show.follow_channel(self._stage, direct=True):
            while True:
                try:
                    line = session.prompt().strip()
                except KeyboardInterrupt:
                    continue  # as in a shell, Ctrl-C drops the line
                except EOFError:
                    break
                if line.casefold() in ("quit", "exit"):
                    break
                if line:
                    self._do(line)
        return self._stage.stop_service()[0]

    def _do(self, line: str) -> None:
        try:
            who, line = split_asker(line, self._names)
            word, _, rest = line.partition(" ")
            match word.casefold():
                case "help" | "?":
                    self._show.console.print(HELP, markup=False)
                case "films":
                    self._show.list_films(self._stage, rest.strip())
                case "people":
                    self._show.list_people(self._stage)
                case "press":
                    self._actions.press(who, _unquote(rest))
                case "choose":
                    self._actions.choose(who, _unquote(rest))
                case "answer":
                    self._actions.answer(_unquote(rest))
                case "vote":
                    self._actions.vote(who, _unquote(rest))
                case "night":
                    self._play_night()
                case _:
                    self._director.perform(read_cue(line, self._names, self._minute_of, who))
        except LineError as error:
            self._show.print_hint(str(error))
        except (LookupError, ValueError, StopIteration, RuntimeError, TimeoutError) as error:
            said = str(error.args[0]) if error.args else type(error).__name__
            self._show.print_hint(f"That didn't work: {said}. Type help for what does.")

    def _minute_of(self, account: str) -> float | None:
        session = self._director.performer.live_session(account)
        return None if session is None else session.true_ms(self._stage.clock.now().wall_s) / 60_000

    def _play_night(self) -> None:
        if self._night is not None and self._night.is_alive():
            raise LineError("The scripted night is running already.")
        begin_s = self._stage.minute * 60
        cues = [cue for cue in self._cues if cue.verb != "say"]
        self._night = threading.Thread(target=self._director.play, args=(cues, begin_s), daemon=True, name="night")
        self._night.start()


def _unquote(text: str) -> str:
    return text.strip().strip("\"'")
