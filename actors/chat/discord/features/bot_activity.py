"""The bot's activity, a line below its name: the film that is playing."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence

import discord

from actors.chat.discord.core.api_errors import API_ERRORS
from messages import NowPlaying, Screening
from wording.text import clean_line
from wording.titles import display_title
from wording.translation import _, ngettext

MOST_UPDATES, WINDOW_S = 5, 20.0
"""Updates that Discord accepts in a window of so many real seconds."""
_LONGEST = 128
BLAMED_S = 5.0
"""If the connection is lost within so many seconds after a line was sent, the line may be the cause."""
MOST_CLOSES = 2
"""After so many such losses the line is not sent any more."""


class BotActivity:
    """Shows the newest state, at most as fast as Discord accepts updates.

    If several communities share the bot, it shows nothing, for the line is the same on every Discord server.
    A line after which the gateway closed the connection twice is not sent again: it would keep the bot offline.
    """

    def __init__(self, bot: Callable[[], discord.Client | None], log: logging.Logger) -> None:
        self._bot = bot
        self._log = log
        self._servers: dict[str, tuple[Screening, int]] = {}
        """By Plex server with screenings: the one that the line may name, and how many there are."""
        self._wanted = ""
        self._shown: str | None = None
        self._is_silent = False
        self._refused: str | None = None
        """The line that Discord does not accept."""
        self._closes = 0
        """How often in a row the gateway closed the connection right after a line."""
        self._sent: deque[float] = deque(maxlen=MOST_UPDATES)
        self._changed = asyncio.Event()

    def update(self, playing: NowPlaying) -> None:
        """Apply the tracker's report of what is playing on a Plex server."""
        if playing.server_id:
            self._servers.pop(playing.server_id, None)
        else:
            self._servers = {}
        for server_id in {shown.server_id for shown in playing.screenings}:
            there = [shown for shown in playing.screenings if shown.server_id == server_id]
            self._servers[server_id] = (_choose_foremost(there), len(there))
        shown = [foremost for foremost, _ in self._servers.values()]
        self._wanted = build_line(shown, sum(count for _, count in self._servers.values()))
        self._changed.set()

    def set_silent(self, is_silent: bool) -> None:
        """Show nothing from now on, or show films again."""
        self._is_silent = is_silent
        self._changed.set()

    def resend(self) -> None:
        """Send the line again after a reconnect: Discord may show an old one or none."""
        self._shown = None
        self._changed.set()

    def note_loss(self) -> None:
        """Note that the connection was lost; if a line was just sent, it may be the cause."""
        if not self._sent or self._shown is None or time.monotonic() - self._sent[-1] > BLAMED_S:
            self._closes = 0
            return
        self._closes += 1
        if self._closes >= MOST_CLOSES and self._shown:
            self._refused = self._shown
            self._log.warning(
                "Discord's gateway closed the connection %d times right after the bot's activity “%s”: left out",
                self._closes, self._shown,
            )  # fmt: skip

    async def run(self) -> None:
        """Keep the line up to date, for ever."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if not self._is_outdated:
                continue
            if len(self._sent) == MOST_UPDATES:
                await asyncio.sleep(max(0.0, self._sent[0] + WINDOW_S + 0.5 - time.monotonic()))
            bot = self._bot()
            if bot is None or not self._is_outdated:
                continue  # after a reconnect, the line of that moment is sent
            self._sent.append(time.monotonic())
            self._shown = self._line
            try:
                await bot.change_presence(activity=_build_activity(self._line))
            except (*API_ERRORS, RuntimeError):
                self._shown = None  # the connection is closing

    @property
    def _line(self) -> str:
        """The line to show; empty for none."""
        return "" if self._is_silent or self._wanted == self._refused else self._wanted

    @property
    def _is_outdated(self) -> bool:
        """Whether Discord shows another line, or may show one: after a reconnect that is not known."""
        return self._line != self._shown and bool(self._line or self._sent)


def _choose_foremost(screenings: Sequence[Screening]) -> Screening:
    return min(screenings, key=lambda shown: (not shown.party, shown.started_at_s))


def build_line(screenings: Sequence[Screening], count: int | None = None) -> str:
    """Return the watch party's film, or the oldest, and how many more of `count` are playing; "" if none is playing."""
    if not screenings:
        return ""
    first = _choose_foremost(screenings)
    shown = clean_line(display_title(first.item), _LONGEST - 30)
    if first.state == "paused":
        shown = _("{film} (paused)").format(film=shown)
    others = (len(screenings) if count is None else count) - 1
    if others:
        shown = ngettext("{film} and {count} more", "{film} and {count} more", others).format(film=shown, count=others)
    return shown


def _build_activity(shown: str) -> discord.Activity | None:
    return discord.Activity(type=discord.ActivityType.watching, name=shown) if shown else None
