"""Links to sign in to the page, sessions, and who is named to all: the persistence actor with a store on the disk."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from messages import (
    EndSessions,
    EraseViewer,
    FindSession,
    FindSignIn,
    GetMyData,
    GetPublicName,
    GetPublicNames,
    LinkAccount,
    OpenSignIn,
    PublicNumber,
    SetPrivacy,
    SetPublicName,
    SignInFound,
    StartSession,
)
from persistence.records.web_sessions import MOST_LINKS, MOST_SESSIONS, MOST_TOKENS, settle_restored_access
from tests.integration.store.persistence_fixture import House
from tests.nights.evidence import sql
from tests.unit.persistence.record_builders import DAY, EVENING, open_store, record

ANA, BJOERN = "501", "502"
PLEX = "plex:srv:7"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A persistence actor with an empty store."""
    made = House(tmp_path)
    made.clock.at_s = EVENING
    yield made
    made.close()


def sign_in(house: House, session: str, who: str = ANA) -> str:
    """A member makes a link and uses it; return whose session it is."""
    house.ask(OpenSignIn("t", who, "Ana"))
    return house.ask(StartSession(session, "t")).viewer_id


def test_a_sign_in_link_works_once(house: House) -> None:
    """Looking at it, as the preview of a chat does, does not use it up."""
    assert house.ask(OpenSignIn("t", ANA, "Ana")).expires_at_s == EVENING + 300
    for _ in range(3):
        assert house.ask(FindSignIn("t")) == SignInFound(ANA, "Ana")
    session = house.ask(StartSession("s", "t"))
    assert (session.viewer_id, session.username, session.sessions) == (ANA, "Ana", 1)
    assert session.expires_at_s == EVENING + 30 * DAY
    assert house.ask(FindSession("s")) == session
    assert house.ask(FindSignIn("t")).viewer_id == ""
    assert house.ask(StartSession("other", "t")).viewer_id == ""
    assert house.ask(FindSession("other")).viewer_id == ""


def test_a_sign_in_link_expires_after_five_minutes(house: House) -> None:
    """It then looks like one that never existed."""
    house.ask(OpenSignIn("t", ANA, "Ana"))
    house.clock.at_s += 301
    assert house.ask(FindSignIn("t")).viewer_id == ""
    assert house.ask(StartSession("s", "t")).viewer_id == ""
    assert house.ask(FindSignIn("never")) == SignInFound("", "")


def test_a_session_ends_by_itself_after_thirty_days(house: House) -> None:
    """And its row is gone at the next sign-in."""
    sign_in(house, "s")
    house.clock.at_s += 30 * DAY + 1
    assert house.ask(FindSession("s")).viewer_id == ""
    sign_in(house, "later")
    assert [row["session_hash"] for row in sql(house.folder, "SELECT * FROM web_sessions")] == ["later"]


def test_a_member_signs_out_on_one_device_or_everywhere(house: House) -> None:
    """Nobody else is signed out; unused links become invalid too."""
    for session in ("a", "b", "c"):
        sign_in(house, session)
    sign_in(house, "bjoern", who=BJOERN)
    assert house.ask(EndSessions("a")).sessions == 1
    assert house.ask(FindSession("a")).viewer_id == ""
    assert house.ask(FindSession("b")).sessions == 2
    house.ask(OpenSignIn("unused", ANA, "Ana"))
    assert house.ask(EndSessions(viewer_id=ANA)).sessions == 2
    assert house.ask(FindSession("b")).viewer_id == ""
    assert house.ask(FindSignIn("unused")).viewer_id == ""
    assert house.ask(FindSession("bjoern")).viewer_id == BJOERN


def test_links_and_sessions_of_a_member_are_limited(house: House) -> None:
    """A new one ends the oldest."""
    for number in range(MOST_LINKS + 2):
        house.clock.at_s += 1
        house.ask(OpenSignIn(f"t{number}", ANA, "Ana"))
    assert [bool(house.ask(FindSignIn(f"t{number}")).viewer_id) for number in range(3)] == [False, False, True]
    for number in range(MOST_SESSIONS + 2):
        house.clock.at_s += 1
        house.ask(StartSession(f"s{number}", viewer_id=ANA, username="Ana"))
    assert [bool(house.ask(FindSession(f"s{number}")).viewer_id) for number in range(3)] == [False, False, True]


