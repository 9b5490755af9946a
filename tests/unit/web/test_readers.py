"""Which readers may open which page, and who is at the other end of a request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from actors.web.access.sessions import Sessions
from actors.web.http.guards import AddressLimiter, HostGuard
from actors.web.http.peers import Peer, PeerFinder
from actors.web.readers import Access, Admission, Reader, ReaderKind, admit, make_unknown_reader
from config import SettingsError, load_settings
from messages import FindSession, WebSession
from setting_checks import is_loopback
from tests.unit.web.page_stage import open_stage

GRANTED, SIGN_IN, NOT_FOUND = Admission.GRANTED, Admission.SIGN_IN, Admission.NOT_FOUND


@pytest.mark.parametrize(
    ("kind", "readers", "signed_in", "admins"),
    [
        (ReaderKind.LOCAL, GRANTED, NOT_FOUND, NOT_FOUND),
        (ReaderKind.STRANGER, SIGN_IN, SIGN_IN, SIGN_IN),
        (ReaderKind.PUBLIC, GRANTED, SIGN_IN, SIGN_IN),
        (ReaderKind.MEMBER, GRANTED, GRANTED, NOT_FOUND),
        (ReaderKind.ADMIN, GRANTED, GRANTED, GRANTED),
    ],
)
def test_each_kind_of_reader_is_let_in_where_it_may_be(
    kind: ReaderKind, readers: Admission, signed_in: Admission, admins: Admission
) -> None:
    """At this machine alone there is nobody to sign in; a member finds no page of administrators."""
    reader = Reader(kind)
    assert admit(reader, Access.EVERYBODY) is GRANTED
    assert admit(reader, Access.READERS) is readers
    assert admit(reader, Access.SIGNED_IN) is signed_in
    assert admit(reader, Access.ADMINS) is admins


def test_cached_pages_are_not_shown_to_other_readers() -> None:
    """Two members, a member and an administrator, signed in and not."""
    readers = [
        Reader(ReaderKind.MEMBER, "1"),
        Reader(ReaderKind.MEMBER, "2"),
        Reader(ReaderKind.ADMIN, "1"),
        make_unknown_reader("local"),
        make_unknown_reader("members"),
        make_unknown_reader("public"),
    ]
    assert len({reader.cache_key for reader in readers}) == len(readers)
    assert make_unknown_reader("members").kind is ReaderKind.STRANGER


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"WEB_BIND": "0.0.0.0"}, "WEB_ACCESS=members"),  # noqa: S104
        ({"WEB_BIND": "192.168.1.5", "WEB_ACCESS": "local"}, "WEB_BIND=127.0.0.1"),
        ({"WEB_BIND": "::", "WEB_ACCESS": "members"}, "WEB_URL is missing"),
        ({"WEB_BIND": "films.example"}, "an IP address of this machine"),
        ({"WEB_TRUSTED_PROXIES": "172.18.0.0/16, proxy"}, "IP addresses or networks"),
    ],
)
def test_a_page_for_other_machines_needs_a_sign_in(environ: dict[str, str], said: str) -> None:
    """The start is refused with the cure, and nothing is shown in the meantime."""
    with pytest.raises(SettingsError) as raised:
        load_settings(environ, for_service=False)
    assert said in str(raised.value)


def test_settings_of_a_page_for_members_are_read() -> None:
    """Proxies as networks."""
    environ = {
        "WEB_BIND": "0.0.0.0",  # noqa: S104
        "WEB_ACCESS": "members",
        "WEB_URL": "https://films.example",
        "WEB_TRUSTED_PROXIES": "127.0.0.1, 172.18.0.7/16",
    }
    settings = load_settings(environ, for_service=False)
    assert settings.web_trusted_proxies == ("127.0.0.1/32", "172.18.0.0/16")
    assert is_loopback("127.9.9.9")
    assert not is_loopback("0.0.0.0")  # noqa: S104


def find(headers: list[tuple[str, str]], remote: str = "127.0.0.1", url: str = "") -> Peer:
    """Return the other end of a request from an address; 127.0.0.1 and 10.0.0.0/8 are trusted proxies."""
    request = make_mocked_request("GET", "/", CIMultiDict([("Host", "inside:8765"), *headers]))
    return PeerFinder(("127.0.0.1", "10.0.0.0/8"), url).find(request.clone(remote=remote))


def test_forwarded_headers_count_from_trusted_proxies_alone() -> None:
    """Whoever else writes them is who they are."""
    headers = [
        ("X-Forwarded-For", "203.0.113.9"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "films.example"),
    ]
    assert find(headers) == Peer("203.0.113.9", "films.example", is_https=True)
    assert find(headers).origin == "https://films.example"
    assert find(headers, remote="203.0.113.66") == Peer("203.0.113.66", "inside:8765", is_https=False)


@pytest.mark.parametrize(
    ("chain", "address"),
    [
        ("1.1.1.1, 203.0.113.9", "203.0.113.9"),  # the browser wrote the first
        ("1.1.1.1, 203.0.113.9, 10.1.2.3", "203.0.113.9"),  # two proxies
        ("nonsense, 203.0.113.9:4711", "203.0.113.9"),
        ('"[2001:db8::1]:4711"', "2001:db8::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("1.1.1.1, nonsense", "127.0.0.1"),
        ("", "127.0.0.1"),
        ("10.1.1.1", "10.1.1.1"),
    ],
)
def test_an_address_is_the_last_that_no_proxy_has(chain: str, address: str) -> None:
    """What stands before it anybody can write, to take the blame from themselves."""
    assert find([("X-Forwarded-For", chain)]).address == address


def test_the_address_of_the_page_says_whether_it_is_https() -> None:
    """Where a proxy passes on the Host, and says nothing more."""
    assert find([], url="https://inside:8765").is_https
    assert not find([], url="https://films.example").is_https
    assert not find([], url="http://inside:8765").is_https


def test_a_page_for_other_machines_is_found_by_any_address() -> None:
    """No name of somebody else's can be one."""
    guard = HostGuard("https://films.example", allows_addresses=True)
    for host in ("192.168.1.5:8765", "[2001:db8::1]:8765", "films.example", "localhost"):
        assert guard.allows(host), host
    assert not guard.allows("evil.example")
    assert not HostGuard("").allows("192.168.1.5:8765")


