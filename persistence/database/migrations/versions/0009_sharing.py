"""Pages that members share by a link, and the RSVPs of nights."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add shared pages by the token in their address, and RSVPs by screening."""
    op.create_table(
        "web_shares",
        sa.Column("community", sa.Text, nullable=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("viewer_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("created_at_s", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("community", "token", name="pk_web_shares"),
    )
    op.create_table(
        "night_rsvps",
        sa.Column("community", sa.Text, nullable=False),
        sa.Column("screening_id", sa.Text, nullable=False),
        sa.Column("viewer_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("community", "screening_id", "viewer_id", name="pk_night_rsvps"),
    )
    op.create_index("ix_web_shares_viewer_id", "web_shares", ["viewer_id"])
    op.create_index("ix_night_rsvps_viewer_id", "night_rsvps", ["viewer_id"])
