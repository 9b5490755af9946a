"""Pages that members share by a link: the owner's alone, for everybody, until they end."""

from __future__ import annotations

import re
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.web.access import sessions
from charts.chart_renderer import ChartRenderer
from charts.picture import PreviewCard
from messages import GetViewerStats, ListShares
from tests.deadlines import WITHIN_S
from tests.integration.web.members_house import Browser, MembersHouse, open_members_house
from tests.integration.web.page_house import IDS, PEOPLE, make_club

NIGHTS = 10
OWNER = "Iris"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[MembersHouse]:
    """A page for members."""
    with open_members_house(make_club(tmp_path / "data", NIGHTS)) as opened:
        yield opened


def find_night(browser: Browser) -> str:
    """Return the id of a night that the owner was at."""
    own = browser.get("/me").text
    found = re.search(r'href="/nights/(night\d+)"', own)
    assert found is not None, own
    return found[1]


def find_badge(house: MembersHouse) -> str:
    """Return the id of a badge that the owner has."""
    return house.caller.ask("persistence", GetViewerStats(IDS[OWNER], IDS[OWNER]), WITHIN_S).badges[0].badge_id


def share(browser: Browser, kind: str, subject: str) -> str:
    """Share something; return its path."""
    reply = browser.post("/me/share", {"kind": kind, "subject": subject})
    assert reply.status == 303, reply
    assert re.fullmatch(r"/s/[\w-]{22}", reply.location)
    return reply.location


def wait_until_gone(browser: Browser, path: str) -> None:
    """Wait until a shared page is not there any more; two seconds are promised."""
    end = time.monotonic() + WITHIN_S
    while browser.get(path).status != 404:
        assert time.monotonic() < end, path
        time.sleep(0.02)


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_shared_page_is_readable_by_everybody(house: MembersHouse, language: str) -> None:
    """Without signing in; only the owner's part, with the preview that chats show."""
    owner, stranger = house.open_browser(OWNER), house.open_browser(language=language)
    paths = {
        "year": share(owner, "year", "2026"),
        "night": share(owner, "night", find_night(owner)),
        "badge": share(owner, "badge", find_badge(house)),
    }
    for kind, path in paths.items():
        reply = stranger.get(path)
        assert reply.status == 200, kind
        assert OWNER in reply.text
        others = [name for name in PEOPLE if name != OWNER and name in reply.text]
        assert others == [], kind
        assert f'<html lang="{language}">' in reply.text
        assert f'property="og:image" content="http://127.0.0.1{path}/preview.png"' in reply.text
        assert '<meta name="robots" content="noindex">' in reply.text
        assert not re.search(rf"\b({'|'.join(IDS.values())})\b", re.sub(r'[\w-]+="[^"]*"', "", reply.text))
    assert owner.get("/nights").status == 200
    assert stranger.get("/nights").status == 303


def test_a_preview_is_a_picture_of_the_size_that_chats_show(house: MembersHouse) -> None:
    """1200 x 630, without a sign-in."""
    path = share(house.open_browser(OWNER), "badge", find_badge(house))
    status, headers, content = house.get_bytes(f"{path}/preview.png")
    assert (status, headers["Content-Type"]) == (200, "image/png")
    assert struct.unpack(">II", content[16:24]) == (1200, 630)
    assert house.get(f"{path[:-1]}x/preview.png")[0] == 404


def test_a_share_ends_when_its_owner_ends_it(house: MembersHouse) -> None:
    """For everybody, at once; sharing again gives another address. Nobody else can end it."""
    owner, other = house.open_browser(OWNER), house.open_browser("Björn")
    path = share(owner, "year", "2026")
    token = path.removeprefix("/s/")
    assert f'href="{path}"' in owner.get("/me").text
    other.post("/me/share/end", {"token": token})
    assert house.open_browser().get(path).status == 200
    assert owner.post("/me/share/end", {"token": token}).location == "/me?done=share"
    wait_until_gone(house.open_browser(), path)
    assert share(owner, "year", "2026") != path


