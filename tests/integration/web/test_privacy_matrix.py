"""Who sees whom, on every page and in every document: one table.

A row is an address; the columns are the kinds of readers, in two languages, under each choice of privacy. A new page or
document that takes a part of its address from people has to be given a row: the test says so.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from actors.web.document import load_documents
from actors.web.page import load_pages
from messages import Privacy, SetPublicName
from tests.integration.web.members_house import Browser, MembersHouse, Reply, open_members_house
from tests.integration.web.page_house import IDS, PEOPLE, PageHouse, make_club, open_house
from tests.unit.web.page_stage import DEADLINE_S, make_evening

NIGHTS = 12
WHOM = "Chiara"
"""Whose choice of privacy is tried."""
NAMES = (*PEOPLE, "Noodle")
HOST = "Rosa"
"""Who plays the film of Tonight; an administrator too."""
LANGUAGES = ("en", "de")
OTHERS = ("local", "member", "admin")
"""Readers who see names, but not what somebody keeps to themselves."""
SIGN_IN_ONLY = ("/me", "/me/data", "/admin")
"""What is there for who is signed in alone."""
FOR_ALL = ("/privacy", "/sign-in", "/robots.txt", "/api/openapi.json")
OWN = ("viewer", "viewer_year", "api/viewers/{slug}", "api/viewers/{slug}/{year}")
"""What is of the one whose choice is tried alone."""
NAMED_BY_CHOICE: dict[str, tuple[Privacy, ...]] = {
    "viewers": ("open", "anonymous"),
    "viewer": ("open", "anonymous"),
    "viewer_year": ("open",),
    "history": ("open", "anonymous"),
    "history.csv": ("open", "anonymous"),
    "film": ("open", "anonymous"),
    "night": ("open", "anonymous"),
    "board": ("open",),
    "api/viewers": ("open", "anonymous"),
    "api/viewers/{slug}": ("open", "anonymous"),
    "api/viewers/{slug}/{year}": ("open",),
    "api/history": ("open", "anonymous"),
    "api/films/{slug}": ("open", "anonymous"),
    "api/nights/{screening_id}": ("open", "anonymous"),
    "api/board": ("open",),
}
"""Where others read the name, under which choices; nowhere else and under no other."""


class Reader(NamedTuple):
    """Somebody who reads."""

    kind: str
    house: PageHouse
    name: str = ""

    def open(self, language: str) -> Browser:
        """Return their browser."""
        if isinstance(self.house, MembersHouse):
            return self.house.open_browser(self.name, language=language)
        return Browser(self.house.port, language=language)


class Houses(NamedTuple):
    """The same store, shown in the three ways of WEB_ACCESS."""

    local: PageHouse
    members: MembersHouse
    public: MembersHouse

    def readers(self) -> tuple[Reader, ...]:
        """Return one reader of each kind; the owner is whose choice is tried."""
        return (
            Reader("local", self.local),
            Reader("stranger", self.members),
            Reader("member", self.members, "Björn"),
            Reader("owner", self.members, WHOM),
            Reader("admin", self.members, "Rosa"),
            Reader("public", self.public),
        )

    def choose(self, choice: Privacy) -> None:
        """Make the choice in each, and wait until pages follow it."""
        for house in self:
            house.choose_privacy(WHOM, choice)


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Houses]:
    """Three pages beside copies of one store."""
    folder = tmp_path_factory.mktemp("matrix")
    club = make_club(folder / "club", NIGHTS)
    places = [Path(shutil.copytree(club, folder / name)) for name in ("local", "members", "public")]
    with (
        open_house(places[0]) as local,
        open_members_house(places[1]) as members,
        open_members_house(places[2], web_access="public") as public,
    ):
        for house in (local, members, public):
            house.show(make_evening(house.clock.now()))
        yield Houses(local, members, public)


def list_addresses(browser: Browser, choice: Privacy) -> dict[str, str]:
    """Return an address of every page and document that is declared, by its name."""
    film = find(browser, "/history", r"/films/[a-z2-7]+")
    parts = {
        "night": f"/nights/night{NIGHTS - 1}",
        "film": film,
        "viewer": viewer_path(),
        "viewer_year": f"{viewer_path()}/2026",
        "server_year": "/server/2026",
        "share": "/s/abcdefghijklmnopqrstuv",
        "api/nights/{screening_id}": f"/api/v1/nights/night{NIGHTS - 1}",
        "api/films/{slug}": f"/api/v1{film}",
        "api/viewers/{slug}": f"/api/v1{viewer_path()}",
        "api/viewers/{slug}/{year}": f"/api/v1{viewer_path()}/2026",
        "api/server/{year}": "/api/v1/server/2026",
    }
    addresses = {"tonight": "/"}
    declared = [(each.name, each.path) for each in load_pages()]
    declared += [(each.name, each.path) for each in load_documents()]
    for name, pattern in declared:
        addresses[name] = parts.get(name, pattern)
        assert "{" not in addresses[name], f"the matrix has no row for {pattern}"
    addresses["nights"] = "/nights?m=2026-11"
    return addresses


_paths: dict[str, str] = {}


def viewer_path() -> str:
    """Return the address of whose choice is tried."""
    return _paths["viewer"]


def find(browser: Browser, page: str, pattern: str) -> str:
    """Return the first address of a kind on a page."""
    found = re.search(rf'href="({pattern})"', browser.get(page).text)
    assert found is not None, page
    return found[1]


def read(reply: Reply) -> str:
    """Return what is in an answer, however it is written."""
    if "json" in reply.headers.get("Content-Type", "") and reply.text:
        return json.dumps(json.loads(reply.text), ensure_ascii=False)
    return reply.text


def names_in(text: str) -> set[str]:
    """Return whose names are in a text."""
    return {name for name in NAMES if name in text}


@pytest.mark.parametrize("choice", ["open", "anonymous", "private", "untracked"])
def test_everybody_sees_whom_they_may_and_nobody_else(houses: Houses, choice: Privacy) -> None:
    """Every page and document, for every kind of reader, in both languages."""
    houses.choose("open")
    guide = Reader("member", houses.members, "Björn").open("en")
    path = re.search(rf'href="(/viewers/[a-z2-7]+)"><bdi>{WHOM}</bdi>', wait_for(guide, "/viewers", WHOM))
    assert path is not None
    _paths["viewer"] = path[1]
    addresses = list_addresses(guide, choice)
    houses.choose(choice)
    for reader in houses.readers():
        for language in LANGUAGES:
            browser = reader.open(language)
            wait_until_chosen(browser, reader, choice)
            for name, address in addresses.items():
                reply = browser.get(address)
                where = f"{address} ({name}) for {reader.kind} in {language}, {choice}"
                check(reader, name, address, reply, choice, where)


def wait_for(browser: Browser, path: str, text: str) -> str:
    """Return a page as soon as it says something."""
    for _ in range(200):
        if text in (page := browser.get(path).text):
            return page
    raise AssertionError(f"{text} never was on {path}")


def wait_until_chosen(browser: Browser, reader: Reader, choice: Privacy) -> None:
    """Wait until the page has heard of the choice."""
    if reader.kind in ("stranger", "public"):
        return
    is_named = choice == "open"
    for _ in range(200):
        if (WHOM in browser.get("/board").text) == is_named:
            return
    raise AssertionError("the choice is not known to the page")


def check(reader: Reader, name: str, address: str, reply: Reply, choice: Privacy, where: str) -> None:
    """Hold one answer against the table."""
    text, kind = read(reply), reader.kind
    edge = '"' if name.startswith("api/") else r"\b"  # JSON has figures, too
    is_described = name == "api/openapi.json"  # with the status 503
    found = re.search(rf"{edge}({'|'.join(IDS.values())}){edge}", strip_drawings(text))
    assert not found or name == "my_data" or is_described, where
    if address in FOR_ALL:
        assert reply.status == 200, where
        assert not names_in(text), where
        return
    if name == "share":  # of nothing: what is shared for all to read has tests of its own
        assert (reply.status, names_in(text)) == (404, set()), where
        return
    if kind == "stranger" or (kind == "public" and address in SIGN_IN_ONLY):
        assert reply.status in (303, 401), where
        assert not names_in(text + reply.location), where
        return
    if kind == "local" and address in SIGN_IN_ONLY:
        assert reply.status == 404, where
        return
    if address in SIGN_IN_ONLY:
        check_own(reader, address, reply, where)
        return
    if kind == "public":
        assert not names_in(text), f"{names_in(text)} on {where}"
        assert HOST not in text, where
        if choice in ("private", "untracked") and name in OWN:
            assert_absent(reader, reply, where)
        return
    is_own = name in OWN
    if kind == "owner":
        if is_own:
            assert reply.status == 200 and WHOM in text, where
        return
    if is_own and choice in ("private", "untracked"):
        assert_absent(reader, reply, where)
    elif choice in NAMED_BY_CHOICE.get(name, ()):
        assert reply.status == 200 and WHOM in text, where
    else:
        assert WHOM not in text or name in ("tonight", "api/now"), where


def check_own(reader: Reader, address: str, reply: Reply, where: str) -> None:
    """Hold against the table what is there for who is signed in alone."""
    if address == "/admin":
        assert reply.status == (200 if reader.kind == "admin" else 404), where
    elif address == "/me":
        assert reply.status == 200, where
        assert reader.name in reply.text, where
        assert names_in(reply.text) <= {reader.name, "Noodle"}, where
    elif reader.kind == "owner":
        assert reply.status == 200, where
        assert f'"username": "{WHOM}"' in reply.text, where


def assert_absent(reader: Reader, reply: Reply, where: str) -> None:
    """Say that an address answers as one where never anything was, byte for byte."""
    browser = reader.open("de" if 'lang="de"' in reply.text else "en")
    api = "/api/v1" if "json" in reply.headers.get("Content-Type", "") else ""
    never = browser.get(f"{api}/viewers/abcdefghijklm")
    assert (reply.status, reply.text) == (404, never.text), where


def strip_drawings(text: str) -> str:
    """Return a page without figures that are no text."""
    return re.sub(r'(width|height|x|y|d|viewBox|data-[a-z]+|x1|x2|cx)="[^"]*"', "", text)


def test_who_chose_to_be_named_to_all_is(houses: Houses) -> None:
    """And nobody else; a hidden viewer is not even then."""
    houses.choose("open")
    houses.public.caller.ask("persistence", SetPublicName(IDS[WHOM], is_named=True), DEADLINE_S)
    browser = houses.public.open_browser()
    page = wait_for(browser, "/board", WHOM)
    assert names_in(page) == {WHOM}
    assert re.search(r"Viewer \d", page)
    assert "Zuschauer" in houses.public.open_browser(language="de").get("/board").text
    houses.public.caller.ask("persistence", SetPublicName(IDS[WHOM], is_named=False), DEADLINE_S)
    for _ in range(200):
        if WHOM not in browser.get("/board").text:
            break
    assert WHOM not in browser.get("/board").text


def test_no_name_is_found_by_trying(houses: Houses) -> None:
    """Where all may read, a search for a name finds nobody more or less, and no order tells it."""
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
