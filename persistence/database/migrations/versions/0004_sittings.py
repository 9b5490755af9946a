"""When a watch was played, and the global id of what was watched."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns. Null marks a row of an older version, whose line in the history copy has neither."""
    op.add_column("watches", sa.Column("guid", sa.Text))
    op.add_column("watches", sa.Column("sittings", sa.Text))
