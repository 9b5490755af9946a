"""The bot's gateway session: resumes it after a lost connection, and never reconnects without a pause."""

import asyncio
import logging
import re
from collections.abc import Callable
from typing import Any

import aiohttp
import discord
from discord.ext import commands
from discord.gateway import DiscordWebSocket, ReconnectWebSocket
from discord.http import Route

from actors.chat.discord.core.api_errors import API_ERRORS, ClosedBeforeReady, SessionStartsUsedUp, backoff
from actors.chat.discord.gateway.connect_brake import ConnectBrake
from actors.runtime.boot.memory_limit import end_if_out_of_memory

CONNECT_S = 60.0
"""How long the gateway may take to send HELLO (real seconds)."""
MOST_FRUITLESS = 5
"""Connections in a row without READY or RESUMED, which take about 15 seconds; after them this bot gives up its session,
and the back-off of `Connection` applies."""
SESSIONS_KEPT = 0.5
"""Share of the day's session starts (IDENTIFY) that is left unused: Discord resets the token once all are used."""
_OF_THE_SESSION = frozenset({"READY", "RESUMED", "GUILD_CREATE"})
"""Events that the bot needs: if one cannot be read, the bot reconnects."""
LONGEST_TOKEN = 2_000
"""Characters of an interaction's token at most; Discord's have about two hundred."""
_TOKEN = re.compile(r"[^/?#%\\\s\x00-\x20\x7f-\U0010ffff]+")
CLEAN_CLOSE = 1000
"""Close code without a reason; the session cannot be resumed after it."""


class ResumingBot(commands.Bot):
    """Keeps its session through short losses of the connection, even if the first reconnects fail.

    discord.py's own loop resumes without a pause if the gateway closes the connection; if it cannot reach the gateway,
    it starts a new session, or gives up.
    """

    def __init__(self, *args: Any, brake: ConnectBrake, log: logging.Logger, **options: Any) -> None:
        super().__init__(*args, **options)
        self._brake = brake
        self._log = log
        self.malformed = 0
        """Events of the gateway that could not be read, and were dropped."""
        parsers = self._connection.parsers
        self._connection.parsers = {event: self._guard(event, parse) for event, parse in parsers.items()}
        self._is_live = False
        """Whether the gateway has sent READY or RESUMED since the last loss."""
        self.fruitless = 0
        """Connections in a row without READY or RESUMED."""
        self.loss: Exception | None = None
        """Why the connection was lost; None while it is open."""

    def _guard(self, event: str, parse: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return a parser that drops an event that it cannot read: discord.py's own would end the connection."""
        if event in _OF_THE_SESSION:
            return lambda data: self.take_event(event, data, parse)

        def parse_or_drop(data: Any) -> Any:
            try:
                if event == "INTERACTION_CREATE":
                    _require_whole_interaction(data)
                return self.take_event(event, data, parse)
            except Exception as error:  # noqa: BLE001 - whatever the fault of the event
                end_if_out_of_memory(error, "discord")
                self.malformed += 1
                self._log.warning("An event of Discord's could not be read and is dropped (%s): %r", event, error)
                return None

        return parse_or_drop

    def take_event(self, event: str, data: Any, parse: Callable[[Any], Any]) -> Any:
        """Let discord.py handle an event; subclasses choose the language, or decline the event."""
        return parse(data)

    async def connect(self, *, reconnect: bool = True) -> None:
        """Stay connected until the session ends. Raises its error; returns normally after a close without a reason."""
        loop = asyncio.get_running_loop()
        session: dict[str, Any] = {}
        while not self.is_closed():
            starts_session = not session.get("resume")
            pause_s = backoff(self.fruitless) if self.fruitless else 0.0
            await asyncio.sleep(max(pause_s, self._brake.wait_s(loop.time(), starts_session=starts_session)))
            self._brake.note_connect(loop.time())
            try:
                initial = self.ws is None
                connecting = DiscordWebSocket.from_client(self, initial=initial, shard_id=self.shard_id, **session)
                self.ws = await asyncio.wait_for(connecting, CONNECT_S)
                while True:
                    await self.ws.poll_event()
            except ReconnectWebSocket as lost:
                can_resume = lost.resume
                self._note_loss(ClosedBeforeReady())
            except discord.ConnectionClosed as closed:
                self._note_loss(closed)
                if self.is_closed() or closed.code == CLEAN_CLOSE:
                    return
                raise
            except (OSError, discord.HTTPException, discord.GatewayNotFound, aiohttp.ClientError) as error:
                can_resume = True
                self._note_loss(error)
            session = self._session_to_resume() if can_resume else {}

    def _note_loss(self, error: Exception) -> None:
        """Note that the connection is lost. Raises the error if there is no session, or it cannot be resumed."""
        self.loss = error
        self.fruitless = 0 if self._is_live else self.fruitless + 1
        self._is_live = False
        self.dispatch("disconnect")
        if self.ws is None or self.fruitless >= MOST_FRUITLESS:
            raise error

    def _session_to_resume(self) -> dict[str, Any]:
        """Return the arguments with which the next connection resumes the session; empty if there is none."""
        if not self.ws.session_id:
            return {}
        return {
            "gateway": self.ws.gateway,
            "session": self.ws.session_id,
            "sequence": self.ws.sequence,
            "resume": True,
        }

    def dispatch(self, event_name: str, /, *args: Any, **kwargs: Any) -> None:
        """Notify the event's listeners, unless the bot is closed: this would fail without discord.py's loop."""
        if event_name in ("connect", "resumed"):
            self._is_live, self.loss = True, None
        if not self.is_closed():
            super().dispatch(event_name, *args, **kwargs)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Ask how many sessions may still be started today. Raises SessionStartsUsedUp."""
        try:
            limit = (await self.http.request(Route("GET", "/gateway/bot")))["session_start_limit"]
            total, remaining = int(limit["total"]), int(limit["remaining"])
            reset_after_s = float(limit["reset_after"]) / 1000
        except (*API_ERRORS, LookupError, TypeError, ValueError) as error:
            self._log.info("How many sessions may still be started today is not known: %s", error)
        else:
            if remaining <= total * SESSIONS_KEPT:
                raise SessionStartsUsedUp(total - remaining, total, reset_after_s)
        await super().before_identify_hook(shard_id, initial=initial)
        self._brake.note_session(asyncio.get_running_loop().time())


def _require_whole_interaction(data: Any) -> None:
    """Raise an error if an interaction lacks its sender or channel: discord.py would continue without them.

    Its token becomes part of the answer's URL, and must not lead it elsewhere.
    """
    who, token = data.get("member", data)["user"], data["token"]
    int(who["id"]), int(data["channel_id"]), int(data["id"])
    if len(token) > LONGEST_TOKEN or not _TOKEN.fullmatch(token):
        raise ValueError("no token of an interaction")
