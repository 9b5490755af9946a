"""Stores of several communities in one PostgreSQL database: each sees, owns and migrates its own schema alone."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from actors.runtime import RemoteError
from messages import BackUpNow, GetHistory
from persistence.database.engine import store_name
from persistence.database.errors import StoreInUse
from persistence.database.open_store import check_store
from persistence.database.schema import add_schema
from persistence.store import Store
from tests.integration.store.persistence_fixture import House
from tests.unit.persistence.record_builders import RULES, ask, finish, record

A, B = "community_100000000000000001", "community_100000000000000002"


def list_tables(url: str) -> dict[str, int]:
    """Return how many tables each schema of a database has."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT schemaname, count(*) FROM pg_tables "
                "WHERE schemaname NOT IN ('pg_catalog', 'information_schema') GROUP BY 1"
            )
        )
        tables = {str(name): int(count) for name, count in found}
    engine.dispose()
    return tables


def test_two_communities_and_the_environments_share_a_database(url: str, tmp_path: Path) -> None:
    """Each finds its own records, after a restart too, and nothing of the others."""
    addresses = {"": url, A: add_schema(url, A), B: add_schema(url, B)}
    for restart in range(2):
        for schema, address in addresses.items():
            folder = tmp_path / (schema or "own")
            folder.mkdir(exist_ok=True)
            store = Store(address, folder, RULES, is_owner=True)
            if not restart:
                finish(store, record(f"w-{schema}"))
            assert [watch.watch_id for watch in ask(store, GetHistory()).records] == [f"w-{schema}"]
            store.close()
    assert len(set(list_tables(url).values())) == 1 and list_tables(url).keys() == {"public", A, B}


def test_each_schema_has_one_owner(url: str, tmp_path: Path) -> None:
    """Two services of one community are refused; those of two communities do not hinder each other."""
    stores = [Store(add_schema(url, schema), tmp_path, RULES, is_owner=True) for schema in (A, B)]
    with pytest.raises(StoreInUse, match=f"schema {A}"):
        Store(add_schema(url, A), tmp_path, RULES, is_owner=True)
    own = Store(url, tmp_path, RULES, is_owner=True)
    for store in (*stores, own):
        store.close()


def test_looking_at_a_store_makes_no_schema(url: str, tmp_path: Path) -> None:
    """`check` writes nothing."""
    assert check_store(add_schema(url, A))
    assert list_tables(url) == {}
    engine = create_engine(url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'comm%'")).scalar() == 0
    engine.dispose()


def test_messages_name_the_schema_and_no_password(url: str) -> None:
    """In every message about the store."""
    named = store_name(add_schema("postgresql+psycopg://usher:hidden@db/usher?sslmode=require", A))
    assert named == f"postgresql+psycopg://usher:***@db/usher, schema {A}"


def test_a_backup_says_how_the_schema_is_backed_up_alone(url: str, tmp_path: Path) -> None:
    """With PostgreSQL's own programs."""
    house = House(tmp_path, database_url=add_schema(url, A))
    try:
        with pytest.raises(RemoteError, match=f"--schema={A}"):
            house.ask(BackUpNow())
    finally:
        house.close()
