"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of the first release."""
    op.create_table(
        "watches",
        sa.Column("watch_id", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("screening_id", sa.Text, nullable=False),
        sa.Column("viewer_id", sa.Text, nullable=False),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("server_id", sa.Text, nullable=False),
        sa.Column("guild_id", sa.Text, nullable=False),
        sa.Column("channel_id", sa.Text, nullable=False),
        sa.Column("rating_key", sa.Text, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("title_folded", sa.Text, nullable=False),
        sa.Column("year", sa.Integer),
        sa.Column("genres", sa.Text, nullable=False),
        sa.Column("directors", sa.Text, nullable=False),
        sa.Column("item", sa.Text, nullable=False),
        sa.Column("started_at_s", sa.Double, nullable=False),
        sa.Column("ended_at_s", sa.Double, nullable=False),
        sa.Column("end_known", sa.Boolean, nullable=False),
        sa.Column("join_position_ms", sa.BigInteger),
        sa.Column("leave_position_ms", sa.BigInteger),
        sa.Column("movie_duration_ms", sa.BigInteger),
        sa.Column("playing_s", sa.Double, nullable=False),
        sa.Column("paused_s", sa.Double, nullable=False),
        sa.Column("spans", sa.Text, nullable=False),
        sa.Column("coverage_ms", sa.BigInteger, nullable=False),
        sa.Column("completion_percent", sa.Double),
        sa.Column("completed", sa.Boolean, nullable=False),
        sa.Column("brief", sa.Boolean, nullable=False),
        sa.Column("end_reason", sa.Text, nullable=False),
        sa.Column("party", sa.Boolean, nullable=False),
        sa.Column("first_seat", sa.Boolean, nullable=False),
        sa.Column("closed_wall_s", sa.Double, nullable=False),
        sa.Column("closed_steady_s", sa.Double, nullable=False),
        sa.Column("imported", sa.Boolean, nullable=False),
        sa.UniqueConstraint("seq", name="uq_watches_seq"),
        sa.PrimaryKeyConstraint("watch_id", name="pk_watches"),
    )
    op.create_table(
        "viewers",
        sa.Column("viewer_id", sa.Text, nullable=False),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("server_id", sa.Text, nullable=False),
        sa.Column("guild_id", sa.Text, nullable=False),
        sa.Column("first_seen_s", sa.Double, nullable=False),
        sa.Column("last_seen_s", sa.Double, nullable=False),
        sa.Column("base", sa.Text),
        sa.Column("ai_interactions", sa.Integer, nullable=False),
        sa.Column("votes_cast", sa.Integer, nullable=False),
        sa.Column("movies_requested", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("viewer_id", name="pk_viewers"),
    )
    op.create_table(
        "viewer_stats",
        sa.Column("viewer_id", sa.Text, nullable=False),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("total_movies", sa.Integer, nullable=False),
        sa.Column("total_episodes", sa.Integer, nullable=False),
        sa.Column("completed_movies", sa.Integer, nullable=False),
        sa.Column("total_watch_time_s", sa.Double, nullable=False),
        sa.Column("current_streak_days", sa.Integer, nullable=False),
        sa.Column("longest_streak_days", sa.Integer, nullable=False),
        sa.Column("last_watch_date", sa.Text, nullable=False),
        sa.Column("genres", sa.Text, nullable=False),
        sa.Column("decades", sa.Text, nullable=False),
        sa.Column("directors", sa.Text, nullable=False),
        sa.Column("watching_now", sa.Text, nullable=False),
        sa.Column("totals", sa.Text, nullable=False),
        sa.Column("saved_at_s", sa.Double, nullable=False),
        sa.Column("badges_saved_at_s", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("viewer_id", name="pk_viewer_stats"),
    )
    op.create_table(
        "viewer_badges",
        sa.Column("viewer_id", sa.Text, nullable=False),
        sa.Column("badge_id", sa.Text, nullable=False),
        sa.Column("earned_at_s", sa.Double, nullable=False),
        sa.Column("progress", sa.Double, nullable=False),
        sa.Column("screening_id", sa.Text, nullable=False),
        sa.Column("announced", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("viewer_id", "badge_id", name="pk_viewer_badges"),
    )
    op.create_table(
        "checkpoint",
        sa.Column("watch_id", sa.Text, nullable=False),
        sa.Column("viewer_id", sa.Text, nullable=False),
        sa.Column("server_id", sa.Text, nullable=False),
        sa.Column("guild_id", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("saved_at_s", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("watch_id", name="pk_checkpoint"),
    )
    op.create_table(
        "handled_messages",
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("handled_at_s", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("message_id", name="pk_handled_messages"),
    )
    op.create_table(
        "saves",
        sa.Column("save_id", sa.Integer, nullable=False),
        sa.Column("saved_at_s", sa.Double, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("active", sa.Integer, nullable=False),
        sa.Column("users", sa.Integer, nullable=False),
        sa.Column("watches", sa.Integer, nullable=False),
        sa.Column("badges", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("save_id", name="pk_saves"),
    )
    op.create_table(
        "facts",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_facts"),
    )
    op.create_index("ix_watches_viewer_id_ended_at_s", "watches", ["viewer_id", "ended_at_s"])
    op.create_index("ix_watches_ended_at_s", "watches", ["ended_at_s"])
    op.create_index("ix_watches_server_id_rating_key", "watches", ["server_id", "rating_key"])
    op.create_index("ix_viewer_badges_announced", "viewer_badges", ["announced"])
    op.create_index("ix_handled_messages_handled_at_s", "handled_messages", ["handled_at_s"])
