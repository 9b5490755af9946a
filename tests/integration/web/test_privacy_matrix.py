"""Who sees whom at every address of the page: `privacy_rows.py` is the table, and a route without a row fails.

The columns are the kinds of readers, in two languages, under each choice of privacy.
"""

from __future__ import annotations

import html
import http.client
import json
import random
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from actors.web.access.sessions import PLAIN_COOKIE
from charts.chart_renderer import ChartRenderer
from charts.picture import PreviewCard
from messages import Item, NowPlaying, OpenShare, Privacy, SetPublicName
from messages.base import DurationMs
from tests.deadlines import WITHIN_S
from tests.integration.web.members_house import ADMIN, Browser, MembersHouse, Reply, open_members_house
from tests.integration.web.page_house import IDS, PEOPLE, PageHouse, make_club, make_party
from tests.integration.web.privacy_rows import ADMITTED, ALONE, EVENTS, JSON, READERS, ROWS, Row
from tests.integration.web.test_admin import LauncherStandIn
from tests.unit.persistence.record_builders import DAY, EVENING, finish, open_store
from tests.unit.web.page_stage import make_screening, make_seat
from viewers.redact import redact_screening

NIGHTS = 12
WHOM = "Chiara"
"""Whose choice of privacy is tried."""
NAMES = (*PEOPLE, "Noodle", ADMIN)
LANGUAGES = ("en", "de")
HIDDEN: tuple[Privacy, ...] = ("private", "untracked")
LONE_FILM = Item(
    "srv", "99", "movie", "Häxan", 1922, DurationMs(105 * 60_000), ("Horror",), ("Benjamin Christensen",), thumb="/p/99"
)
"""Nobody else saw it."""
LONE_NIGHT = "lone"
PNG = b"\x89PNG\r\n\x1a\n"
NEVER_THERE = {
    "/s/": "/s/abcdefghijklmnopqrstuv",
    "/viewers/": "/viewers/abcdefghijklm",
    "/films/": "/films/abcdefghijklm",
}


class Reader(NamedTuple):
    """Somebody who reads."""

    kind: str
    house: MembersHouse
    name: str = ""

    def open(self, language: str) -> Browser:
        """Return their browser."""
        return self.house.open_browser(self.name, language=language)


class Houses(NamedTuple):
    """The same store, shown in the three ways of WEB_ACCESS."""

    local: MembersHouse
    members: MembersHouse
    public: MembersHouse

    def readers(self) -> tuple[Reader, ...]:
        """Return one reader of each kind; the owner is whose choice is tried."""
        found = (
            Reader("local", self.local),
            Reader("stranger", self.members),
            Reader("member", self.members, "Björn"),
            Reader("owner", self.members, WHOM),
            Reader("admin", self.members, ADMIN),
            Reader("public", self.public),
        )
        assert tuple(reader.kind for reader in found) == READERS
        return found

    def choose(self, choice: Privacy) -> dict[str, str]:
        """Make the choice in each, after something was shared; return the tokens of that. Wait until pages follow."""
        tokens = {"share": f"{choice:_<22}", "night_share": f"{choice:-<22}"}
        for house in self:
            house.choose_privacy(WHOM, "open")
            for name, kind, subject in (("share", "year", "2026"), ("night_share", "night", LONE_NIGHT)):
                asked = OpenShare(tokens[name], IDS[WHOM], kind, subject)  # type: ignore[arg-type]
                share = house.caller.ask("persistence", asked, WITHIN_S).share
                assert share is not None, kind
                tokens[name] = share.token
            house.choose_privacy(WHOM, choice)
            show_evening(house, choice)
        wait_until(lambda: (WHOM in self.local.get("/board")[2]) == (choice == "open"), "the choice on the page")
        is_shown = choice not in HIDDEN
        wait_until(lambda: (WHOM in self.local.get("/viewers")[2]) == is_shown, "the choice in the directory")
        wait_until(lambda: (WHOM in self.local.get("/")[2]) == is_shown, "the choice on Tonight")
        return tokens


