"""The number of viewers of each film, and indexes for the page: nights by time, badges by holder."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Count the viewers of the films; the other sums stay."""
    op.add_column("watched_films", sa.Column("viewers", sa.BigInteger, nullable=False, server_default="0"))
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("watched_films", "viewers", server_default=None)
    op.execute(
        "UPDATE watched_films SET viewers = (SELECT count(DISTINCT viewer_id) FROM film_viewers"
        " WHERE film_viewers.community = watched_films.community"
        " AND film_viewers.film_hash = watched_films.film_hash AND film_viewers.watches > 0)"
    )
    op.create_index(
        "ix_parties_community_started_at_s_screening_id", "parties", ["community", "started_at_s", "screening_id"]
    )
    op.create_index("ix_viewer_badges_badge_id_viewer_id", "viewer_badges", ["badge_id", "viewer_id"])
