"""A PostgreSQL server behind something that accepts everything and never answers: a save fails in time."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from persistence.database.errors import SaveFailed
from persistence.operations.save import save
from persistence.store import Store
from tests.unit.persistence.record_builders import EVENING, RULES, finish, record, running

WITHIN_S = 20.0


class Relay:
    """Passes bytes on between TCP and the server's Unix socket, until it swallows them."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._swallows = threading.Event()
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def swallow(self) -> None:
        """Accept everything from now on, new connections too, and pass on nothing."""
        self._swallows.set()

    def pass_on(self) -> None:
        """Pass new connections on again."""
        self._swallows.clear()

    def close(self) -> None:
        """Close every connection."""
        self._listener.close()
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._target)
                self._sockets += [client, server]
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while content := source.recv(65536):
                if not self._swallows.is_set():
                    sink.sendall(content)


@pytest.fixture
def relay(url: str) -> Iterator[tuple[Relay, str]]:
    """A relay to the server, and the address of the database behind it."""
    parsed = make_url(url)
    folder = str(parsed.query["host"])
    made = Relay(next(str(file) for file in Path(folder).glob(".s.PGSQL.*") if not file.name.endswith(".lock")))
    address = parsed.set(host="127.0.0.1", port=made.port, query={}).render_as_string(hide_password=False)
    yield made, address
    made.close()


@pytest.mark.slow
def test_a_save_fails_in_time_if_the_database_does_not_answer(relay: tuple[Relay, str], tmp_path: Path) -> None:
    """At the first statement and at the next attempt, each within 20 s; afterwards it is stored once."""
    hole, url = relay
    store = Store(url, tmp_path, RULES, is_owner=True)
    try:
        finish(store, record("w1"))
        hole.swallow()
        for _ in range(2):
            began_s = time.monotonic()
            with pytest.raises(SaveFailed, match=r"timed out|timeout"):
                save(store, running(record("w2", "502")), EVENING + 9000, "auto")
            assert time.monotonic() - began_s < WITHIN_S
        hole.pass_on()
        save(store, running(record("w2", "502")), EVENING + 9100, "auto")
        assert [state.watch_id for state in store.read_checkpoint()] == ["w2"]
    finally:
        store.close()


@pytest.mark.slow
def test_a_database_that_stops_answering_during_a_save_is_noticed(relay: tuple[Relay, str], tmp_path: Path) -> None:
    """The transaction is rolled back; the same save works later."""
    hole, url = relay
    store = Store(url, tmp_path, RULES, is_owner=True)
    try:
        began_s = time.monotonic()
        with pytest.raises(SaveFailed), store.transaction() as connection:
            connection.exec_driver_sql("SELECT 1")
            hole.swallow()
            connection.exec_driver_sql("SELECT 2")
        assert time.monotonic() - began_s < WITHIN_S
        hole.pass_on()
        finish(store, record("w1"))
    finally:
        store.close()
