"""The communities that an installation serves beside the environment's own."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A row for each; their records are in stores of their own."""
    op.create_table(
        "communities",
        sa.Column("community", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("settings", sa.Text, nullable=False),
        sa.Column("changed_at_s", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("community", name="pk_communities"),
    )
