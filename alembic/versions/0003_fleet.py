"""Many nodes: who they are, and which of them is asking a host."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from monitor.archive.columns import CleanText, UtcMillis

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("hosts", sa.Column("busy_until", UtcMillis(), nullable=True))
    op.add_column("hosts", sa.Column("busy_by", sa.Text(), nullable=True))
    op.create_table(
        "nodes",
        sa.Column("node_id", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("host", CleanText(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("rules_version", sa.Text(), nullable=True),
        sa.Column("error", CleanText(), nullable=True),
        sa.Column("in_flight", sa.Integer(), nullable=False),
        sa.Column("lease_s", sa.Float(), nullable=False),
        sa.Column("started_at", UtcMillis(), nullable=False),
        sa.Column("beat_at", UtcMillis(), nullable=False),
        sa.PrimaryKeyConstraint("node_id", name="pk_nodes"),
    )


def downgrade() -> None:
    op.drop_table("nodes")
    op.drop_column("hosts", "busy_by")
    op.drop_column("hosts", "busy_until")
