"""Planned film nights: starts Discord's events when their film begins, and ends them when it ends.

An event that has ended cannot be started again. So if a film is interrupted, by a break or because a player crashed,
its event stays open for a while, and continues with the film.
"""

import asyncio
import contextlib
import logging
import math
from collections.abc import Callable

import discord

from actors.chat.discord.core.api_errors import API_ERRORS, classify
from actors.chat.discord.core.state import FeatureState, ViewerIdentity
from actors.chat.discord.features.film_night.event_attendance import fetch_interested
from actors.chat.discord.features.film_night.planned_night import (
    BREAK_S,
    EARLY_S,
    LATE_S,
    REMIND_S,
    PlannedNight,
    is_same_evening,
)
from actors.chat.discord.framework.actor_client import ActorClient
from messages import Item, NightPlanned, NowPlaying, Problem, Screening, ScreeningEnded
from wording.text import clean_line
from wording.titles import display_title

KEPT_S = 30 * 86_400.0
"""How long after its time a night without its film is remembered, seconds: it may have been moved in Discord."""
_LOOK_EVERY_S = 60.0
_RECONNECT_S = 2.0
NAME, EVENT_DESCRIPTION = 100, 1000
"""Characters of an event's name and description at most."""
ALLOW_EVENTS = Problem.of("discord.allow_events")
_TRIES = 5


def event_name(item: Item) -> str:
    """Return an event's name."""
    return clean_line(f"🎬 {display_title(item)}", NAME)


