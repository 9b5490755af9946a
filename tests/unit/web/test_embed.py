"""The narrow card for other web sites, and what plays as a stream of JSON."""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from messages import GetPageKey, PageKey
from setting_checks import ORIGINS, WrongValueError
from tests.deadlines import WITHIN_S
from tests.unit.web.page_stage import PageStage, make_evening, open_stage

CLUB = "https://club.example"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[PageStage]:
    """A page that one web site may show in a frame, with an evening on it."""
    with open_stage(tmp_path, web_embed_origins=(CLUB,)) as opened:
        opened.answer_load(make_evening(opened.clock.now()))
        end = time.monotonic() + WITHIN_S
        while "Rashomon" not in opened.get()[2]:
            assert time.monotonic() < end
        yield opened


def test_the_card_may_be_framed_by_those_sites_alone(stage: PageStage) -> None:
    """Every other page by none."""
    status, headers, text = stage.get("/embed/tonight")
    assert status == 200
    assert f"frame-ancestors {CLUB}" in headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in headers
    for path in ("/", "/robots.txt", "/nowhere"):
        _status, headers, _text = stage.get(path)
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], path
        assert headers["X-Frame-Options"] == "DENY"
    for shown in ("Rashomon", "5 watching", 'data-events="/events"', "notice:", "hero:"):
        assert shown in text, shown
    for left_out in ("<nav", "Dr. *Noodle*", "who_sat_where"):
        assert left_out not in text, left_out
    assert "Läuft gerade" in stage.get("/embed/tonight", Accept_Language="de")[2]


def test_without_the_setting_nobody_frames_it(tmp_path: Path) -> None:
    """It can be opened all the same."""
    with open_stage(tmp_path) as opened:
        opened.answer_load()
        status, headers, _text = opened.get("/embed/tonight")
        assert status == 200
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "raw",
    ["club.example", "ftp://club.example", "https://club.example/path", "https://*.example", "https://a b", "'none'",
     "https://club.example; script-src *", "https://user@club.example", "javascript:alert(1)"],
)  # fmt: skip
def test_only_web_sites_are_taken_for_it(raw: str) -> None:
    """Nothing that would change the policy of the page."""
    with pytest.raises(WrongValueError):
        ORIGINS.read(raw)
    assert ORIGINS.read("https://club.example, http://localhost:3000/") == (
        "https://club.example",
        "http://localhost:3000",
    )


def test_a_stream_sends_what_is_playing_at_each_change(stage: PageStage) -> None:
    """The same as /api/v1/now: at the start, and whenever it changed."""
    persistence = stage.add_neighbour("persistence")
    connection = http.client.HTTPConnection("127.0.0.1", stage.port, timeout=WITHIN_S)
    with contextlib.closing(connection):
        connection.request("GET", "/api/v1/events")
        stage.answer(persistence, GetPageKey, PageKey(b"k" * 32))
        answer = connection.getresponse()
        assert answer.headers["Content-Type"].startswith("text/event-stream")

        def read_now() -> list[str]:
            while True:
                if answer.readline() == b"event: now\n":
                    data = json.loads(answer.readline().removeprefix(b"data: "))
                    return [shown["item"]["title"] for shown in data["screenings"]]

        assert read_now() == ["Rashomon"]
        stage.show()
        assert read_now() == []
        answer.close()
