"""A TLS end in front of a plain server, with a certificate of a private authority (`tls/ca.pem`)."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

CERTIFICATES = Path(__file__).with_name("tls")
CA = CERTIFICATES / "ca.pem"
"""The authority that signed the certificate; valid for localhost and 127.0.0.1, until 2126."""


class TlsRelay:
    """Listens on `url` and passes everything on to a port of this machine."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(CERTIFICATES / "server.pem")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"https://localhost:{self.port}"
        self._open: list[socket.socket] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        for end in self._open:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(end, socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # closed
            self._open.append(client)
            try:
                secure = self._context.wrap_socket(client, server_side=True)
            except OSError:  # it spoke no TLS, or does not trust us
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self._target))
            self._open += [secure, server]
            for source, sink in ((secure, server), (server, secure)):
                threading.Thread(target=_copy, args=(source, sink), daemon=True).start()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError, ValueError):
        while data := source.recv(65_536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sink, socket.SHUT_RDWR)
