"""Linked accounts, privacy, and erased viewers."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables, and the id under which a watch was seen: so far always the one that it counts for."""
    # With a default: SQLite then adds the column without writing a million rows into a new table.
    op.add_column("watches", sa.Column("identity", sa.Text, nullable=False, server_default=""))
    op.execute("UPDATE watches SET identity = viewer_id")
    op.create_table(
        "account_links",
        sa.Column("plex_id", sa.Text, nullable=False),
        sa.Column("plex_name", sa.Text, nullable=False),
        sa.Column("viewer_id", sa.Text, nullable=False),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("confirmed_by", sa.Text, nullable=False),
        sa.Column("linked_at_s", sa.Double, nullable=False),
        sa.Column("aside", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("plex_id", name="pk_account_links"),
    )
    op.create_table(
        "watch_parts",
        sa.Column("watch_id", sa.Text, nullable=False),
        sa.Column("viewer_id", sa.Text, nullable=False),
        sa.Column("kept_as", sa.Text, nullable=False),
        sa.Column("row", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("watch_id", name="pk_watch_parts"),
    )
    op.create_table(
        "privacy",
        sa.Column("viewer_id", sa.Text, nullable=False),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("choice", sa.Text, nullable=False),
        sa.Column("since_s", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("viewer_id", name="pk_privacy"),
    )
    op.create_table(
        "forgotten",
        sa.Column("viewer_id", sa.Text, nullable=False),
        sa.Column("at_s", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("viewer_id", name="pk_forgotten"),
    )
    op.create_index("ix_watch_parts_viewer_id", "watch_parts", ["viewer_id"])
    op.create_index("ix_watch_parts_kept_as", "watch_parts", ["kept_as"])
