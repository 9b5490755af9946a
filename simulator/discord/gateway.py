"""The gateway: the websocket over which a bot gets events."""

from __future__ import annotations

import asyncio
import json
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from simulator.discord.model.guild import Payload
from simulator.discord.model.ids import snowflake
from simulator.discord.model.world import (
    FLAG_MEMBERS,
    FLAG_MESSAGE_CONTENT,
    GUILDS,
    MEMBERS,
    MESSAGE_CONTENT,
    DiscordWorld,
)
from simulator.discord.outage_switches import OutageSwitches

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE_STATE, RESUME = 0, 1, 2, 3, 4, 6
RECONNECT, REQUEST_MEMBERS, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 7, 8, 9, 10, 11
UNKNOWN_OP, BAD_JSON, NOT_IDENTIFIED, BAD_TOKEN, TWICE, BAD_SEQUENCE = 4001, 4002, 4003, 4004, 4005, 4007
RATE_LIMITED, BAD_VERSION, DISALLOWED_INTENTS = 4008, 4012, 4014
"""Close codes."""
SENDS_PER_MINUTE = 120
CALL_S = 5.0
SESSIONS_KEPT = 8
"""A bot that wants to resume an older session must start a new one."""
PRESENCES, PRESENCE_WINDOW_S = 5, 20.0
PRIVILEGED = {MESSAGE_CONTENT: FLAG_MESSAGE_CONTENT, MEMBERS: FLAG_MEMBERS}


@dataclass(eq=False)
class GatewaySession:
    """A bot's session: the events for it, over one or more connections."""

    intents: int
    id: str = field(default_factory=lambda: f"{snowflake():x}")
    sequence: int = 0
    sent: deque[Payload] = field(default_factory=lambda: deque(maxlen=2000))
    """Dispatches, kept to be sent again to a bot that resumes."""


