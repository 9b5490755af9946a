"""A value that the store cannot hold: that one message is set aside, everything else is stored."""

import json
import logging
import random
import string
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy.exc import IntegrityError, OperationalError

from messages import (
    GetHistory,
    GetSaveStatus,
    GetViewerStats,
    LinkAccount,
    Message,
    SetPrivacy,
    WatchFinished,
    WatchRecord,
)
from persistence.database.causes import is_unstorable
from persistence.database.errors import SaveFailed, SaveRefused
from persistence.operations.legacy_import import import_legacy_files, read_legacy_files
from persistence.operations.save import save
from persistence.store import Store
from tests.integration.store.persistence_fixture import House, Noted
from tests.unit.persistence.record_builders import (
    EVENING,
    FILM,
    RULES,
    ask,
    closes,
    finish,
    open_store,
    record,
    running,
)

NO_NUMBER = float("nan")
"""SQLite takes it for nothing, and a record must have a playing time."""
FAR = replace(FILM, year=3_000_000_000)
"""PostgreSQL's numbers end before."""


def finish_both(house: House, bad: WatchRecord, good: WatchRecord) -> list[str]:
    """Tell of two finishes; return the ids of those that were set aside when both are answered."""
    aside: list[Message] = []
    house.tracker.on_dead_lettered = aside.append
    for each in (bad, good):
        house.tracker.tell("persistence", WatchFinished(closes(each), each, 0))
    house.until(lambda: house.tracker.count_unacknowledged() == 0)
    assert [each.watch_id for each in house.ask(GetHistory()).records] == [good.watch_id]
    assert house.gone.is_set() is False
    return [message.record.watch_id for message in aside if isinstance(message, WatchFinished)]


