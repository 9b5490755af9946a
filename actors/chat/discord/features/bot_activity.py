"""The line below the bot's name: the film that plays."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

import discord

from actors.chat.discord.core.api_errors import API_ERRORS
from messages import NowPlaying, Screening
from wording.text import clean_line
from wording.titles import display_title
from wording.translation import _, ngettext

MOST_UPDATES, WINDOW_S = 5, 20.0
"""What Discord takes in a window."""
_LONGEST = 128


class BotActivity:
    """Shows the newest of what it is told, never faster than Discord takes it."""

    def __init__(self, bot: Callable[[], discord.Client | None]) -> None:
        self._bot = bot
        self._wanted = ""
        self._shown: str | None = None
        self._sent: deque[float] = deque(maxlen=MOST_UPDATES)
        self._changed = asyncio.Event()

    def update(self, playing: NowPlaying) -> None:
        """What plays now."""
        self._wanted = build_line(playing.screenings)
        self._changed.set()

    def resend(self) -> None:
        """Connected again: what was shown may be old or gone."""
        self._shown = None
        self._changed.set()

    def activity(self) -> discord.Activity | None:
        """For a fresh connection: what it starts with."""
        self._shown = self._wanted
        return _activity(self._wanted)

    async def run(self) -> None:
        """Keep the line true, for ever."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._wanted == self._shown:
                continue
            if len(self._sent) == MOST_UPDATES:
                await asyncio.sleep(max(0.0, self._sent[0] + WINDOW_S + 0.5 - time.monotonic()))
            bot, wanted = self._bot(), self._wanted
            if bot is None:
                continue  # the next connection starts with what is wanted then
            self._sent.append(time.monotonic())
            try:
                await bot.change_presence(activity=_activity(wanted))
            except (*API_ERRORS, RuntimeError):
                continue  # the connection is going; the next one starts with what is wanted then
            self._shown = wanted


def build_line(screenings: tuple[Screening, ...]) -> str:
    """The film of the watch party, or else the first; and how many more. Empty where nothing plays."""
    if not screenings:
        return ""
    first = next((shown for shown in screenings if shown.party), screenings[0])
    shown = clean_line(display_title(first.item), _LONGEST - 30)
    if first.state == "paused":
        shown = _("{film} (paused)").format(film=shown)
    others = len(screenings) - 1
    if others:
        shown = ngettext("{film} and {count} more", "{film} and {count} more", others).format(film=shown, count=others)
    return shown


def _activity(shown: str) -> discord.Activity | None:
    return discord.Activity(type=discord.ActivityType.watching, name=shown) if shown else None
