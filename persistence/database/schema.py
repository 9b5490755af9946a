"""Further communities on one PostgreSQL server: each store is a separate schema in the same database.

The schema is an additional parameter in the store's address. Each connection is limited to that schema, so that no
statement of one community can reach a table of another.
"""

import hashlib
from typing import Any

from sqlalchemy import URL, Engine, event
from sqlalchemy.engine import make_url

from config import SCHEMA_PARAMETER


def add_schema(url: str, schema: str) -> str:
    """Return the address of a store that is a schema of a PostgreSQL database."""
    return make_url(url).update_query_dict({SCHEMA_PARAMETER: schema}).render_as_string(hide_password=False)


def split_schema(url: str) -> tuple[URL, str]:
    """Return a store's address for the driver, and its schema; empty for the database's default schema."""
    parsed = make_url(url)
    schema = parsed.query.get(SCHEMA_PARAMETER, "")
    return parsed.difference_update_query([SCHEMA_PARAMETER]), schema if isinstance(schema, str) else schema[-1]


def use_schema(engine: Engine, schema: str, *, may_create: bool) -> None:
    """Limit each new connection of a PostgreSQL engine to one schema, which it creates if it `may_create` it."""
    quoted = engine.dialect.identifier_preparer.quote_identifier(schema)

    def look_into(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            if may_create:
                cursor.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema,))
                if cursor.fetchone() is None:
                    cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted}")
            cursor.execute(f"SET search_path TO {quoted}")
        connection.commit()

    event.listen(engine, "connect", look_into, insert=True)  # before SQLAlchemy asks for the current schema


def build_lock_key(schema: str, base: int) -> int:
    """Return the number of a store's advisory lock: `base` for the default schema, another for each further one."""
    if not schema:
        return base
    return int.from_bytes(hashlib.sha256(f"{base}:{schema}".encode()).digest()[:8]) >> 1
