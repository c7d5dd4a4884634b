"""Second looks know a page by its bytes: most servers answer with the whole page although nothing changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("entries", sa.Column("body_hash", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("entries", "body_hash")
