"""Film nights that are repeated: when one is over, the next is planned. Its film is open until it is chosen."""

import asyncio
import contextlib
import datetime
import logging
from collections.abc import Callable

import discord
import msgspec

from actors.chat.discord.core.api_errors import API_ERRORS, classify
from actors.chat.discord.core.state import FeatureState
from actors.chat.discord.features.film_night.night_planner import plan_open_night
from actors.chat.discord.features.film_night.planned_night import LATE_S, PlannedNight
from actors.chat.discord.features.film_night.scheduled_events import ALLOW_EVENTS, FilmNights
from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.command_errors import RefusedError
from messages import Problem
from wording.recurrence import format_recurrence, next_start
from wording.times import local_time

MOST = 5
"""Repeated nights of a Discord server at most."""
_LOOK_EVERY_S = 60.0
_RECONNECT_S = 1.0


class RecurringNight(msgspec.Struct):
    """A night that is repeated until somebody stops it."""

    start_s: float
    """Start of the planned night; seconds since 1970, UTC. Its weekday and time of day in TIMEZONE are repeated."""
    weeks: int
    """Weeks between two nights."""
    event_id: int
    """The event of the planned night."""


class RecurringNights:
    """Plans the next night when one is over. Runs on the loop."""

    def __init__(
        self,
        actors: ActorClient,
        bot: Callable[[], discord.Client | None],
        state: FeatureState[RecurringNight],
        nights: FilmNights,
        log: logging.Logger,
    ) -> None:
        """Keep the nights in `state`, by the id of the first event."""
        self._actors = actors
        self._bot = bot
        self._state = state
        self.nights = nights
        self._log = log
        self._tries = 0
        self.choosing = asyncio.Lock()
        """Held while a film is put into an open night: two members may choose one at the same time."""

    @property
    def is_full(self) -> bool:
        """Whether no more nights can be repeated."""
        return len(self._state.records) >= MOST

    def list_recurring(self) -> list[tuple[str, str]]:
        """Return each with its key and its name: "every Friday 20:30"."""
        return [(key, self.describe(night)) for key, night in self._state.records.items()]

    def describe(self, night: RecurringNight) -> str:
        """Return a night's name, which says how often it is: "every Friday 20:30"."""
        return format_recurrence(local_time(self._actors.settings.timezone, night.start_s), night.weeks)

    def add(self, event_id: int, start: datetime.datetime, weeks: int) -> str:
        """Repeat a night that was planned; return its name."""
        night = RecurringNight(start.timestamp(), weeks, event_id)
        self._state.put(str(event_id), night)
        return self.describe(night)

    def stop(self, key: str) -> str:
        """Stop repeating a night; return its name, or "" if it is not known. A planned night stays."""
        night = self._state.records.get(key)
        if night is None:
            return ""
        self._state.remove(key)
        return self.describe(night)

    async def run(self) -> None:
        """Plan the nights that are due, for ever."""
        while True:
            wait_s = self._actors.clock.to_real_s(_LOOK_EVERY_S)
            for key, night in [each for each in self._state.records.items() if self._is_over(each[1])]:
                bot = self._bot()
                guild = bot.get_guild(self._actors.settings.discord_guild_id) if bot is not None else None
                if guild is None:
                    wait_s = min(wait_s, _RECONNECT_S)
                    continue
                await self._plan_next(guild, key, night)
            await asyncio.sleep(wait_s)

    def _is_over(self, night: RecurringNight) -> bool:
        """Tell whether a night took place, or its time passed without it."""
        now_s = self._now_s()
        if now_s <= night.start_s:
            return False
        planned = self.nights.find(night.event_id)
        return planned is None or (not planned.screening_id and now_s > night.start_s + LATE_S)

    async def _plan_next(self, guild: discord.Guild, key: str, night: RecurringNight) -> None:
        """Plan the next night; after a failure the next check tries again."""
        zone = self._actors.settings.timezone
        start = next_start(local_time(zone, night.start_s), night.weeks, local_time(zone, self._now_s()))
        try:
            await self._call_off(guild, night)
            event = await plan_open_night(self._actors, guild, start)
        except RefusedError as error:
            self._log.warning("The next film night cannot be planned: %s %s", error.what, error.cure)
        except API_ERRORS as error:
            self._tries += 1
            self._log.warning(
                "%s", classify(error, self._tries, Problem.of("discord.change_night"), ALLOW_EVENTS).reason
            )
        else:
            self._tries = 0
            self.nights.on_open_planned(event)
            night.start_s, night.event_id = start.timestamp(), event.id
            if key in self._state.records:  # nobody stopped it meanwhile
                self._state.put(key, night)

    async def _call_off(self, guild: discord.Guild, night: RecurringNight) -> None:
        """Cancel a night whose film never started: Discord would show it as late for hours."""
        if (planned := self.nights.find(night.event_id)) is None or planned.screening_id:
            return
        with contextlib.suppress(discord.NotFound):
            event = await guild.fetch_scheduled_event(night.event_id, with_counts=False)
            if event.status is discord.EventStatus.scheduled:
                await event.cancel()
        self.nights.drop(planned)

    def _now_s(self) -> float:
        return self._actors.clock.now().wall_s


def upcoming_open_nights(nights: FilmNights, now_s: float) -> list[PlannedNight]:
    """Return the coming nights whose film is not chosen yet, the earliest first."""
    found = [night for night in nights.list_nights() if night.is_open and night.starts_s > now_s]
    return sorted(found, key=lambda night: night.starts_s)
