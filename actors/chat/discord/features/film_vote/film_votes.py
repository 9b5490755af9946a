"""Runs votes: posts the poll on Discord and notices its end, even after a restart."""

import asyncio
import contextlib
import datetime
import io
import logging
from collections.abc import Callable, Sequence
from typing import Any

import discord
import msgspec

from actors.chat.discord.core.api_errors import API_ERRORS, backoff, classify, is_forbidden
from actors.chat.discord.core.degraded_reasons import DegradedReasons
from actors.chat.discord.core.state import FeatureState, ViewerIdentity
from actors.chat.discord.features.film_vote import vote_embeds
from actors.chat.discord.features.film_vote.vote_record import VoteFilm, VoteRecord, VoteResult, choose_winner
from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.media_servers import fetch_poster
from actors.chat.discord.ui import embeds
from messages import FilmVote, Problem, RecordVotes
from messages.base import storable
from wording.text import clean_line
from wording.translation import _

ANSWER = 55
"""Characters of a poll's answer at most."""
COUNTING_S = 5.0
"""Pause between two checks of a poll that has ended and whose votes are not counted yet (real seconds)."""
LOOK_EVERY_S = 6 * 3600.0
"""How often a poll is checked in any case (service seconds): it may have been deleted."""
KEPT_S = 90 * 86_400.0
"""How long a vote that is over is remembered, seconds: its button still plans a night."""
_LONGEST_RETRY_S = 600.0
_EXPIRED = 520001
"""Discord's error code if a poll has ended already."""
_DEGRADED = "film_vote"


class _NextCheck(msgspec.Struct):
    """When a vote is checked next."""

    at_s: float
    """Time of the check; seconds since 1970, service time."""
    tries: int = 0
    is_ended: bool = False
    """Whether it is known that the poll has ended; its votes may not be counted yet."""


class _Ballot(msgspec.Struct):
    """The votes of one member."""

    username: str
    films: list[str] = msgspec.field(default_factory=list)