class GatewayConnection:
    """One open websocket. It sends frames in order; a muted one sends nothing."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.socket = socket
        self.session: GatewaySession | None = None
        self.muted = False
        self.heard: deque[float] = deque(maxlen=SENDS_PER_MINUTE)
        self._transport = request.transport
        self._frames: asyncio.Queue[str] = asyncio.Queue()
        self._deflate = zlib.compressobj() if request.query.get("compress") == "zlib-stream" else None

    def send(self, payload: Payload) -> None:
        """Queue a frame."""
        self.send_text(json.dumps(payload, ensure_ascii=False))

    def send_text(self, text: str) -> None:
        """Queue any text."""
        if not self.muted:
            self._frames.put_nowait(text)

    async def write(self) -> None:
        """Send what is queued, for as long as the socket is open."""
        while True:
            text = await self._frames.get()
            if self._deflate is None:
                await self.socket.send_str(text)
            else:
                data = self._deflate.compress(text.encode()) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
                await self.socket.send_bytes(data)

    def drop(self) -> None:
        """Cut the connection, without a close frame."""
        self.muted = True
        if self._transport is not None:
            self._transport.abort()


class Gateway:
    """All connections. Used only on the server's loop, except `dispatch` and `call_soon`."""

    def __init__(self, world: DiscordWorld, token: str, switches: OutageSwitches, heartbeat_s: float) -> None:
        self.world = world
        self.heartbeat_s = heartbeat_s
        self.connects = 0
        self.identifies = 0
        self.resumes = 0
        self.heartbeats = 0
        self.connections: set[GatewayConnection] = set()
        self.sessions: dict[str, GatewaySession] = {}
        self._token = token
        self._switches = switches
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        self._tasks: set[asyncio.Task[Any]] = set()

    def attach(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Set the event loop of the connections, which this thread runs; None if the server is down."""
        self._loop = loop
        self._thread = threading.get_ident()

    def call_soon(self, what: Callable[..., Any], *args: Any) -> None:
        """Run a function on the loop, in the order of the calls; do nothing while the server is down."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            with suppress(RuntimeError):  # closed since the check above
                loop.call_soon_threadsafe(what, *args)

    def call_and_wait(self, what: Callable[[], Any]) -> None:
        """Run a function on the loop, and wait until it is done; do nothing while the server is down."""
        done: Future[None] = Future()

        def run() -> None:
            try:
                what()
            except Exception as error:  # noqa: BLE001 - handed to the caller
                done.set_exception(error)
            else:
                done.set_result(None)

        if self._loop is None:
            return
        if self._thread == threading.get_ident():
            what()
            return
        self.call_soon(run)
        done.result(CALL_S)

    def run_task(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Run a coroutine to its end, in the background. Only on the loop."""
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def dispatch(self, event: str, data: Payload, intent: int = 0) -> None:
        """Send an event to sessions with this intent (0: to all), unless its guild is unavailable. From any thread."""
        if str(data.get("guild_id", "")) in {str(guild_id) for guild_id in self.world.away}:
            return
        text = json.dumps(data, ensure_ascii=False)
        if self._loop is None:
            self._deliver(event, text, intent)
        else:
            self.call_soon(self._deliver, event, text, intent)

    def _deliver(self, event: str, text: str, intent: int) -> None:
        for session in list(self.sessions.values()):
            if intent == 0 or session.intents & intent:
                self._send_event(session, event, json.loads(text))

    def _send_event(self, session: GatewaySession, event: str, data: Payload) -> None:
        if event in ("MESSAGE_CREATE", "MESSAGE_UPDATE") and "author" in data:
            data = self._hide_unreadable(session, data)
        session.sequence += 1
        frame = {"op": DISPATCH, "t": event, "s": session.sequence, "d": data}
        session.sent.append(frame)
        for connection in self.connections:
            if connection.session is session:
                connection.send(frame)

    def _hide_unreadable(self, session: GatewaySession, data: Payload) -> Payload:
        """Return what a bot may read of a message: its content only with the intent, or if it addresses the bot."""
        mine = str(self.world.bot.id)
        meant = data["author"]["id"] == mine or "guild_id" not in data
        if session.intents & MESSAGE_CONTENT or meant or any(each["id"] == mine for each in data["mentions"]):
            return data
        return {**data, "content": "", "embeds": [], "attachments": [], "components": []}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve a connection of a bot."""
        if self._switches.gateway_refused:
            return web.Response(status=503, text="upstream connect error")
        socket = web.WebSocketResponse(max_msg_size=1 << 20)
        await socket.prepare(request)
        self.connects += 1
        if self._switches.closes_before_hello:
            await socket.close(code=self._switches.closes_before_hello)
            return socket
        connection = GatewayConnection(socket, request)
        self.connections.add(connection)
        connection.send({"op": HELLO, "d": {"heartbeat_interval": int(self.heartbeat_s * 1000)}})
        writer = asyncio.create_task(connection.write())
        try:
            if request.query.get("v", "10") != "10":
                await socket.close(code=BAD_VERSION, message=b"Invalid API version.")
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    await self._handle_frame(connection, frame.data)
        finally:
            self.connections.discard(connection)
            writer.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await writer
        return socket

    async def _handle_frame(self, connection: GatewayConnection, text: str) -> None:
        if connection.muted:
            return
        now_s = time.monotonic()
        connection.heard.append(now_s)
        if len(connection.heard) == SENDS_PER_MINUTE and now_s - connection.heard[0] < 60.0:
            await connection.socket.close(code=RATE_LIMITED, message=b"You are being rate limited.")
            return
        try:
            payload = json.loads(text)
            op, data = payload["op"], payload.get("d")
        except (ValueError, TypeError, KeyError):
            await connection.socket.close(code=BAD_JSON, message=b"Error while decoding payload.")
            return
        await self._handle_operation(connection, op, data)

    async def _handle_operation(self, connection: GatewayConnection, op: int, data: Any) -> None:
        if op == HEARTBEAT:
            self.heartbeats += 1
            connection.send({"op": HEARTBEAT_ACK})
        elif op == IDENTIFY:
            await self._identify(connection, data)
        elif op == RESUME:
            await self._resume(connection, data)
        elif connection.session is None:
            await connection.socket.close(code=NOT_IDENTIFIED, message=b"Not authenticated.")
        elif op == PRESENCE and self._switches.closes_at_activity and data.get("activities"):
            await connection.socket.close(code=self._switches.closes_at_activity)
        elif op == PRESENCE:
            self._take_presence(data)
        elif op == REQUEST_MEMBERS:
            self._send_members(connection.session, data)
        elif op != VOICE_STATE:
            await connection.socket.close(code=UNKNOWN_OP, message=b"Unknown opcode.")

    async def _identify(self, connection: GatewayConnection, data: Payload) -> None:
        self.identifies += 1
        self.world.sessions_used += 1
        intents = int(data.get("intents", 0))
        refusal = self._find_refusal(connection, data, intents)
        if refusal is not None:
            await connection.socket.close(code=refusal[0], message=refusal[1])
            return
        session = connection.session = GatewaySession(intents)
        self.sessions[session.id] = session
        for old in list(self.sessions)[:-SESSIONS_KEPT]:
            del self.sessions[old]
        if data.get("presence"):
            self._take_presence(data["presence"])
        bot = self.world.bot
        about = {
            "v": 10, "user": {**bot.payload(), "verified": True, "mfa_enabled": False, "email": None, "flags": 0},
            "guilds": [{"id": str(guild), "unavailable": True} for guild in self.world.guilds],
            "session_id": session.id, "session_type": "normal", "private_channels": [], "relationships": [],
            "resume_gateway_url": self.world.base.replace("http://", "ws://") + "/gateway", "shard": [0, 1],
            "application": {"id": str(self.world.app_id), "flags": self.world.app_flags},
        }  # fmt: skip
        self._send_event(session, "READY", about)
        if intents & GUILDS:
            with self.world.changed:
                there = [g for g in self.world.guilds.values() if g.id not in self.world.away]
                whole = [g.payload(bot.id, all_members=bool(intents & MEMBERS)) for g in there]
            for guild in whole:
                if self._switches.names_no_members:
                    guild["members"] = [each for each in guild["members"] if each["user"]["id"] == str(bot.id)]
                self._send_event(session, "GUILD_CREATE", guild)

    def _find_refusal(self, connection: GatewayConnection, data: Payload, intents: int) -> tuple[int, bytes] | None:
        if connection.session is not None:
            return TWICE, b"Already authenticated."
        if data.get("token") != self._token or self._switches.refuse_token:
            return BAD_TOKEN, b"Authentication failed."
        unheld = (bit for bit, flag in PRIVILEGED.items() if intents & bit and not self.world.app_flags & flag)
        if self._switches.disallowed_intents or any(unheld):
            return DISALLOWED_INTENTS, b"Disallowed intent(s)."
        return None

    async def _resume(self, connection: GatewayConnection, data: Payload) -> None:
        session = self.sessions.get(str(data.get("session_id")))
        if data.get("token") != self._token or self._switches.refuse_token:
            await connection.socket.close(code=BAD_TOKEN, message=b"Authentication failed.")
            return
        seen = int(data.get("seq") or 0)
        if session is None or (session.sent and seen < session.sent[0]["s"] - 1):
            connection.send({"op": INVALID_SESSION, "d": False})
            return
        if seen > session.sequence:
            await connection.socket.close(code=BAD_SEQUENCE, message=b"Invalid seq.")
            return
        self.resumes += 1
        connection.session = session
        for frame in [each for each in session.sent if each["s"] > seen]:
            connection.send(frame)
        self._send_event(session, "RESUMED", {"_trace": []})

    def _take_presence(self, data: Payload) -> None:
        """Take a presence update: five in 20 s are accepted, more are dropped."""
        now_s = time.monotonic()
        with self.world.changed:
            recent = [at_s for at_s, _ in self.world.presences if now_s - at_s < PRESENCE_WINDOW_S]
            if len(recent) >= PRESENCES:
                self.world.presences_dropped += 1
            else:
                self.world.presence = data
                self.world.presences.append((now_s, data))
            self.world.changed.notify_all()

    def _send_members(self, session: GatewaySession, data: Payload) -> None:
        guild = self.world.guilds.get(int(data["guild_id"]))
        if guild is None:
            return
        found = list(guild.members.values())
        if data.get("user_ids"):
            wanted = data["user_ids"] if isinstance(data["user_ids"], list) else [data["user_ids"]]
            found = [member for member in found if str(member.id) in {str(each) for each in wanted}]
        elif data.get("query"):
            found = [member for member in found if member.display_name.lower().startswith(data["query"].lower())]
        elif not session.intents & MEMBERS:
            found = []
        limit = int(data.get("limit") or 0) or len(found)
        chunk = {
            "guild_id": str(guild.id), "members": [member.payload() for member in found[:limit]],
            "chunk_index": 0, "chunk_count": 1, "not_found": [],
        } | ({"nonce": data["nonce"]} if data.get("nonce") else {})  # fmt: skip
        self._send_event(session, "GUILD_MEMBERS_CHUNK", chunk)
