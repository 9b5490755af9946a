"""Suggestions, votes and ratings."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables of suggestions, votes and ratings."""
    op.create_table(
        "suggestions",
        sa.Column("community", sa.Text, nullable=False),
        sa.Column("suggestion_id", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("year", sa.Integer),
        sa.Column("item", sa.Text),
        sa.Column("suggested_at_s", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("community", "suggestion_id", name="pk_suggestions"),
    )
    op.create_table(
        "suggestion_wishes",
        sa.Column("community", sa.Text, nullable=False),
        sa.Column("suggestion_id", sa.Text, nullable=False),
        sa.Column("viewer_id", sa.Text, nullable=False),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("wished_at_s", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("community", "suggestion_id", "viewer_id", name="pk_suggestion_wishes"),
    )
    op.create_table(
        "film_ratings",
        sa.Column("community", sa.Text, nullable=False),
        sa.Column("film_id", sa.Text, nullable=False),
        sa.Column("viewer_id", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("year", sa.Integer),
        sa.Column("rating", sa.Integer, nullable=False),
        sa.Column("screening_id", sa.Text, nullable=False),
        sa.Column("rated_at_s", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("community", "film_id", "viewer_id", name="pk_film_ratings"),
    )
    op.create_table(
        "poll_votes",
        sa.Column("community", sa.Text, nullable=False),
        sa.Column("poll_id", sa.Text, nullable=False),
        sa.Column("viewer_id", sa.Text, nullable=False),
        sa.Column("films", sa.Text, nullable=False),
        sa.Column("voted_at_s", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("community", "poll_id", "viewer_id", name="pk_poll_votes"),
    )
    op.create_index("ix_suggestion_wishes_viewer_id", "suggestion_wishes", ["viewer_id"])
    op.create_index("ix_film_ratings_viewer_id", "film_ratings", ["viewer_id"])
    op.create_index("ix_film_ratings_title", "film_ratings", ["title"])
    op.create_index("ix_poll_votes_viewer_id", "poll_votes", ["viewer_id"])
