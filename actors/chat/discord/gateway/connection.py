"""Keeps the connection: logs in, reconnects after every kind of loss, and reports why it is lost."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

import discord

from actors.chat.discord.core.api_errors import (
    API_ERRORS,
    ENABLE_INTENT,
    ClosedBeforeReady,
    SessionStartsUsedUp,
    backoff,
    describe_disconnect,
    is_intent_missing,
    needs_new_token,
    retry_after_s,
)
from actors.chat.discord.core.degraded_reasons import DegradedReasons
from actors.chat.discord.gateway.bot import UsherBot
from actors.runtime.boot.memory_limit import end_if_out_of_memory
from messages import Problem

STEADY_S = 30.0
"""After a connection that lasted this long, the back-off starts again (real seconds)."""
SETTLE_S = 5.0
"""How long a reconnect may take before it is reported as an outage (real seconds)."""
FIRST_S = 20.0
"""How long a new connection may take before it is an outage (real seconds); discord.py itself waits for minutes."""
LONGEST_S = 40.0
"""Longest pause while Discord is unreachable (real seconds): so the bot is back within a minute of its return."""
LONGEST_REST_S = 3600.0
"""Longest pause once the session starts are used up (real seconds); then Discord is asked again."""
REFUSED_S = 60.0
"""Pause between two tries with a token that was refused (real seconds)."""
INTENT_RECHECK_S = 300.0
"""Interval of checks whether a missing intent was granted (real seconds)."""
CLOSE_S = 3.0
_GATEWAY, _INTENT = "gateway", "message content"


class Connection:
    """Keeps one bot logged in. Each try makes a new bot: discord.py's cannot be started twice."""

    def __init__(
        self,
        token: str,
        make: Callable[[discord.Intents], UsherBot],
        degraded: DegradedReasons,
        log: logging.Logger,
    ) -> None:
        self._token = token
        self._make = make
        self._degraded = degraded
        self._log = log
        self._bot: UsherBot | None = None
        self._up = False
        self._up_since = 0.0
        self._reads_messages = True
        self.on_up: list[Callable[[], None]] = []
        self.on_down: list[Callable[[], None]] = []

    def connected_bot(self) -> UsherBot | None:
        """Return the bot while the gateway is connected, otherwise None."""
        return self._bot if self._up else None

    def logged_in_bot(self) -> UsherBot | None:
        """Return the bot while requests can be sent, with or without the gateway, otherwise None."""
        bot = self._bot
        return bot if bot is not None and bot.is_set_up and not bot.is_closed() else None

    async def run(self) -> None:
        """Connect, and connect again, for ever."""
        tries = 0
        while True:
            began = time.monotonic()
            reads = self._reads_messages
            error = await self._run_once()
            if self._up_since > began and time.monotonic() - self._up_since > STEADY_S:
                tries = 0
            tries += 1
            if is_intent_missing(error) and self._reads_messages:
                self._do_without_messages()
                continue
            if self._reads_messages and not reads:
                continue  # we ended the connection ourselves, to use the intent
            self._degraded.add(_GATEWAY, describe_disconnect(error))
            self._log.debug("The connection ended", exc_info=error)
            await asyncio.sleep(self._wait_s(error, tries))

    def _wait_s(self, error: Exception | None, tries: int) -> float:
        """Return how long to wait before the next try (real seconds)."""
        if isinstance(error, SessionStartsUsedUp):
            return min(error.reset_after_s, LONGEST_REST_S)
        wait_s = REFUSED_S if needs_new_token(error) else backoff(tries, LONGEST_S)
        return max(wait_s, retry_after_s(error))

    async def close(self) -> None:
        """Disconnect, within a few seconds."""
        bot, self._bot = self._bot, None
        self._up = False
        if bot is not None:
            with contextlib.suppress(*API_ERRORS):
                async with asyncio.timeout(CLOSE_S):
                    await bot.close()

    async def _run_once(self) -> Exception | None:
        """Run one connection from log-in to end; return why it ended."""
        bot = self._make(intents(self._reads_messages))
        bot.on_up, bot.on_down = self._on_bot_up, self._on_bot_down
        self._bot = bot
        late = asyncio.get_running_loop().call_later(FIRST_S, self._report_away, Problem.of("discord.silent"))
        try:
            await bot.start(self._token)
        except Exception as error:  # noqa: BLE001 - it may end with any error: always reconnect
            end_if_out_of_memory(error, "discord")
            return error
        finally:
            late.cancel()
            self._on_bot_down(at_once=True)
            await self.close()
        return None

    def _on_bot_up(self) -> None:
        self._up, self._up_since = True, time.monotonic()
        self._degraded.remove(_GATEWAY)
        if self._reads_messages:
            self._degraded.remove(_INTENT)
        for tell in self.on_up:
            tell()

    def _on_bot_down(self, *, at_once: bool = False) -> None:
        was_up, self._up = self._up, False
        if was_up:
            for tell in self.on_down:
                tell()
        if not at_once:
            asyncio.get_running_loop().call_later(SETTLE_S, self._report_away, Problem.of("discord.gateway_gone"))

    def _report_away(self, reason: Problem) -> None:
        bot = self._bot
        if self._up or bot is None:
            return
        closes = isinstance(bot.loss, ClosedBeforeReady) and bot.fruitless > 1
        self._degraded.add(_GATEWAY, Problem.of("discord.closed_at_once") if closes else reason)

    def _do_without_messages(self) -> None:
        """Continue without the message content intent: / commands, announcements and the voice channel still work."""
        self._reads_messages = False
        self._degraded.add(_INTENT, Problem.of("discord.prefix_commands_off", cure=ENABLE_INTENT))

    async def watch_intent(self) -> None:
        """Check at intervals whether the missing intent was granted, and reconnect if it was."""
        while True:
            await asyncio.sleep(INTENT_RECHECK_S)
            bot = self.logged_in_bot()
            if self._reads_messages or bot is None:
                continue
            with contextlib.suppress(*API_ERRORS):
                flags = (await bot.application_info()).flags
                if flags.gateway_message_content or flags.gateway_message_content_limited:
                    self._log.info("The message content intent was granted: connecting again to use it")
                    self._reads_messages = True
                    await bot.close()


def intents(reads_messages: bool) -> discord.Intents:
    """Return the intents that Usher needs: servers, voice states, and messages for `!` commands.

    Direct messages are included, so that a command there gets an answer.
    """
    wanted = discord.Intents.none()
    wanted.guilds = True
    wanted.voice_states = True
    if reads_messages:
        wanted.messages = True
        wanted.message_content = True
    return wanted
