"""Alembic's environment: runs migrations on the connection that `persistence.database.revision` passes."""

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
