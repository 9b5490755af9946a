"""What administrators did reaches the audit log through the persistence actor, also over a full disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from messages import AdminActed, AuditEntry, AuditSubject, EraseViewer, GetAuditLog
from tests.integration.store.persistence_fixture import House
from tests.unit.persistence.record_builders import EVENING

IRIS = AuditSubject("100000000000000001", "iris")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A persistence actor."""
    made = House(tmp_path)
    yield made
    made.close()


def act(house: House, name: str) -> list[bool]:
    """Discord tells of an act; what is returned is filled when it is acknowledged."""
    acknowledged: list[bool] = []
    entry = AuditEntry(EVENING, IRIS, name, (), "done", "Discord")
    house.discord.tell("persistence", AdminActed(entry), lambda: acknowledged.append(True))
    return acknowledged


def test_an_act_is_acknowledged_when_it_is_written(house: House) -> None:
    """And can be asked for."""
    acknowledged = act(house, "savedata")
    house.until(lambda: acknowledged)
    page = house.ask(GetAuditLog())
    assert page.total == 1 and page.entries[0].act == "savedata" and page.entries[0].who == IRIS


def test_a_full_disk_loses_no_act_and_is_shown(house: House) -> None:
    """Degraded while it lasts; then the act is written, once."""
    (house.folder / "logs").write_text("in the way of the folder")
    acknowledged = act(house, "backup")
    house.until(lambda: "audit log" in str(house.pulse().degraded))
    assert not acknowledged
    (house.folder / "logs").unlink()
    house.until(lambda: acknowledged)
    house.until(lambda: not house.pulse().degraded)
    assert [entry.act for entry in house.ask(GetAuditLog()).entries] == ["backup"]


def test_a_forgotten_viewer_is_removed_from_the_audit_log(house: House) -> None:
    """An administrator is a viewer as well."""
    acknowledged = act(house, "savedata")
    house.until(lambda: acknowledged)
    house.ask(EraseViewer(IRIS.id))
    assert IRIS.id not in (house.folder / "logs" / "audit.jsonl").read_text()
    assert house.ask(GetAuditLog()).entries[0].who.name == "forgotten"
