"""Persistence and the tracker's reports of several Plex servers: what is saved, and what is never saved too early."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from messages import LoadWatches, ReportWatches, ServersReported, WatchesReported
from tests.integration.store.persistence_fixture import House
from tests.unit.persistence.record_builders import EVENING, FILM, record, state


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house, closed at the end."""
    made = House(tmp_path)
    yield made
    made.close()


def report(house: House, server_id: str, *watch_ids: str) -> None:
    """The tracker reports a server, as this version does: states alone."""
    item = replace(FILM, server_id=server_id)
    at = house.clock.now()
    states = tuple(state(record(name, f"viewer {name}", item), seen_s=at.wall_s) for name in watch_ids)
    house.tracker.tell("persistence", WatchesReported(at, states, (), server_id))


def servers(house: House, *server_ids: str) -> None:
    """The tracker says which servers have watches."""
    house.tracker.tell("persistence", ServersReported(house.clock.now(), server_ids))


def checkpoint(house: House) -> list[str]:
    """Ids of the watches in the checkpoint."""
    with closing(sqlite3.connect(house.folder / "usher.db")) as connection:
        return [row[0] for row in connection.execute("SELECT watch_id FROM checkpoint ORDER BY watch_id")]


def pass_time(house: House) -> None:
    house.clock.at_s += 10.0


def test_the_checkpoint_has_every_server_and_loses_what_ended_on_one(house: House) -> None:
    """A report says nothing of other servers; what is not in it has ended on its own."""
    report(house, "one", "a", "b")
    report(house, "two", "c")
    servers(house, "one", "two")
    house.tick()
    assert checkpoint(house) == ["a", "b", "c"]
    pass_time(house)
    report(house, "one", "b")
    house.tick()
    assert checkpoint(house) == ["b", "c"]


def test_a_restarted_persistence_saves_only_after_all_reports(house: House) -> None:
    """One report was lost: the checkpoint keeps that server's watches, and the tracker is asked again."""
    report(house, "one", "a")
    report(house, "two", "b")
    servers(house, "one", "two")
    house.tick()
    house.stop()
    house.start()
    house.until(lambda: house.told.count(ReportWatches()) == 2)
    pass_time(house)
    report(house, "one", "a")
    servers(house, "one", "two")
    house.tick()
    assert checkpoint(house) == ["a", "b"]
    house.until(lambda: house.told.count(ReportWatches()) == 3)
    assert [each.watch_id for each in house.ask(LoadWatches(0.0)).running] == ["a", "b"], "a tracker that starts now"
    report(house, "two")
    house.tick()
    assert checkpoint(house) == ["a"]


def test_a_restarted_tracker_ends_what_it_does_not_know(house: House) -> None:
    """Persistence lived on: a server of which the new tracker knows no watch has none."""
    report(house, "one", "a")
    report(house, "two", "b")
    servers(house, "one", "two")
    pass_time(house)
    report(house, "one", "a")
    servers(house, "one")
    house.tick()
    assert checkpoint(house) == ["a"]


def test_an_empty_list_of_servers_means_that_nobody_watches(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """A tracker that starts with nothing has no server to report."""
    caplog.set_level("INFO")
    servers(house)
    house.tick()
    assert "no active watches" in caplog.text


def test_a_report_too_large_for_a_message_is_shown_in_health(house: House) -> None:
    """The saves keep that server's watches as they were."""
    report(house, "one", "a")
    servers(house, "one")
    pass_time(house)
    house.tracker.tell("persistence", WatchesReported(house.clock.now(), (), (), "one", withheld=30_000))
    house.tick()
    assert checkpoint(house) == ["a"]
    health = house.tracker.ping("persistence")
    house.until(health.done)
    assert health.result().problems[0].code == "save.report_withheld"
    assert "30000 watches" in health.result().degraded
    pass_time(house)
    report(house, "one", "a")
    house.tick()
    health = house.tracker.ping("persistence")
    house.until(health.done)
    assert health.result().degraded == ""


def test_records_so_far_are_made_from_the_state(house: House) -> None:
    """Persistence makes them; version 1.0 was sent them."""
    house.clock.at_s = EVENING + 7200
    report(house, "srv", "a")
    servers(house, "srv")
    house.tick()
    with closing(sqlite3.connect(house.folder / "usher.db")) as connection:
        (watching,) = connection.execute("SELECT watching_now FROM viewer_stats").fetchone()
    assert "Alien" in watching
