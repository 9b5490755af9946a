"""Sums by film and by viewer, clustered by their keys, so that an answer reads adjacent rows."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_AMOUNTS = ("watches", "movies", "completed", "playing_us", "briefs")
_KEYS = {
    "film_viewers": {"community": sa.Text, "film_hash": sa.BigInteger, "viewer_id": sa.Text, "year": sa.Integer},
    "film_periods": {"community": sa.Text, "period": sa.Text, "film_hash": sa.BigInteger},
    "viewer_periods": {"community": sa.Text, "kind": sa.Text, "period": sa.Integer, "viewer_id": sa.Text},
}


def upgrade() -> None:
    """Recreate SQLite's tables without rowids, row by row; in PostgreSQL only add the wider index."""
    if op.get_bind().dialect.name == "sqlite":
        for name, keys in _KEYS.items():
            _cluster(name, keys)
        op.create_index(
            "ix_viewer_periods_community_viewer_id_kind_period",
            "viewer_periods",
            ["community", "viewer_id", "kind", "period"],
        )
    else:
        op.drop_index("ix_film_viewers_community_viewer_id_year_film_hash", "film_viewers")
    op.create_index(
        "ix_film_viewers_of_viewer", "film_viewers", ["community", "viewer_id", "year", "film_hash", *_AMOUNTS]
    )


def _cluster(name: str, keys: dict[str, type[sa.types.TypeEngine[object]]]) -> None:
    old = f"{name}_before"
    op.rename_table(name, old)
    op.create_table(
        name,
        *(sa.Column(key, kind, nullable=False) for key, kind in keys.items()),
        *(sa.Column(amount, sa.BigInteger, nullable=False) for amount in _AMOUNTS),
        sa.PrimaryKeyConstraint(*keys, name=f"pk_{name}"),
        sqlite_with_rowid=False,
    )
    columns = ", ".join((*keys, *_AMOUNTS))
    op.execute(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {old} ORDER BY {', '.join(keys)}")  # noqa: S608  # names of our own tables
    op.drop_table(old)
