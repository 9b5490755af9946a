"""Signing in at plex.tv to prove that an account is one's own: a code, the account's ids on our servers, no token."""

import functools
import logging
import threading
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import requests

from actors.media.plex.http import BoundedSession
from actors.media.plex.on_demand import signin
from actors.media.plex.on_demand.plextv import PinSignIn, PlexTvError, fetch_account, fetch_servers
from actors.media.plex.on_demand.signin import PlexSignInService
from actors.media.sealing import SealError, TokenSealer, make_key
from config import PlexServer
from messages import CheckPlexSignIn, PlexSignedIn, PlexSignIn, StartPlexSignIn
from simulator.plex import ACCOUNTS, OWNER, SimulatedPlex
from simulator.plextv import OWNER_ID, TOKEN, SimulatedPlexTv
from tests.deadlines import WITHIN_S
from wording.problems import english

ANTON = next(one for one in ACCOUNTS if one.name == "Anton")


@pytest.fixture
def plex() -> Iterator[SimulatedPlex]:
    """A running server."""
    with SimulatedPlex() as server:
        yield server


@pytest.fixture
def site(plex: SimulatedPlex) -> Iterator[SimulatedPlexTv]:
    """A running plex.tv."""
    with SimulatedPlexTv(plex) as tv:
        yield tv


@pytest.fixture
def desk(plex: SimulatedPlex, site: SimulatedPlexTv) -> PlexSignInService:
    """Return the sign-in service."""
    return make_service(site, PlexServer(plex.url, plex.token))


def make_service(site: SimulatedPlexTv, *ours: PlexServer) -> PlexSignInService:
    """The same, for these servers."""
    return PlexSignInService(ours, BoundedSession, site.url, logging.getLogger("plex"))


def begin_sign_in(desk: PlexSignInService, community: str = "") -> PlexSignIn:
    """A code, or a problem."""
    answer = desk.start(StartPlexSignIn(community)).result(WITHIN_S)
    assert isinstance(answer, PlexSignIn)
    return answer


def check_sign_in(desk: PlexSignInService, code: PlexSignIn) -> PlexSignedIn:
    """What became of it."""
    answer = desk.check(CheckPlexSignIn(code.sign_in_id)).result(WITHIN_S)
    assert isinstance(answer, PlexSignedIn)
    return answer


def test_a_member_is_identified_after_typing_the_code(
    desk: PlexSignInService, site: SimulatedPlexTv, plex: SimulatedPlex, caplog: pytest.LogCaptureFixture
) -> None:
    """By the account's id on the server; asking twice gives the same; the token of plex.tv is revoked."""
    caplog.set_level(logging.DEBUG)
    code = begin_sign_in(desk)
    assert (code.code, code.address, code.problem) == ("ABCD", "https://plex.tv/link", "")
    assert code.expires_s > 60
    assert code.code not in code.sign_in_id
    assert check_sign_in(desk, code) == PlexSignedIn("waiting")
    site.type_in("ABCD", ANTON)
    known = check_sign_in(desk, code)
    assert known == PlexSignedIn("signed_in", (f"plex:{plex.machine_id}:{ANTON.id}",), "Anton")
    assert check_sign_in(desk, code) == known
    assert site.void == [f"{TOKEN}-7"]
    assert TOKEN not in caplog.text + repr(vars(desk))
    with pytest.raises(PlexTvError):
        fetch_account(site.void[0], site.url)


def test_the_owner_of_a_server_is_number_one_there(
    desk: PlexSignInService, site: SimulatedPlexTv, plex: SimulatedPlex
) -> None:
    """Whatever the id at plex.tv."""
    code = begin_sign_in(desk)
    site.type_in(code.code, OWNER)
    assert check_sign_in(desk, code).plex_ids == (f"plex:{plex.machine_id}:1",)
    assert str(OWNER_ID) not in repr(check_sign_in(desk, code))


def test_an_account_without_access_is_refused(desk: PlexSignInService, site: SimulatedPlexTv) -> None:
    """It exists at plex.tv, and has no access to our servers."""
    site.strangers.add(ANTON.id)
    code = begin_sign_in(desk)
    site.type_in(code.code, ANTON)
    assert check_sign_in(desk, code) == PlexSignedIn("no_access", (), "Anton")


def test_every_server_of_ours_is_looked_at(site: SimulatedPlexTv, plex: SimulatedPlex) -> None:
    """A server that is away is named; if another knows the account, that is enough."""
    gone, here = PlexServer("http://127.0.0.1:9", "wrong"), PlexServer(plex.url, plex.token)
    for ours, state in (((gone, here), "signed_in"), ((gone,), "no_access")):
        desk = make_service(site, *ours)
        code = begin_sign_in(desk)
        site.type_in(code.code, ANTON)
        known = check_sign_in(desk, code)
        assert known.state == state
        assert "doesn't answer" in known.problem


def test_an_outage_of_plex_tv_is_named_and_waited_for(desk: PlexSignInService, site: SimulatedPlexTv) -> None:
    """No code is given out; one that was given out stays valid until plex.tv is back."""
    code = begin_sign_in(desk)
    site.type_in(code.code, ANTON)
    site.away = True
    assert begin_sign_in(desk).problem.startswith("plex.tv didn't give a PIN")
    waiting = check_sign_in(desk, code)
    assert waiting.state == "waiting" and "plex.tv" in waiting.problem
    site.away = False
    assert check_sign_in(desk, code).state == "signed_in"


