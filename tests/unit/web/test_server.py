"""The web server on a real socket: what it answers, refuses, and sends to pages that are open."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from actors.web.http.guards import BURST, AddressLimiter, HostGuard
from actors.web.http.posters import detect_picture
from messages import ActorHealth, GetHealth, GetPoster, HealthReport, Poster
from tests.deadlines import WITHIN_S
from tests.unit.web.page_stage import (
    RASHOMON,
    PageStage,
    make_evening,
    make_screening,
    make_seat,
    open_stage,
)

HOSTILE = "<script>alert(1)</script>\"'{{7*7}}\u202e" + "x" * 10_000


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[PageStage]:
    """The web actor, which knows that nothing plays."""
    with open_stage(tmp_path) as opened:
        opened.answer_load()
        yield opened


def wait_for_page(stage: PageStage, text: str) -> str:
    """Return the page as soon as it says this."""
    end = time.monotonic() + WITHIN_S
    while text not in (page := stage.get()[2]):
        assert time.monotonic() < end, f"{text!r} never came: {page[:2000]}"
        time.sleep(0.15)
    return page


class Stream:
    """An open page's stream of updates."""

    def __init__(self, stage: PageStage, have: str = "", language: str = "en") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", stage.port, timeout=WITHIN_S)
        self._connection.request("GET", f"/events?have={have}", headers={"Accept-Language": language})
        self.answer = self._connection.getresponse()

    def next_part(self, name: str) -> dict[str, str]:
        """Return the next update of this part."""
        while True:
            kind, data = self._next_event()
            if kind == "part" and json.loads(data)["part"] == name:
                return dict(json.loads(data))

    def next_beat(self) -> int:
        """Return the service's time, as the next beat says it."""
        while True:
            kind, data = self._next_event()
            if kind == "beat":
                return int(data)

    def _next_event(self) -> tuple[str, str]:
        kind = data = ""
        while line := self.answer.readline().decode().rstrip("\n"):
            if line.startswith("event: "):
                kind = line[7:]
            elif line.startswith("data: "):
                data = line[6:]
        return kind, data

    def close(self) -> None:
        """Leave the page."""
        self.answer.close()
        self._connection.close()


def test_the_page_is_complete_without_a_script(stage: PageStage) -> None:
    """Film, viewers, lanes and what happened are in the HTML."""
    stage.show(make_evening(stage.clock.now()))
    page = wait_for_page(stage, "Rashomon")
    for text in ("1:02:0", "Dr. *Noodle*", "came in at 0:30", "Who sat where", "5 watching", "Times in Europe/Berlin"):
        assert text in page
    assert page.count('class="lane"') == 6


def test_the_page_speaks_the_readers_language(stage: PageStage) -> None:
    """As their browser says; the bot's where that is none of Usher's."""
    assert 'lang="de"' in stage.get("/", Accept_Language="fr;q=0.9, de-AT;q=0.8, en;q=0.1")[2]
    assert 'lang="en"' in stage.get("/", Accept_Language="fr")[2]
    assert 'lang="en"' in stage.get("/", Accept_Language="de;q=nonsense, ,;q=")[2]


def test_names_of_others_are_text_and_nothing_else(stage: PageStage) -> None:
    """No markup, no template, no direction character of theirs has any effect, and the page stays small."""
    item = replace(RASHOMON, title=HOSTILE, genres=(HOSTILE,))
    seat = replace(make_seat("a", (0, 62)), username=HOSTILE)
    stage.show(make_screening(stage.clock.now(), 62, (seat,), item=item, host=HOSTILE))
    page = wait_for_page(stage, "alert(1)")
    assert "<script>alert" not in page
    assert "{{7*7}}" in page
    assert "\u202e" not in page
    assert len(page) < 30_000