def show_evening(house: PageHouse, choice: Privacy) -> None:
    """Have the tracker say what plays: of who is hidden it says that somebody is there, and no more."""
    seats = tuple(make_seat(name, (0, 62), viewer_id=IDS[name]) for name in ("Iris", "Björn", WHOM))
    screening = make_screening(house.clock.now(), 62, seats, host="Iris")
    shown = redact_screening(screening, lambda viewer_id: viewer_id == IDS[WHOM] and choice in HIDDEN)
    tracker = house.tracker
    tracker.submit(lambda: tracker.tell("web", NowPlaying(house.clock.now(), (shown,))))  # another thread works it


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Houses]:
    """Three pages beside copies of one store; pictures say in words what is on them."""

    async def draw(_renderer: ChartRenderer, drawing: PreviewCard) -> bytes:
        return PNG + repr(replace(drawing, poster=None)).encode()

    folder = tmp_path_factory.mktemp("matrix")
    club = make_club(folder / "club", NIGHTS)
    store = open_store(club)
    (party,) = make_party(0, EVENING - 2 * DAY, random.Random(1), LONE_NIGHT)[:1]  # noqa: S311
    alone = replace(party, viewer_id=IDS[WHOM], username=WHOM, item=LONE_FILM, watch_id="lone-0")
    finish(store, alone)
    for number in range(1, 8):  # so that no ranking is too short for them
        at_s = {"started_at_s": alone.started_at_s - number * DAY, "ended_at_s": alone.ended_at_s - number * DAY}
        finish(store, replace(alone, watch_id=f"lone-{number}", screening_id=f"own{number}", party=False, **at_s))
    store.close()
    places = [Path(shutil.copytree(club, folder / name)) for name in ("local", "members", "public")]
    options = {"discord_client_id": 77}
    with (
        pytest.MonkeyPatch.context() as patch,
        open_members_house(places[0], web_access="local", **options) as local,
        open_members_house(places[1], **options) as members,
        open_members_house(places[2], web_access="public", **options) as public,
    ):
        patch.setattr(ChartRenderer, "draw", draw)
        launchers = [
            LauncherStandIn(house, place) for house, place in zip((local, members, public), places, strict=True)
        ]
        for launcher in launchers:
            launcher.start()
        yield Houses(local, members, public)
        for launcher in launchers:
            launcher.close()


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds."""
    end = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def wait_for(browser: Browser, path: str, text: str) -> str:
    """Return a page as soon as it says something."""
    wait_until(lambda: text in browser.get(path).text, f"{text} on {path}")
    return browser.get(path).text


def find_parts(houses: Houses) -> dict[str, str]:
    """Return what addresses are filled in with; everything is open."""
    browser = houses.local.open_browser()

    def find(path: str, pattern: str) -> str:
        found = re.search(pattern, wait_for(browser, path, WHOM if path == "/viewers" else "Usher"))
        assert found is not None, path
        return found[1]

    lone = find("/films", rf'href="/films/([a-z2-7]+)"[^<]*<img[^>]*src="[^"]*"[^>]*>[^<]*<b><bdi>{LONE_FILM.title}')
    film = find("/films", rf'href="/films/(?!{lone})([a-z2-7]+)"')
    return {
        "viewer": find("/viewers", rf'href="/viewers/([a-z2-7]+)"><bdi>{WHOM}</bdi>'),
        "film": film,
        "lone_film": lone,
        "night": f"night{NIGHTS - 1}",
        "lone_night": LONE_NIGHT,
        "lone_word": "xan",
        "style": find("/", r'href="(/static/usher[^"]*css)"'),
    }


def test_every_route_has_a_row(houses: Houses) -> None:
    """A new page, document, action or stream is decided upon in the table, or this fails."""
    routes = {(method, path) for method, path in houses.public.actor._server.list_routes() if method != "HEAD"}
    assert {(method, re.sub(r":[^}]*", "", path)) for method, path in routes} == set(ROWS)


@pytest.mark.parametrize("choice", ["open", "anonymous", "private", "untracked"])
def test_every_reader_sees_only_whom_they_may(houses: Houses, choice: Privacy) -> None:
    """Every address, for every kind of reader, in both languages."""
    houses.choose("open")
    parts = find_parts(houses)
    parts |= houses.choose(choice)
    for reader in houses.readers():
        show_evening(reader.house, choice)  # /health says when the tracker's last news are old
        shelf = reader.house.actor._posters
        parts["poster"] = shelf.find_address(LONE_FILM)
        shelf._keep(parts["poster"].rpartition("/")[2], "image/png", PNG)
        cells = [*((row, method) for (method, _path), row in ROWS.items()), *((row, "GET") for row in ALONE)]
        cells.sort(key=lambda cell: cell[1])  # "POST" last: some of them end every session that its reader has
        for language in LANGUAGES:
            session = reader.open(language).cookies
            for row, method in cells:
                Check(reader, row, choice, language, method, parts, session).run()


class Check:
    """One cell of the matrix."""

    def __init__(
        self,
        reader: Reader,
        row: Row,
        choice: Privacy,
        language: str,
        method: str,
        parts: dict[str, str],
        session: Mapping[str, str],
    ) -> None:
        self.reader, self.row, self.choice, self.language, self.method = reader, row, choice, language, method
        self.parts, self.session = parts, session
        self.address = row.address.format(**parts)
        self.where = f"{method} {self.address} for {reader.kind} in {language}, {choice}"

    def run(self) -> None:
        """Ask, and hold the answer against the row."""
        reply = self.ask(self.address)
        names, kind = names_in(reply.text + reply.location), self.reader.kind
        self.check_ids(reply.text)
        refused = ADMITTED[self.row.access].get(kind)
        if self.method == "POST" and kind == "local":
            refused = (404, 405)  # nobody signs in, and there is nothing to do
        if refused is not None:
            assert reply.status in refused, (self.where, reply.status)
            assert not names, (self.where, names)
            return
        if self.is_absent():
            self.check_absent(reply)
            return
        assert reply.status in self.row.statuses, (self.where, reply.status, reply.text[:500])
        if self.row.access in ("signed in", "admins"):
            self.check_own_names(names)
            return
        self.check_names(names)
        self.check_title(reply.text)

    def ask(self, address: str) -> Reply:
        """Return the answer; of a stream what comes until it has sent all that it has."""
        if self.method == "POST":
            browser = self.reader.open(self.language)  # the last one may have signed out
            assert browser.post(address, Sec_Fetch_Site="cross-site").status in (403, 404, 405), self.where
            return browser.post(address)
        browser = Browser(self.reader.house.port, language=self.language)
        browser.cookies |= self.session
        if self.row.accept != EVENTS:
            if address.endswith(".png") or address.startswith("/posters/"):
                return self.read_bytes(browser, address)
            reply = browser.get(address, Accept=self.row.accept)
            if JSON in reply.headers.get("Content-Type", ""):
                return reply._replace(text=json.dumps(json.loads(reply.text), ensure_ascii=False))
            return reply._replace(text=html.unescape(reply.text))
        return self.read_bytes(browser, address)

    def read_bytes(self, browser: Browser, address: str) -> Reply:
        """Return an answer that is no text, or has no end."""
        connection = http.client.HTTPConnection("127.0.0.1", self.reader.house.port, timeout=WITHIN_S)
        headers = {"Accept": self.row.accept, "Accept-Language": self.language}
        headers["Cookie"] = "; ".join(
            f"{name}={value}" for name, value in browser.cookies.items() if name == PLAIN_COOKIE
        )
        connection.request("GET", address, headers=headers)
        answer = connection.getresponse()
        lines: list[bytes] = []
        if answer.status == 200 and self.row.accept == EVENTS:
            beats = 0
            while beats < 2:  # the first comes before what there is to send
                lines.append(answer.readline())
                beats += lines[-1].startswith(b"event: beat")
        else:
            lines.append(answer.read())
        text = re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), b"".join(lines)).decode(errors="replace")
        connection.close()
        return Reply(answer.status, answer.headers, text)

    def is_absent(self) -> bool:
        """Tell whether there is nothing at the address for this reader under this choice."""
        is_same_for_all = "/s/" in self.address
        if not self.row.is_of_one or (self.reader.kind == "owner" and not is_same_for_all):
            return False
        return self.choice in HIDDEN or (self.row.figures_hidden and self.choice == "anonymous")

    def check_absent(self, reply: Reply) -> None:
        """Say that an address answers as one where never anything was, byte for byte."""
        prefix = "/api/v1" if self.address.startswith("/api/") else ""
        kind = next((each for each in NEVER_THERE if each in self.address), "/viewers/")
        never = self.ask(prefix + NEVER_THERE[kind])
        assert (reply.status, reply.text) == (404, never.text), self.where

    def check_own_names(self, names: set[str]) -> None:
        """Hold whom a reader's own page names, beside the reader, against the row."""
        others = names - {self.reader.name, "Noodle"}
        if not self.row.named:
            assert not others, (self.where, names)
        elif self.reader.kind == "member":  # they watch with her
            assert (WHOM in others) == (self.choice in self.row.named), (self.where, names)
        elif self.choice not in self.row.named:
            assert WHOM not in others, (self.where, names)

    def check_names(self, names: set[str]) -> None:
        """Hold whom the answer names against the row."""
        if self.reader.kind == "public":
            assert not names, (self.where, names)
        elif self.row.access == "everybody":  # what is shared is the owner's alone
            assert names == ({WHOM} if self.choice in self.row.named else set()), (self.where, names)
        elif self.reader.kind == "owner":  # they see themselves everywhere, but on what is the same for all members
            assert WHOM in names or not (self.row.is_of_one or self.choice in self.row.named), self.where
        else:
            assert (WHOM in names) == (self.choice in self.row.named), self.where

    def check_title(self, text: str) -> None:
        """Hold against the row whether the film is named that nobody else saw."""
        is_named = LONE_FILM.title in text
        if self.choice in self.row.titled:
            assert is_named, self.where
        elif self.choice in HIDDEN and self.reader.kind != "owner":
            assert not is_named, self.where
            assert self.parts["poster"] not in text, self.where

    def check_ids(self, text: str) -> None:
        """Say that nobody's id is in an answer; JSON has figures beside them."""
        if self.address in ("/me/data", "/api/openapi.json", "/metrics") or "css" in self.address:
            return
        edge = '"' if self.address.startswith("/api/") else r"\b"
        plain = re.sub(r'(width|height|x|y|d|viewBox|data-[a-z]+|x1|x2|cx)=\\?"[^"]*"', "", text)
        assert not re.search(rf"{edge}({'|'.join(IDS.values())}){edge}", plain), self.where


