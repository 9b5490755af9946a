"""Planned film nights: Discord's events, begun when their film begins and ended when it ends."""

import asyncio
import logging
from collections.abc import Callable

import discord

from actors.discord import words
from actors.discord.attendance import interested
from actors.discord.failures import POSSIBLE, judge
from actors.discord.keepsake import Keepsake, Night
from actors.discord.tongue import later
from messages import Item, NowPlaying, Screening, ScreeningEnded

EARLY_S, LATE_S = 3 * 3600.0, 6 * 3600.0
"""A film that begins this long before or after the time planned is the night's."""
NAME, ABOUT = 100, 1000
"""Longest name and description of an event."""
PERMISSION = later("give the bot Create Events and Manage Events in the server")
_TRIES = 5


def name_of(item: Item) -> str:
    """An event's name."""
    return words.plain(f"🎬 {words.item_name(item)}", NAME)


class Nights:
    """Knows which planned night a film belongs to. Its methods are called on the bot's loop."""

    def __init__(
        self,
        bot: Callable[[], discord.Client | None],
        keepsake: Keepsake,
        log: logging.Logger,
        guild_id: int,
        said: Callable[[str, list[str]], None],
    ) -> None:
        """`said` takes a screening's id and the ids of those who had said that they would come to it."""
        self._bot = bot
        self._keepsake = keepsake
        self._log = log
        self._guild_id = guild_id
        self._said = said
        self._heard: asyncio.Queue[Screening | ScreeningEnded] = asyncio.Queue()
        self._begun: set[str] = set()

    def planned(self, event: discord.ScheduledEvent, item: Item) -> None:
        """A night was planned: it begins when this film does."""
        night = Night(event.id, item.server_id, item.rating_key, event.start_time.timestamp())
        self._keepsake.keep_nights([*self._keepsake.nights, night])

    def seen(self, playing: NowPlaying) -> None:
        """Films that play now. A night's is known by this, not by its start: then nobody has taken a seat yet."""
        for shown in playing.screenings:
            if shown.screening_id not in self._begun and any(_begins(night, shown) for night in self._keepsake.nights):
                self._begun.add(shown.screening_id)
                self._heard.put_nowait(shown)

    def heard(self, ended: ScreeningEnded) -> None:
        """A film ended. Whose night it is shows in its turn: the night may not have begun yet."""
        if self._keepsake.nights:
            self._heard.put_nowait(ended)

    async def run(self) -> None:
        """Begin and end nights, for ever."""
        while True:
            notice = await self._heard.get()
            night = self._night_of(notice)
            if night is not None:
                await self._follow(night, notice)

    def _night_of(self, notice: Screening | ScreeningEnded) -> Night | None:
        if isinstance(notice, ScreeningEnded):
            ended_id = notice.screening.screening_id
            return next((night for night in self._keepsake.nights if night.screening_id == ended_id), None)
        return next((night for night in self._keepsake.nights if _begins(night, notice)), None)

    async def _follow(self, night: Night, notice: Screening | ScreeningEnded) -> None:
        """Try some times: the film goes on without it, and a person can press the same button in Discord."""
        for tries in range(1, _TRIES + 1):
            try:
                if await self._changed(night, notice):
                    return
                wait_s = 5.0  # not connected just now
            except discord.NotFound:
                self._forget(night)  # called off
                return
            except POSSIBLE as error:
                verdict = judge(error, tries, "begin or end the planned night", PERMISSION)
                if verdict.refused or tries == _TRIES:
                    self._log.warning("%s; do it by hand in Discord", verdict.reason)
                    return
                wait_s = verdict.wait_s
            await asyncio.sleep(wait_s)

    async def _changed(self, night: Night, notice: Screening | ScreeningEnded) -> bool:
        """Whether the event is as it should be now; False where there is no connection."""
        bot = self._bot()
        guild = bot.get_guild(self._guild_id) if bot is not None else None
        if guild is None:
            return False
        event = await guild.fetch_scheduled_event(night.event_id, with_counts=False)
        if isinstance(notice, ScreeningEnded):
            await self._ask_who(event, notice.screening.screening_id)
            if event.status is discord.EventStatus.active:
                await event.end()
            self._forget(night)
        else:
            if event.status is discord.EventStatus.scheduled:
                await event.start()
            night.screening_id = notice.screening_id
            self._keepsake.keep_nights(self._keepsake.nights)
        return True

    async def _ask_who(self, event: discord.ScheduledEvent, screening_id: str) -> None:
        """Who had said that they would come: asked before the event ends. The record does without it if need be."""
        try:
            self._said(screening_id, await interested(event))
        except POSSIBLE as error:
            self._log.info("%s", judge(error, 1, "ask who had said that they would come", PERMISSION).reason)

    def _forget(self, night: Night) -> None:
        self._keepsake.keep_nights([other for other in self._keepsake.nights if other.event_id != night.event_id])


def _begins(night: Night, shown: Screening) -> bool:
    """Whether a night that has not begun begins with this film."""
    if night.screening_id or not shown.party:
        return False
    same = (night.server_id, night.rating_key) == (shown.item.server_id, shown.item.rating_key)
    return same and -EARLY_S <= shown.started_at_s - night.starts_s <= LATE_S
