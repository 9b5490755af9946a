"""A server of which a test writes every byte."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Script = Callable[[socket.socket, int], None]


def encode_answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """An answer as it goes over the wire."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Content-Type: text/xml", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@contextmanager
def serving(script: Script) -> Iterator[str]:
    """Run `script(connection, number)` for each connection that comes; yields the address."""
    connections: list[socket.socket] = []

    def run(connection: socket.socket, number: int) -> None:
        with suppress(OSError):
            script(connection, number)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connections.append(connection)
                threads.append(threading.Thread(target=run, args=(connection, len(connections)), daemon=True))
                threads[-1].start()

    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        acceptor = threading.Thread(target=accept, daemon=True)
        acceptor.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            for connection in connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            acceptor.join(2)
            for thread in threads:
                thread.join(2)
            for connection in connections:
                connection.close()


def request_of(connection: socket.socket) -> bytes:
    """Read one request, up to its empty line."""
    got = b""
    while b"\r\n\r\n" not in got:
        more = connection.recv(65536)
        if not more:
            break
        got += more
    return got
