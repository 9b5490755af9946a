"""Prints a night: the channel's messages, what happens in the service, and the files that it saved."""

from __future__ import annotations

import contextlib
import datetime
import itertools
import json
import re
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table

from launcher.program_name import use_program_name
from simulator.discord.model.messages import Attachment, ChannelMessage
from simulator.discord.transcript.terminal import format_size, render_message
from simulator.nights.demo.expectations import ExpectationResult
from simulator.nights.demo.typed_lines import ASKER
from simulator.nights.stage import ANNOUNCE, CINEMA, ServiceStage
from simulator.plex.world.library import MOVIES

SETTLE_S = 0.25
"""A message is shown when it has not been edited for this long (real seconds)."""
PLAYS, HALF, OVER = "🎬", "half of 🎬", "🏁"
"""Chapters of a film's card: new, half of the film shown, and the night's record."""
PATIENCE_S = {PLAYS: 1.2, OVER: 3.0}
"""The same for a film's card, which gets its poster by an edit, and for its record, which gets its chart."""
_PERCENT = re.compile(r"(\d+) %")
SHOWN_ROWS = 12
HEADINGS = {
    "completion_percentage": "seen %",
    "watch_duration_minutes": "minutes",
    "total_watch_time_minutes": "minutes",
    "current_streak_days": "streak",
    "total_movies": "films",
    "completed_movies": "to the end",
    "uptime_s": "up s",
    "handle_ms_p50": "p50 ms",
    "handle_ms_p99": "p99 ms",
    "rss_mb": "MB",
}
"""Keys whose names are too long for a column."""
LONG = {"last_error", "badges", "movie_title"}
"""Columns that wrap if the console is narrow; the others are never wrapped."""
LOG_LINES = 60
SAVING_SIGNS = ("💾", "⏭️", "❌")
"""How the three log lines of saving begin."""
WIDEST = 40
"""Longest text of a cell, in characters."""


