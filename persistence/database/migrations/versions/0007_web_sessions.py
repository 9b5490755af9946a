"""Sessions of the web page, and members who are named on a public page."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add sign-in links and sessions, both by the hash of their secret, and public names."""
    op.create_table(
        "web_sign_ins",
        sa.Column("community", sa.Text, nullable=False),
        sa.Column("token_hash", sa.Text, nullable=False),
        sa.Column("viewer_id", sa.Text, nullable=False),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("expires_at_s", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("community", "token_hash", name="pk_web_sign_ins"),
    )
    op.create_table(
        "web_sessions",
        sa.Column("community", sa.Text, nullable=False),
        sa.Column("session_hash", sa.Text, nullable=False),
        sa.Column("viewer_id", sa.Text, nullable=False),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("started_at_s", sa.Double, nullable=False),
        sa.Column("expires_at_s", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("community", "session_hash", name="pk_web_sessions"),
    )
    op.create_table(
        "public_names",
        sa.Column("community", sa.Text, nullable=False),
        sa.Column("viewer_id", sa.Text, nullable=False),
        sa.Column("since_s", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("community", "viewer_id", name="pk_public_names"),
    )
    op.create_index("ix_web_sign_ins_viewer_id", "web_sign_ins", ["viewer_id"])
    op.create_index("ix_web_sessions_viewer_id", "web_sessions", ["viewer_id"])