def test_every_answer_has_the_headers_of_security(stage: PageStage) -> None:
    """Errors, files and streams too."""
    style = re.search(r'href="(/static/usher\.[0-9a-f]{12}\.css)"', stage.get()[2])
    assert style is not None
    for path in ("/", "/nowhere", "/health", "/robots.txt", style[1], "/static/../actor.py", "/posters/none"):
        _status, headers, _text = stage.get(path)
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'"), path
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Server" not in headers
    stream = Stream(stage)
    assert stream.answer.getheader("X-Accel-Buffering") == "no"
    assert stream.answer.getheader("Cache-Control") == "no-store"
    assert stream.answer.getheader("X-Frame-Options") == "DENY"
    stream.close()


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[::", "user@evil"])
def test_a_name_that_points_here_is_refused(stage: PageStage, host: str) -> None:
    """Somebody else's page cannot read this one through the reader's browser (DNS rebinding)."""
    status, _headers, text = stage.get("/", Host=host)
    assert status == 421
    assert "Usher</title>" not in text


def test_own_names_are_allowed() -> None:
    """This machine's, and the one that WEB_URL says."""
    guard = HostGuard("https://films.example/usher")
    for host in ("127.0.0.1:8080", "localhost", "LOCALHOST:1", "[::1]:8080", "films.example", "FILMS.example:443"):
        assert guard.allows(host), host
    assert not guard.allows("other.example")


def test_a_flood_from_one_address_is_slowed_down() -> None:
    """And nobody else is; a bucket fills again."""
    now = [0.0]
    limiter = AddressLimiter(now_s=lambda: now[0])
    assert sum(limiter.take("a") for _ in range(1000)) == BURST
    assert limiter.take("b")
    now[0] += 1.0
    assert sum(limiter.take("a") for _ in range(1000)) == 10


def test_a_page_that_did_not_change_is_not_sent_again(stage: PageStage) -> None:
    """304 for the reader's own copy."""
    _status, headers, _text = stage.get()
    status, _headers, text = stage.get("/", If_None_Match=headers["ETag"])
    assert (status, text) == (304, "")


def test_files_are_kept_for_a_year_and_sent_compressed(stage: PageStage) -> None:
    """Their names change with their content."""
    script = re.search(r'src="(/static/usher\.[0-9a-f]{12}\.js)"', stage.get()[2])
    assert script is not None
    connection = http.client.HTTPConnection("127.0.0.1", stage.port, timeout=WITHIN_S)
    with contextlib.closing(connection):
        connection.request("GET", script[1], headers={"Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        assert "immutable" in (answer.getheader("Cache-Control") or "")
        content = gzip.decompress(answer.read())
    assert content == (Path(__file__).parents[3] / "actors" / "web" / "static" / "usher.js").read_bytes()
    assert len(content) < 4096


def test_an_unknown_address_is_a_page(stage: PageStage) -> None:
    """In the reader's language, with a way back."""
    status, _headers, text = stage.get("/etc/passwd")
    assert status == 404
    assert 'href="/"' in text


def test_only_get_is_answered(stage: PageStage) -> None:
    """Nothing is changed by this page."""
    connection = http.client.HTTPConnection("127.0.0.1", stage.port, timeout=WITHIN_S)
    with contextlib.closing(connection):
        connection.request("POST", "/", body=b"x" * 10)
        assert connection.getresponse().status == 405


def test_an_open_page_gets_what_changed(stage: PageStage) -> None:
    """First what it does not have, then each part whose content changes, and nothing else."""
    stream = Stream(stage)
    assert "Nothing is playing" in stream.next_part("hero")["html"]
    stage.show(make_evening(stage.clock.now()))
    hero = stream.next_part("hero")
    assert 'data-title="Rashomon (1950) is playing"' in hero["html"]
    assert "came in at 0:30" in stream.next_part("lanes")["html"]
    stream.close()


def test_a_page_that_has_it_all_is_sent_nothing(stage: PageStage) -> None:
    """It says which versions it has; a beat tells it the service's time."""
    have = re.search(r'data-have="([^"]+)"', stage.get()[2])
    assert have is not None
    stream = Stream(stage, have[1])
    kind, data = stream._next_event()
    while not kind:  # the time after which a browser tries again is no event
        kind, data = stream._next_event()
    assert kind == "beat"
    assert abs(int(data) / 1000 - stage.clock.now().wall_s) < 10
    stage.show(make_evening(stage.clock.now()))
    assert "Rashomon" in stream.next_part("hero")["html"]
    stream.close()


def test_each_language_gets_its_own_updates(stage: PageStage) -> None:
    """Rendered once for each."""
    english, german = Stream(stage), Stream(stage, language="de")
    stage.show(make_evening(stage.clock.now()))
    while "Rashomon" not in (html := english.next_part("hero")["html"]):
        pass
    assert "Playing now" in html
    while "Rashomon" not in (html := german.next_part("hero")["html"]):
        pass
    assert "Läuft gerade" in html
    english.close()
    german.close()


def test_a_closed_page_is_let_go(stage: PageStage) -> None:
    """And an address has twenty of them at most."""
    streams = [Stream(stage) for _ in range(20)]
    assert {stream.answer.status for stream in streams} == {200}
    refused = Stream(stage)
    assert refused.answer.status == 503
    for stream in (*streams, refused):
        stream.close()
    end = time.monotonic() + WITHIN_S
    while len(stage.actor._streams):
        stage.show(make_evening(stage.clock.now()))
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_poster_is_asked_for_once(stage: PageStage) -> None:
    """By a key that says nothing; another key is no poster."""
    plex = stage.add_neighbour("plex")
    stage.show(make_evening(stage.clock.now()))
    page = wait_for_page(stage, "/posters/")
    path = re.search(r'src="(/posters/[0-9a-f]{24})"', page)
    assert path is not None
    assert RASHOMON.thumb not in page
    picture = b"\x89PNG\r\n\x1a\n" + b"0" * 100
    with socket.create_connection(("127.0.0.1", stage.port), WITHIN_S) as first:
        first.sendall(f"GET {path[1]} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        question = stage.answer(plex, GetPoster, Poster(picture, "png"))
        assert question.thumb == RASHOMON.thumb
        assert b"image/png" in first.makefile("rb").read()
    status, headers, _text = stage.get_bytes(path[1])
    assert (status, headers["Content-Type"]) == (200, "image/png")
    assert stage.get("/posters/" + "0" * 24)[0] == 404


def test_an_invalid_poster_is_replaced_by_a_drawing(stage: PageStage) -> None:
    """Whatever Plex sends: a page of HTML, a script, too much."""
    plex = stage.add_neighbour("plex")
    stage.show(make_evening(stage.clock.now()))
    path = re.search(r'src="(/posters/[0-9a-f]{24})"', wait_for_page(stage, "/posters/"))
    assert path is not None
    with socket.create_connection(("127.0.0.1", stage.port), WITHIN_S) as first:
        first.sendall(f"GET {path[1]} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        stage.answer(plex, GetPoster, Poster(b"<html>", "png"))
        answer = first.makefile("rb").read()
    assert b"image/svg+xml" in answer
    assert b"max-age=60" in answer
    assert detect_picture(b"GIF89a") == ""
    assert detect_picture(b"RIFF1234WEBPVP8 ") == "image/webp"


def test_too_much_is_refused(stage: PageStage) -> None:
    """A header of more than 8 KB, a line without an end."""
    assert stage.get("/", X_Much="x" * 9000)[0] == 400
    assert stage.get("/" + "x" * 9000)[0] in (400, 414)


def test_health_is_503_until_the_tracker_has_reported(tmp_path: Path) -> None:
    """And 200 afterwards."""
    with open_stage(tmp_path) as opened:
        assert opened.get("/health")[0] == 503
        opened.answer_load()
        end = time.monotonic() + WITHIN_S
        while opened.get("/health")[0] != 200:
            assert time.monotonic() < end
            time.sleep(0.05)


def test_metrics_are_figures_without_a_name(stage: PageStage) -> None:
    """In the format that Prometheus reads: each figure with its help and type, once."""
    launcher = stage.add_neighbour("launcher")
    stage.show(make_evening(stage.clock.now()))
    wait_for_page(stage, "Rashomon")
    health = ActorHealth("tracker", 7, "degraded", 60.0, 2, 3, 400, 0.1, 0.9, 28.5, "Plex is away")
    with socket.create_connection(("127.0.0.1", stage.port), WITHIN_S) as asked:
        asked.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        stage.answer(launcher, GetHealth, HealthReport(stage.clock.now(), (health,), 1))
        answer = asked.makefile("rb").read().decode()
    assert 'usher_actor_state{actor="tracker",state="degraded"} 1\n' in answer
    assert 'usher_actor_resident_bytes{actor="tracker"} 2.85e+07\n' in answer
    assert "usher_viewers_watching 5\n" in answer
    figures = re.findall(r"^# TYPE (\S+)", answer, re.MULTILINE)
    assert len(set(figures)) == len(figures) == answer.count("# HELP")
    assert not any(name in answer for name in ("Rosa", "Rashomon", "Plex is away"))