@pytest.mark.parametrize("choice", ["private", "untracked"])
def test_a_share_ends_when_its_owner_becomes_private(house: MembersHouse, choice: str) -> None:
    """Page and picture look as if they had never existed."""
    owner, stranger = house.open_browser(OWNER), house.open_browser()
    path = share(owner, "year", "2026")
    assert stranger.get(path).status == 200
    assert owner.post("/me/privacy", {"choice": choice}).status == 303
    wait_until_gone(stranger, path)
    assert stranger.get(path).text == stranger.get("/s/abcdefghijklmnopqrstuv").text
    assert stranger.get(f"{path}/preview.png").status == 404
    assert owner.post("/me/share", {"kind": "year", "subject": "2026"}).status == 404


def test_a_share_ends_when_its_owner_leaves_the_server(house: MembersHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """They could no longer end it; it stays ended if they come back. While Discord does not answer, none ends."""
    monkeypatch.setattr(sessions, "MEMBER_KNOWN_S", 0.0)
    path, stranger = share(house.open_browser(OWNER), "year", "2026"), house.open_browser()
    standing = house.discord.members.pop(IDS[OWNER])
    house.discord.is_away = True
    house.actor._site.drop_kept()
    assert stranger.get(path).status in (200, 503)
    house.discord.is_away = False
    house.actor._site.drop_kept()
    wait_until_gone(stranger, path)
    assert stranger.get(path).text == stranger.get("/s/abcdefghijklmnopqrstuv").text
    assert stranger.get(f"{path}/preview.png").status == 404
    house.discord.members[IDS[OWNER]] = standing
    assert stranger.get(path).status == 404
    assert house.caller.ask("persistence", ListShares(IDS[OWNER]), WITHIN_S).shares == ()


def test_members_share_only_what_is_their_own(house: MembersHouse) -> None:
    """And only from a page of ours, signed in."""
    owner = house.open_browser(OWNER)
    years = [("year", year) for year in ("x", "0000", "0001", "1969", "3000", "9999", "٢٠٢٦")]
    for kind, subject in (*years, ("night", "never"), ("badge", "never"), ("film", "1"), ("", "")):
        assert owner.post("/me/share", {"kind": kind, "subject": subject}).status == 404, kind
    fields = {"kind": "year", "subject": "2026"}
    assert owner.post("/me/share", fields, Sec_Fetch_Site="cross-site").status == 403
    assert house.open_browser().post("/me/share", fields).status in (303, 401)
    assert "/s/" not in owner.get("/me").text


def test_only_the_owner_sees_how_to_share(house: MembersHouse) -> None:
    """On the year and on the night."""
    owner, other = house.open_browser(OWNER), house.open_browser("Björn")
    year = re.search(r'href="(/viewers/[a-z2-7]+/\d{4})"', owner.get("/me").text)
    assert year is not None
    for path in (year[1], f"/nights/{find_night(owner)}"):
        assert 'action="/me/share"' in owner.get(path).text, path
    assert 'action="/me/share"' not in other.get(year[1]).text


def test_the_shared_picture_names_only_whom_the_page_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a public page, a viewer who did not choose to be named is a number in both."""
    drawn: list[PreviewCard] = []

    async def draw(self: ChartRenderer, drawing: PreviewCard) -> bytes:
        drawn.append(drawing)
        return b"\x89PNG"

    monkeypatch.setattr(ChartRenderer, "draw", draw)
    with open_members_house(make_club(tmp_path / "data", 2), web_access="public") as house:
        owner, stranger = house.open_browser(OWNER), house.open_browser()
        for kind, subject in (("year", "2026"), ("night", find_night(owner)), ("badge", find_badge(house))):
            path = share(owner, kind, subject)
            assert OWNER not in stranger.get(path).text, kind
            assert house.get_bytes(f"{path}/preview.png")[0] == 200
    assert len(drawn) == 3
    assert OWNER not in repr(drawn)