def test_a_watch_that_postgresql_cannot_hold_delays_no_other(
    tmp_path: Path, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Once it was sent again for ever, and every later watch waited behind it."""
    house = House(tmp_path, database_url=url)
    try:
        assert finish_both(house, record("bad", item=FAR), record("good", "502")) == ["bad"]
        assert house.ask(GetSaveStatus()).last_error == ""
    finally:
        house.close()
    (line,) = [line for line in caplog.messages if "cannot be stored" in line]
    assert line.startswith("Message dropped: Watch bad cannot be stored. ") and "integer out of range" in line
    assert "report this line" in line


def test_a_watch_that_sqlite_cannot_hold_is_neither_stored_nor_taken_up_again(tmp_path: Path) -> None:
    """It ran before: it is in no checkpoint any more, or the next start would go on with it."""
    house = House(tmp_path)
    try:
        house.report(record("bad"), record("still", "503"))
        house.tick()
        assert finish_both(house, record("bad", playing_s=NO_NUMBER), record("good", "502")) == ["bad"]
        opened = Noted.newest._opened
        assert opened is not None
        assert [state.watch_id for state in opened.read_checkpoint()] == ["still"]
    finally:
        house.close()


def test_a_refused_watch_stays_in_the_checkpoint_until_its_dead_letter_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk it was acknowledged all the same: it was neither stored, nor set aside, nor kept by anybody."""
    monkeypatch.setattr(House, "letters", tmp_path / "dead_letters.jsonl")
    (tmp_path / "dead_letters.jsonl").mkdir()
    house = House(tmp_path)
    try:
        house.report(record("bad"), record("still", "503"))
        house.tick()
        aside: list[Message] = []
        house.tracker.on_dead_lettered = aside.append
        bad = record("bad", playing_s=NO_NUMBER)
        house.tracker.tell("persistence", WatchFinished(closes(bad), bad, 0))
        house.until(lambda: "dead letters" in Noted.newest._health.last_error)
        opened = Noted.newest._opened
        assert opened is not None
        assert [state.watch_id for state in opened.read_checkpoint()] == ["bad", "still"]
        assert (aside, house.tracker.count_unacknowledged()) == ([], 1)
        (tmp_path / "dead_letters.jsonl").rmdir()
        house.until(lambda: aside and house.tracker.count_unacknowledged() == 0)
        assert "Watch bad cannot be stored" in (tmp_path / "dead_letters.jsonl").read_text()
        assert [state.watch_id for state in opened.read_checkpoint()] == ["still"]
    finally:
        house.close()


def test_a_running_watch_that_cannot_be_stored_delays_no_save(
    tmp_path: Path, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """At a tick and at a finish, all others are in the checkpoint; the log says it once."""
    house = House(tmp_path, database_url=url)
    title = replace(FILM, title="Al\0ien", rating_key="7")
    with caplog.at_level(logging.ERROR):
        house.report(record("bad", item=title), record("w2", "502"), record("w3", "503"))
        house.tick()
        house.tick()
        opened = Noted.newest._opened
        assert opened is not None
        assert [state.watch_id for state in opened.read_checkpoint()] == ["w2", "w3"]
        assert house.ask(GetSaveStatus()).last_error == ""
        house.finish(record("w2", "502"))
        assert [each.watch_id for each in house.ask(GetHistory()).records] == ["w2"]
        assert [state.watch_id for state in opened.read_checkpoint()] == ["w3"]
        house.close()
    assert len([line for line in caplog.messages if "Watch bad is left out of the saves while it runs" in line]) == 1


@pytest.mark.parametrize(
    "bad",
    [
        record("w", item=FAR),
        record("w", username="A\0nn"),
        record("w", item=replace(FILM, title="Alien \ud83c")),
        record("w", coverage_ms=2**63),
    ],
)
def test_a_refused_value_is_no_outage_of_the_store(tmp_path: Path, url: str, bad: WatchRecord) -> None:
    """The text says that trying again is no use; the next message is stored."""
    store = Store(url, tmp_path, RULES)
    with pytest.raises(SaveRefused, match="trying again won't help"):
        finish(store, bad)
    with pytest.raises(SaveRefused):
        save(store, running(record("r", username="\0")), EVENING, "auto")
    finish(store, record("good"))
    assert [each.watch_id for each in store.read_resumable(0)] == ["good"]
    store.close()


@pytest.mark.parametrize("on", ["sqlite", "postgresql"])
def test_a_key_that_another_program_took_is_tried_again(
    on: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """No value is at fault there: the next try takes the next place."""
    store = Store(request.getfixturevalue("url"), tmp_path, RULES) if on == "postgresql" else open_store(tmp_path)
    finish(store, record("w1"))
    with store.transaction() as connection:
        connection.exec_driver_sql("UPDATE facts SET value = '0' WHERE name = 'history_seq'")
    with pytest.raises(SaveFailed) as caught:
        finish(store, record("w2"))
    assert not isinstance(caught.value, SaveRefused)
    store.close()


@pytest.mark.parametrize(
    "text",
    [
        'duplicate key value violates unique constraint "uq_watches_seq"',
        "doppelter Schlüsselwert verletzt Unique-Constraint »uq_watches_seq«",
        "la valeur d'une clé dupliquée rompt la contrainte unique « uq_watches_seq »",
    ],
)
def test_a_taken_key_is_known_in_every_language_of_the_server(text: str) -> None:
    """By its code, and so is what is no taken key."""
    errors = pytest.importorskip("psycopg.errors")
    assert not is_unstorable(IntegrityError("INSERT", None, errors.UniqueViolation(text)))
    assert is_unstorable(IntegrityError("INSERT", None, errors.NotNullViolation(text)))
    assert not is_unstorable(OperationalError("INSERT", None, errors.AdminShutdown(text)))


def test_what_is_too_long_for_an_index_of_postgresql_is_refused(tmp_path: Path, url: str) -> None:
    """Its driver calls that an operational error, as it does a server that is away: it was tried again for ever."""
    store = Store(url, tmp_path, RULES)
    longest = "".join(random.Random(7).choices(string.ascii_letters, k=20_000))  # noqa: S311  # such as no packing shortens
    with pytest.raises(SaveRefused, match="trying again won't help"):
        finish(store, record(longest))
    finish(store, record("good"))
    assert [each.watch_id for each in store.read_resumable(0)] == ["good"]
    store.close()


def test_an_import_replaces_characters_that_cannot_be_stored(tmp_path: Path, url: str) -> None:
    """A history with such values comes from an older store, and is imported all the same."""
    old = tmp_path / "old"
    old.mkdir()
    (old / "watch_history.json").write_text(
        '[{"movie_title": "Al\\u0000ien \\ud83c", "user_id": "501", "start_time": "2025-01-01T20:00:00+00:00", '
        '"watch_duration_minutes": 90, "year": 3000000000, "genres": ["Hor\\u0000ror"]}]'
    )
    store = Store(url, tmp_path, RULES)
    import_legacy_files(store, read_legacy_files(old, RULES), EVENING)
    (found,) = ask(store, GetHistory()).records
    assert (found.item.title, found.item.year, found.item.genres) == ("Alien ", None, ("Horror",))
    store.close()


def test_an_import_takes_such_letters_in_ids_and_genres_too(tmp_path: Path, url: str) -> None:
    """In the keys of its files: half a letter, and NUL. What is one thing without them is counted as one."""
    old = tmp_path / "old"
    old.mkdir()
    (old / "user_stats.json").write_text(
        '{"50\\ud83c1": {"username": "Ann", "total_movies": 3, "favorite_genres": {"Hor\\ud83cror": 2, "Horror": 1},'
        ' "favorite_decades": {"19\\u000080s": 3}}}'
    )
    (old / "user_badges.json").write_text(
        '{"50\\u00001": [{"badge_id": "films_1", "earned_date": "2025-01-01T00:00:00+00:00"}]}'
    )
    store = Store(url, tmp_path, RULES)
    assert import_legacy_files(store, read_legacy_files(old, RULES), EVENING).badges == 1
    profile = ask(store, GetViewerStats("501"))
    assert profile.stats is not None and profile.stats.username == "Ann"
    copied = json.loads((tmp_path / "user_stats.json").read_text())["501"]
    assert (copied["favorite_genres"], copied["favorite_decades"]) == ({"Horror": 3}, {"1980s": 3})
    assert [badge.badge_id for badge in profile.badges] == ["films_1"]
    store.close()


def test_names_that_members_bring_are_stored_without_such_letters(tmp_path: Path, url: str) -> None:
    """Whoever chooses or links is heard, whatever Discord calls them."""
    house = House(tmp_path, database_url=url)
    try:
        assert house.ask(SetPrivacy("501", "An\0na", "anonymous")).privacy == "anonymous"
        person = house.ask(LinkAccount("plex:srv:7", "an\0na", "501", "An\0na", "1"))
        assert [(link.plex_name, link.username) for link in person.links] == [("anna", "Anna")]
    finally:
        house.close()