def test_tokens_of_programs_end_no_session_of_a_browser(house: House) -> None:
    """Nor do sessions end a token: each kind has its own limit."""
    sign_in(house, "browser")
    house.clock.at_s += 1
    house.ask(StartSession("program", viewer_id=ANA, username="Ana", is_token=True))
    for number in range(MOST_TOKENS - 1):
        house.clock.at_s += 1
        house.ask(StartSession(f"p{number}", viewer_id=ANA, username="Ana", is_token=True))
    for number in range(MOST_SESSIONS - 1):
        house.clock.at_s += 1
        sign_in(house, f"b{number}")
    assert house.ask(FindSession("browser")).viewer_id == house.ask(FindSession("program")).viewer_id == ANA
    house.ask(StartSession("one more", viewer_id=ANA, username="Ana", is_token=True))
    assert house.ask(FindSession("program")).viewer_id == ""
    assert house.ask(FindSession("browser")).viewer_id == ANA


def test_sessions_survive_a_restart(house: House) -> None:
    """They are in the store."""
    sign_in(house, "s")
    house.stop()
    house.start()
    assert house.ask(FindSession("s")).viewer_id == ANA


def test_a_forgotten_viewer_is_signed_out(house: House) -> None:
    """Until then, mydata lists the sessions without a secret."""
    house.finish(record("a", ANA, username="Ana"))
    sign_in(house, "secret-hash")
    house.ask(OpenSignIn("other-hash", ANA, "Ana"))
    house.ask(SetPublicName(ANA, is_named=True))
    text = house.ask(GetMyData(ANA)).content.decode()
    document = json.loads(text)
    assert len(document["sessions"]) == len(document["links_to_sign_in"]) == len(document["named_to_all"]) == 1
    assert "-hash" not in text
    house.ask(EraseViewer(ANA))
    assert house.ask(FindSession("secret-hash")).viewer_id == ""
    for table in ("web_sessions", "web_sign_ins", "public_names"):
        assert sql(house.folder, f"SELECT 1 FROM {table}") == []  # noqa: S608  # a constant


def test_everybody_has_a_number_that_no_choice_changes(house: House) -> None:
    """In the order in which they were first seen; a linked account has the member's."""
    house.finish(record("a", BJOERN, username="Björn"))
    house.finish(record("b", ANA, username="Ana", started_at_s=EVENING + DAY, ended_at_s=EVENING + DAY + 7200))
    house.finish(record("c", PLEX, username="ana", started_at_s=EVENING + 2 * DAY, ended_at_s=EVENING + 2 * DAY + 7200))
    assert [each.number for each in house.ask(GetPublicNames()).viewers] == [1, 2, 3]
    house.ask(LinkAccount(PLEX, "ana", ANA, "Ana", "plex.tv"))
    house.ask(SetPrivacy(BJOERN, "Björn", "private"))
    house.ask(SetPublicName(ANA, is_named=True))
    assert house.ask(GetPublicName(ANA)).is_named
    assert house.ask(GetPublicNames()).viewers == (
        PublicNumber(BJOERN, 1),
        PublicNumber(ANA, 2, is_named=True),
        PublicNumber(PLEX, 2, is_named=True),
    )
    house.ask(SetPublicName(ANA, is_named=False))
    assert not any(each.is_named for each in house.ask(GetPublicNames()).viewers)


def test_a_restored_store_signs_everybody_out(house: House) -> None:
    """A session that was ended since the backup does not live again; nor is named who took that back."""
    sign_in(house, "s")
    house.ask(OpenSignIn("t2", ANA, "Ana"))
    for who in (ANA, BJOERN):
        house.ask(SetPublicName(who, is_named=True))
    house.stop()
    with contextlib.closing(open_store(house.folder)) as store, store.transaction() as connection:
        settle_restored_access(connection, {BJOERN})
    house.start()
    assert house.ask(FindSession("s")).viewer_id == ""
    assert house.ask(FindSignIn("t2")).viewer_id == ""
    assert [house.ask(GetPublicName(who)).is_named for who in (ANA, BJOERN)] == [False, True]
