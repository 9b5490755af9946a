"""Posters from a Plex server: pictures only, within a size, the token in a header, and never in the way of a poll."""

import concurrent.futures
import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from actors.media.plex.on_demand import posters
from actors.media.plex.on_demand.posters import PosterFetcher, detect_image_type
from messages import Poster
from simulator.plex import SimulatedPlex
from tests.deadlines import WITHIN_S

PICTURE = b"\x89PNG\r\n\x1a\n" + b"&#1;" * 100


def wait_poster(future: "concurrent.futures.Future[Any]") -> Poster:
    """The answer, in time."""
    answer = future.result(WITHIN_S)
    assert isinstance(answer, Poster)
    return answer


class Server(ThreadingHTTPServer):
    """A server that answers with what a test puts here."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.body: bytes = PICTURE
        self.status = 200
        self.scales = True
        self.location = ""
        self.seen: list[tuple[str, str]] = []
        """Address and token header of each request."""

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}"


class Answers(BaseHTTPRequestHandler):
    """Answers one connection."""

    server: Server

    def do_GET(self) -> None:  # the library's name
        """Any address."""
        server = self.server
        server.seen.append((self.path, self.headers["X-Plex-Token"]))
        status = 404 if not server.scales and self.path.startswith("/photo") else server.status
        self.send_response(302 if server.location else status)
        if server.location:
            self.send_header("Location", server.location)
        self.send_header("Content-Length", str(len(server.body)))
        self.end_headers()
        with contextlib.suppress(OSError):  # what is too large is not read whole
            self.wfile.write(server.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    """One that runs."""
    made = Server()
    thread = threading.Thread(target=made.serve_forever, args=(0.02,))
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def ask_poster(server: Server) -> Poster:
    """What comes of asking it."""
    return wait_poster(PosterFetcher(server.url, "secret-token").fetch("/library/metadata/1/thumb/2"))


def test_a_picture_comes_unchanged_with_the_token_in_a_header(server: Server) -> None:
    """Byte for byte, though it holds what looks like XML; no address carries the token."""
    assert ask_poster(server) == Poster(PICTURE, "png")
    ((path, token),) = server.seen
    assert token == "secret-token"
    assert "secret" not in path
    assert path.endswith("&url=%2Flibrary%2Fmetadata%2F1%2Fthumb%2F2")


def test_without_a_transcoder_the_picture_itself_is_taken(server: Server) -> None:
    """A server may have it off."""
    server.scales = False
    assert ask_poster(server).kind == "png"
    assert [path.partition("?")[0] for path, _ in server.seen] == ["/photo/:/transcode", "/library/metadata/1/thumb/2"]


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        (b"<html>sign in</html>", 200, "no picture"),
        (b"<svg onload='x'/>", 200, "no picture"),
        (b"", 200, "no picture"),
        (PICTURE, 404, "HTTP 404"),
        (PICTURE, 401, "refuses the token"),
        (b"\xff\xd8\xff" + bytes(posters.SIZE_LIMIT), 200, "more than"),
    ],
)
def test_answers_that_are_no_small_picture_are_refused(server: Server, body: bytes, status: int, named: str) -> None:
    """The reason is named, and nothing is passed on."""
    server.body, server.status = body, status
    answer = ask_poster(server)
    assert not answer.content
    assert named in answer.problem
    assert "secret" not in answer.problem


def test_the_token_is_not_sent_to_another_host(server: Server) -> None:
    """A redirect there is not followed."""
    server.location = "http://127.0.0.1:9/elsewhere"
    assert "not sent" in ask_poster(server).problem


def test_a_picture_is_fetched_once(server: Server) -> None:
    """The second who asks has it at once."""
    desk = PosterFetcher(server.url, "t")
    first = wait_poster(desk.fetch("/a"))
    again = desk.fetch("/a")
    assert again.done()
    assert wait_poster(again) == first
    assert len(server.seen) == 1


def test_a_path_of_another_host_stays_on_this_server(server: Server) -> None:
    """`//host/path` and a full address lead to no other host."""
    wait_poster(PosterFetcher(server.url, "t").fetch("//127.0.0.1:9/x"))
    assert server.seen
    assert wait_poster(PosterFetcher(server.url, "t").fetch("http://127.0.0.1:9/x")).problem


def test_the_simulated_plex_has_posters() -> None:
    """As a real one: scaled by its transcoder."""
    with SimulatedPlex() as plex:
        item = plex.add_movie("Metropolis", minutes=120)
        answer = wait_poster(PosterFetcher(plex.url, plex.token).fetch(item.thumb))
        assert answer.kind == "png"


def test_picture_formats_are_recognised_by_their_first_bytes() -> None:
    """Whatever the server says they are."""
    assert [detect_image_type(each) for each in (b"\xff\xd8\xff", b"RIFF1234WEBP", b"GIF89a", b"")] == [
        "jpeg",
        "webp",
        "",
        "",
    ]
