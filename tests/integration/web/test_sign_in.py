"""Signing in to the page and out again, and what is refused."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from actors.sign_in_links import make_program_token
from actors.web.access import sessions, sign_in
from actors.web.access.discord_oauth import derive_state, derive_verifier
from messages import ConfirmDiscordSignIn, EndSessions, GetMember, StartSession
from tests.deadlines import WITHIN_S
from tests.integration.web.members_house import (
    ADMIN,
    NO_MEMBER,
    Browser,
    MembersHouse,
    find_cookie,
    open_members_house,
)
from tests.integration.web.page_house import IDS, make_club
from tests.nights.evidence import sql
from tests.unit.web.page_stage import stop_limiters


@pytest.fixture
def house(tmp_path: Path) -> Iterator[MembersHouse]:
    """A page for members."""
    with open_members_house(make_club(tmp_path / "data", 2)) as opened:
        yield opened


def test_a_link_signs_its_member_in(house: MembersHouse) -> None:
    """GET asks, POST signs in; then every page is there."""
    browser, link = house.open_browser(), house.make_link("Iris")
    for _ in range(3):  # a preview of the link uses nothing up
        page = browser.get(link)
        assert (page.status, page.headers["Cache-Control"]) == (200, "no-store")
        assert "Continue as <bdi>Iris</bdi>" in page.text
        assert not browser.cookies
    reply = browser.post(link)
    assert (reply.status, reply.location) == (303, "/")
    cookie = find_cookie(reply)
    assert re.match(r"usher=[\w-]{43}; ", cookie), "over http no browser takes a name with __Host-"
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie and "Max-Age=2592000" in cookie
    assert "Domain" not in cookie
    assert browser.get("/").status == browser.get("/board").status == 200
    assert 'href="/me"' in browser.get("/").text
    assert 'href="/admin"' not in browser.get("/").text


def test_over_https_the_cookie_is_bound_to_the_host(tmp_path: Path) -> None:
    """Secure, and with a name that no other page of the domain can set. The answers ask for https from then on."""
    folder = make_club(tmp_path / "data", 2)
    with open_members_house(folder, web_url="https://films.example", web_trusted_proxies=("127.0.0.1/32",)) as house:
        browser = Browser(house.port)
        proxied = {"Host": "films.example", "X_Forwarded_For": "203.0.113.9", "X_Forwarded_Proto": "https"}
        reply = browser.post(house.make_link("Iris"), **proxied)
        assert re.match(r"__Host-usher=[\w-]{43}; ", find_cookie(reply))
        assert "Secure" in find_cookie(reply)
        assert reply.headers["Strict-Transport-Security"].startswith("max-age=")
        assert browser.get("/board", **proxied).status == 200
        assert "Strict-Transport-Security" not in Browser(house.port).get("/sign-in").headers
        stolen = {"Cookie": f"usher={browser.cookies['__Host-usher']}"}
        assert Browser(house.port).get("/board", **proxied, **stolen).status == 303


def test_a_sign_in_link_works_once(house: MembersHouse) -> None:
    """When it was used, by whomever, it looks like one that never existed."""
    link = house.make_link("Iris")
    house.open_browser().post(link)
    browser = house.open_browser()
    for reply in (browser.post(link), browser.get(link), browser.get("/sign-in/never")):
        assert reply.status == 410
        assert "used already" in reply.text
        assert not browser.cookies


def test_only_hashes_of_sessions_are_stored(house: MembersHouse, tmp_path: Path) -> None:
    """Somebody who reads the store cannot sign in with them."""
    link, browser = house.make_link("Iris"), house.open_browser("Björn")
    kept = str([dict(row) for row in sql(tmp_path / "data", "SELECT * FROM web_sign_ins")])
    kept += str([dict(row) for row in sql(tmp_path / "data", "SELECT * FROM web_sessions")])
    assert link.rpartition("/")[2] not in kept
    assert browser.cookies["usher"] not in kept
    assert kept.count("'viewer_id'") == 3  # the link, Björn's session, and that of who waited for the page


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
        {"Sec_Fetch_Site": ""},
        {"Sec_Fetch_Site": "", "Origin": "https://evil.example"},
        {"Sec_Fetch_Site": "", "Origin": "null"},
    ],
)
def test_a_form_from_another_site_does_nothing(house: MembersHouse, headers: dict[str, str]) -> None:
    """It can sign nobody in or out (CSRF)."""
    link = house.make_link("Iris")
    assert house.open_browser().post(link, **headers).status == 403
    browser = house.open_browser("Björn")
    for path in ("/sign-out", "/me/privacy", "/me/sign-out-everywhere", "/admin/save"):
        assert browser.post(path, **headers).status == 403, path
    assert browser.get("/board").status == 200
    assert house.open_browser().post(link).status == 303, "it was not used up"


def test_an_equal_origin_is_enough(house: MembersHouse) -> None:
    """If a browser does not send Sec-Fetch-Site, as over plain http in a home network."""
    headers = {"Sec_Fetch_Site": "", "Origin": f"http://127.0.0.1:{house.port}"}
    assert house.open_browser().post(house.make_link("Iris"), **headers).status == 303


def test_nothing_is_changed_by_get(house: MembersHouse) -> None:
    """Whatever a picture on somebody's page asks for."""
    browser = house.open_browser("Iris")
    for path in ("/sign-out", "/me/privacy", "/me/sign-out-everywhere", "/admin/save"):
        assert browser.get(path).status in (404, 405), path
    assert browser.get("/board").status == 200


