"""Signing in to the page of the whole service, and a choice of privacy on pages that are open."""

from __future__ import annotations

import http.client
import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from persistence.audit_log import AuditLog
from simulator.discord.oauth import CLIENT_SECRET
from simulator.nights.stage import CINEMA, ServiceStage, find_free_port
from tests.deadlines import WITHIN_S
from tests.integration.web.members_house import Browser
from tests.nights.evidence import evening

HOST, GUEST, FILM = "Rosa", "Björn", "Metropolis"
PROMISED_S = 2.0
ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceStage]:
    """The service at real speed, with a page for members: Rosa plays a film, and Björn is there."""
    port = find_free_port()
    settings = {
        "PLEX_POLL_SECONDS": "1",
        "HEALTH_INTERVAL_SECONDS": "0.2",
        "WEB_PORT": str(port),
        "WEB_ACCESS": "members",
        "WEB_URL": f"http://127.0.0.1:{port}",
        "DISCORD_CLIENT_SECRET": CLIENT_SECRET,
    }
    folder = tmp_path_factory.mktemp("members") / "data"
    with ServiceStage(folder, speed=1.0, party_user=HOST, evening=evening(), **settings) as stage:
        stage.discord.join_voice(GUEST, CINEMA)
        stage.plex.play(HOST, FILM)
        yield stage


def port_of(night: ServiceStage) -> int:
    """Return the page's port."""
    return int(night.page_url.rstrip("/").rpartition(":")[2])


def print_link(night: ServiceStage, *ids: str) -> tuple[str, str]:
    """Return the path of a link, and what else `run.py web-link` prints."""
    done = subprocess.run(  # our own
        [sys.executable, str(ROOT / "run.py"), "web-link", *ids],
        env=night._environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    link, said = done.stdout.strip().split("\n", 1)
    return link.removeprefix(night.page_url.rstrip("/")), said


def sign_in(night: ServiceStage, name: str) -> Browser:
    """Return a browser in which a member is signed in, by a link of the command line."""
    browser = Browser(port_of(night))
    link, said = print_link(night, str(night.discord.member(name).id))
    assert name in said
    page = browser.get(link)
    assert f"Continue as <bdi>{name}</bdi>" in page.text
    assert browser.post(link).status == 303
    return browser


def test_a_link_from_the_command_line_signs_in(night: ServiceStage) -> None:
    """Without a name it signs in the server's owner; the audit log has the act, without the link's secret."""
    night.wait_for(lambda: port_of(night) > 0, WITHIN_S, "the page")
    link, said = print_link(night)
    assert "Rosa" in said
    browser = Browser(port_of(night))
    assert browser.post(link).status == 303
    page = browser.get("/admin")
    assert page.status == 200
    for actor in ("persistence", "tracker", "discord", "plex", "web"):
        assert f'<th scope="row">{actor}</th>' in page.text
    assert "Usher runs" in page.text or "The page is at" in page.text
    assert CLIENT_SECRET not in page.text
    assert browser.post("/admin/save").location == "/admin?done=saved"

    def acts() -> set[tuple[str, str]]:
        return {(entry.act, entry.source) for entry in AuditLog(night.data_dir).read(20, 0).entries}

    expected = {("savedata", "web page"), ("web-link", "command line")}
    night.wait_for(lambda: expected <= acts(), WITHIN_S, "both acts in the audit log")
    everything = night.service_log() + (night.data_dir / "logs" / "audit.jsonl").read_text()
    assert link.rpartition("/")[2] not in everything


def test_the_command_on_discord_signs_in(night: ServiceStage) -> None:
    """Only the asker sees its answer."""
    night.discord.slash("Chiara", "web")
    night.wait_for(lambda: bool(find_links(night)), WITHIN_S, "the link")
    browser = Browser(port_of(night))
    assert "Chiara" in browser.get(find_links(night)[-1]).text
    assert browser.post(find_links(night)[-1]).status == 303
    assert "Chiara" in browser.get("/me").text


def find_links(night: ServiceStage) -> list[str]:
    """Return the paths of all links that Discord was sent."""
    return re.findall(r"/sign-in/[\w-]{22}", json.dumps([str(each) for each in night.discord.recorder.requests]))


class OpenPage(threading.Thread):
    """Notes when a part of an open page last had a name in it."""

    def __init__(self, browser: Browser, port: int, name: str) -> None:
        super().__init__(daemon=True)
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WITHIN_S)
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        self._connection.request("GET", "/events", headers={"Cookie": cookie})
        self._socket = self._connection.sock
        self._stream = self._connection.getresponse()
        assert self._stream.status == 200
        self._name = name
        self.parts: dict[str, str] = {}
        self.gone_s = 0.0
        """When the name was in no part any more, having been in one."""

    def shows(self) -> bool:
        """Tell whether the page shows the name."""
        return any(self._name in html for html in self.parts.values())

    def close(self) -> None:
        """End it."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self.join(WITHIN_S)
        self._stream.close()
        self._connection.close()

    def run(self) -> None:
        """Listen."""
        while line := self._stream.readline():
            if not line.startswith(b'data: {"part"'):
                continue
            part = json.loads(line[6:])
            shown = self.shows()
            self.parts[part["part"]] = part["html"]
            if shown and not self.shows():
                self.gone_s = time.monotonic()


def test_a_private_viewer_leaves_open_pages_within_two_seconds(night: ServiceStage) -> None:
    """The viewer chooses on their own page while another member looks at Tonight; the card on Discord follows."""
    looking, choosing = sign_in(night, "Iris"), sign_in(night, GUEST)
    page = OpenPage(looking, port_of(night), GUEST)
    page.start()
    try:
        night.wait_for(page.shows, WITHIN_S, f"{GUEST} on the open page")
        begun_s = time.monotonic()
        assert choosing.post("/me/privacy", {"choice": "private"}).status == 303
        night.wait_for(lambda: page.gone_s > 0, WITHIN_S, f"{GUEST} off the open page")
    finally:
        page.close()
    assert page.gone_s - begun_s < PROMISED_S
    assert GUEST not in looking.get("/").text
    assert GUEST in choosing.get("/me").text
    cards = [message for message in night.discord.messages("film-club") if FILM in message.text]
    night.wait_for(lambda: all(GUEST not in card.text for card in cards), WITHIN_S, f"{GUEST} off the card")