class FilmNights:
    """Finds the planned night of a film, and updates its event. Its methods are called on the bot's loop."""

    def __init__(
        self,
        actors: ActorClient,
        bot: Callable[[], discord.Client | None],
        state: FeatureState[PlannedNight],
        log: logging.Logger,
        set_promised: Callable[[str, list[str]], None],
    ) -> None:
        """Call `set_promised` with a screening's id and the ids of those who had said that they would come to it."""
        self._actors = actors
        self._bot = bot
        self._state = state
        self._log = log
        self._set_promised = set_promised
        self._notices: asyncio.Queue[Screening | ScreeningEnded] = asyncio.Queue()
        self._look_s: dict[str, float] = {}
        """By screening: when to check whether it belongs to a night; seconds since 1970, UTC."""
        self._servers: dict[str, str] = {}
        """By screening of a night: the Plex server on which it runs."""

    def on_planned(self, event: discord.ScheduledEvent, item: Item) -> None:
        """Wait for the film of a night that was planned; drop old nights whose film never began."""
        night = PlannedNight(event.id, "", "", event.start_time.timestamp())
        night.choose_film(item)
        self._add(night)
        self._send_to_webhooks(night, item)

    def on_open_planned(self, event: discord.ScheduledEvent) -> None:
        """Wait for any film for a night that was planned without one: it begins with the film that plays then."""
        night = PlannedNight(event.id, "", "", event.start_time.timestamp(), is_open=True)
        self._add(night)
        self._send_to_webhooks(night, None)

    def find(self, event_id: int) -> PlannedNight | None:
        """Return the night of an event, or None if it is over or not Usher's."""
        return self._state.records.get(str(event_id))

    def list_nights(self) -> list[PlannedNight]:
        """Return every night that is remembered."""
        return list(self._state.records.values())

    def choose_film(self, night: PlannedNight, item: Item) -> None:
        """Set the film of an open night."""
        night.choose_film(item)
        self._save(night)
        self._look_s.clear()
        self._send_to_webhooks(night, item)

    def _send_to_webhooks(self, night: PlannedNight, item: Item | None) -> None:
        """Send a night that was planned, or whose film was chosen, to the webhooks."""
        settings = self._actors.settings
        if settings.webhook_urls:
            url = f"https://discord.com/events/{settings.discord_guild_id}/{night.event_id}"
            planned = NightPlanned(self._now_s(), str(night.event_id), url, night.starts_s, item)
            self._actors.tell("webhooks", planned)

    def drop(self, night: PlannedNight) -> None:
        """Forget a night that was cancelled."""
        self._drop(night)

    def _add(self, night: PlannedNight) -> None:
        night.is_reminded = night.starts_s - self._now_s() < REMIND_S
        past_s = self._now_s() - KEPT_S
        stale = [night for night in self._nights if not night.screening_id and night.starts_s <= past_s]
        self._state.update({str(night.event_id): night}, removed=[str(old.event_id) for old in stale])
        self._look_s.clear()  # its film may run already

    def on_now_playing(self, playing: NowPlaying) -> None:
        """Look for a night's film in a report. A report finds it, not the film's start, which has no seats yet."""
        self._note_left(playing)
        now_s = self._now_s()
        has_night = {night.screening_id for night in self._nights}
        for shown in playing.screenings:
            is_due = self._look_s.get(shown.screening_id, -math.inf) <= now_s and shown.screening_id not in has_night
            if is_due and any(night.may_begin_with(shown) for night in self._nights):
                self._look_s[shown.screening_id] = math.inf
                self._notices.put_nowait(shown)

    def on_ended(self, ended: ScreeningEnded) -> None:
        """Note that a film ended. Its night is looked up later, in order, for it may not have begun yet."""
        if self._nights:
            self._notices.put_nowait(ended)

    async def run(self) -> None:
        """Begin and end nights, for ever."""
        while True:
            notice, night = None, self._find_overdue_night()
            if night is None:
                with contextlib.suppress(TimeoutError):
                    notice = await asyncio.wait_for(self._notices.get(), self._actors.clock.to_real_s(_LOOK_EVERY_S))
                    night = self._find_night(notice)
            if night is not None:
                await self._follow(night, notice)

    def _note_left(self, playing: NowPlaying) -> None:
        """Note which nights' films do not run now, even if they ended while this process did not run."""
        became = {merged: shown.screening_id for shown in playing.screenings for merged in shown.merged}
        running = {shown.screening_id for shown in playing.screenings}
        for night in self._nights:
            night.screening_id = became.get(night.screening_id, night.screening_id)
            runs = not night.screening_id or night.screening_id in running
            if night.screening_id and runs:
                self._servers[night.screening_id] = playing.server_id
            elif not runs and self._servers.get(night.screening_id, playing.server_id) != playing.server_id:
                continue  # it runs on another server than the one of this report
            left_s = 0.0 if runs else night.left_s or playing.at.wall_s
            if night.left_s != left_s:
                night.left_s = left_s
                self._save(night)

    def _find_overdue_night(self) -> PlannedNight | None:
        """Return a night whose film did not continue in time, or None if there is none."""
        until_s = self._now_s() - BREAK_S
        return next((night for night in self._nights if 0 < night.left_s < until_s), None)

    def _find_night(self, notice: Screening | ScreeningEnded) -> PlannedNight | None:
        if isinstance(notice, ScreeningEnded):
            ended_ids = {notice.screening.screening_id, *notice.screening.merged}
            return next((night for night in self._nights if night.screening_id in ended_ids), None)
        fit = [night for night in self._nights if night.may_begin_with(notice)]
        return min(fit, key=lambda night: (night.is_open, abs(notice.started_at_s - night.starts_s)), default=None)

    async def _follow(self, night: PlannedNight, notice: Screening | ScreeningEnded | None) -> None:
        """Update the event, with a few tries: the film runs without it, and a person can do the same in Discord."""
        for tries in range(1, _TRIES + 1):
            try:
                await self._change(night, notice)
                return
            except discord.NotFound:
                self._drop(night)  # it was cancelled
                return
            except API_ERRORS as error:
                verdict = classify(error, tries, Problem.of("discord.change_night"), ALLOW_EVENTS)
                if verdict.refused or tries == _TRIES:
                    self._log.warning("%s; do it by hand in Discord", verdict.reason)
                    if isinstance(notice, Screening) and not (verdict.refused or isinstance(error, discord.Forbidden)):
                        self._look_s.pop(notice.screening_id, None)  # the next report tries again
                    break
                await asyncio.sleep(verdict.wait_s)
        if not isinstance(notice, Screening):
            self._drop(night)

    async def _change(self, night: PlannedNight, notice: Screening | ScreeningEnded | None) -> None:
        """Bring the event to its present state. `notice`: None if the break took too long."""
        guild = await self._wait_for_guild()
        event = await guild.fetch_scheduled_event(night.event_id, with_counts=False)
        if isinstance(notice, Screening):
            if not night.screening_id and not self._may_begin(night, event, notice):
                return
            if event.status is discord.EventStatus.scheduled:
                await event.start()
            goes_on = night.screening_id not in ("", notice.screening_id)
            night.screening_id, night.left_s = notice.screening_id, 0.0
            await self._name_open_night(night, event, notice.item)
            self._save(night)
            if not goes_on:
                await self._cancel_others(guild, night, notice)
            return
        if notice is not None and (said := await self._fetch_interested(event)) is not None:
            self._set_promised(notice.screening.screening_id, sorted({*night.said, *said}, key=int))
        if notice is not None and self._is_interrupted(notice):
            night.left_s = notice.at.wall_s
            self._save(night)
            return
        if event.status is discord.EventStatus.active:
            await event.end()
        self._drop(night)

    async def _name_open_night(self, night: PlannedNight, event: discord.ScheduledEvent, item: Item) -> None:
        """Give an open night the film that is playing, and name it in the event."""
        if not night.is_open:
            return
        night.choose_film(item)
        try:
            await event.edit(name=event_name(item))
        except API_ERRORS as error:
            self._log.info("%s", classify(error, 1, Problem.of("discord.change_night"), ALLOW_EVENTS).reason)

    async def _cancel_others(self, guild: discord.Guild, begun: PlannedNight, shown: Screening) -> None:
        """Cancel the other events of this evening (planned before it was postponed, say): they would stay for ever.

        Their interested members are remembered with the event that begins. Events of other evenings are not touched.
        """
        others = [night for night in self._nights if not night.screening_id and night.is_film(shown.item)]
        for other in others:
            try:
                event = await guild.fetch_scheduled_event(other.event_id, with_counts=False)
                if not is_same_evening(event.start_time.timestamp(), shown):
                    continue
                begun.said = sorted({*begun.said, *(await self._fetch_interested(event) or ())}, key=int)
                if event.status is discord.EventStatus.scheduled:
                    await event.cancel()
                elif event.status is discord.EventStatus.active:
                    await event.end()
                self._log.info("“%s” was planned more than once for this evening: one event is called off", event.name)
            except discord.NotFound:
                self._log.debug("Event %d was called off already", other.event_id)
            self._drop(other)

    def _may_begin(self, night: PlannedNight, event: discord.ScheduledEvent, shown: Screening) -> bool:
        """Tell whether a night may begin now. If somebody moved it in Discord, another may be nearer: look again."""
        starts_s = event.start_time.timestamp()
        if starts_s != night.starts_s:
            night.starts_s = starts_s
            self._save(night)
            self._look_s.pop(shown.screening_id, None)
        elif self._now_s() < starts_s - EARLY_S:
            self._look_s[shown.screening_id] = starts_s - EARLY_S
        return self._now_s() >= starts_s - EARLY_S and shown.started_at_s - starts_s <= LATE_S

    async def _wait_for_guild(self) -> discord.Guild:
        """Return the Discord server; wait for a connection first, so that a night may begin late."""
        while True:
            bot = self._bot()
            guild = bot.get_guild(self._actors.settings.discord_guild_id) if bot is not None else None
            if guild is not None:
                return guild
            await asyncio.sleep(_RECONNECT_S)

    def _is_interrupted(self, ended: ScreeningEnded) -> bool:
        """Tell whether a film ended so early that it may continue; False if its length or position is unknown."""
        position_ms, length_ms = ended.screening.position_ms, ended.screening.item.duration_ms
        if position_ms is None or not length_ms:
            return False
        return position_ms < length_ms * self._actors.settings.watched_percent / 100

    async def _fetch_interested(self, event: discord.ScheduledEvent) -> list[str] | None:
        """Return who had said that they would come; None if Discord does not answer. Call it before the event ends."""
        try:
            return await fetch_interested(event)
        except API_ERRORS as error:
            self._log.info("%s", classify(error, 1, Problem.of("discord.read_attendance"), ALLOW_EVENTS).reason)
            return None

    def _drop(self, night: PlannedNight) -> None:
        self._servers.pop(night.screening_id, None)
        self._state.remove(str(night.event_id))

    def forget(self, viewer: ViewerIdentity) -> None:
        """Remove a viewer from those who said that they would come."""
        for night in self._nights:
            night.said = [member for member in night.said if member not in viewer.ids]
            self._save(night)

    @property
    def _nights(self) -> list[PlannedNight]:
        return list(self._state.records.values())

    def _save(self, night: PlannedNight) -> None:
        self._state.put(str(night.event_id), night)

    def _now_s(self) -> float:
        return self._actors.clock.now().wall_s