def test_codes_expire_and_are_limited(
    desk: PlexSignInService, site: SimulatedPlexTv, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unknown and old codes are expired; too many at once are refused until old ones are gone."""
    assert check_sign_in(desk, PlexSignIn("nonsense")).state == "expired"
    monkeypatch.setattr(signin, "MOST", 1)
    begin_sign_in(desk)
    assert "same time" in begin_sign_in(desk).problem
    monkeypatch.setattr(signin, "HOLDS_S", 0.0)
    old = begin_sign_in(make_service(site))
    assert check_sign_in(desk, old).state == "expired"


def test_plex_tv_that_answers_nonsense_is_named(plex: SimulatedPlex) -> None:
    """A Plex server in its place, or nothing at all."""
    for base in (plex.url, "http://127.0.0.1:9"):
        with pytest.raises(PlexTvError, match=r"plex\.tv didn't give a PIN"):
            PinSignIn(base)
        with pytest.raises(PlexTvError, match=r"plex\.tv did not"):
            fetch_servers("secret", base)


KEY = make_key()


def hosting(site: SimulatedPlexTv, *keys: str, only_public: bool = False) -> PlexSignInService:
    """Where further communities sign in."""
    http = functools.partial(BoundedSession, only_public=True) if only_public else BoundedSession
    return PlexSignInService((), BoundedSession, site.url, logging.getLogger("plex"), TokenSealer(keys), http)


def test_a_sign_in_for_a_community_brings_the_servers_that_the_account_owns(
    site: SimulatedPlexTv, plex: SimulatedPlex, caplog: pytest.LogCaptureFixture
) -> None:
    """Those alone, at an address that answers, with a token that only this community's poller opens, and goes on."""
    caplog.set_level(logging.DEBUG)
    desk = hosting(site, KEY)
    code = begin_sign_in(desk, "123")
    assert check_sign_in(desk, code) == PlexSignedIn("waiting")
    site.type_in(code.code, OWNER)
    known = check_sign_in(desk, code)
    assert (known.state, known.name, known.plex_ids) == ("signed_in", OWNER.name, ())
    (server,) = known.servers
    assert (server.name, server.server_id, server.url, server.reason) == ("Home", plex.machine_id, plex.url, None)
    assert TokenSealer([KEY]).open(server.token, "123", plex.machine_id) == plex.token
    with pytest.raises(SealError):
        TokenSealer([KEY]).open(server.token, "124", plex.machine_id)
    assert check_sign_in(desk, code) == known and site.void == []
    for secret in (TOKEN, plex.token):
        assert secret not in caplog.text + repr(vars(desk)) + repr(known) + msgspec.json.encode(known).decode()


def test_servers_in_a_private_network_are_named_and_not_asked(site: SimulatedPlexTv) -> None:
    """Where the operator did not allow them: with what their owner can do."""
    desk = hosting(site, KEY, only_public=True)
    code = begin_sign_in(desk, "123")
    site.type_in(code.code, OWNER)
    (server,) = check_sign_in(desk, code).servers
    assert server.url == "" and server.reason is not None
    assert "private network (127.0.0.1)" in english(server.reason)


def test_a_sign_in_without_servers_or_keys_is_refused(site: SimulatedPlexTv) -> None:
    """A friend's server does not count; without USHER_KEYS no token can be sealed."""
    desk = hosting(site, KEY)
    code = begin_sign_in(desk, "123")
    site.type_in(code.code, ANTON)
    assert check_sign_in(desk, code) == PlexSignedIn("no_access", (), "Anton")
    assert len(site.void) == 1, "nobody needs the token that plex.tv gave"
    assert "communities key" in begin_sign_in(hosting(site), "123").problem
    assert begin_sign_in(hosting(site)).problem == "", "to link an account takes no key"


def test_sign_ins_of_one_community_do_not_delay_others(
    site: SimulatedPlexTv, plex: SimulatedPlex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A community has few codes, of which the oldest ends, and its silent servers delay only itself."""
    asked, goes_on = threading.Event(), threading.Event()

    class Silent(BoundedSession):
        """A server that accepts connections and never answers."""

        def request(self, *_args: Any, **_kwargs: Any) -> requests.Response:
            asked.set()
            goes_on.wait(30)
            raise requests.ConnectionError("silent")

    ours = (PlexServer(plex.url, plex.token),)
    log = logging.getLogger("plex")
    desk = PlexSignInService(ours, BoundedSession, site.url, log, TokenSealer([KEY]), Silent)
    monkeypatch.setattr(signin, "MOST", 4)
    codes = [begin_sign_in(desk, "123") for _ in range(signin.MOST_EACH + 2)]
    assert [code.problem for code in codes] == [""] * len(codes)
    assert [check_sign_in(desk, code).state for code in codes[:3]] == ["expired", "expired", "waiting"]
    site.type_in(codes[-1].code, OWNER)
    found = desk.check(CheckPlexSignIn(codes[-1].sign_in_id))
    assert asked.wait(WITHIN_S)
    try:
        assert begin_sign_in(desk, "124").problem == ""
        assert begin_sign_in(desk).problem == ""
        assert not found.done()
    finally:
        goes_on.set()
    assert isinstance(found.result(30), PlexSignedIn)
