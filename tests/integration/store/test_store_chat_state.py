"""What a chat platform has the store remember: kept when it is acknowledged, removed when asked, in every backup."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from messages import BackUpNow, ChatStateEntry, LoadChatState, SaveChatState
from persistence.database import engine
from tests.integration.store.persistence_fixture import House

CARD = ChatStateEntry("live_card", "screening-1", '{"message_id":1}')
NIGHT = ChatStateEntry("film_night", "7", '{"event_id":7}')


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A persistence actor, with the test as everybody else."""
    house = House(tmp_path)
    yield house
    house.close()


def save(house: House, *entries: ChatStateEntry) -> None:
    """Save as the Discord actor does; returns when it is acknowledged."""
    acknowledged: list[bool] = []
    house.discord.tell("persistence", SaveChatState(entries), lambda: acknowledged.append(True))
    house.until(lambda: acknowledged)


def load(house: House) -> tuple[ChatStateEntry, ...]:
    """Every entry there is."""
    return house.ask(LoadChatState()).entries


def rows(file: Path) -> list[tuple[str, str, str]]:
    """What the table of a store holds, read by plain SQLite."""
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute("SELECT feature, key, value FROM chat_state ORDER BY feature").fetchall()


def test_what_is_acknowledged_is_in_the_store_and_there_after_a_restart(house: House) -> None:
    """A replaced value is there once, a removed entry not at all."""
    assert load(house) == ()
    save(house, CARD, NIGHT)
    assert rows(house.folder / "usher.db") == [
        ("film_night", "7", '{"event_id":7}'),
        ("live_card", "screening-1", '{"message_id":1}'),
    ]
    house.stop()
    house.start()
    save(house, ChatStateEntry("live_card", "screening-1", '{"message_id":2}'), ChatStateEntry("film_night", "7", ""))
    assert load(house) == (ChatStateEntry("live_card", "screening-1", '{"message_id":2}'),)


def test_entries_come_the_longest_unchanged_first(house: House) -> None:
    """So that a feature knows which of them are old."""
    for number, key in enumerate(("b", "c", "a")):
        house.clock.at_s += number
        save(house, ChatStateEntry("pages", key, '"x"'))
    house.clock.at_s += 10
    save(house, ChatStateEntry("pages", "b", '"y"'))
    assert [entry.key for entry in load(house)] == ["c", "a", "b"]


def test_a_backup_has_it(house: House) -> None:
    """It moves with the data."""
    save(house, CARD)
    report = house.ask(BackUpNow())
    assert rows(Path(report.file)) == [("live_card", "screening-1", '{"message_id":1}')]


def test_a_save_that_fails_is_not_acknowledged_and_comes_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another program holds the store."""
    house.stop()
    monkeypatch.setattr(engine, "BUSY_MS", 50)
    house.start()
    acknowledged: list[bool] = []
    with closing(sqlite3.connect(house.folder / "usher.db", isolation_level=None)) as other:
        load(house)
        other.execute("BEGIN IMMEDIATE")
        house.discord.tell("persistence", SaveChatState((CARD,)), lambda: acknowledged.append(True))
        assert load(house) == () and acknowledged == []
        other.execute("ROLLBACK")
    house.until(lambda: acknowledged)
    assert load(house) == (CARD,)
