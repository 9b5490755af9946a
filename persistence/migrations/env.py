"""Alembic asks this file how to reach the store: by the connection that `persistence.schema` hands over."""

from alembic import context

from persistence.schema import VERSION_TABLE
from persistence.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
