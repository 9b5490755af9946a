"""A thread with an event loop in it, and a port that can be closed and opened while the server lives."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from aiohttp import web

T = TypeVar("T")

HOST = "127.0.0.1"
_UNTIL_MADE = 3
"""Turns of the loop from accepting a connection until its handler knows of it, and it can be cut."""
STARTS_WITHIN_S = 10.0
"""Real seconds a start, stop or switch may take before it counts as failed."""


class ListeningPort:
    """The listening socket. Shut, the port stays ours but every connection is refused. Lives on the loop."""

    def __init__(self, runner: web.AppRunner, port: int) -> None:
        self._runner = runner
        self._server: asyncio.Server | None = None
        self._reserved: socket.socket | None = _bind_socket(port)
        self.port: int = self._reserved.getsockname()[1]

    async def open(self) -> None:
        """Answer from now on."""
        if self._server is None:
            protocol = self._runner.server
            if protocol is None:
                raise RuntimeError("the simulated server's runner was not set up; call runner.setup() first")
            reserved, self._reserved = self._reserved or _bind_socket(self.port), None
            _allow_reuse(reserved, True)
            self._server = await asyncio.get_running_loop().create_server(protocol, sock=reserved)

    async def shut(self) -> None:
        """Refuse from now on, and cut every connection."""
        if self._server is not None:
            self._server.close()
            self._server = None
            # A bound socket that does not listen keeps the port from others and refuses for us.
            self._reserved = _bind_socket(self.port)
            _allow_reuse(self._reserved, False)
            for _ in range(_UNTIL_MADE):
                await asyncio.sleep(0)
        self.cut()

    def cut(self) -> None:
        """Reset every open connection."""
        for handler in self._runner.server.connections if self._runner.server else ():
            if handler.transport is not None:
                handler.transport.abort()

    async def remove(self) -> None:
        """Give the port back."""
        await self.shut()
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None


def _bind_socket(port: int) -> socket.socket:
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        _allow_reuse(held, True)
        held.bind((HOST, port))
        held.setblocking(False)
    except OSError as problem:
        held.close()
        raise OSError(
            problem.errno,
            f"port {port} on {HOST} cannot be used: {problem.strerror}; choose another or 0 for any",
        ) from problem
    return held


def _allow_reuse(held: socket.socket, on: bool) -> None:
    """Whether others may bind the port too.

    On while we bind and listen, or connections that linger from before would be in the way; off while we only
    keep the port, or anybody could begin to listen on it.
    """
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(on))


class LoopThread:
    """An event loop in a thread of its own, to be called from any other thread."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to turn."""
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run the coroutine on the loop and wait for what it brings; TimeoutError after STARTS_WITHIN_S."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(STARTS_WITHIN_S)

    def post(self, act: Callable[[], object]) -> None:
        """Run the function on the loop soon; nothing happens once the loop is closed."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(act)

    def stop(self) -> None:
        """End the loop and its thread."""
        self.post(self._loop.stop)
        self._thread.join(STARTS_WITHIN_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.run_until_complete(self._wind_up())
            self._loop.close()

    async def _wind_up(self) -> None:
        """End what still runs, and let the connections that it held close."""
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await self._loop.shutdown_asyncgens()
        await asyncio.sleep(0)  # a transport that is closed goes in the turn after it
