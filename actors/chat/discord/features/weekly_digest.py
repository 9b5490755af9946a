"""Posts the week in one message: how much was watched, which films, and by whom."""

import asyncio
import datetime
import logging
from collections.abc import Callable

import discord

from actors.chat.discord.core.api_errors import API_ERRORS, backoff, classify
from actors.chat.discord.core.degraded_reasons import DegradedReasons
from actors.chat.discord.core.state import FeatureState
from actors.chat.discord.framework.actor_client import ActorClient, UnansweredError
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Field
from messages import GetLeaderboard, GetMovieStats, Leaderboard, MovieStats, Problem
from wording.dates import WEEKDAYS
from wording.durations import format_duration
from wording.numbers import format_count
from wording.times import instants_of, local_time
from wording.translation import _

STALE_S = 86_400.0
"""A digest that could not be posted for so many seconds is left out: the next one comes in six days."""
MOST_FILMS, MOST_VIEWERS = 5, 3
_LOOK_EVERY_S = 60.0
"""How often the clock is read (service seconds): it may be set meanwhile."""
_POSTED_UNTIL = "posted_until"
_DEGRADED = "weekly_digest"
SHORTEST_RETRY_S, LONGEST_RETRY_S = 5.0, 600.0
"""Shortest and longest pause between two tries to post a digest (real seconds)."""
_PLACES = ("🥇", "🥈", "🥉")


class WeeklyDigest:
    """Posts the week's figures once when they are due. Does nothing if WEEKLY_DIGEST is not set."""

    def __init__(
        self,
        actors: ActorClient,
        channel: Callable[[], discord.PartialMessageable | None],
        state: FeatureState[float],
        degraded: DegradedReasons,
        log: logging.Logger,
    ) -> None:
        self._actors = actors
        self._channel = channel
        self._state = state
        self._degraded = degraded
        self._log = log

    async def run(self) -> None:
        """Post each digest when it is due, for ever."""
        if not self._actors.settings.weekly_digest:
            return
        if not self._posted_until_s:
            self._mark_posted(self._now_s())  # Usher is new here: the first week begins now
        tries = 0
        while True:
            wait_s = self._actors.clock.to_real_s(_LOOK_EVERY_S)
            due_s = self.due_s()
            if due_s > self._posted_until_s:
                tries += 1
                if (failed_s := await self._post_digest(due_s, tries)) is None:
                    tries = 0
                else:
                    wait_s = failed_s
            await asyncio.sleep(wait_s)

    def due_s(self) -> float:
        """Return when the last digest was due; seconds since 1970."""
        return last_due(self._actors.settings.weekly_digest, self._actors.settings.timezone, self._now_s())

    @property
    def _posted_until_s(self) -> float:
        """The time up to which digests were posted; seconds since 1970, 0 if none was ever due."""
        return self._state.records.get(_POSTED_UNTIL, 0.0)

    def _mark_posted(self, due_s: float) -> None:
        self._state.put(_POSTED_UNTIL, due_s)

    def _now_s(self) -> float:
        return self._actors.clock.now().wall_s

    async def _post_digest(self, due_s: float, tries: int) -> float | None:
        """Post a digest; return how long to wait before the next try (real seconds), or None if none is needed."""
        if self._now_s() - due_s > STALE_S:
            self._log.warning("The digest of the week could not be posted for a day: left out")
            self._degraded.remove(_DEGRADED)
            self._mark_posted(due_s)
            return None
        channel = self._channel()
        if channel is None:
            return SHORTEST_RETRY_S
        try:
            embed = await self._build_week(due_s)
            if embed is not None:
                await channel.send(embed=embed, allowed_mentions=embeds.NOBODY, nonce=f"digest-{due_s:.0f}")
        except UnansweredError:
            return SHORTEST_RETRY_S
        except API_ERRORS as error:
            return self._wait_after(error, tries, due_s)
        self._degraded.remove(_DEGRADED)
        self._mark_posted(due_s)
        return None

    def _wait_after(self, error: BaseException, tries: int, due_s: float) -> float | None:
        """Return how long to wait after a failure, or None if the digest is left out because Discord refuses it."""
        channel = str(self._actors.settings.discord_announce_channel_id)
        decision = classify(error, tries, Problem.of("discord.post_digest", channel=channel))
        if decision.refused:
            self._log.error("%s; the digest of this week is left out", decision.reason)
            self._mark_posted(due_s)
            return None
        self._degraded.add(_DEGRADED, decision.problem)
        return max(decision.wait_s, backoff(tries, LONGEST_RETRY_S), SHORTEST_RETRY_S)

    async def _build_week(self, due_s: float) -> discord.Embed | None:
        """Return the digest of the week before `due_s`, or None if nobody watched anything."""
        since_s = last_due(self._actors.settings.weekly_digest, self._actors.settings.timezone, due_s - 1.0)
        films, best = await asyncio.gather(
            self._actors.ask(GetMovieStats(since_s=since_s)),
            self._actors.ask(GetLeaderboard("time", since_s, MOST_VIEWERS)),
        )
        return build_embed(films, best) if films.watches else None


def last_due(weekday_and_time: str, zone: str, wall_s: float) -> float:
    """Return when it was last, say, "sunday 18:00" in the zone; seconds since 1970."""
    weekday, clock = weekday_and_time.split()
    hour, minute = map(int, clock.split(":"))
    now = local_time(zone, wall_s)
    back = (now.weekday() - WEEKDAYS.index(weekday.capitalize())) % 7
    days = (now.date() - datetime.timedelta(days=back + week * 7) for week in range(2))
    moments = (instants_of(day, hour * 60 + minute, now.tzinfo)[-1].timestamp() for day in days)
    return max(at_s for at_s in moments if at_s <= wall_s)


def build_embed(films: MovieStats, best: Leaderboard) -> discord.Embed:
    """Return the digest of a week in which something was watched."""
    facts = (
        _("**{time}** watched").format(time=format_duration(films.watch_time_s)),
        format_count("{count} title", "{count} titles", films.titles),
        format_count("{count} viewer", "{count} viewers", films.viewers),
        format_count("{count} finished", "{count} finished", films.completed),
    )
    seen = [
        f"**{formatting.escape(f'{film.title} ({film.year})' if film.year else film.title, 80)}** · "
        f"{format_count('{count} viewer', '{count} viewers', film.viewers)}, "
        f"{format_duration(film.watch_time_s)}"
        for film in films.most_watched[:MOST_FILMS]
    ]
    viewers = [
        f"{_PLACES[min(row.rank, len(_PLACES)) - 1]} {formatting.ranked_person(row, format_duration(row.value))}"
        for row in best.rows[: len(_PLACES)]
    ]
    fields = [Field(_("🎬 Most watched"), embeds.join_lines_within(seen))] if seen else []
    fields += [Field(_("🍿 Most time"), embeds.join_lines_within(viewers))] if viewers else []
    return embeds.build_embed(_("🗞️ The week at the cinema"), " · ".join(facts), colour=embeds.PURPLE, fields=fields)
