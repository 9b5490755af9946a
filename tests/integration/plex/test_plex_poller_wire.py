"""The poller's HTTP session against malicious servers: every answer is bounded in time, size and place."""

import gzip
import socket
import time
from xml.etree.ElementTree import ParseError

import pytest
import requests

from actors.media.plex.client import HISTORY_ROWS, PlexClient
from actors.media.plex.errors import POSSIBLE, classify_failure
from actors.media.plex.http import BoundedSession, RedirectedAway
from actors.media.plex.on_demand.library import LibrarySearch
from actors.media.plex.xml_guard import AnswerTooLarge, NotPlexXml, clean_xml
from messages import FilmsFound, FindFilms, FindHistory
from simulator.plex import SimulatedPlex
from tests.deadlines import WITHIN_S
from tests.integration.plex.raw_server import Script, encode_answer, request_of, serving

ROOT = b'<MediaContainer machineIdentifier="m" friendlyName="Box"/>'
TOKEN = "tok3n"


def dripping(first: bytes) -> Script:
    """Send this, then a byte every 50 ms for as long as anybody listens."""

    def script(connection: socket.socket, _: int) -> None:
        request_of(connection)
        connection.sendall(first)
        for _tick in range(400):
            connection.sendall(b" ")
            time.sleep(0.05)  # the server's own slowness, not a wait for something

    return script


@pytest.mark.parametrize(
    "first",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 ",
    ],
    ids=["body", "chunk", "header", "status"],
)
def test_a_dripping_answer_is_cut_off(first: bytes) -> None:
    """Each pause is short, but the whole answer may not take longer than the limit."""
    with serving(dripping(first)) as url, BoundedSession(url, total_s=0.5, read_s=0.3) as http:
        began_s = time.monotonic()
        with pytest.raises(POSSIBLE) as caught:
            http.get(url)
        assert time.monotonic() - began_s < 10
        assert classify_failure(caught.value, url).kind == "timeout"


def test_the_same_session_works_after_a_cut() -> None:
    """What was cut leaves nothing behind that spoils the next poll."""

    def script(connection: socket.socket, number: int) -> None:
        if number == 1:
            dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")(connection, number)
        request_of(connection)
        connection.sendall(encode_answer(ROOT))

    with serving(script) as url, BoundedSession(url, total_s=0.4, read_s=0.3) as http:
        with pytest.raises(requests.Timeout):
            http.get(url)
        assert http.get(url).content == ROOT


def test_a_small_answer_that_unpacks_to_much_is_refused() -> None:
    """The limit applies to the unpacked size."""
    bomb = encode_answer(gzip.compress(b" " * (64 * 2**20)), "Content-Encoding: gzip")

    def script(connection: socket.socket, _: int) -> None:
        request_of(connection)
        connection.sendall(bomb)

    with serving(script) as url, BoundedSession(url) as http, pytest.raises(AnswerTooLarge):
        http.get(url)


def test_a_kept_connection_that_the_server_closed_is_no_failure() -> None:
    """It may be closed just as it is used again."""

    def script(connection: socket.socket, _: int) -> None:
        request_of(connection)
        connection.sendall(encode_answer(ROOT))
        request_of(connection)
        connection.shutdown(socket.SHUT_RDWR)  # without an answer, as a server does that was about to close

    with serving(script) as url, BoundedSession(url) as http:
        assert [http.get(url).content for _ in range(4)] == [ROOT] * 4


def test_a_new_connection_that_is_closed_is_not_tried_again() -> None:
    """No retries: a server in trouble is asked once a poll."""
    asked: list[bytes] = []

    def script(connection: socket.socket, _: int) -> None:
        asked.append(request_of(connection))
        connection.shutdown(socket.SHUT_RDWR)

    with serving(script) as url, BoundedSession(url) as http:
        with pytest.raises(requests.ConnectionError):
            http.get(url)
        assert len(asked) == 1


def test_a_redirect_within_the_server_is_followed() -> None:
    """A proxy may add a slash."""

    def script(connection: socket.socket, _: int) -> None:
        if request_of(connection).startswith(b"GET / "):
            connection.sendall(encode_answer(b"", "Location: /web/", status="301 Moved Permanently"))
            request_of(connection)
        connection.sendall(encode_answer(ROOT))

    with serving(script) as url, BoundedSession(url) as http:
        assert http.get(url + "/").content == ROOT