def test_strangers_are_led_to_the_sign_in(tmp_path: Path) -> None:
    """With the way back; what is no page is refused, and what is for everybody is there."""
    with open_stage(tmp_path, web_access="members") as stage:
        for path in ("/", "/nights?m=2026-11", "/viewers/abcdefghijklm"):
            status, headers, text = stage.get(path, Accept="text/html,*/*")
            assert status == 303
            assert headers["Location"].startswith("/sign-in?back=/"), headers
            assert "Tonight" not in text
        assert stage.get("/nights?m=2026-11", Accept="text/html")[1]["Location"] == "/sign-in?back=/nights?m%3D2026-11"
        assert stage.get("/events", Accept="text/event-stream")[0] == 401
        assert stage.get("/posters/" + "0" * 24, Accept="image/png")[0] == 401
        assert stage.get("/robots.txt")[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example@127.0.0.1",
        "127.0.0.1/evil.example",
        "127.0.0.1?evil.example",
        "127.0.0.1#evil.example",
        "127.0.0.1\\evil.example",
        "localhost:80:80",
        "localhost:x",
        "[::1]evil.example",
        "[::1",
        "::1]",
        "0x7f000001",
        "2130706433",
        "127.1",
        "0.0.0.0",  # noqa: S104
        "[::]",
        "[::ffff:0:0]",
        "[fe80::1%25lo]",
        "loc\xadalhost",
        "\uff4cocalhost",
    ],
)
def test_other_host_names_are_refused(host: str) -> None:
    """Also names that only contain an own one; the Host is used for addresses that others read."""
    assert not HostGuard("").allows(host)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1:8765", "127.9.9.9", "[::1]", "[0:0::1]:8765"])
def test_every_name_of_this_machine_is_accepted(host: str) -> None:
    """With a port or without."""
    assert HostGuard("").allows(host)


def test_a_limit_holds_for_a_network_of_ipv6() -> None:
    """A household or a rented machine has 2^64 addresses: they are one."""
    limiter = AddressLimiter(2)
    addresses = [f"2001:db8::{number:x}:1" for number in range(5)]
    taken = [limiter.take(Peer(each, "", is_https=False).network) for each in addresses]
    assert taken == [True, True, False, False, False]
    networks = {Peer(each, "", is_https=False).network for each in ("203.0.113.9", "203.0.113.10", "2001:db8:0:1::1")}
    assert len(networks) == 3
    assert Peer("", "", is_https=False).network == ""


async def test_a_session_that_ends_while_it_is_looked_for_is_not_remembered() -> None:
    """The answer of before the end may come after the news of it."""
    asked: list[FindSession] = []

    async def ask(question: Any, timeout_s: float = 5.0, *, target: str = "") -> Any:
        asked.append(question)
        if len(asked) == 1:
            sessions.drop_known()
            return WebSession("501", "Iris")
        return WebSession("", "")

    sessions = Sessions("members", ask)
    request = make_mocked_request("GET", "/", CIMultiDict([("Authorization", "Bearer usher_abc")]))
    found = await sessions.find(request)
    assert found is not None and found.viewer_id == "501"
    assert await sessions.find(request) is None
    assert await sessions.find(request) is None
    assert len(asked) == 2
