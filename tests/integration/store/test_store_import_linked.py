"""Imports of files that hold the figures of accounts and members that are linked, or were."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from messages import LinkAccount, UnlinkAccount
from persistence.database.errors import ImportFault
from persistence.json_files.files import HISTORY
from persistence.operations.legacy_import import ImportResult, export, import_legacy_files, read_legacy_files
from persistence.operations.link import link, unlink
from persistence.store import Store
from tests.unit.persistence.record_builders import DAY, EVENING, FILM, RULES, finish, open_store, read_hours, record


@pytest.fixture
def store(tmp_path: Path) -> Any:
    """An empty store in a data folder."""
    opened = open_store(tmp_path / "data")
    yield opened
    opened.close()


def test_figures_of_a_linked_account_are_refused(store: Store, tmp_path: Path) -> None:
    """An export from before the link: nothing is changed, and the cure works; one from after it brings nothing new."""
    finish(
        store,
        record("w1", "plex:srv:7"),
        record("w2", "501", started_at_s=EVENING + DAY, ended_at_s=EVENING + DAY + 60),
    )
    export(store, tmp_path / "before")
    asked = LinkAccount("plex:srv:7", "annaplex", "501", "Anna", "1")
    with store.change(EVENING) as change:
        link(change, asked, EVENING)
    export(store, tmp_path / "linked")
    files = read_legacy_files(tmp_path / "before", RULES)
    with pytest.raises(ImportFault, match=r"plex:srv:7 apart.* linked to Anna.*/unlink"):
        import_legacy_files(store, files, EVENING)
    brought = import_legacy_files(store, read_legacy_files(tmp_path / "linked", RULES), EVENING)
    assert (brought.watches, brought.badges, read_hours(store)) == (0, 0, {"501": 14400.0})
    with store.change(EVENING) as change:
        unlink(change, UnlinkAccount("plex:srv:7", "501", "1"))
    assert import_legacy_files(store, files, EVENING).watches == 0
    assert read_hours(store) == {"plex:srv:7": 7200.0, "501": 7200.0}


def test_an_export_from_a_linked_time_counts_nothing_twice_after_it(store: Store, tmp_path: Path) -> None:
    """Then both watches of the evening were one record, and are two again now."""
    finish(store, record("P", "plex:srv:7", source="plex"), record("V", started_at_s=EVENING + 60, playing_s=7000.0))
    with store.change(EVENING) as change:
        link(change, LinkAccount("plex:srv:7", "annaplex", "501", "Anna", "1"), EVENING)
    export(store, tmp_path / "linked")
    files = read_legacy_files(tmp_path / "linked", RULES)
    assert import_legacy_files(store, files, EVENING) == ImportResult(0, 0, 0)
    with store.change(EVENING) as change:
        unlink(change, UnlinkAccount("plex:srv:7", "501", "1"))
    assert import_legacy_files(store, files, EVENING) == ImportResult(0, 0, 0)
    assert read_hours(store) == {"plex:srv:7": 7200.0, "501": 7000.0}


def test_what_a_linked_member_brings_is_one_with_the_account_watch_of_that_time(store: Store, tmp_path: Path) -> None:
    """At once, and not only when that film ends the next time; again changes nothing, and it can be taken apart."""
    other = replace(FILM, rating_key="200", title="Aliens")
    before = open_store(tmp_path / "before")
    finish(
        before,
        record("V", playing_s=7000.0),
        record("V2", item=other, started_at_s=EVENING + DAY, ended_at_s=EVENING + DAY + 7200),
    )
    export(before, tmp_path / "files")
    before.close()
    files = read_legacy_files(tmp_path / "files", RULES)
    with store.change(EVENING) as change:
        link(change, LinkAccount("plex:srv:7", "annaplex", "501", "Anna", "1"), EVENING)
    finish(store, record("P", "plex:srv:7", source="plex"))
    assert import_legacy_files(store, files, EVENING).watches == 2
    assert read_hours(store) == {"501": 14400.0}
    lines = json.loads((tmp_path / "data" / HISTORY).read_text())
    assert [(line["watch_id"], line["playing_seconds"]) for line in lines] == [("P", 7200.0), ("V2", 7200.0)]
    assert import_legacy_files(store, files, EVENING) == ImportResult(0, 0, 0)
    cut = replace(files, watches=files.watches[1:])  # what came before still explains the figures
    assert import_legacy_files(store, cut, EVENING) == ImportResult(0, 0, 0)
    with store.change(EVENING) as change:
        unlink(change, UnlinkAccount("plex:srv:7", "501", "1"))
    assert read_hours(store) == {"501": 14200.0, "plex:srv:7": 7200.0}
