"""Many light Plex servers in one small process, each at its own path, for measuring the clients that poll them.

`python -m bench.light_plex SERVERS SESSIONS` listens on loopback, prints its port, and ends when its stdin is closed.
Every session plays one film of an hour after the other; the simulator's own code builds the answers, once for each
film. There are no websockets: clients only poll every ten seconds.
"""

from __future__ import annotations

import asyncio
import dataclasses
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import PIPE, Popen

from simulator.plex.documents.library_xml import container, encode, server_root
from simulator.plex.documents.sessions_xml import session
from simulator.plex.server import ADMIN_TOKEN
from simulator.plex.world.library import LibraryItem
from simulator.plex.world.sessions import TELEVISION, PlayingSession, SimulatedAccount

TOKEN = ADMIN_TOKEN
FILM_S = 3600.0
"""Length of each film; after it the session ends and another begins."""
_PATH = re.compile(rb"GET /s(\d{1,5})(/[^ ?]*)?")
_OFFSET = re.compile(rb'viewOffset="\d+"')
_CUT = re.compile(rb"(<MediaContainer[^>]*>)(.*)(</MediaContainer>)", re.DOTALL)


def name_server(number: int) -> str:
    """Return the machineIdentifier of a server."""
    return f"{number:040x}"


class LightServer:
    """One server and its sessions."""

    def __init__(self, number: int, sessions: int) -> None:
        self._number = number
        self._sessions = sessions
        self._elements: dict[int, tuple[int, bytes, bytes]] = {}
        """By index of a session: its film, and its XML element before and after the position."""
        self._root = encode(server_root(name_server(number), f"Cinema {number}", time.time(), 0))

    def answer(self, path: bytes, now_s: float) -> bytes:
        """Return the body for a path; empty if there is none."""
        if path == b"/status/sessions":
            return self._list_sessions(now_s)
        if path == b"/":
            return self._root
        return encode(container()) if path == b"/status/sessions/history/all" else b""

    def _list_sessions(self, now_s: float) -> bytes:
        parts = [b'<MediaContainer size="%d">' % self._sessions]
        for place in range(self._sessions):
            # The films begin at different times, evenly over the hour.
            run_s = now_s + FILM_S * ((self._number * 7919 + place * 104_729) % 1000) / 1000
            film, offset_s = divmod(run_s, FILM_S)
            known = self._elements.get(place)
            if known is None or known[0] != film:
                known = self._elements[place] = (int(film), *self._build(place, int(film), now_s))
            parts += [known[1], b'viewOffset="%d"' % int(offset_s * 1000), known[2]]
        parts.append(b"</MediaContainer>")
        return b"".join(parts)

    def _build(self, place: int, film: int, now_s: float) -> tuple[bytes, bytes]:
        which = (self._number * 31 + place * 7 + film) % 3000
        item = LibraryItem(
            str(100 + which), "movie", f"Film {which:04}", 1, 1950 + which % 75, int(FILM_S * 1000),
            ("Drama", "Crime"), (f"Director {which % 400}",), f"plex://movie/{which:024x}",
        )  # fmt: skip
        account = SimulatedAccount(10 + place, f"Viewer {self._number}-{place}")
        player = dataclasses.replace(TELEVISION, machine_id=f"tv-{self._number}-{place}", report_every_s=0.0)
        shown = PlayingSession(
            f"{place}-{film}", str(place + 1 + self._sessions * (film % 1000)), account, item, player, "playing",
            now_s, now_s, 0,
        )  # fmt: skip
        whole = _CUT.search(encode(container([session(shown, now_s)])))
        assert whole is not None
        before, after = _OFFSET.split(whole[2])
        return before, after


class _Connection(asyncio.Protocol):
    """One connection of a poller, kept open."""

    def __init__(self, servers: list[LightServer], began_s: float) -> None:
        self._servers, self._began_s = servers, began_s
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            self._transport.write(self._answer(head))

    def _answer(self, head: bytes) -> bytes:
        asked = _PATH.match(head)
        number = int(asked[1]) if asked else len(self._servers)
        body = b""
        if asked and number < len(self._servers):
            body = self._servers[number].answer(asked[2] or b"/", time.monotonic() - self._began_s)
        status = b"200 OK" if body else b"404 Not Found"
        return b"HTTP/1.1 %s\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


async def serve(servers: int, sessions: int) -> None:
    """Listen until stdin ends."""
    loop, began_s = asyncio.get_running_loop(), time.monotonic()
    every = [LightServer(number, sessions) for number in range(servers)]
    listening = await loop.create_server(lambda: _Connection(every, began_s), "127.0.0.1", 0, backlog=4096)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    listening.close()


@contextmanager
def run_server(servers: int, sessions: int) -> Iterator[str]:
    """Run the servers in a process; yield the base address of their paths."""
    command = [sys.executable, "-m", "bench.light_plex", str(servers), str(sessions)]
    with Popen(command, stdin=PIPE, stdout=PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()


def main(arguments: list[str]) -> None:
    """Run the servers."""
    asyncio.run(serve(int(arguments[0]), int(arguments[1])))


if __name__ == "__main__":
    main(sys.argv[1:])