@pytest.mark.parametrize("where", ["http://127.0.0.2:{port}/", "https://127.0.0.1:{port}/", "//user:pw@127.0.0.1:1/"])
def test_a_redirect_elsewhere_is_not_followed(where: str) -> None:
    """Neither another host, nor another port, nor another scheme gets the token, and no password is quoted."""
    with SimulatedPlex() as other:
        location = where.format(port=other.port)

        def script(connection: socket.socket, _: int) -> None:
            request_of(connection)
            connection.sendall(encode_answer(b"", f"Location: {location}", status="302 Found"))

        with serving(script) as url, BoundedSession(url) as http:
            with pytest.raises(RedirectedAway) as caught:
                PlexClient(url, TOKEN, http).connect()
            assert classify_failure(caught.value, url).kind == "redirected"
            assert "pw" not in classify_failure(caught.value, url).detail
        assert not other.requests


def test_a_long_redirect_is_not_read_whole() -> None:
    """requests itself would read it, however long it is."""

    sent: list[int] = []

    def script(connection: socket.socket, _: int) -> None:
        request_of(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        connection.sendall(encode_answer(b"x" * 2**24, "Location: /again", status="302 Found"))
        sent.append(2**24)

    with serving(script) as url, BoundedSession(url) as http, pytest.raises(RedirectedAway):
        http.get(url)
    assert not sent


def with_charset(body: bytes, charset: str) -> bytes:
    """An answer whose header names a charset."""
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", f"Content-Type: text/xml;charset={charset}", "", ""]
    return "\r\n".join(lines).encode() + body


BOMB = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "%s">]><MediaContainer friendlyName="&x;"/>' % ("y" * 99)


@pytest.mark.parametrize("charset", ["utf-16", "utf-16le", "utf-32", "utf-7", "punycode", "idna", "cp037", "rot13"])
def test_only_plexs_charsets_are_read(charset: str) -> None:
    """A DTD in another charset would pass by unseen, and there are charsets that take hours to read."""
    body = BOMB.encode(charset) if charset not in ("idna", "rot13") else BOMB.encode()

    def script(connection: socket.socket, _: int) -> None:
        request_of(connection)
        connection.sendall(with_charset(body, charset))

    with serving(script) as url, BoundedSession(url) as http, pytest.raises(NotPlexXml, match="charset"):
        PlexClient(url, TOKEN, http).connect()


@pytest.mark.parametrize(
    ("charset", "encoded", "declared"),
    [("utf-8", "utf-8", ""), ("ISO-8859-1", "latin-1", ""), ("", "latin-1", "iso-8859-1"), ("", "utf-8-sig", "UTF-8")],
)
def test_plexs_charsets_are_read(charset: str, encoded: str, declared: str) -> None:
    """What the header says counts, then what the document says of itself, then UTF-8."""
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    body = f'{declaration}<MediaContainer machineIdentifier="m" friendlyName="Kästchen\x01"/>'.encode(encoded)

    def script(connection: socket.socket, _: int) -> None:
        request_of(connection)
        connection.sendall(with_charset(body, charset) if charset else encode_answer(body))

    with serving(script) as url, BoundedSession(url) as http:
        assert PlexClient(url, TOKEN, http).connect().name == "Kästchen"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"<a>" * 33 + b"</a>" * 33, NotPlexXml),
        (b"<MediaContainer>" + b"<a/>" * 150_000 + b"</MediaContainer>", AnswerTooLarge),
        (b"<MediaContainer " + b" ".join(b'a%d=""' % n for n in range(750_001)) + b"/>", AnswerTooLarge),
        (b'<MediaContainer a="' + b"x" * 65_537 + b'"/>', AnswerTooLarge),
        (BOMB.encode(), NotPlexXml),
        (b"<a>" * 5, ParseError),
    ],
)
def test_a_document_beyond_all_that_plex_sends_is_refused(body: bytes, error: type[Exception]) -> None:
    """Before anything is built of it."""
    with pytest.raises(error):
        clean_xml(body)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<html><body>Login</body></html>", "garbage"),
        (b'{"MediaContainer": {}}', "garbage"),
        (b"<Other/>", "garbage"),
        (b"<MediaContainer/>", "garbage"),
        (b"\x00\x01\x02\x03", "garbage"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><MediaContainer machineIdentifier="&x;"/>', "garbage"),
        (ROOT[:-2], "garbage"),
    ],
)
def test_other_servers_are_not_taken_for_plex(body: bytes, kind: str) -> None:
    """Whatever answers there is named, and its identity is not used."""

    def script(connection: socket.socket, _: int) -> None:
        request_of(connection)
        connection.sendall(encode_answer(body))

    with serving(script) as url, BoundedSession(url) as http:
        source = PlexClient(url, TOKEN, http)
        with pytest.raises(POSSIBLE) as caught:
            source.connect()
        assert classify_failure(caught.value, url).kind == kind
        assert source.identity.server_id == ""


