"""Second looks: what makes them conditional, and what a revision changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("entries", sa.Column("etag", sa.Text(), nullable=True))
    op.add_column("entries", sa.Column("last_modified", sa.Text(), nullable=True))
    op.add_column("revisions", sa.Column("diff", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("revisions", "diff")
    op.drop_column("entries", "last_modified")
    op.drop_column("entries", "etag")
