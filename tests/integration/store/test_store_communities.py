"""The list of further communities in the environment's store: who is added, changed, removed, and who is told."""

import contextlib
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler

from actors.media.sealing import TokenSealer, make_key
from actors.runtime import RemoteError
from config import PlexServer, write_servers
from messages import CommunitiesChanged, CommunityList, ListCommunities, RemoveCommunity, SaveCommunity
from persistence.audit_log import AuditLog
from persistence.badge_files import default_badges
from persistence.database import backup, revision
from persistence.database.examination import open_read_only
from persistence.database.revision import HEAD, read_revision
from persistence.operations.save import save as save_running
from persistence.rules import StatisticsRules
from persistence.store import Store
from tests.integration.store.persistence_fixture import House

GUILD, OWN = "100000000000000007", 100000000000000001


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A persistence actor of an installation that may have further communities."""
    made = House(tmp_path, usher_keys=("*",), discord_guild_id=OWN)
    yield made
    made.close()


def save(house: House, guild_id: str = GUILD, name: str = "Film club", **settings: str) -> CommunityList:
    """Save what a community chose."""
    return house.ask(SaveCommunity(guild_id, name, settings, "Ann"))


def last_told(house: House) -> list[str]:
    """Return the lists of communities that tracker and Discord were last sent."""
    told = [message for message in house.told if isinstance(message, CommunitiesChanged)]
    return [community.guild_id for community in told[-1].communities] if told else []


def test_a_community_is_added_changed_and_removed(house: House) -> None:
    """What it chose is laid over what it chose before; an empty text takes a choice back."""
    assert house.ask(ListCommunities()).communities == ()
    save(house, BOT_LANGUAGE="de", TIMEZONE="Europe/Berlin")
    assert (house.folder / "communities" / GUILD).is_dir()
    (changed,) = save(house, name="", TIMEZONE="", WATCHED_PERCENT=" 90 ").communities
    assert changed.name == "Film club" and changed.settings == {"BOT_LANGUAGE": "de", "WATCHED_PERCENT": "90"}
    house.until(lambda: last_told(house) == [GUILD])
    marker = house.folder / "communities" / GUILD / "usher.db"
    marker.write_bytes(b"their records")
    house.told.clear()
    assert house.ask(RemoveCommunity(GUILD, "Ann")).communities == ()
    house.until(lambda: CommunitiesChanged(()) in house.told)
    assert last_told(house) == [] and marker.read_bytes() == b"their records"
    acts = [
        (entry.act, entry.who.name, entry.targets[0].id, entry.outcome)
        for entry in AuditLog(house.folder / "communities" / GUILD).read(9, 0).entries
    ]
    assert acts == [
        ("community remove", "Ann", GUILD, "done"),
        ("community add", "Ann", GUILD, "done"),
    ]
    assert AuditLog(house.folder).read(9, 0).total == 0, "the environment's !audit tells of no other community"


def test_an_addition_is_one_line_of_the_audit_log(house: House) -> None:
    """With what was chosen, and no token; whoever asked is told that it is new, and adds no line of its own."""
    servers = write_servers(
        [PlexServer("https://a.example", TokenSealer((make_key(),)).seal("t", GUILD, "m"), "A", "m")]
    )
    assert save(house, BOT_LANGUAGE="de", PLEX_SERVERS=servers).added
    assert not save(house, TIMEZONE="Europe/Berlin").added
    (entry,) = AuditLog(house.folder / "communities" / GUILD).read(9, 0).entries
    assert [(target.id, target.name) for target in entry.targets] == [
        (GUILD, "Film club"), ("BOT_LANGUAGE", "de"), ("PLEX_SERVERS", "")
    ]  # fmt: skip


def test_the_number_of_communities_is_limited(tmp_path: Path) -> None:
    """By the operator's setting; the existing ones continue, and whoever asks is told why."""
    house = House(tmp_path, usher_keys=("*",), discord_guild_id=OWN, max_communities=1)
    try:
        save(house)
        with pytest.raises(RemoteError, match="serves 1 further Discord servers, as many"):
            save(house, "100000000000000008")
        assert len(save(house, TIMEZONE="Europe/Berlin").communities) == 1
    finally:
        house.close()


def test_the_list_is_there_after_a_restart_and_told_again_at_ticks(house: House) -> None:
    """A process that missed it, or began since, hears of it."""
    save(house)
    house.stop()
    house.told.clear()
    house.start()
    house.until(lambda: last_told(house) == [GUILD])
    house.told.clear()
    house.tick()
    house.until(lambda: last_told(house) == [GUILD])


def test_changes_that_follow_each_other_are_told_together(house: House) -> None:
    """The whole list is told; a hundred additions in a row are not worth a hundred lists, nor as many readings."""
    ids = [str(int(GUILD) + number) for number in range(100)]
    for guild_id in ids:
        assert [community.guild_id for community in save(house, guild_id).communities] == [guild_id]
    house.until(lambda: last_told(house) == ids)
    told = [message for message in house.told if isinstance(message, CommunitiesChanged)]
    assert len(told) < 100
    assert [community.guild_id for community in house.ask(ListCommunities()).communities] == ids


