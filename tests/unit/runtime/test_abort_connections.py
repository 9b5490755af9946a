"""A server that stops leaves no connection open."""

import asyncio
import socket

from actors.asyncio_tasks import abort_connections


def test_a_connection_whose_peer_does_not_read_is_closed() -> None:
    """What is still to be sent is dropped."""
    opened: list[asyncio.StreamWriter] = []

    async def play() -> None:
        sending = asyncio.Event()

        async def send(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            opened.append(writer)
            writer.write(bytes(32 << 20))
            sending.set()

        server = await asyncio.start_server(send, "127.0.0.1", 0)
        with socket.create_connection(server.sockets[0].getsockname()):
            await sending.wait()
            server.close()
            opened[0].close()
            await asyncio.sleep(0)
            assert opened[0].get_extra_info("socket").fileno() != -1, "it waits until everything is sent"
            await abort_connections()

    asyncio.run(play())
    assert opened[0].get_extra_info("socket").fileno() == -1
