"""Reports to the tracker who is in the watched voice or stage channel."""

import asyncio
import logging
from collections.abc import Callable

import discord

from actors.chat.discord.core.api_errors import API_ERRORS
from actors.chat.discord.core.degraded_reasons import DegradedReasons
from actors.chat.discord.framework.actor_client import ActorClient
from messages import Problem, VoiceMember, VoicePresence
from messages.base import storable

EVERY_S = 10.0
"""Service seconds between two reports without a change."""
SHORTEST_S = 0.05
GATHER_S, LONGEST_GATHER_S = 0.2, 2.0
"""How long a change waits for others, and the longest wait if changes continue (service seconds), so that a thousand
members who leave at once make one report."""
_DEGRADED = "voice channel"


class VoiceReporter:
    """Reports the channel at each change, every ten seconds, and at each (re)connect.

    Bots are left out, and members with a role of IGNORED_ROLE_IDS. Without the privileged members intent Discord sends
    the roles of a member who joins, but no change of them: a change counts when the member joins again.
    """

    def __init__(
        self,
        actors: ActorClient,
        bot: Callable[[], discord.Client | None],
        degraded: DegradedReasons,
        log: logging.Logger,
    ) -> None:
        self._actors = actors
        self._bot = bot
        self._degraded = degraded
        self._log = log
        self._channel_id = actors.settings.watch_party_voice_channel_id
        self._ignored = frozenset(actors.settings.ignored_role_ids)
        self._members: dict[str, VoiceMember] = {}
        self._unnamed: tuple[str, ...] = ()
        """Ids of members in the channel for whom Discord has sent no data yet."""
        self._gathering: asyncio.TimerHandle | None = None
        self._first_change_s = self._last_change_s = 0.0
        self._strangers: dict[int, discord.Member | None] = {}
        self._fetches: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Report at intervals, for ever."""
        while self._channel_id:
            self.report()
            await asyncio.sleep(max(SHORTEST_S, self._actors.clock.to_real_s(EVERY_S)))

    def on_voice_change(self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState) -> None:
        """Report a member who joined or left the channel, together with others at that moment."""
        ids = {state.channel.id for state in (before, after) if state.channel is not None}
        if self._channel_id not in ids or member.bot:
            return
        loop = asyncio.get_running_loop()
        self._last_change_s = loop.time()
        if self._gathering is None:
            self._first_change_s = self._last_change_s
            self._gathering = loop.call_later(self._actors.clock.to_real_s(GATHER_S), self._report_gathered)

    def _report_gathered(self) -> None:
        """Report the changes, unless more may follow at once: then wait for these."""
        loop, gather_s = asyncio.get_running_loop(), self._actors.clock.to_real_s(GATHER_S)
        is_going_on = loop.time() - self._last_change_s < gather_s
        if is_going_on and loop.time() - self._first_change_s < self._actors.clock.to_real_s(LONGEST_GATHER_S):
            self._gathering = loop.call_at(self._last_change_s + gather_s, self._report_gathered)
            return
        self._gathering = None
        self.report()

    def report(self) -> None:
        """Send the tracker who is in the channel now; do nothing if no channel is watched."""
        if not self._channel_id:
            return
        bot = self._bot()
        channel = self._channel(bot)
        if channel is not None and bot is not None:
            self._degraded.remove(_DEGRADED)
            self._update_members(channel, bot)
        self._actors.tell(
            "tracker",
            VoicePresence(
                guild_id=str(self._actors.settings.discord_guild_id),
                channel_id=str(self._channel_id),
                at=self._actors.clock.now(),
                connected=channel is not None,
                members=tuple(self._members.values()),
                unnamed=self._unnamed,
            ),
        )

    def _channel(self, bot: discord.Client | None) -> discord.VoiceChannel | discord.StageChannel | None:
        """Return the channel, or None if the gateway does not show it at this moment."""
        if bot is None:
            return None
        guild = bot.get_guild(self._actors.settings.discord_guild_id)
        if guild is None or guild.unavailable:
            return None
        channel = guild.get_channel(self._channel_id)
        if isinstance(channel, discord.VoiceChannel | discord.StageChannel):
            return channel
        self._degraded.add(
            _DEGRADED,
            Problem.of("discord.voice_channel_unseen", channel=str(self._channel_id)),
        )
        return None

    def _update_members(self, channel: discord.VoiceChannel | discord.StageChannel, bot: discord.Client) -> None:
        """Update the members: those who stay keep their order, new ones come at the end."""
        there: dict[str, VoiceMember] = {}
        unnamed: list[str] = []
        for user_id in channel.voice_states:
            member = channel.guild.get_member(user_id) or self._strangers.get(user_id)
            if member is None and user_id not in self._strangers:
                self._look_up(channel.guild, user_id)
            if member is None and str(user_id) in self._members:
                there[str(user_id)] = self._members[str(user_id)]  # a member without data is still in the channel
            elif member is None:
                unnamed.append(str(user_id))
            if member is not None and not member.bot and self._ignored.isdisjoint(role.id for role in member.roles):
                there[str(user_id)] = VoiceMember(str(user_id), storable(member.display_name))
        self._strangers = {key: value for key, value in self._strangers.items() if key in channel.voice_states}
        stayed = [key for key in self._members if key in there]
        came = [key for key in there if key not in self._members]
        self._members = {key: there[key] for key in (*stayed, *came)}
        self._unnamed = tuple(unnamed)

    def _look_up(self, guild: discord.Guild, user_id: int) -> None:
        """Ask Discord once for a member of whom it sent only the id, then report again."""
        self._strangers[user_id] = None

        async def fetch() -> None:
            try:
                self._strangers[user_id] = await guild.fetch_member(user_id)
            except API_ERRORS as error:
                self._log.warning("Member %s of the voice channel cannot be looked up: %s", user_id, error)
                await asyncio.sleep(5.0)
                self._strangers.pop(user_id, None)
                return
            self.report()

        task = asyncio.get_running_loop().create_task(fetch())
        self._fetches.add(task)
        task.add_done_callback(self._fetches.discard)
