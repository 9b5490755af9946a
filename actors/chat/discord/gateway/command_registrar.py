"""Registers a server's / commands with Discord, if they changed since the last time."""

import asyncio
import contextlib
import hashlib
import json
import logging
import time
from collections.abc import Sequence
from typing import Any

from actors.chat.discord.core.api_errors import API_ERRORS, classify
from actors.chat.discord.core.state import FeatureState
from actors.chat.discord.framework.actor_client import UnansweredError
from actors.chat.discord.framework.command import UsherCommand
from actors.chat.discord.guild_directory import GuildDirectory
from messages import ListCommunities, Problem
from wording.translation import use_language

UNSERVED = frozenset({"setup"})
"""Commands in a server without a community."""
STATE_S = 10.0
"""How long to wait for the store's record of registered commands before registering them again (real seconds)."""
LISTED_S = 3.0
"""How long the list of communities is used before persistence is asked again (real seconds)."""
ASK_AGAIN_S = 2.0
"""Pause between two questions for the list if persistence does not answer (real seconds)."""
_SYNC = "slash commands"
_INVITE = Problem.of("discord.invite_again")


OWN = "synced"
"""Key of the hash of the environment's own server's commands; the key of another server is its id."""


class CommandRegistrar:
    """Registers commands for one bot: all of them in a server with a community, only `UNSERVED` in others."""

    def __init__(
        self, bot: Any, declared: Sequence[UsherCommand], directory: GuildDirectory, log: logging.Logger
    ) -> None:
        self._bot = bot
        self._declared = declared
        self._directory = directory
        self._log = log
        self._asking = asyncio.Lock()
        self._listed: frozenset[int] = frozenset()
        """Ids of further servers that have a community."""
        self._listed_s = -LISTED_S

    def forget(self, guild_id: int) -> None:
        """Forget which commands were registered for a server: Discord may have forgotten them too."""
        self._registered.remove(self._key(guild_id))

    async def register(self, guild_id: int) -> None:
        """Register the commands of a server (0: of all servers); retry until Discord accepts them.

        Does nothing while the actor of the server's community is starting: that calls this itself.
        """
        if self._directory.find(guild_id) is None:
            is_community = await self._is_community(guild_id)
            self._directory.expect(guild_id, is_community=is_community)
            if is_community:
                return
        features = self._directory.find(guild_id)
        shown = self._describe(guild_id)
        wanted = json.dumps([self._bot.application_id, guild_id, shown], sort_keys=True, default=str)
        digest = hashlib.blake2s(wanted.encode(), digest_size=16).hexdigest()
        tries = 0
        await self._directory.own.store.wait_loaded(STATE_S)
        while digest != self._registered.records.get(self._key(guild_id)):
            try:
                await self._send_commands(guild_id, shown)
            except API_ERRORS as error:
                tries += 1
                doing = Problem.of("discord.register_commands", server=str(guild_id))
                verdict = classify(error, tries, doing, _INVITE)
                if features is not None:
                    features.degraded.add(_SYNC, verdict.problem)
                elif tries == 1:
                    self._log.info("%s", verdict.reason)
                await asyncio.sleep(max(verdict.wait_s, 5.0))
                continue
            self._registered.put(self._key(guild_id), digest)
            if features is self._directory.own:
                self._log.info("Discord knows %d commands now", len(shown))
            else:
                self._log.info("Discord knows %d commands of server %d now", len(shown), guild_id)
        if features is not None:
            features.degraded.remove(_SYNC)
        if guild_id and features is self._directory.own:
            await self._clear_global_commands()

    async def _is_community(self, guild_id: int) -> bool:
        """Ask persistence, until it answers, whether a server has a community."""
        async with self._asking:  # at the start this is asked for many servers at once
            while time.monotonic() - self._listed_s > LISTED_S:
                with contextlib.suppress(UnansweredError):
                    listed = await self._directory.own.actors.ask(ListCommunities())
                    self._listed = frozenset(int(each.guild_id) for each in listed.communities)
                    self._listed_s = time.monotonic()
                    break
                await asyncio.sleep(ASK_AGAIN_S)
            return guild_id in self._listed

    @property
    def _registered(self) -> FeatureState[str]:
        return self._directory.own.registered

    def _key(self, guild_id: int) -> str:
        return OWN if guild_id == self._directory.own.guild_id else str(guild_id)

    def _describe(self, guild_id: int) -> list[dict[str, Any]]:
        """Return a server's commands as sent to Discord, in the server's language."""
        is_served = self._directory.find(guild_id) is not None
        with use_language(self._bot.find_language(guild_id)):
            for command in self._declared:
                command.localise()
            described = self._bot.tree.get_commands()
            return [dict(each.to_dict(self._bot.tree)) for each in described if is_served or each.name in UNSERVED]

    async def _send_commands(self, guild_id: int, shown: list[Any]) -> None:
        if guild_id:
            await self._bot.http.bulk_upsert_guild_commands(self._bot.application_id, guild_id, shown)
        else:
            await self._bot.http.bulk_upsert_global_commands(self._bot.application_id, shown)

    async def _clear_global_commands(self) -> None:
        """Remove the global commands of an earlier bot of this application: they would be duplicates, or do nothing."""
        try:
            stale = await self._bot.tree.fetch_commands()
            if stale:
                await self._bot.http.bulk_upsert_global_commands(stale[0].application_id, [])
        except API_ERRORS as error:
            self._log.warning("Whether Discord still lists commands of an earlier bot is not known: %s", error)
            return
        if stale:
            names = ", ".join(sorted(f"/{each.name}" for each in stale))
            self._log.info("Commands of an earlier bot of this application are removed: %s", names)
