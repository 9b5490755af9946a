"""Tells Discord which / commands a server has, where that changed since it was last told."""

import asyncio
import hashlib
import json
import logging
from collections.abc import Sequence
from typing import Any, Protocol

from actors.chat.discord.core.api_errors import API_ERRORS, classify
from actors.chat.discord.core.degraded_reasons import DegradedReasons
from actors.chat.discord.core.state import FeatureState, StateStore
from actors.chat.discord.framework.command import UsherCommand
from messages import Problem

SYNCED = "synced"
"""Under this key: the hash of the commands that Discord was last told of."""
STATE_S = 10.0
"""How long it waits for the store to say which commands Discord knows, before it tells them anew (real seconds)."""
_SYNC = "slash commands"
_INVITE = Problem.of("discord.invite_again")


class Commanded(Protocol):
    """A server as far as its commands go: what it remembers of them, and where it says that they fail."""

    registered: FeatureState[str]
    store: StateStore
    degraded: DegradedReasons

    @property
    def guild_id(self) -> int:
        """The server's id; 0 for the commands of all servers."""


class CommandRegistrar:
    """Registers commands for one bot."""

    def __init__(self, bot: Any, declared: Sequence[UsherCommand], log: logging.Logger) -> None:
        self._bot = bot
        self._declared = declared
        self._log = log

    async def register(self, server: Commanded) -> None:
        """Have Discord know the commands of a server; in that server, at once. Tries until it does."""
        shown = self._describe()
        wanted = json.dumps([self._bot.application_id, server.guild_id, shown], sort_keys=True, default=str)
        digest = hashlib.blake2s(wanted.encode(), digest_size=16).hexdigest()
        tries = 0
        await server.store.wait_loaded(STATE_S)
        while digest != server.registered.records.get(SYNCED):
            try:
                await self._tell(server.guild_id, shown)
            except API_ERRORS as error:
                tries += 1
                doing = Problem.of("discord.register_commands", server=str(server.guild_id))
                verdict = classify(error, tries, doing, _INVITE)
                server.degraded.add(_SYNC, verdict.problem)
                await asyncio.sleep(max(verdict.wait_s, 5.0))
                continue
            server.registered.put(SYNCED, digest)
            self._log.info("Discord knows %d commands now", len(shown))
        server.degraded.remove(_SYNC)
        if server.guild_id:
            await self._clear_global_commands()

    def _describe(self) -> list[dict[str, Any]]:
        """Return the commands as Discord reads them, in the language of the moment."""
        for command in self._declared:
            command.localise()
        return [dict(command.to_dict(self._bot.tree)) for command in self._bot.tree.get_commands()]

    async def _tell(self, guild_id: int, shown: list[Any]) -> None:
        if guild_id:
            await self._bot.http.bulk_upsert_guild_commands(self._bot.application_id, guild_id, shown)
        else:
            await self._bot.http.bulk_upsert_global_commands(self._bot.application_id, shown)

    async def _clear_global_commands(self) -> None:
        """Remove the commands of an earlier bot of this application: each would be there twice, or be dead."""
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
