"""Months on PostgreSQL: articles, their texts, mentions and index in partitions, keys unique over all of them; SQLite stays as it is."""

from __future__ import annotations

from alembic import op

from monitor.archive import takeover

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        takeover.switch(op.get_bind())


def downgrade() -> None:
    raise NotImplementedError("articles are not put back into one table; restore a backup instead")
