"""Compares the members who said that they would come to a planned night with those who came."""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable

import discord

from actors.chat.discord.core.api_errors import API_ERRORS
from actors.chat.discord.features.film_night.planned_night import LATE_S, PlannedNight
from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.ui import formatting
from actors.chat.discord.ui.embeds import Field
from messages import Screening, UpcomingNight, UpcomingNights
from wording.numbers import format_count, format_number
from wording.text import join_names
from wording.translation import _

A_PAGE, MOST_PAGES = 100, 10
"""Members in one answer of Discord, and the most answers that are requested."""
MOST_NAMED = 8
MOST_UPCOMING = 10
GOOD_S = 60.0
"""How long an answer is used before Discord is asked again, seconds."""
EVENTS_URL = "https://discord.com/events/{guild}/{event}"


async def fetch_interested(event: discord.ScheduledEvent) -> list[str]:
    """Return the ids of the members who said that they would come, without bots. Raises what discord.py raises.

    This requests the pages itself: discord.py continues from the first entry of a page, which has the lowest id, so
    that its second page would be the first one again.
    """
    found: set[int] = set()
    last = 0
    for _number in range(MOST_PAGES):
        page = [user async for user in event.users(limit=A_PAGE, after=discord.Object(last))]
        found |= {user.id for user in page if not user.bot}
        last = max((user.id for user in page), default=last)
        if len(page) < A_PAGE:
            break
    return [str(member) for member in sorted(found)]


def build_field(said: Collection[str], shown: Screening) -> Field | None:
    """Return a field with who said that they would come and who came; None if nobody did. Brief visits do not count.

    A seat without an id belongs to a hidden viewer, and is counted separately so that it reveals nobody.
    """
    if not said:
        return None
    names = {seat.viewer_id: seat.username for seat in shown.seats if seat.viewer_id.isdecimal() and not seat.brief}
    came = [formatting.escape_person(name, 40) for viewer, name in names.items() if viewer in said]
    facts = [
        format_count("{count} showed up", "{count} showed up", len(came)),
        format_count("{count} walk-in", "{count} walk-ins", len(names) - len(came)),
    ]
    if unnamed := sum(not seat.viewer_id and not seat.brief for seat in shown.seats):
        facts.append(format_count("{count} hidden member", "{count} hidden members", unnamed))
    lines = [" · ".join(facts), join_names(came, MOST_NAMED)]
    heading = _("📅 RSVPs · {count}").format(count=format_number(len(said)))
    return Field(heading, "\n".join(line for line in lines if line))


class UpcomingAttendance:
    """Lists coming nights, and who said that they would come. Its coroutines run on the loop."""

    def __init__(
        self,
        actors: ActorClient,
        bot: Callable[[], discord.Client | None],
        list_nights: Callable[[], Iterable[PlannedNight]],
        log: logging.Logger,
    ) -> None:
        self._actors = actors
        self._bot = bot
        self._list_nights = list_nights
        self._log = log
        self._asked: dict[int, tuple[float, list[str]]] = {}
        """By event: when Discord was asked (seconds since 1970, UTC), and its answer."""
        self._one_at_a_time = asyncio.Lock()

    async def describe_nights(self) -> UpcomingNights:
        """Return planned and running nights; if Discord does not answer, as if nobody had said that they would come."""
        now_s = self._actors.clock.now().wall_s
        nights = [night for night in self._list_nights() if night.screening_id or now_s < night.starts_s + LATE_S]
        nights = sorted(nights, key=lambda night: (night.starts_s, night.event_id))[:MOST_UPCOMING]
        async with self._one_at_a_time:
            found = tuple([await self._describe(night, now_s) for night in nights])
            self._asked = {night.event_id: self._asked[night.event_id] for night in nights}
        return UpcomingNights(found)

    async def _describe(self, night: PlannedNight, now_s: float) -> UpcomingNight:
        at_s, said = self._asked.get(night.event_id, (0.0, []))
        if not 0 <= now_s - at_s < GOOD_S:
            said = await self._ask(night, said)
            self._asked[night.event_id] = (now_s, said)
        url = EVENTS_URL.format(guild=self._actors.settings.discord_guild_id, event=night.event_id)
        people = tuple(sorted({*night.said, *said}, key=int))
        return UpcomingNight(str(night.event_id), url, night.starts_s, night.item, people, night.screening_id)

    async def _ask(self, night: PlannedNight, before: list[str]) -> list[str]:
        bot = self._bot()
        guild = bot.get_guild(self._actors.settings.discord_guild_id) if bot is not None else None
        if guild is None:
            return before
        try:
            event = guild.get_scheduled_event(night.event_id) or await guild.fetch_scheduled_event(
                night.event_id, with_counts=False
            )
            return await fetch_interested(event)
        except API_ERRORS as error:
            self._log.debug("Who wants to come to event %d is not known: %s", night.event_id, error)
            return before