def test_references_to_forbidden_characters_are_left_out() -> None:
    """`&#4;` is not XML, nor is half a surrogate; `&#39;` and `&#x1F600;` are, and stay."""
    odd = b'<MediaContainer machineIdentifier="m" friendlyName="a&#4;b&#x1f;c&#xD800;d&#39;e&#x1F600;&#9999999;"/>'

    def script(connection: socket.socket, _: int) -> None:
        request_of(connection)
        connection.sendall(encode_answer(odd))

    with serving(script) as url, BoundedSession(url) as http:
        assert PlexClient(url, TOKEN, http).connect().name == "abcd'e\U0001f600"


@pytest.mark.parametrize("total", ["0", "3000", "-1", "9" * 30])
def test_history_is_one_page_whatever_the_server_says(total: str) -> None:
    """A server that sends more than was asked for, or always claims more pages, is asked once."""
    asked: list[bytes] = []
    entry = b'<Video type="movie" ratingKey="1" accountID="1" viewedAt="%d"/>'
    entries = b"".join(entry % (1_700_000_000 + 100 * number) for number in range(HISTORY_ROWS + 20))

    def script(connection: socket.socket, _: int) -> None:
        while request := request_of(connection):
            asked.append(request)
            is_history = b"/history/" in request
            content = b'<MediaContainer totalSize="%b">%b</MediaContainer>' % (total.encode(), entries)
            connection.sendall(encode_answer(content if is_history else ROOT))

    with serving(script) as url, BoundedSession(url) as http:
        client = PlexClient(url, TOKEN, http)
        client.connect()
        rows = client.read_history(FindHistory("w1", "m", "1", "1", 0.0))
        assert len(asked) == 2
        assert len(rows) == HISTORY_ROWS


def test_a_search_that_finds_ever_more_is_one_request() -> None:
    """Each further page would be a request, and stay in memory."""
    asked: list[bytes] = []

    def script(connection: socket.socket, _: int) -> None:
        while request := request_of(connection):
            asked.append(request)
            hubs = b'<MediaContainer totalSize="3000"><Hub type="artist" size="0"/></MediaContainer>'
            connection.sendall(encode_answer(hubs if b"/hubs/" in request else ROOT))

    with serving(script) as url:
        found = LibrarySearch(url, TOKEN, BoundedSession).search(FindFilms("M")).result(WITHIN_S)
        assert found == FilmsFound(())
        assert len(asked) == 2


@pytest.mark.parametrize("before", range(50))
def test_a_reference_at_the_end_of_a_piece_is_seen(before: int) -> None:
    """Long documents are read in pieces: a forbidden reference may lie across two of them."""
    lead = b"<a b='" + b"x" * (65_536 - 60 + before)
    odd = "&#x00000004;é\x01&#0000000004;&#3\x019;\uffff&amp;".encode()
    for tail in (b"'/>", b"'/><!--&#4;", b"&"):
        body = lead + odd + tail
        if tail == b"'/>":
            assert clean_xml(body) == lead + "é&#39;&amp;".encode() + tail
        else:
            with pytest.raises(ParseError):
                clean_xml(body)


def test_a_repr_shows_no_token() -> None:
    """It may appear in a traceback."""
    with BoundedSession("http://127.0.0.1:1") as http:
        assert TOKEN not in repr(PlexClient("http://127.0.0.1:1", TOKEN, http))