def names_in(text: str) -> set[str]:
    """Return whose names are in a text."""
    return {name for name in NAMES if name in text}


def test_only_viewers_who_chose_it_are_named_on_a_public_page(houses: Houses) -> None:
    """A hidden viewer is not even then."""
    houses.choose("open")
    houses.public.caller.ask("persistence", SetPublicName(IDS[WHOM], is_named=True), WITHIN_S)
    browser = houses.public.open_browser()
    page = wait_for(browser, "/board", WHOM)
    assert names_in(page) == {WHOM}
    assert re.search(r"Viewer \d", page)
    assert "Zuschauer" in houses.public.open_browser(language="de").get("/board").text
    houses.public.caller.ask("persistence", SetPublicName(IDS[WHOM], is_named=False), WITHIN_S)
    for _ in range(200):
        if WHOM not in browser.get("/board").text:
            break
    assert WHOM not in browser.get("/board").text


def test_names_cannot_be_found_by_trying(houses: Houses) -> None:
    """On a public page, a search for a name finds nobody more or less, and no order gives it away."""
    browser = houses.public.open_browser()
    everybody = browser.get("/viewers").text
    assert "<input" not in everybody
    rows = re.compile(r"<tbody>.*</tbody>", re.S)
    plain = rows.search(everybody)
    for query in ("?q=Iris", "?q=zzzz", "?sort=name"):
        found = rows.search(browser.get(f"/viewers{query}").text)
        assert found is not None and plain is not None
        assert found[0] == plain[0], query


def test_members_see_names_where_all_may_read(houses: Houses) -> None:
    """Once they have signed in."""
    browser = houses.public.open_browser("Björn")
    assert "Iris" in browser.get("/viewers").text
    assert browser.get("/me").status == 200
