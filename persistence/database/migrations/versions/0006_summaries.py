"""Sums over the watches, so that a question costs the same after a million of them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add empty tables, which are filled while the service runs (`persistence.summaries.build`)."""
    op.add_column("watches", sa.Column("film_hash", sa.BigInteger))
    op.drop_index("ix_watches_ended_at_s", "watches")
    op.create_index("ix_watches_ended_at_s_film_hash_viewer_id", "watches", ["ended_at_s", "film_hash", "viewer_id"])
    op.create_index("ix_watches_film_hash_viewer_id_ended_at_s", "watches", ["film_hash", "viewer_id", "ended_at_s"])
    op.create_index("ix_watches_screening_id", "watches", ["screening_id"])
    op.create_table(
        "watched_films",
        sa.Column("community", sa.Text, nullable=False),
        sa.Column("film_hash", sa.BigInteger, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("title_folded", sa.Text, nullable=False),
        sa.Column("year", sa.Integer),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("genres", sa.Text, nullable=False),
        sa.Column("directors", sa.Text, nullable=False),
        sa.Column("duration_ms", sa.BigInteger),
        sa.Column("guid", sa.Text, nullable=False),
        *_amounts(),
        sa.PrimaryKeyConstraint("community", "film_hash", name="pk_watched_films"),
    )
    op.create_table(
        "film_viewers",
        sa.Column("community", sa.Text, nullable=False),
        sa.Column("film_hash", sa.BigInteger, nullable=False),
        sa.Column("viewer_id", sa.Text, nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        *_amounts(),
        sa.PrimaryKeyConstraint("community", "film_hash", "viewer_id", "year", name="pk_film_viewers"),
    )
    op.create_table(
        "film_periods",
        sa.Column("community", sa.Text, nullable=False),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("film_hash", sa.BigInteger, nullable=False),
        *_amounts(),
        sa.PrimaryKeyConstraint("community", "period", "film_hash", name="pk_film_periods"),
    )
    op.create_table(
        "viewer_periods",
        sa.Column("community", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("period", sa.Integer, nullable=False),
        sa.Column("viewer_id", sa.Text, nullable=False),
        *_amounts(),
        sa.PrimaryKeyConstraint("community", "kind", "period", "viewer_id", name="pk_viewer_periods"),
    )
    op.create_table(
        "parties",
        sa.Column("community", sa.Text, nullable=False),
        sa.Column("screening_id", sa.Text, nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("viewers", sa.Integer, nullable=False),
        sa.Column("started_at_s", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("community", "screening_id", "year", name="pk_parties"),
    )
    op.create_index(
        "ix_film_viewers_community_viewer_id_year_film_hash",
        "film_viewers",
        ["community", "viewer_id", "year", "film_hash"],
    )
    op.create_index(
        "ix_viewer_periods_community_viewer_id_kind_period",
        "viewer_periods",
        ["community", "viewer_id", "kind", "period"],
    )
    op.create_index(
        "ix_parties_community_year_viewers_started_at_s",
        "parties",
        ["community", "year", "viewers", "started_at_s"],
    )


def _amounts() -> list[sa.Column[int]]:
    names = ("watches", "movies", "completed", "playing_us", "briefs")
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]
