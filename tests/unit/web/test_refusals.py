"""A refused request says why and what to do: a proxy before a page without a sign-in, floods, foreign forms."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.web.actor import WebActor
from tests.deadlines import WITHIN_S
from tests.unit.web import page_stage
from tests.unit.web.page_stage import PageStage, open_stage

BROWSER = {"Accept": "text/html", "Accept_Language": "en"}
OF_PROXIES = (
    {"X_Forwarded_For": "203.0.113.9"},
    {"X_Forwarded_Host": "films.example"},
    {"X_Forwarded_Proto": "https"},
    {"Forwarded": "for=203.0.113.9"},
    {"Via": "1.1 films.example"},
    {"X_Real_IP": "203.0.113.9"},
    {"CF_Connecting_IP": "203.0.113.9"},
    {"Sec_Fetch_Site": "same-origin", "Referer": "https://films.example/nights"},
    {"Sec_Fetch_Site": "same-origin", "Origin": "https://films.example"},
)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[PageStage]:
    """A page for whoever is at the machine."""
    with open_stage(tmp_path) as opened:
        opened.answer_load()
        yield opened


@pytest.mark.parametrize("headers", OF_PROXIES, ids=str)
def test_a_page_without_a_sign_in_is_not_shown_through_a_proxy(stage: PageStage, headers: dict[str, str]) -> None:
    """Whatever the Host header says: the page says what to set, and nothing of anybody."""
    status, _headers, text = stage.get("/", **BROWSER, **headers)
    assert status == 403
    assert "WEB_ACCESS=members" in text
    assert "WEB_TRUSTED_PROXIES" in text
    assert 'href="/nights"' not in text
    for path in ("/history.csv", "/api/v1/now", "/events", "/nights.ics", "/metrics"):
        status, _headers, text = stage.get(path, **headers)
        assert status == 403, path
        assert "WEB_ACCESS=members" in text, path


def test_the_refusal_is_in_the_readers_language(stage: PageStage) -> None:
    """With its style, which is nobody's."""
    text = stage.get("/", Accept="text/html", Accept_Language="de", Via="1.1 films.example")[2]
    assert '<html lang="de">' in text
    style = text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    assert stage.get(style, Via="1.1 films.example")[0] == 200
    assert stage.get("/robots.txt", Via="1.1 films.example")[0] == 200


def test_nginx_is_recognised_by_http_1_0(stage: PageStage) -> None:
    """In its default configuration it sends no header of its own, and this machine's name as Host."""
    with socket.create_connection(("127.0.0.1", stage.port), WITHIN_S) as connection:
        host = f"127.0.0.1:{stage.port}"
        connection.sendall(f"GET / HTTP/1.0\r\nHost: {host}\r\nAccept: text/html\r\n\r\n".encode())
        answer = connection.makefile("rb").read()
    assert b" 403 " in answer.partition(b"\r\n")[0]
    assert b"WEB_ACCESS=members" in answer


def test_browsers_and_tunnels_read_it(stage: PageStage) -> None:
    """A page of its own leads on, and a link of somebody else's leads here."""
    own = f"http://127.0.0.1:{stage.port}/nights"
    assert stage.get("/", **BROWSER, Sec_Fetch_Site="same-origin", Referer=own)[0] == 200
    assert stage.get("/", **BROWSER, Sec_Fetch_Site="cross-site", Referer="https://discord.com/")[0] == 200
    assert stage.get("/", **BROWSER, Sec_Fetch_Site="none")[0] == 200
    assert (
        stage.get("/", Host="localhost:9000", Sec_Fetch_Site="same-origin", Referer="http://localhost:9000/")[0] == 200
    )


def test_a_proxy_that_is_trusted_and_one_before_a_sign_in_are_let_through(tmp_path: Path) -> None:
    """Who set the first knows who comes through it; in the second everybody signs in."""
    with open_stage(tmp_path / "a", web_trusted_proxies=("127.0.0.1/32",)) as stage:
        stage.answer_load()
        assert stage.get("/", X_Forwarded_For="127.0.0.1")[0] == 200
    with open_stage(tmp_path / "b", web_access="public", web_url="http://127.0.0.1") as stage:
        stage.answer_load()
        assert stage.get("/", X_Forwarded_For="203.0.113.9")[0] == 200


def test_a_flood_is_answered_with_a_page_and_programs_with_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both say to wait, and how long; the API says it as JSON."""
    monkeypatch.setattr(page_stage.PatientWebActor, "burst", 3.0)
    page_stage.stop_limiters(monkeypatch)
    with open_stage(tmp_path) as stage:
        answers = [stage.get("/robots.txt", **BROWSER) for _ in range(8)]
        status, headers, text = next(answer for answer in answers if answer[0] == 429)
        assert headers["Retry-After"] == "2"
        assert "<h1>That was a bit fast</h1>" in text
        assert headers["Content-Type"].startswith("text/html")
        assert headers["X-Frame-Options"] == "DENY"
        for path, content_type in (("/events", "text/plain"), ("/api/v1/now", "application/json")):
            for _ in range(8):
                status, headers, text = stage.get(path)
                if status == 429:
                    break
            assert (status, headers["Content-Type"].partition(";")[0]) == (429, content_type)
    assert WebActor.burst > 3


def test_a_form_of_somebody_elses_page_is_refused_with_a_page(tmp_path: Path) -> None:
    """Nothing was changed, and it says so."""
    with open_stage(tmp_path, web_access="public", web_url="http://127.0.0.1") as stage:
        stage.answer_load()
        connection = http.client.HTTPConnection("127.0.0.1", stage.port, timeout=WITHIN_S)
        connection.request("POST", "/sign-out", headers={"Sec-Fetch-Site": "cross-site", "Accept": "text/html"})
        answer = connection.getresponse()
        assert answer.status == 403
        assert "Nothing was changed" in answer.read().decode()
        connection.close()
