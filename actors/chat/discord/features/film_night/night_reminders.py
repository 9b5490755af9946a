"""Posts reminders half an hour before film nights. They mention one role, if one is set, and nobody else."""

import asyncio
import logging
from collections.abc import Callable

import discord

from actors.chat.discord.core.api_errors import API_ERRORS, classify
from actors.chat.discord.core.state import FeatureState
from actors.chat.discord.features.film_night.night_role import list_role_buttons
from actors.chat.discord.features.film_night.planned_night import PlannedNight
from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.pages import build_buttons
from actors.chat.discord.ui import embeds, formatting
from messages import Problem
from wording.translation import _

_LOOK_EVERY_S = 60.0
_RECONNECT_S = 1.0
_MOVED_S = 30.0
"""An event whose start differs by more than this (seconds) was moved in Discord."""


class NightReminders:
    """Posts a reminder for each planned night, once. Runs on the loop."""

    def __init__(
        self,
        actors: ActorClient,
        bot: Callable[[], discord.Client | None],
        channel: Callable[[], discord.PartialMessageable | None],
        state: FeatureState[PlannedNight],
        log: logging.Logger,
    ) -> None:
        self._actors = actors
        self._bot = bot
        self._channel = channel
        self._state = state
        self._log = log
        self._tries = 0

    async def run(self) -> None:
        """Check each planned night, for ever."""
        while True:
            wait_s = self._actors.clock.to_real_s(_LOOK_EVERY_S)
            for night in [each for each in self._state.records.values() if each.needs_reminder(self._now_s())]:
                bot, channel = self._bot(), self._channel()
                guild = bot.get_guild(self._actors.settings.discord_guild_id) if bot is not None else None
                if guild is None or channel is None:
                    wait_s = min(wait_s, _RECONNECT_S)
                    continue
                await self._remind(guild, channel, night)
            await asyncio.sleep(wait_s)

    async def _remind(self, guild: discord.Guild, channel: discord.PartialMessageable, night: PlannedNight) -> None:
        """Post a reminder; after a failure the next check tries again, until the night begins."""
        try:
            event = await guild.fetch_scheduled_event(night.event_id, with_counts=False)
            starts_s = event.start_time.timestamp()
            if abs(starts_s - night.starts_s) > _MOVED_S:
                night.starts_s = starts_s
                self._save(night)
                return
            if event.status is discord.EventStatus.scheduled:
                await self._post(channel, event, night)
        except discord.NotFound:
            self._log.debug("Event %d was called off: no reminder", night.event_id)
        except API_ERRORS as error:
            self._tries += 1
            decision = classify(error, self._tries, Problem.of("discord.post_reminder"))
            self._log.warning("%s", decision.reason)
            if not decision.refused:
                return
        self._tries = 0
        night.is_reminded = True
        self._save(night)

    async def _post(
        self, channel: discord.PartialMessageable, event: discord.ScheduledEvent, night: PlannedNight
    ) -> None:
        settings = self._actors.settings
        role_id = settings.film_night_role_id
        heading = _("⏰ {title} starts soon").format(title=formatting.escape(event.name.removeprefix("🎬 "), 150))
        interested = _("I'm interested")
        text = f"{formatting.relative_time(night.starts_s)} · [{interested}]({event.url})"
        buttons = list_role_buttons(settings)
        await channel.send(
            content=f"<@&{role_id}>" if role_id else None,
            embed=embeds.build_embed(heading, text, colour=embeds.PURPLE),
            view=build_buttons(buttons) if buttons else discord.utils.MISSING,
            nonce=f"soon-{night.event_id}",
            allowed_mentions=discord.AllowedMentions(
                everyone=False, users=False, roles=[discord.Object(role_id)] if role_id else False
            ),
        )

    def _save(self, night: PlannedNight) -> None:
        if str(night.event_id) in self._state.records:
            self._state.put(str(night.event_id), night)

    def _now_s(self) -> float:
        return self._actors.clock.now().wall_s
