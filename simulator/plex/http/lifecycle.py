"""Runs the server on its loop: opens the port, sends alerts, watches the clock, flaps."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from aiohttp import web

from simulator.plex.faults import Fault
from simulator.plex.http.loop_thread import ListeningPort, LoopThread
from simulator.plex.http.request_gate import WEBSOCKET, PlexRequestGate
from simulator.plex.http.routes import PlexRoutes
from simulator.plex.world.alerts import Listeners

LONGEST_NAP_S = 0.25
"""Maximum real seconds between two checks of the clock, so that a jump (as in tests) is noticed soon."""


class ServerLifecycle:
    """Everything that must run on the event loop; the methods may be called from any thread."""

    def __init__(
        self,
        answers: PlexRoutes,
        gate: PlexRequestGate,
        listeners: Listeners,
        *,
        port: int,
        nap_s: Callable[[], float],
    ) -> None:
        self._answers, self._gate, self._listeners = answers, gate, listeners
        self._wanted_port = port
        self._nap_s = nap_s
        self._thread = LoopThread("simulated-plex")
        self._counting = threading.Lock()
        self._unsent = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._flapping: asyncio.Task[None] | None = None
        self._thread.start()
        try:
            self._thread.call(self._open())
        except BaseException:
            self._thread.stop()
            raise

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._door.port

    def close(self) -> None:
        """Reset every connection, release the port and end the thread."""
        try:
            self._thread.call(self._close())
        finally:
            self._thread.stop()

    def send(self, alert: dict[str, Any]) -> None:
        """Send an alert to every listener, in the order of the calls."""
        with self._counting:
            self._unsent += 1
        self._thread.post(lambda: self._outbox.put_nowait(alert))

    @property
    def unsent(self) -> int:
        """Number of alerts that were not yet sent to every listener."""
        return self._unsent

    def recheck_clock(self) -> None:
        """Check the clock soon: after a change something may be due earlier."""
        self._thread.post(self._wake.set)

    def set_fault(self, fault: Fault | None) -> None:
        """Set the current fault, or none."""
        self._thread.call(self._set_fault(fault))

    def release(self) -> None:
        """Reset the requests that hang; the fault stays."""
        self._thread.post(lambda: self._gate.switch(self._gate.fault))

    def cut(self) -> None:
        """Reset every open connection."""

        async def now() -> None:
            self._door.cut()

        self._thread.call(now())

    def close_listeners(self) -> None:
        """Close every websocket with a closing handshake."""
        self._thread.call(self._listeners.close())

    async def _open(self) -> None:
        self._outbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._wake = asyncio.Event()
        app = web.Application(middlewares=[self._gate.middleware()])
        # The gate serves the websocket itself; the route only registers the address.
        app.add_routes([*self._answers.routes(), web.get(WEBSOCKET, _unreachable)])
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
        await self._runner.setup()
        try:
            self._door = ListeningPort(self._runner, self._wanted_port)
        except OSError:
            await self._runner.cleanup()
            raise
        await self._door.open()
        self._tasks = [asyncio.create_task(self._deliver()), asyncio.create_task(self._watch_the_clock())]

    async def _close(self) -> None:
        tasks = [*self._tasks, *([self._flapping] if self._flapping else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._gate.switch(None)
        await self._door.remove()
        await self._runner.cleanup()

    async def _set_fault(self, fault: Fault | None) -> None:
        flapping, self._flapping = self._flapping, None
        if flapping is not None:
            flapping.cancel()
            # Until it has ended, it may still be shutting the port.
            await asyncio.gather(flapping, return_exceptions=True)
        self._gate.switch(fault)
        if fault is not None and fault.kind == "refuse":
            await self._door.shut()
            return
        await self._door.open()
        if fault is not None and fault.kind == "flap":
            self._flapping = asyncio.create_task(self._flap(fault.seconds))

    async def _flap(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            await self._door.shut()
            await asyncio.sleep(seconds)
            await self._door.open()

    async def _deliver(self) -> None:
        while True:
            await self._listeners.send(await self._outbox.get())
            with self._counting:
                self._unsent -= 1

    async def _watch_the_clock(self) -> None:
        while True:
            self._answers.tick()
            self._wake.clear()
            try:
                await asyncio.wait_for(self._wake.wait(), min(LONGEST_NAP_S, self._nap_s()))
            except TimeoutError:
                continue


async def _unreachable(_request: web.Request) -> web.Response:
    raise web.HTTPNotFound
