"""A Discord server on loopback, in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType
from typing import Self

from aiohttp import web

from actors.asyncio_tasks import abort_connections
from simulator.discord.faults import DiscordFaults
from simulator.discord.gateway import Gateway
from simulator.discord.model.guild import Payload
from simulator.discord.model.messages import ANSWER_WITHIN_S
from simulator.discord.model.world import DiscordWorld
from simulator.discord.oauth import OAuthRoutes
from simulator.discord.poll_actions import PollActions
from simulator.discord.request_recorder import RequestRecorder
from simulator.discord.rest.commands import CommandRoutes
from simulator.discord.rest.guilds import GuildRoutes
from simulator.discord.rest.interactions import InteractionRoutes
from simulator.discord.rest.messages import MessageRoutes
from simulator.discord.rest.rate_limits import RateLimiter
from simulator.discord.rest.request_gate import DiscordRequestGate
from simulator.machine_stalls import StallWatch

BOT_TOKEN = "NTIx.simulated.bot-token"  # noqa: S105 - only this simulated server knows it
"""The token that the simulated Discord accepts unless another is given."""
START_S = 10.0
POLLS_EVERY_S = 0.2
"""How often polls are checked for their end, real seconds."""


class SimulatedDiscord(PollActions):
    """REST and gateway of one Discord, and what its people do. A context manager; or call `start` and `stop`.

    `message_content`, `members_intent`: which privileged intents the Developer Portal grants. `now`: the clock that
    dates messages, seconds since 1970; everything else uses real time. `rate_limits`: whether Discord's limits are
    applied. `heartbeat_s`: the interval that HELLO asks for.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        token: str = BOT_TOKEN,
        message_content: bool = True,
        members_intent: bool = False,
        rate_limits: bool = True,
        heartbeat_s: float = 41.25,
        ack_deadline_s: float = 3.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(DiscordWorld(message_content=message_content, members_intent=members_intent, now=now))
        self.token = token
        self.port = port
        self.faults = DiscordFaults()
        self.recorder = RequestRecorder()
        self.bad_requests = 0
        """Number of answers with 401, 403 or 429; 10,000 in 10 minutes ban an address."""
        self.gateway = Gateway(self.world, token, self.faults, heartbeat_s)
        self.faults.bind(self.gateway)
        self.world.dispatch = self.gateway.dispatch
        self._limiter = RateLimiter() if rate_limits else None
        self.oauth = OAuthRoutes(self.world)
        self._stalls = StallWatch()
        self._interactions = InteractionRoutes(self.world, self._stalls, ack_deadline_s)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._runner: web.AppRunner | None = None

    @property
    def api_url(self) -> str:
        """Value for discord.http.Route.BASE."""
        return f"http://127.0.0.1:{self.port}/api/v10"

    @property
    def gateway_url(self) -> str:
        """Value for discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY."""
        return f"ws://127.0.0.1:{self.port}/gateway"

    @property
    def presence(self) -> Payload | None:
        """The bot's newest presence: status and activities; None if it has sent none."""
        return self.world.presence

    @property
    def activity_name(self) -> str:
        """The name of the activity that the bot shows; empty if none."""
        activities = (self.world.presence or {}).get("activities") or []
        return str(activities[0].get("state") or activities[0].get("name") or "") if activities else ""

    @property
    def command_names(self) -> list[str]:
        """The names of the slash commands that people are offered, the server's own first."""
        return self.list_commands(self.guild.id)

    def list_commands(self, guild_id: int) -> list[str]:
        """Return the names of the slash commands that people of a server are offered, the server's own first."""
        every = [*self.world.commands.get(guild_id, []), *self.world.commands[None]]
        return [command["name"] for command in every]

    @property
    def is_connected(self) -> bool:
        """Whether a bot is connected to the gateway, identified and not muted."""
        return self.live_sessions > 0

    @property
    def live_sessions(self) -> int:
        """Number of bots that are connected to the gateway, identified and not muted."""
        return sum(each.session is not None and not each.muted for each in list(self.gateway.connections))

    @property
    def guild_id(self) -> int:
        """The first server's id."""
        return self.guild.id

    def wait_connected(self, timeout: float = ANSWER_WITHIN_S) -> None:
        """Wait until a bot is identified. Raises TimeoutError after `timeout` seconds."""
        if not self.wait_until(lambda: self.is_connected, timeout):
            raise TimeoutError(f"No bot came to the gateway within {timeout} s")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.stop()

    def start(self) -> Self:
        """Listen; after a `stop`, on the same port again."""
        if self._thread is not None:
            return self
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="simulated-discord", daemon=True)
        self._thread.start()
        ready.result(START_S)
        return self

    def stop(self) -> None:
        """Cut every connection and close the port. The state is kept."""
        loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return
        with suppress(RuntimeError):  # it has ended already
            loop.call_soon_threadsafe(loop.stop)
        thread.join(START_S)
        self._loop = self._thread = None

    def _run(self, ready: Future[None]) -> None:
        loop = asyncio.new_event_loop()
        self._loop = loop
        try:
            loop.run_until_complete(self._open())
            self.gateway.attach(loop)
            ready.set_result(None)
            loop.run_forever()
            self.gateway.attach(None)
            loop.run_until_complete(self._close())
        except OSError as error:
            ready.set_exception(error)
        finally:
            loop.close()

    async def _open(self) -> None:
        listening = socket.create_server(("127.0.0.1", self.port))
        self.port = listening.getsockname()[1]
        self.world.base = f"http://127.0.0.1:{self.port}"
        self._runner = web.AppRunner(self._build_app(), access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.SockSite(self._runner, listening).start()
        self._tasks = [asyncio.create_task(each) for each in (self._end_polls(), self._stalls.run())]

    async def _end_polls(self) -> None:
        while True:
            await asyncio.sleep(POLLS_EVERY_S)
            self.world.end_polls_due()

    async def _close(self) -> None:
        for connection in list(self.gateway.connections):
            connection.drop()
        if self._runner is not None:
            await self._runner.cleanup()
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await abort_connections()

    def _build_app(self) -> web.Application:
        gate = DiscordRequestGate(self.token, self.faults, self.recorder, self._limiter, self._count_bad_request)
        app = web.Application(client_max_size=30 << 20)
        app.middlewares.append(gate.middleware)
        app.router.add_get("/gateway", self.gateway.handle)
        app.router.add_get("/gateway/", self.gateway.handle)
        app.router.add_get("/attachments/{attachment}/{name}", self._serve_attachment)
        rest = (GuildRoutes(self.world), MessageRoutes(self.world), CommandRoutes(self.world))
        for part in (*rest, self._interactions, self.oauth):
            for route in part.routes():
                app.router.add_route(route.method, "/api/v10" + route.path, route.handler)
        return app

    def _count_bad_request(self) -> None:
        self.bad_requests += 1

    async def _serve_attachment(self, request: web.Request) -> web.Response:
        wanted = request.match_info["attachment"]
        for message in list(self.world.messages.values()):
            for each in message.attachments:
                if str(each.id) == wanted:
                    return web.Response(body=each.content, content_type=each.content_type.split(";")[0])
        return web.Response(status=404)