class Show:
    """Prints to one console, from any thread."""

    def __init__(self, console: Console, *, speed: float) -> None:
        self.console = console
        self.speed = speed
        self._lock = threading.Lock()
        self._stage: ServiceStage | None = None
        self._shown: dict[int, str] = {}
        """Each message that was printed, with the chapter in which it was last printed."""
        self._told: set[int] = set()
        """Ids of the pictures that were described."""
        self._shows_direct = False

    def print_opening(self, stage: ServiceStage) -> None:
        """Print an introduction."""
        self._stage = stage
        self.console.print(Rule("[bold]A film night[/bold]"))
        self.console.print(
            f"The real service, between a simulated Plex and a simulated Discord, at {self.speed:g} times the speed.\n"
            f"Below: what happens ([dim]dim[/dim]), and the channel [bold]#{ANNOUNCE}[/bold] as its members see it.\n"
            f"The web page, while this runs: [bold]{stage.page_url}[/bold]\n"
        )

    def print_event(self, text: str) -> None:
        """Print something that people do, or that goes wrong."""
        at = ""
        if self._stage is not None:
            now_s = self._stage.clock.now().wall_s
            at = f"{datetime.datetime.fromtimestamp(now_s, datetime.UTC):%H:%M}"
        with self._lock:
            self.console.print(f"[dim]{at}  · {escape(text)}[/dim]")

    def print_message(self, message: ChannelMessage) -> None:
        """Print one message of the channel."""
        assert self._stage is not None  # noqa: S101 - print_opening() came first
        with self._lock:
            self.console.print(render_message(message, self._stage.discord.world))

    def print_answer(self, message: ChannelMessage) -> None:
        """Print the answer that somebody waits for; it is then not printed again as a message of the channel."""
        self._shown[message.id] = chapter(message)
        self.print_message(message)

    def print_hint(self, text: str) -> None:
        """Print a hint for a line that was not understood."""
        with self._lock:
            self.console.print(f"[yellow]{escape(text)}[/yellow]")

    def introduce_club(self, records: int) -> None:
        """Say how many records the club's year before this night has."""
        self.console.print(
            f"The club has met for a year: {records} watches are in its history. "
            f"You are [bold]{ASKER}[/bold], who runs the server.\n"
        )

    def list_films(self, stage: ServiceStage, words: str = "") -> None:
        """Print the films of the library, or those with these words in their titles."""
        table = Table(box=None, pad_edge=False, show_header=False)
        films = [film for film in stage.plex.library.in_section(MOVIES) if words.casefold() in film.title.casefold()]
        for film in films:
            minutes = f"{round((film.duration_ms or 0) / 60_000)} min"
            table.add_row(escape(film.title), str(film.year or ""), minutes, escape(", ".join(film.genres)))
        if films:
            self._print_table(table)
        else:
            self.print_hint(f'No film has "{words}" in its title. Type films for all of them.')

    def list_people(self, stage: ServiceStage) -> None:
        """Print the people of the club and what each is doing."""
        playing = {session.account.name: session for session in stage.plex.sessions}
        present = {member.id for member in stage.discord.voice_members(CINEMA)}
        table = Table(box=None, pad_edge=False)
        for heading in ("Plex accounts", "", "Discord members", ""):
            table.add_column(heading)
        accounts = [account.name for account in stage.plex.accounts if account.name]
        members = [member for member in stage.discord.guild.members.values() if not member.user.bot]
        for account, member in itertools.zip_longest(accounts, members):
            session = playing.get(account)
            watching = f"{session.state} {session.item.title}" if session is not None else ""
            name = member.display_name if member is not None else ""
            seat = "in the voice channel" if member is not None and member.id in present else ""
            table.add_row(*(escape(cell) for cell in (account or "", watching, name, seat)))
        self._print_table(table)

    def _print_table(self, table: Table) -> None:
        with self._lock:
            self.console.print(Padding(table, (0, 0, 1, 2)))

    @contextlib.contextmanager
    def follow_channel(self, stage: ServiceStage, *, direct: bool = False) -> Iterator[None]:
        """Print every message of the channel once it is complete, until the end of the block.

        With `direct`, print also the bot's direct messages.
        """
        self._stage, self._shows_direct = stage, direct
        over = threading.Event()
        follower = threading.Thread(target=self._follow, args=(stage, over), name="show")
        follower.start()
        try:
            yield
        finally:
            over.set()
            follower.join()
            self._catch_up(stage, settled=False)

    def _follow(self, stage: ServiceStage, over: threading.Event) -> None:
        while not over.wait(0.05):
            self._catch_up(stage, settled=True)

    def _catch_up(self, stage: ServiceStage, *, settled: bool) -> None:
        for message in stage.discord.messages(ANNOUNCE):
            part = chapter(message)
            if settled and not message.is_settled(PATIENCE_S.get(part, SETTLE_S)):
                continue
            if self._shown.get(message.id) != part:
                self._shown[message.id] = part
                self.print_message(message)
            for each in message.attachments:
                if each.description and each.id not in self._told:
                    self._told.add(each.id)
                    self._print_picture(each)
        if self._shows_direct:
            self._show_direct_messages(stage, settled=settled)

    def _show_direct_messages(self, stage: ServiceStage, *, settled: bool) -> None:
        for member in list(stage.discord.guild.members.values()):
            if member.user.bot:
                continue
            for message in stage.discord.direct_messages(member):
                if message.id in self._shown or (settled and not message.is_settled(SETTLE_S)):
                    continue
                self._shown[message.id] = ""
                self.print_event(f"a direct message to {member.display_name}:")
                self.print_message(message)

    def _print_picture(self, picture: Attachment) -> None:
        """Print the name, size and description of a chart, which a terminal cannot show."""
        said = f"{picture.filename}, {format_size(len(picture.content))}. On it: {picture.description}"
        with self._lock:
            self.console.print(Padding(f"[dim]📊 {escape(said)}[/dim]", (0, 0, 1, 2)))

    # -- what the night left ------------------------------------------------------------------------------

    def print_saved_files(self, data_dir: Path) -> None:
        """Print the three saved files, as tables."""
        self.console.print(Rule("[bold]Saved[/bold]"))
        self._print_rows(
            "watch_history.json",
            _load(data_dir, "watch_history.json", []),
            ("username", "movie_title", "source", "completion_percentage", "watch_duration_minutes", "end_reason"),
        )
        stats = _load(data_dir, "user_stats.json", {})
        columns = ("username", "total_movies", "completed_movies", "total_watch_time_minutes", "current_streak_days")
        self._print_rows("user_stats.json", list(stats.values()), columns)
        names = {user_id: each.get("username", user_id) for user_id, each in stats.items()}
        badges = _load(data_dir, "user_badges.json", {})
        rows = [
            {"username": names.get(user_id, user_id), "badges": ", ".join(each["badge_id"] for each in held)}
            for user_id, held in badges.items()
        ]
        self._print_rows("user_badges.json", rows, ("username", "badges"))

    def _print_rows(self, name: str, rows: Sequence[dict[str, Any]], columns: tuple[str, ...]) -> None:
        table = Table(title=name, title_justify="left", title_style="bold", box=None, pad_edge=False)
        for column in columns:
            text = bool(rows) and isinstance(rows[0].get(column), str)
            table.add_column(
                HEADINGS.get(column, column.replace("_", " ")),
                justify="left" if text else "right",
                no_wrap=column not in LONG,  # a narrow console wraps what is long and cuts nothing short
                overflow="fold",
            )
        for row in rows[:SHOWN_ROWS]:
            table.add_row(*(escape(_format_cell(row.get(column))) for column in columns))
        self.console.print(table)
        self.console.print()

    def print_health(self, rows: Sequence[dict[str, Any]]) -> None:
        """Print the health table."""
        self.console.print(Rule("[bold]Health[/bold]"))
        self._print_rows(
            "logs/actor_health.jsonl, the last rows",
            rows,
            (
                "actor",
                "state",
                "uptime_s",
                "restarts",
                "handled",
                "handle_ms_p50",
                "handle_ms_p99",
                "rss_mb",
                "last_error",
            ),
        )

    def print_results(self, results: Sequence[ExpectationResult]) -> bool:
        """Print whether each expectation held; return whether all did."""
        self.console.print(Rule("[bold]What the script expected[/bold]"))
        for result in results:
            mark = "[green]✔[/green]" if result.held else "[red]✘[/red]"
            problem = "" if result.held else f" [red]— {escape(result.problem)}[/red]"
            self.console.print(f" {mark} {escape(result.says)}{problem}")
        held = sum(result.held for result in results)
        self.console.print(f"\n{held} of {len(results)} held.")
        return held == len(results)

    def print_saving_log(self, text: str) -> None:
        """Print the service's log lines about saving: the first of each kind, and how often it occurred."""
        self.console.print(Rule("[bold]What the service logged of saving[/bold]"))
        for sign in SAVING_SIGNS:
            lines = [line for line in text.splitlines() if sign in line]
            self.console.print(escape(lines[0]) if lines else f"[dim]{sign} never[/dim]")
            if len(lines) > 1:
                self.console.print(f"[dim]  ... and {len(lines) - 1} more[/dim]")
        self.console.print()

    def print_next_steps(self) -> None:
        """Print what to try after the night."""
        self.console.print(
            use_program_name(
                "\nNext: [bold]python run.py setup[/bold] asks for your Plex server and Discord bot and writes .env, "
                "[bold]python run.py check[/bold] tests them, [bold]python run.py[/bold] runs the service.\n"
                "In a terminal, [bold]python run.py simulate[/bold] has a prompt: play a night of your own."
            )
        )

    def print_log_end(self, text: str) -> None:
        """Print the end of the service's log, if something went wrong."""
        self.console.print(Rule("[bold]The end of the service's log[/bold]"))
        for line in text.splitlines()[-LOG_LINES:]:
            self.console.print(escape(line))


def chapter(message: ChannelMessage) -> str:
    """Return the chapter of a film's card, which is printed once in each chapter; empty for other messages."""
    embed = message.embeds[0] if message.embeds else {}
    title = str(embed.get("title", ""))
    if title.startswith(OVER):
        return OVER
    if not title.startswith(PLAYS) or message.asked_with:
        return ""
    share = _PERCENT.search(str(embed.get("description", "")))
    return HALF if share is not None and int(share[1]) >= 50 else PLAYS


def _load(data_dir: Path, name: str, otherwise: Any) -> Any:
    try:
        return json.loads((data_dir / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return otherwise


def _format_cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.1f}"
    text = "" if value is None else str(value)
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"