def test_a_member_signs_out_on_one_device_or_everywhere(house: MembersHouse) -> None:
    """The cookie goes, and no longer works."""
    first, second, third = (house.open_browser("Iris") for _ in range(3))
    kept = dict(first.cookies)
    reply = first.post("/sign-out")
    assert (reply.status, reply.location, first.cookies) == (303, "/sign-in", {})
    first.cookies = kept
    assert first.get("/board").status == 303
    assert second.get("/board").status == 200
    assert second.post("/me/sign-out-everywhere").status == 303
    assert second.get("/board").status == third.get("/board").status == 303


def test_a_former_member_cannot_sign_in(house: MembersHouse) -> None:
    """The link was made while they were a member, and stays unused."""
    link = house.make_link("Iris")
    house.discord.members[IDS["Iris"]] = NO_MEMBER
    browser = house.open_browser()
    reply = browser.post(link)
    assert reply.status == 403
    assert "Only members" in reply.text
    assert not browser.cookies


def test_lost_membership_ends_access(house: MembersHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the next change at once, at the next page within a minute, and for good."""
    browser, other = house.open_browser("Iris"), house.open_browser("Iris")
    assert browser.get("/board").status == 200
    house.discord.members[IDS["Iris"]] = NO_MEMBER
    monkeypatch.setattr(sessions, "MEMBER_KNOWN_S", 0.0)
    assert browser.get("/board").status == 303
    house.discord.members[IDS["Iris"]] = replace(NO_MEMBER, viewer_id=IDS["Iris"], name="Iris")
    assert other.get("/board").status == 303, "the sessions have ended"


def test_membership_is_checked_before_each_change(house: MembersHouse) -> None:
    """A former administrator can change nothing."""
    browser = house.open_browser(ADMIN)
    assert 'href="/admin"' in browser.get("/").text
    house.discord.members["900"] = replace(house.discord.members["900"], is_admin=False)
    assert browser.get("/board").status == 200
    assert browser.post("/me/public-name").status == 303
    assert 'href="/admin"' not in browser.get("/").text


def test_members_can_only_read_while_discord_does_not_answer(house: MembersHouse) -> None:
    """Recent members still count as members; sign-in links wait."""
    browser, link = house.open_browser("Iris"), house.make_link("Björn")
    assert browser.get("/board").status == 200
    house.discord.is_away = True
    assert browser.get("/films").status == 200
    reply = browser.post("/me/privacy", {"choice": "private"})
    assert reply.status == 503
    assert "Discord does not say" in reply.text
    assert house.open_browser().post(link).status == 503
    house.discord.is_away = False
    assert house.open_browser().post(link).status == 303


@pytest.fixture
def stopped_limiters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests may take as long as they want."""
    stop_limiters(monkeypatch)


@pytest.mark.usefixtures("stopped_limiters")
def test_signing_in_is_slowed_down(house: MembersHouse) -> None:
    """Five tries a minute for an address; others are let in. Links that are good can be looked at."""
    browser = house.open_browser()
    statuses = [browser.get(f"/sign-in/{number}").status for number in range(8)]
    assert statuses.count(429) == 3
    assert browser.get(house.make_link("Iris")).status == 200
    assert browser.post(house.make_link("Iris")).status == 429


def test_a_form_has_its_size_and_its_time(house: MembersHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than 64 KB is refused; what does not arrive is given up."""
    monkeypatch.setattr(sign_in, "BODY_S", 0.3)
    browser = house.open_browser("Iris")
    assert browser.post("/me/privacy", {"choice": "x" * 70_000}).status == 413
    with socket.create_connection(("127.0.0.1", house.port), WITHIN_S) as connection:
        head = f"POST /me/privacy HTTP/1.1\r\nHost: localhost\r\nCookie: usher={browser.cookies['usher']}\r\n"
        head += "Sec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        connection.sendall(f"{head}Content-Length: 100\r\nConnection: close\r\n\r\nchoice=".encode())
        assert b" 408 " in connection.makefile("rb").readline()


def test_the_page_after_signing_in_is_one_of_ours(house: MembersHouse) -> None:
    """Whatever the address says (open redirect)."""
    browser = house.open_browser("Iris")
    assert browser.get("/sign-in?back=/films%3Fq%3Dx").location == "/films?q=x"
    for evil in ("//evil.example", "https://evil.example", "/\\evil.example", "evil", "/a%0d%0aX:%20y", "/%09/evil"):
        assert browser.get(f"/sign-in?back={evil}").location == "/", evil


def test_a_member_reads_their_own_place(house: MembersHouse) -> None:
    """On whatever page of the board, also where others do not see whose it is; nobody else's."""
    iris = house.open_browser("Iris")
    assert "Your place: " in iris.get("/board?by=time").text
    house.choose_privacy("Iris", "anonymous")
    assert "Your place: " in iris.get("/board?by=time").text
    assert "Your place" not in house.open_browser(ADMIN).get("/board").text


def test_strangers_see_how_to_sign_in(house: MembersHouse) -> None:
    """And no menu; in German too."""
    page = house.open_browser().get("/sign-in").text
    assert "<code>/web</code>" in page
    assert 'href="/films"' not in page
    assert "discord.com" not in page
    assert "Anmelden" in house.open_browser(language="de").get("/sign-in").text


def test_a_session_ended_elsewhere_is_ended_here(house: MembersHouse) -> None:
    """For example by `forgetme` on Discord."""
    browser = house.open_browser("Iris")
    house.caller.ask("persistence", EndSessions(viewer_id=IDS["Iris"]), WITHIN_S)
    end = time.monotonic() + WITHIN_S
    while browser.get("/board").status != 303:
        assert time.monotonic() < end


def test_members_are_asked_of_discord_once_a_minute(house: MembersHouse) -> None:
    """Not at each page."""
    browser = house.open_browser("Iris")
    browser.get("/board")
    asked = sum(isinstance(each, GetMember) for each in house.discord.asked)
    for _ in range(5):
        browser.get("/films")
    assert sum(isinstance(each, GetMember) for each in house.discord.asked) == asked


@pytest.fixture
def oauth_house(tmp_path: Path) -> Iterator[MembersHouse]:
    """A page with a sign-in by Discord."""
    with open_members_house(make_club(tmp_path / "data", 2), discord_client_id=77) as opened:
        yield opened


def begin_at_discord(house: MembersHouse) -> tuple[Browser, str]:
    """Return a browser that set out to Discord, and the state that it took along."""
    browser = house.open_browser()
    page = browser.get("/sign-in?back=/films").text
    address = re.search(r'href="(https://discord\.com/oauth2/authorize\?[^"]+)"', page)
    assert address is not None
    assert "scope=identify&amp;" in address[1] and "code_challenge_method=S256" in address[1]
    state = re.search(r"state=([\w-]+)", address[1])
    assert state is not None
    return browser, state[1]


def test_a_member_signs_in_at_discord(oauth_house: MembersHouse) -> None:
    """The code goes with the verifier, which only this browser's secret gives; then the requested page opens."""
    browser, state = begin_at_discord(oauth_house)
    assert "Continue" in browser.get(f"/sign-in/discord?code={IDS['Iris']}&state={state}").text
    reply = browser.post("/sign-in/discord", {"code": IDS["Iris"], "state": state})
    assert (reply.status, reply.location) == (303, "/films")
    assert browser.get("/me").status == 200
    attempt = next(each for each in oauth_house.discord.asked if isinstance(each, ConfirmDiscordSignIn))
    assert attempt.redirect_uri == "http://127.0.0.1/sign-in/discord"
    assert len(attempt.code_verifier) == 43


def test_a_sign_in_that_this_browser_did_not_begin_is_refused(oauth_house: MembersHouse) -> None:
    """Another browser's code has another state."""
    browser, state = begin_at_discord(oauth_house)
    stranger = oauth_house.open_browser()
    for reader, given in ((stranger, state), (browser, "x" * 43), (browser, "")):
        assert reader.get(f"/sign-in/discord?code=1&state={given}").status == 400
        assert reader.post("/sign-in/discord", {"code": IDS["Iris"], "state": given}).status == 400
    assert derive_state("a") != derive_state("b") != derive_verifier("b")


def test_a_stranger_cannot_sign_in_at_discord(oauth_house: MembersHouse) -> None:
    """Discord says who it is; the bot says whether that is a member."""
    browser, state = begin_at_discord(oauth_house)
    reply = browser.post("/sign-in/discord", {"code": "somebody", "state": state})
    assert reply.status == 403
    assert browser.get("/").status == 303


def test_a_programs_token_is_no_session(house: MembersHouse) -> None:
    """A stolen token can change nothing, however it is sent; and a browser's cookie is no token."""
    token = make_program_token()
    asked = StartSession(token.token_hash, viewer_id=IDS["Iris"], username="Iris", is_token=True)
    house.caller.ask("persistence", asked, WITHIN_S)
    thief = house.open_browser()
    assert thief.get("/api/v1/board", Authorization=f"Bearer {token.secret}").status == 200
    thief.cookies[sessions.PLAIN_COOKIE] = token.secret
    assert thief.get("/me").status == 303
    assert thief.post("/me/privacy", {"choice": "private"}).status == 401
    owner = house.open_browser("Iris")
    secret = owner.cookies[sessions.PLAIN_COOKIE]
    assert house.open_browser().get("/api/v1/board", Authorization=f"Bearer {secret}").status == 401


def test_a_form_from_another_site_uses_up_no_sign_in_attempt(house: MembersHouse) -> None:
    """Otherwise it could block the address of its reader."""
    browser, link = house.open_browser(), house.make_link("Iris")
    for _ in range(3 * sign_in.SIGN_INS_A_MINUTE):
        assert browser.post(link, Sec_Fetch_Site="cross-site").status == 403
    assert browser.post(link).status == 303


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded; charset=nonsense",
        "application/x-www-form-urlencoded; charset=idna",
        "application/x-www-form-urlencoded; charset=rot13",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "multipart/form-data; boundary=" + "x" * 100,
    ],
)
def test_a_form_that_cannot_be_read_is_refused(
    house: MembersHouse, content_type: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a traceback in the log."""
    browser = house.open_browser("Iris")
    for body in ("choice=%ff\xff", "--x\r\n\r\nchoice", "--x\r\nContent-Type: a\r\n\r\nb\r\n--x--\r\n"):
        reply = browser.send("POST", "/me/privacy", body, Sec_Fetch_Site="same-origin", Content_Type=content_type)
        assert reply.status in (400, 404), body
    assert not [record for record in caplog.records if "failed" in record.message]
