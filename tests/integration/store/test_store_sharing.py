"""Pages that members share, and who had said that they would come: the persistence actor with a store on the disk."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from messages import (
    EndShares,
    EraseViewer,
    FindShare,
    GetMyData,
    GetNight,
    ListShares,
    OpenShare,
    Privacy,
    RecordRsvps,
    SetPrivacy,
    Share,
    ShareKind,
)
from persistence.records.sharing import MOST_SHARES
from persistence.records.web_sessions import settle_restored_access
from tests.integration.store.persistence_fixture import House
from tests.nights.evidence import sql
from tests.unit.persistence.record_builders import EVENING, open_store, record

ANA, BJOERN, CEM = "501", "502", "503"
TOKEN = "t"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A persistence actor; Ana and Björn were at a night, Cem at none."""
    made = House(tmp_path)
    made.clock.at_s = EVENING + 9000
    made.finish(record("a", ANA, username="Ana", screening_id="s1", party=True))
    made.finish(record("b", BJOERN, username="Björn", screening_id="s1", party=True))
    yield made
    made.close()


def share(house: House, kind: ShareKind = "year", subject: str = "2026", who: str = ANA, token: str = TOKEN) -> str:
    """A member shares something; return what stands in its address, empty where it cannot be."""
    opened = house.ask(OpenShare(token, who, kind, subject)).share
    return opened.token if opened is not None else ""


def tell_rsvps(house: House, told: RecordRsvps) -> None:
    """Discord tells who had said that they would come; acknowledged when this returns."""
    acknowledged: list[bool] = []
    house.discord.tell("persistence", told, lambda: acknowledged.append(True))
    house.until(lambda: acknowledged)


def test_a_share_is_found_until_its_owner_ends_it(house: House) -> None:
    """And only by its owner; what is shared twice has one address."""
    assert share(house, token="first") == share(house, token="second") == "first"
    found = house.ask(FindShare("first"))
    assert found.share == Share("first", "year", "2026", EVENING + 9000)
    assert (found.viewer_id, found.username) == (ANA, "Ana")
    assert house.ask(ListShares(ANA)).shares == (found.share,)
    assert house.ask(EndShares(BJOERN, "first")).shares == 0
    assert house.ask(EndShares(ANA, "first")).shares == 1
    assert house.ask(FindShare("first")).share is None
    assert house.ask(FindShare("never")).share is None


def test_members_share_only_what_is_their_own(house: House) -> None:
    """A night at which they were, a badge that they have, a year."""
    found = sql(house.folder, "SELECT badge_id FROM viewer_badges WHERE viewer_id = '501'")
    badges = [row["badge_id"] for row in found]
    assert badges
    assert share(house, "night", "s1", token="night") == "night"
    assert share(house, "badge", badges[0], token="badge") == "badge"
    others: tuple[tuple[ShareKind, str, str], ...] = (
        ("night", "s1", CEM),
        ("night", "never", ANA),
        ("badge", badges[0], CEM),
        ("badge", "never", ANA),
        ("year", "26", ANA),
        ("year", "20x6", ANA),
        ("year", "٢٠٢٦", ANA),
    )
    for kind, subject, who in others:
        assert share(house, kind, subject, who, token="other") == "", (kind, subject, who)
    assert len(house.ask(ListShares(ANA)).shares) == 2
    assert house.ask(EndShares(ANA)).shares == 2


@pytest.mark.parametrize("choice", get_args(Privacy))
def test_shares_end_when_their_owner_becomes_private(house: House, choice: Privacy) -> None:
    """For good, also if they choose open again; anonymous members keep their shares."""
    token = share(house)
    house.ask(SetPrivacy(ANA, "Ana", choice))
    is_hidden = choice in ("private", "untracked")
    assert (house.ask(FindShare(token)).share is None) == is_hidden
    if is_hidden:
        assert share(house) == ""
        house.ask(SetPrivacy(ANA, "Ana", "open"))
        assert house.ask(FindShare(token)).share is None


def test_a_member_has_a_bounded_number_of_shares(house: House) -> None:
    """A new one ends the oldest."""
    for number in range(MOST_SHARES + 2):
        house.clock.at_s += 1
        share(house, subject=str(2000 + number), token=f"t{number}")
    shares = house.ask(ListShares(ANA)).shares
    assert len(shares) == MOST_SHARES
    assert house.ask(FindShare("t1")).share is None
    assert shares[0].token == f"t{MOST_SHARES + 1}"


def test_shares_end_when_their_owner_is_forgotten(house: House) -> None:
    """Until then, mydata lists them without the address."""
    share(house, token="secret-token")
    tell_rsvps(house, RecordRsvps("s1", (ANA, BJOERN)))
    text = house.ask(GetMyData(ANA)).content.decode()
    document = json.loads(text)
    assert [each["subject"] for each in document["shared_pages"]] == ["2026"]
    assert document["said_to_come"] == ["s1"]
    assert "secret-token" not in text
    house.ask(EraseViewer(ANA))
    assert sql(house.folder, "SELECT 1 FROM web_shares") == []
    assert [row["viewer_id"] for row in sql(house.folder, "SELECT viewer_id FROM night_rsvps")] == [BJOERN]


def test_a_restore_ends_all_shares(house: House) -> None:
    """A share that was ended since the backup must not come back."""
    token = share(house)
    house.stop()
    store = open_store(house.folder)
    with store.transaction() as connection:
        settle_restored_access(connection, ())
    store.close()
    house.start()
    assert house.ask(FindShare(token)).share is None


def test_a_night_says_who_of_the_interested_came(house: House) -> None:
    """How many were interested, and which of them came, as far as others may see them; told again, it is replaced."""
    assert house.ask(GetNight("s1")).rsvps == 0
    tell_rsvps(house, RecordRsvps("s1", (ANA, CEM)))
    tell_rsvps(house, RecordRsvps("s1", (ANA, BJOERN, CEM)))
    night = house.ask(GetNight("s1"))
    assert (night.rsvps, night.came) == (3, (ANA, BJOERN))
    house.ask(SetPrivacy(BJOERN, "Björn", "private"))
    assert house.ask(GetNight("s1")).came == (ANA,)
    assert house.ask(GetNight("s1", BJOERN)).came == (ANA, BJOERN)
