"""A page that members sign in to, beside a real store: with a stand-in for the Discord actor, and browsers."""

from __future__ import annotations

import contextlib
import http.client
import re
import secrets
import threading
from collections.abc import Iterator, Mapping
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from actors.runtime import Endpoint
from actors.runtime.delivery.dead_letters import DeadLetters
from actors.runtime.errors import Declined
from actors.sign_in_links import hash_secret, make_sign_in_link
from actors.web.access.sessions import PLAIN_COOKIE
from messages import (
    ConfirmDiscordSignIn,
    GetMember,
    MemberStanding,
    Message,
    OpenSignIn,
    Problem,
    StartSession,
)
from tests.deadlines import WITHIN_S
from tests.integration.web.page_house import IDS, PageHouse

ADMIN = "Rosa"
NO_MEMBER = MemberStanding("", "", is_admin=False)


class DiscordStandIn(threading.Thread):
    """Answers who is a member, as the Discord actor does, from what a test says."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(daemon=True)
        self.members = {viewer_id: MemberStanding(viewer_id, name, is_admin=False) for name, viewer_id in IDS.items()}
        self.members["900"] = MemberStanding("900", ADMIN, is_admin=True)
        self.is_away = False
        self.asked: list[Message] = []
        self._endpoint = endpoint
        self._leaves = threading.Event()

    def run(self) -> None:
        """Answer until the test ends."""
        while not self._leaves.is_set():
            self._endpoint.pump(0.02)
            while (incoming := self._endpoint.mailbox.get()) is not None:
                self.asked.append(incoming.message)
                if incoming.delivery_id:
                    self._endpoint.acknowledge(incoming)
                elif isinstance(incoming.message, GetMember | ConfirmDiscordSignIn):
                    if self.is_away:
                        self._endpoint.answer_error(incoming, Declined(Problem.of("discord.members_unknown")))
                    elif isinstance(incoming.message, GetMember):
                        self._endpoint.answer(incoming, self.members.get(incoming.message.viewer_id, NO_MEMBER))
                    else:
                        self._endpoint.answer(incoming, self.members.get(incoming.message.code, NO_MEMBER))
        self._endpoint.close()

    def close(self) -> None:
        """End it."""
        self._leaves.set()
        self.join(WITHIN_S)


class Reply(NamedTuple):
    """What the page answered."""

    status: int
    headers: http.client.HTTPMessage
    text: str

    @property
    def location(self) -> str:
        """Where it leads."""
        return self.headers.get("Location", "")


class Browser:
    """Keeps cookies and says where a form comes from, as browsers do."""

    def __init__(self, port: int, *, language: str = "en") -> None:
        self._port = port
        self._language = language
        self.cookies: dict[str, str] = {}

    def get(self, path: str, /, **headers: str) -> Reply:
        """Open a page."""
        return self.send("GET", path, **headers)

    def post(self, path: str, fields: Mapping[str, str] | None = None, /, **headers: str) -> Reply:
        """Send a form of an own page."""
        headers = {"Sec_Fetch_Site": "same-origin", **headers}
        return self.send("POST", path, urlencode(fields or {}), **headers)

    def send(self, method: str, path: str, body: str | None = None, /, **headers: str) -> Reply:
        """Send a request; `headers` with underscores, an empty one is left out."""
        sent = {"Accept": "text/html", "Accept-Language": self._language, "Host": f"127.0.0.1:{self._port}"}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=WITHIN_S)
        with contextlib.closing(connection):
            connection.request(method, path, body, {name: value for name, value in sent.items() if value})
            answer = connection.getresponse()
            reply = Reply(answer.status, answer.headers, answer.read().decode())
        for line in reply.headers.get_all("Set-Cookie", []):
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
        return reply


class MembersHouse(PageHouse):
    """A page with members."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        super().__init__(folder, **{"web_access": "members", "web_url": "http://127.0.0.1", **settings})
        endpoint = Endpoint("discord", self.network.transport("discord"), DeadLetters(None, "discord"))
        self.discord = DiscordStandIn(endpoint)
        self.discord.start()

    def make_link(self, name: str) -> str:
        """Return the path of a link for a member, as `/web` makes it."""
        link = make_sign_in_link("")
        viewer_id = IDS.get(name, "900")
        self.caller.ask("persistence", OpenSignIn(link.token_hash, viewer_id, name), WITHIN_S)
        return link.address

    def open_browser(self, name: str = "", *, language: str = "en") -> Browser:
        """Return a browser in which somebody is signed in; nobody where no name is given."""
        browser = Browser(self.port, language=language)
        if name:
            secret = secrets.token_urlsafe(32)
            started = StartSession(hash_secret(secret), viewer_id=IDS.get(name, "900"), username=name)
            self.caller.ask("persistence", started, WITHIN_S)
            browser.cookies[PLAIN_COOKIE] = secret
        return browser

    def wait_until_ready(self) -> None:
        """Wait until the store answers what pages ask."""
        browser = self.open_browser(ADMIN)
        while browser.get("/board").status != 200:
            pass

    def close(self) -> None:
        """End everything."""
        self.discord.close()
        super().close()


@contextlib.contextmanager
def open_members_house(folder: Path, **settings: Any) -> Iterator[MembersHouse]:
    """Yield a page for members, beside the store of a data folder."""
    house = MembersHouse(folder, **settings)
    try:
        house.answer_load()
        house.wait_until_ready()
        yield house
    finally:
        house.close()


def find_cookie(reply: Reply) -> str:
    """Return the line that sets a session's cookie."""
    lines = [line for line in reply.headers.get_all("Set-Cookie", []) if re.match(r"(__Host-)?usher=", line)]
    assert len(lines) == 1, reply.headers
    return lines[0]
