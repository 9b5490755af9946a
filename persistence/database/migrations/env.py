"""Alembic asks this file how to reach the store: by the connection that `persistence.database.revision` hands over."""

from alembic import context

from persistence.database.revision import VERSION_TABLE
from persistence.database.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