class FilmVotes:
    """All votes. Runs on the loop."""

    def __init__(
        self,
        actors: ActorClient,
        bot: Callable[[], discord.Client | None],
        state: FeatureState[VoteRecord],
        turns: FeatureState[float],
        plan_button: Callable[[int], discord.ui.Item[Any]],
        degraded: DegradedReasons,
        log: logging.Logger,
    ) -> None:
        """Keep the votes in `state`, by the poll's id.

        `turns`: by Discord id, when a member's film last won; seconds since 1970. `plan_button` takes a poll's id, and
        makes the button that plans a night with the film that won.
        """
        self._actors = actors
        self._bot = bot
        self._state = state
        self._turns = turns
        self._plan_button = plan_button
        self._degraded = degraded
        self._log = log
        self.opening = asyncio.Lock()
        """Held while a vote is opened: only one runs at a time, even if two members ask for one at once."""
        self._checks: dict[int, _NextCheck] = {}
        self._changed = asyncio.Event()

    # -- what members do -------------------------------------------------------------------------------------

    @property
    def running(self) -> VoteRecord | None:
        """The vote that runs, or None if none does."""
        return next(iter(self._open_votes), None)

    def find(self, poll_id: int) -> VoteRecord | None:
        """Return a vote by its poll, or None if it is no longer known."""
        return self._state.records.get(str(poll_id))

    async def open(
        self, channel: discord.abc.Messageable, films: Sequence[VoteFilm], hours: int
    ) -> tuple[VoteRecord, discord.Message]:
        """Post a poll which film is next; return the vote and the poll's message. Raises what discord.py raises."""
        poll = discord.Poll(_("Which film is next?"), datetime.timedelta(hours=hours), multiple=True)
        for film in films:
            poll.add_answer(text=clean_line(film.name, ANSWER))
        message = await channel.send(poll=poll, allowed_mentions=embeds.NOBODY)
        ends = message.poll.expires_at if message.poll is not None else None
        ends_s = ends.timestamp() if ends is not None else self._now_s() + hours * 3600.0
        vote = VoteRecord(message.id, message.channel.id, ends_s, list(films))
        self._forget_old()
        self._save(vote)
        self._changed.set()
        return vote, message

    async def end(self, vote: VoteRecord) -> None:
        """End a vote early; the result is posted once Discord has counted the votes. Raises what discord.py raises."""
        try:
            await self._channel(vote).get_partial_message(vote.poll_id).end_poll()
        except discord.HTTPException as error:
            if error.code != _EXPIRED:  # EXPIRED: somebody pressed at the same time, or its time has run out
                raise
        self.on_poll_ended(vote.poll_id)

    def on_poll_ended(self, poll_id: int) -> None:
        """Note that Discord reported the end of a poll; it may not be ours."""
        vote = self.find(poll_id)
        if vote is not None and not vote.is_over:
            self._checks[poll_id] = _NextCheck(0.0, is_ended=True)
            self._changed.set()

    def forget(self, viewer: ViewerIdentity) -> None:
        """Forget which films a viewer suggested, and when one of them won."""
        self._turns.remove(*viewer.ids)
        for vote in list(self._state.records.values()):
            vote.forget(viewer)
            self._save(vote)

    # -- how a vote ends -------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Notice the end of each vote, for ever; the first check is at the start."""
        while True:
            self._changed.clear()
            for vote in self._open_votes:
                check = self._checks.setdefault(vote.poll_id, _NextCheck(0.0))
                if check.at_s <= self._now_s():
                    await self._check_poll(vote, check)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._wait_s()):
                    await self._changed.wait()

    def _wait_s(self) -> float | None:
        """Return how long to wait until the next check (real seconds), or None while no vote runs."""
        times = [self._checks[vote.poll_id].at_s for vote in self._open_votes if vote.poll_id in self._checks]
        next_s = min(times, default=None)
        return None if next_s is None else max(0.01, self._actors.clock.to_real_s(next_s - self._now_s()))

    @property
    def _open_votes(self) -> list[VoteRecord]:
        return [vote for vote in self._state.records.values() if not vote.is_over]

    async def _check_poll(self, vote: VoteRecord, check: _NextCheck) -> None:
        """Ask Discord for the state of a poll, and post the result if it is over."""
        try:
            message = await self._channel(vote).fetch_message(vote.poll_id)
            if message.poll is None or message.poll.is_finalised():
                await self._conclude(vote, message)
            else:
                self._check_later(vote, check)
        except discord.NotFound:
            self._log.info("The poll %d was deleted: its vote is dropped", vote.poll_id)
            self._drop(vote)
        except API_ERRORS as error:
            check.tries += 1
            decision = classify(error, check.tries, Problem.of("discord.read_poll"))
            if decision.refused:
                self._log.error("%s; the vote is dropped", decision.reason)
                self._drop(vote)
                return
            if is_forbidden(error):
                self._degraded.add(_DEGRADED, decision.problem)
            wait_s = max(decision.wait_s, backoff(check.tries, _LONGEST_RETRY_S), 1.0)
            check.at_s = self._now_s() + self._to_service_s(wait_s)
        else:
            check.tries = 0
            self._degraded.remove(_DEGRADED)

    def _check_later(self, vote: VoteRecord, check: _NextCheck) -> None:
        now_s = self._now_s()
        is_counting = check.is_ended or now_s >= vote.ends_s
        soon_s = now_s + self._to_service_s(COUNTING_S)
        check.at_s = soon_s if is_counting else min(now_s + LOOK_EVERY_S, max(vote.ends_s, now_s) + 1.0)

    async def _conclude(self, vote: VoteRecord, message: discord.Message) -> None:
        """Send the votes to the store and the result to the channel; then the vote is over."""
        counts, ballots = await self._read_votes(vote, message)
        result = choose_winner(vote.films, counts, len(ballots), self._turns.records)
        votes = tuple(FilmVote(who, storable(ballot.username), tuple(ballot.films)) for who, ballot in ballots.items())
        self._actors.tell("persistence", RecordVotes(str(vote.poll_id), votes, self._now_s()))
        await self._announce(vote, result)
        vote.is_over = True
        if result.winner is not None:
            vote.winner = result.winner.answer_id
            if result.winner.suggested_by:
                self._turns.put(result.winner.suggested_by, self._now_s())
        self._save(vote)
        self._checks.pop(vote.poll_id, None)

    async def _read_votes(
        self, vote: VoteRecord, message: discord.Message
    ) -> tuple[dict[int, int], dict[str, _Ballot]]:
        """Return the number of votes for each answer, and each member's votes."""
        titles = {film.answer_id: film.title for film in vote.films}
        counts: dict[int, int] = {}
        ballots: dict[str, _Ballot] = {}
        for answer in message.poll.answers if message.poll is not None else ():
            if answer.vote_count and answer.id in titles:
                voters = [voter async for voter in answer.voters() if not voter.bot]
                counts[answer.id] = max(answer.vote_count, len(voters))
                for voter in voters:
                    ballot = ballots.setdefault(str(voter.id), _Ballot(voter.display_name))
                    ballot.films.append(titles[answer.id])
        return counts, ballots

    async def _announce(self, vote: VoteRecord, result: VoteResult) -> None:
        """Post the result. After a kill it is posted again with the same nonce, by which Discord discards it."""
        embed = vote_embeds.build_result(vote, result)
        view, files = discord.utils.MISSING, []
        if result.winner is not None:
            view = discord.ui.View(timeout=None)
            view.add_item(self._plan_button(vote.poll_id))
            if result.winner.item is not None and result.winner.item.thumb:
                poster = await fetch_poster(self._actors, result.winner.item)
                if poster.content:
                    name = embeds.poster_file(poster)
                    files.append(discord.File(io.BytesIO(poster.content), name))
                    embed.set_thumbnail(url=f"attachment://{name}")
        await self._channel(vote).send(
            embed=embed, files=files, view=view, nonce=f"vote-{vote.poll_id}", allowed_mentions=embeds.NOBODY
        )

    # -- stored state ----------------------------------------------------------------------------------------

    def _channel(self, vote: VoteRecord) -> discord.PartialMessageable:
        """Return a vote's channel. Raises TimeoutError while Discord is unreachable."""
        bot = self._bot()
        if bot is None:
            raise TimeoutError("Discord is not logged in")
        return bot.get_partial_messageable(vote.channel_id, guild_id=self._actors.settings.discord_guild_id or None)

    def _save(self, vote: VoteRecord) -> None:
        self._state.put(str(vote.poll_id), vote)

    def _drop(self, vote: VoteRecord) -> None:
        self._state.remove(str(vote.poll_id))
        self._checks.pop(vote.poll_id, None)
        self._degraded.remove(_DEGRADED)

    def _forget_old(self) -> None:
        oldest_s = self._now_s() - KEPT_S
        old = [key for key, vote in self._state.records.items() if vote.is_over and vote.ends_s < oldest_s]
        self._state.remove(*old)

    def _now_s(self) -> float:
        return self._actors.clock.now().wall_s

    def _to_service_s(self, real_s: float) -> float:
        return real_s / max(self._actors.clock.to_real_s(1.0), 1e-9)
