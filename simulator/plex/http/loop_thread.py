"""A thread with an event loop, and a port that can be closed and opened while the server runs."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from aiohttp import web

from actors.asyncio_tasks import abort_connections

T = TypeVar("T")

HOST = "127.0.0.1"
_UNTIL_MADE = 3
"""Iterations of the loop from accepting a connection until its handler exists and can be reset."""
STARTS_WITHIN_S = 10.0
"""Timeout of a start, stop or switch, real seconds."""


class ListeningPort:
    """The listening socket. While shut, it keeps the port but refuses every connection. Runs on the loop."""

    def __init__(self, runner: web.AppRunner, port: int) -> None:
        self._runner = runner
        self._server: asyncio.Server | None = None
        self._reserved: socket.socket | None = _bind_socket(port)
        self.port: int = self._reserved.getsockname()[1]

    async def open(self) -> None:
        """Start accepting connections."""
        if self._server is None:
            protocol = self._runner.server
            if protocol is None:
                raise RuntimeError("the simulated server's runner was not set up; call runner.setup() first")
            reserved, self._reserved = self._reserved or _bind_socket(self.port), None
            _allow_reuse(reserved)
            self._server = await asyncio.get_running_loop().create_server(protocol, sock=reserved)

    async def shut(self) -> None:
        """Start refusing connections, and reset every open one."""
        if self._server is not None:
            self._server.close()
            self._server = None
            # A bound socket that does not listen reserves the port, and connections to it are refused.
            self._reserved = _bind_socket(self.port)
            _forbid_reuse(self._reserved)
            for _ in range(_UNTIL_MADE):
                await asyncio.sleep(0)
        self.cut()

    def cut(self) -> None:
        """Reset every open connection."""
        for handler in self._runner.server.connections if self._runner.server else ():
            if handler.transport is not None:
                handler.transport.abort()

    async def remove(self) -> None:
        """Release the port."""
        await self.shut()
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None


def _bind_socket(port: int) -> socket.socket:
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        _allow_reuse(held)
        held.bind((HOST, port))
        held.settimeout(0)
    except OSError as problem:
        held.close()
        raise OSError(
            problem.errno,
            f"port {port} on {HOST} cannot be used: {problem.strerror}; choose another or 0 for any",
        ) from problem
    return held


def _allow_reuse(held: socket.socket) -> None:
    """Allow reuse of the port while we bind and listen: lingering connections would block it otherwise."""
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)


def _forbid_reuse(held: socket.socket) -> None:
    """Forbid reuse of the port while we do not listen: others could begin to listen on it otherwise."""
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)


class LoopThread:
    """An event loop on a separate thread, callable from any other thread."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the loop's thread."""
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run the coroutine on the loop and return its result. Raises TimeoutError after STARTS_WITHIN_S."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(STARTS_WITHIN_S)

    def post(self, act: Callable[[], object]) -> None:
        """Run the function on the loop soon; do nothing if the loop is closed."""
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
        """Cancel the remaining tasks, and let their connections close."""
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await self._loop.shutdown_asyncgens()
        await abort_connections()