def test_an_installation_without_communities_sends_no_lists(house: House) -> None:
    """It works as it did before."""
    house.tick()
    house.tick()
    assert not any(isinstance(message, CommunitiesChanged) for message in house.told)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"guild_id": "12x"}, "12x is not the id of a Discord server"),
        ({"guild_id": "../../etc"}, "not the id of a Discord server"),
        ({"guild_id": str(OWN)}, "the operator's own"),
        ({"DATA_DIR": "/etc"}, "can't choose DATA_DIR themselves"),
        ({"PLEX_URL": "http://10.0.0.1:32400"}, "can't choose PLEX_URL"),
        ({"NONSENSE": "1"}, "can't choose NONSENSE"),
        ({"WATCHED_PERCENT": "101"}, "WATCHED_PERCENT takes a percentage above 0 up to 100"),
        ({"PLEX_SERVERS": '[{"url": "http://1.2.3.4:1", "token": "plain"}]'}, "come from signing in at plex.tv"),
        ({"PLEX_SERVERS": '[{"url": "http://1.2.3.4:1", "token": "sealed:x"}]'}, "come from signing in at plex.tv"),
    ],
)
def test_a_wrong_choice_is_declined_and_changes_nothing(house: House, change: dict[str, str], said: str) -> None:
    """Whoever sends it, and whatever else is in the same request."""
    values: dict[str, Any] = {"BOT_LANGUAGE": "de", **change}
    with pytest.raises(RemoteError, match=said):
        save(house, **values)
    assert house.ask(ListCommunities()).communities == ()
    with pytest.raises(RemoteError, match="doesn't serve the Discord server"):
        house.ask(RemoveCommunity("5", "Ann"))


def test_sealed_servers_are_kept(house: House) -> None:
    """As the sign-in at plex.tv brought them."""
    sealed = TokenSealer([make_key()]).seal("token", GUILD, "srv")
    servers = write_servers([PlexServer("https://plex.example:32400", sealed, "Den", "srv")])
    (community,) = save(house, PLEX_SERVERS=servers).communities
    own = house.settings.for_community(GUILD, community.settings)
    assert own.servers == (PlexServer("https://plex.example:32400", sealed, "Den", "srv"),)
    with pytest.raises(RemoteError, match="at most 20"):
        save(house, PLEX_SERVERS=write_servers([*own.servers] * 21))


def test_without_keys_none_is_added(tmp_path: Path) -> None:
    """And the answer says what the operator does; those that are there can still be changed."""
    house = House(tmp_path, usher_keys=("*",))
    save(house)
    house.close()
    house = House(tmp_path)
    try:
        with pytest.raises(RemoteError, match=r"communities key.*USHER_KEYS"):
            save(house, "100000000000000008")
        assert save(house, BOT_LANGUAGE="de").communities[0].settings == {"BOT_LANGUAGE": "de"}
    finally:
        house.close()


def test_a_backup_has_the_list(house: House, tmp_path: Path) -> None:
    """With what each chose; the records of each are in its own store."""
    save(house, BOT_LANGUAGE="de")
    made = backup.backup(tmp_path / "usher.db", tmp_path / "copy.db")
    with open_read_only(made.file) as connection:
        assert connection.execute("SELECT community, settings FROM communities").fetchall() == [
            (GUILD, '{"BOT_LANGUAGE":"de"}')
        ]
    connection.close()


def test_stores_created_at_the_same_time_are_complete(tmp_path: Path) -> None:
    """As the communities' stores at a start: Alembic handles one store at a time."""
    rules = StatisticsRules(ZoneInfo("UTC"), default_badges(), 80.0, 60.0)

    def make(number: int) -> str:
        folder = tmp_path / str(number)
        folder.mkdir()
        url = f"sqlite:///{folder / 'usher.db'}"
        store = Store(url, folder, rules, backups_dir=folder / "backups", is_owner=True)
        try:
            with store.reader.connect() as connection:
                return str(read_revision(connection))
        finally:
            store.close()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(make, range(8))) == {HEAD}


def test_a_statement_is_compiled_once_for_all_stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise each of hundreds of SQLite stores would compile and cache the same statements."""
    compiled: list[str] = []
    compile_statement: Any = SQLiteCompiler.visit_select

    def note(self: SQLiteCompiler, *arguments: Any, **more: Any) -> str:
        text: str = compile_statement(self, *arguments, **more)
        compiled.append(text)
        return text

    monkeypatch.setattr(SQLiteCompiler, "visit_select", note)
    rules = StatisticsRules(ZoneInfo("UTC"), default_badges(), 80.0, 60.0)
    counts = []
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        store = Store(f"sqlite:///{folder / 'usher.db'}", folder, rules, backups_dir=folder / "backups", is_owner=True)
        try:
            save_running(store, [], 1_795_000_000.0, "auto")
        finally:
            store.close()
        counts.append(len(compiled))
    assert counts[1] == counts[2], compiled[counts[1] :]


def test_a_new_store_is_migrated_once_in_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next ones are made by what the migrations came to: the same tables, indexes and revision, to the letter."""
    monkeypatch.setattr(revision, "_created", None)
    migrated: list[str] = []
    upgrade = revision.upgrade

    def note(connection: Connection) -> None:
        migrated.append(str(connection.engine.url.database))
        upgrade(connection)

    monkeypatch.setattr(revision, "upgrade", note)
    rules = StatisticsRules(ZoneInfo("UTC"), default_badges(), 80.0, 60.0)
    made = []
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        if number == 2:  # a start that was broken off after Alembic's own table
            with contextlib.closing(sqlite3.connect(folder / "usher.db")) as connection:
                connection.execute("CREATE TABLE usher_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        url = f"sqlite:///{folder / 'usher.db'}"
        Store(url, folder, rules, backups_dir=folder / "backups", is_owner=True).close()
        with contextlib.closing(sqlite3.connect(folder / "usher.db")) as connection:
            made.append(set(connection.iterdump()))
    assert migrated == [str(tmp_path / "0" / "usher.db")]
    assert made[0] == made[1] == made[2]
